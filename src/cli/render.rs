//! `gazenlq render CLIP --at SECONDS --out FILE.png`: one annotated picture.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::{Ending, out};
use crate::export::image::{Provenance, save_picture};
use crate::features::RgbImage8;
use crate::gaze::{GazeState, frame_map};
use crate::pipeline::LightPipeline;
use crate::render::{Gpu, HeatMode, Mark, Scene};
use crate::session;
use crate::time::MediaTime;
use crate::video::VideoReader;

#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The clip
    clip: PathBuf,
    /// Time of the picture in seconds
    #[arg(long, default_value_t = 0.0)]
    at: f64,
    /// Where to save the PNG
    #[arg(long, short)]
    out: PathBuf,
    /// Gaze recording that belongs to the clip
    #[arg(long = "with", value_name = "FILE")]
    companions: Vec<PathBuf>,
    /// Which heatmap to draw
    #[arg(long, value_enum, default_value = "off")]
    heat: HeatArg,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum HeatArg {
    Off,
    Predicted,
    Recorded,
    Both,
    Difference,
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
    let mut paths = vec![args.clip.clone()];
    paths.extend(args.companions.iter().cloned());
    let opened = session::open_clip(&paths, &ctx)?;
    for warning in &opened.companions.warnings {
        out::warning(warning);
    }
    let mut reader = VideoReader::open(&opened.info.path)?;
    let index = opened.table.at(MediaTime::from_secs(args.at));
    let frame = Arc::new(reader.frame_at(index)?);
    let mut scene = Scene::of_frame(Arc::clone(&frame), opened.info.display_size);
    scene.heat = args.heat.into();
    if matches!(scene.heat, HeatMode::Predicted | HeatMode::Both | HeatMode::Difference) {
        let pipeline = LightPipeline::load_default(&ctx)?;
        let [width, height] = frame.upright_size().map(|n| n as usize);
        let image = RgbImage8::new(width, height, frame.to_rgb());
        scene.predicted = Some(Arc::new(pipeline.gaze_estimator().estimate(&image)?));
    }
    let sample = opened.companions.gaze.as_ref().and_then(|g| g.at(frame.time)).copied();
    let tracked = sample.filter(|s| s.state == GazeState::Tracked);
    if let Some(sample) = tracked {
        scene.recorded = Some(Arc::new(frame_map(sample.pos)));
        let unit = opened.info.display_size[0].max(opened.info.display_size[1]) as f32 / 100.0;
        let rgba = [1.0, 0.25, 0.2, 1.0];
        scene.marks.push(Mark { pos: sample.pos, radius: unit * 1.5, line: unit * 0.35, rgba });
    }
    out::end_progress();
    let facts = [
        ("Software", concat!("GazeNLQ ", env!("CARGO_PKG_VERSION")).to_owned()),
        ("Clip id", opened.info.content_id.clone()),
        ("Frame", index.0.to_string()),
    ];
    let provenance = Provenance(facts.map(|(k, v)| (k.to_owned(), v)).to_vec());
    save_picture(&Gpu::headless()?, &scene, &provenance, &args.out)?;
    let is_missing = opened.companions.gaze.is_some() && tracked.is_none();
    if is_missing {
        out::warning(format_args!("no tracked gaze at {}", frame.time));
    }
    Ok(if is_missing { Ending::Absent } else { Ending::Fine })
}
