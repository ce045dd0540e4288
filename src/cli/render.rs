//! `gazenlq render CLIP --at SECONDS --output FILE.png`: one annotated picture.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::{ClipArgs, Ending, out};
use crate::export::caption::Caption;
use crate::export::image::{Provenance, save_picture};
use crate::features::RgbImage8;
use crate::gaze::{GazeState, model_window_map, picture_map};
use crate::pipeline::{self, LightPipeline};
use crate::render::{Gpu, HeatMode, Mark, Scene};
use crate::time::{FrameIdx, MediaTime};
use crate::video::{VideoInfo, VideoReader};
use crate::view::legend::Legend;

const POINT_RGBA: [f32; 4] = [1.0, 0.25, 0.2, 1.0];

#[derive(Debug, Args)]
pub struct RenderArgs {
    #[command(flatten)]
    clip: ClipArgs,
    /// Time of the picture in seconds
    #[arg(long, default_value_t = 0.0)]
    at: f64,
    /// Where to save the PNG
    #[arg(short, long, alias = "out")]
    output: PathBuf,
    /// Which heatmap to draw
    #[arg(long, value_enum, default_value = "off")]
    heat: HeatArg,
    /// How much of the recording the recorded heatmap is of
    #[arg(long, value_enum, default_value = "window")]
    span: SpanArg,
    /// Say below the picture what it shows
    #[arg(long)]
    caption: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HeatArg {
    Off,
    Predicted,
    Recorded,
    Both,
    Difference,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SpanArg {
    /// The 32 pictures around it, as one window of the model sees them
    Window,
    /// It alone
    Picture,
}

impl From<HeatArg> for HeatMode {
    fn from(arg: HeatArg) -> Self {
        match arg {
            HeatArg::Off => Self::Off,
            HeatArg::Predicted => Self::Predicted,
            HeatArg::Recorded => Self::Recorded,
            HeatArg::Both => Self::Both,
            HeatArg::Difference => Self::Difference,
        }
    }
}

pub fn run(args: &RenderArgs) -> Result<Ending> {
    let ctx = out::progress_ctx();
    let opened = args.clip.open(&ctx)?;
    let mut reader = VideoReader::open(&opened.info.path)?;
    let end = opened.table.range().end();
    anyhow::ensure!(
        args.at.is_finite() && (0.0..=end.secs()).contains(&args.at),
        "there is no picture at {} s: expected 0 to {:.3} s: {}",
        args.at,
        end.secs(),
        opened.info.path.display()
    );
    let index = opened.table.at(MediaTime::from_secs(args.at));
    let frame = Arc::new(reader.frame_at(index)?);
    let mut scene = Scene::of_frame(Arc::clone(&frame), opened.info.display_size);
    scene.heat = args.heat.into();
    if matches!(scene.heat, HeatMode::Predicted | HeatMode::Both | HeatMode::Difference) {
        scene.predicted = if pipeline::is_for_trained(&opened.info.path) {
            // its windows see more than one picture
            let pipeline = pipeline::load_for(&opened.info.path, &ctx)?;
            let features = pipeline::features_for(&opened.info, &opened.table);
            pipeline.extract(&opened.info.path, &features, 1.0, &ctx)?;
            features.heatmap_near(frame.time)
        } else {
            let pipeline = LightPipeline::load_default(&ctx)?;
            let [width, height] = frame.upright_size().map(|n| n as usize);
            let image = RgbImage8::new(width, height, frame.to_rgb());
            Some(Arc::new(pipeline.gaze_estimator().estimate(&image)?))
        };
    }
    let sample = opened.companions.gaze.as_ref().and_then(|g| g.at(frame.time)).copied();
    if let Some(gaze) = &opened.companions.gaze {
        let map = match args.span {
            SpanArg::Window => model_window_map(gaze, frame.time),
            SpanArg::Picture => None,
        };
        scene.recorded = map.or_else(|| picture_map(gaze, frame.time)).map(Arc::new);
    }
    let tracked = sample.filter(|s| s.state == GazeState::Tracked);
    if let Some(sample) = tracked {
        let unit = opened.info.display_size[0].max(opened.info.display_size[1]) as f32 / 100.0;
        scene.marks.push(Mark { pos: sample.pos, radius: unit * 1.5, line: unit * 0.35, rgba: POINT_RGBA });
    }
    out::end_progress();
    let facts = [
        ("Software", concat!("GazeNLQ ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("Clip id", opened.info.content_id.clone()),
        ("Frame", index.0.to_string()),
    ];
    let provenance = Provenance(facts.map(|(k, v)| (k.to_owned(), v)).to_vec());
    let caption = args.caption.then(|| caption(&opened.info, &scene, index, tracked.is_some()));
    save_picture(&Gpu::headless()?, &scene, caption.as_ref(), &provenance, &args.output)?;
    let wants_recorded = matches!(scene.heat, HeatMode::Recorded | HeatMode::Both | HeatMode::Difference);
    let has_recording = opened.companions.gaze.is_some();
    let is_missing = (has_recording || wants_recorded) && tracked.is_none();
    if is_missing && has_recording {
        out::warning(format_args!("no tracked gaze at {}", frame.time));
    } else if is_missing {
        out::warning("there is no gaze recording: name it with --with FILE");
    }
    Ok(if is_missing { Ending::Absent } else { Ending::Fine })
}

fn caption(info: &VideoInfo, scene: &Scene, index: FrameIdx, has_point: bool) -> Caption {
    let clip = info.path.file_name().unwrap_or_default().to_string_lossy();
    Caption {
        title: format!("{clip}, {}, picture {}", scene.frame.time, index.0),
        legend: scene.has_heat().then(|| Legend::of(scene.heat, scene.colormap)),
        marks: if has_point { vec![(POINT_RGBA, "recorded gaze")] } else { Vec::new() },
        ..Caption::default()
    }
}
