//! `gazenlq localize`: a split's queries, from feature stores to a file of predictions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Ending, out};
use crate::dataset::{Located, ModelFiles, Recordings, recorded_maps};
use crate::eval::Provenance;
use crate::grounding::groundnlq::{GazeMode, GroundNlq, StateDict, TextPadding, VideoPadding};
use crate::job::JobCtx;
use crate::nn;
use crate::project::AnnotationFile;
use crate::split::{Inputs, RecordedMaps, SplitConfig, localize_split};
use crate::stores::{FeatureLevel, FeatureSet, FeatureStore};

#[derive(Debug, Args)]
pub struct LocalizeArgs {
    /// The queries: Ego4D NLQ JSON, or GroundNLQ or QVHighlights lines
    #[arg(long, value_name = "FILE")]
    annotations: PathBuf,
    /// A checkpoint, an imported model's folder, or its name
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// The checkpoint's configuration: the reference's yaml or json, or our toml
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The moving average of a checkpoint's weights
    #[arg(long)]
    ema: bool,
    /// LMDB, or folder of .pt, .npy, .npz or .safetensors files
    #[arg(long, value_name = "STORE")]
    video_features: PathBuf,
    /// The same, by query id
    #[arg(long, value_name = "STORE")]
    text_features: PathBuf,
    /// The same, for networks with gaze
    #[arg(long, value_name = "STORE")]
    gaze_features: Option<PathBuf>,
    /// What an entry of the video features covers
    #[arg(long, value_enum, default_value = "clip")]
    level: LevelArg,
    /// What an entry of the gaze features covers; the model's own setting without
    #[arg(long, value_enum)]
    gaze_level: Option<LevelArg>,
    /// Pictures from one video feature to the next; the model's own without
    #[arg(long, value_name = "FRAMES")]
    feature_stride: Option<f64>,
    /// Pictures a second that the stride counts; the model's own without
    #[arg(long, value_name = "FPS")]
    feature_fps: Option<f64>,
    /// Where the first video feature starts, in seconds
    #[arg(long, default_value_t = 0.0, value_name = "SECONDS")]
    feature_offset: f64,
    /// Pictures between two gaze features
    #[arg(long, value_name = "FRAMES")]
    gaze_stride: Option<f64>,
    /// Pictures a second that the gaze features' stride counts in
    #[arg(long, value_name = "FPS")]
    gaze_fps: Option<f64>,
    /// Added to the times of the gaze features
    #[arg(long, default_value_t = 0.0, value_name = "SECONDS")]
    gaze_offset: f64,
    /// What becomes of the predicted gaze; the model's own mode without
    #[arg(long, value_enum)]
    gaze_mode: Option<GazeModeArg>,
    /// Folder of gaze recordings named after clips or videos: the network is given what was recorded in
    /// place of what it predicts
    #[arg(long, value_name = "DIR", conflicts_with = "gaze_mode")]
    recorded_gaze: Option<PathBuf>,
    /// Take clips whose features last longer than their annotation says
    #[arg(long)]
    any_length: bool,
    /// Where the predictions go; a file of the same run is continued
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Only this query id; may be given more than once
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// Part i of n of the clips; the parts' files put behind one another (`cat`) are the whole
    #[arg(long, default_value = "1/1", value_name = "I/N", value_parser = parse_shard)]
    shard: (usize, usize),
    /// Windows kept of each query; the reference keeps 5
    #[arg(long, default_value_t = 50)]
    top: usize,
    /// Pad texts as the reference does in batches of this size (its own runs: 16)
    #[arg(long, default_value_t = 1, value_name = "N")]
    text_batch: usize,
    /// What stands behind every text without `--text-batch`: nothing, as in batches of one, or zeros
    #[arg(long, value_enum, default_value = "none", conflicts_with = "text_batch")]
    text_padding: TextPaddingArg,
    /// What stands behind the clip; the reference's numbers come from `trimmed` and, slower, `full`
    #[arg(long, value_enum)]
    video_padding: Option<VideoPaddingArg>,
    /// Leave out clips and queries without features; the exit code is then 1
    #[arg(long)]
    skip_absent: bool,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LevelArg {
    Clip,
    Video,
}

impl From<LevelArg> for FeatureLevel {
    fn from(level: LevelArg) -> Self {
        match level {
            LevelArg::Clip => Self::Clip,
            LevelArg::Video => Self::Video,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TextPaddingArg {
    None,
    Padded,
}

impl From<TextPaddingArg> for TextPadding {
    fn from(padding: TextPaddingArg) -> Self {
        match padding {
            TextPaddingArg::None => Self::None,
            TextPaddingArg::Padded => Self::Padded,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum GazeModeArg {
    Off,
    #[value(alias = "predicted")]
    Positive,
    #[value(alias = "negative")]
    Negate,
    Complement,
    NegAttention,
}

impl From<GazeModeArg> for GazeMode {
    fn from(mode: GazeModeArg) -> Self {
        match mode {
            GazeModeArg::Off => Self::Off,
            GazeModeArg::Positive => Self::Positive,
            GazeModeArg::Negate => Self::Negate,
            GazeModeArg::Complement => Self::Complement,
            GazeModeArg::NegAttention => Self::NegAttention,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum VideoPaddingArg {
    /// One row, as no more are ever read
    Trimmed,
    /// Up to the network's array
    Full,
    /// Nothing: the array ends with the clip
    None,
}

impl From<VideoPaddingArg> for VideoPadding {
    fn from(padding: VideoPaddingArg) -> Self {
        match padding {
            VideoPaddingArg::Trimmed => Self::Trimmed,
            VideoPaddingArg::Full => Self::Full,
            VideoPaddingArg::None => Self::None,
        }
    }
}

pub fn parse_shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parts.filter(|(i, n)| (1..=*n).contains(i)).ok_or_else(|| "expected i/n with 1 <= i <= n".to_owned())
}

fn open_recordings(dir: &Path, network: &GroundNlq) -> Result<RecordedMaps> {
    anyhow::ensure!(
        network.estimator().is_some(),
        "this network has no gaze path: leave out --recorded-gaze, or name a GazeNLQ"
    );
    let found = Recordings::list(&[dir.to_owned()], &JobCtx::detached())?;
    anyhow::ensure!(!found.is_empty(), "no gaze recordings (.csv, .tsv, .txt) are in {}", dir.display());
    Ok(recorded_maps(Arc::new(found)))
}

pub fn run(args: &LocalizeArgs) -> Result<Ending> {
    let annotations = AnnotationFile::load(&args.annotations)?;
    let device = nn::device();
    let which = if args.ema { StateDict::Ema } else { StateDict::Raw };
    let model = ModelFiles { weights: args.model.clone(), config: args.config.clone() };
    let Located { weights, mut config, sha256: model_sha256 } = model.locate()?;
    if let Some(padding) = args.video_padding {
        config.network.padding = padding.into();
    }
    if let Some(mode) = args.gaze_mode {
        config.gaze.mode = mode.into();
    }
    anyhow::ensure!(
        !args.ema || weights == args.model,
        "an imported model has one set of weights: leave out --ema, or import with it"
    );
    let name = weights.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let network = GroundNlq::load(&weights, which, config, &device)?;
    let (grid, gaze) = (network.config().features.clone(), network.config().gaze.clone());
    let video = FeatureSet {
        level: args.level.into(),
        stride_frames: args.feature_stride.unwrap_or(f64::from(grid.stride_frames)),
        fps: args.feature_fps.unwrap_or(f64::from(grid.fps)),
        offset_secs: args.feature_offset,
        any_length: args.any_length,
        store: Arc::new(FeatureStore::open(&args.video_features)?),
    };
    let gaze = match &args.gaze_features {
        Some(path) => Some(FeatureSet {
            level: args.gaze_level.map_or(gaze.feature_scope.into(), FeatureLevel::from),
            stride_frames: args.gaze_stride.unwrap_or(gaze.stride_frames),
            fps: args.gaze_fps.unwrap_or(gaze.fps),
            offset_secs: args.gaze_offset,
            any_length: args.any_length,
            store: Arc::new(FeatureStore::open(path)?),
        }),
        None => None,
    };
    let is_rate = |set: &FeatureSet| {
        let numbers = [set.stride_frames, set.fps];
        numbers.iter().all(|n| *n > 0.0 && n.is_finite()) && set.offset_secs.is_finite()
    };
    anyhow::ensure!(
        is_rate(&video) && gaze.as_ref().is_none_or(is_rate),
        "strides and pictures a second of features are numbers above 0, and offsets are numbers"
    );
    let recorded = args.recorded_gaze.as_deref().map(|dir| open_recordings(dir, &network)).transpose()?;
    let inputs = Inputs { video, text: Arc::new(FeatureStore::open(&args.text_features)?), gaze, recorded };
    let config = SplitConfig {
        shard: args.shard,
        only: args.only.clone(),
        keep: args.top,
        text_batch: args.text_batch,
        text_padding: args.text_padding.into(),
        skip_absent: args.skip_absent,
    };
    let provenance = Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: if args.ema { format!("{name} (state_dict_ema)") } else { name },
        model_sha256,
        config: serde_json::to_value(network.config())?,
        video_features: args.video_features.display().to_string(),
        text_features: args.text_features.display().to_string(),
        settings: config.settings(&inputs),
    };
    let ctx = out::progress_ctx();
    let result = localize_split(&network, &annotations, &inputs, &config, &provenance, &args.output, &ctx);
    out::end_progress();
    let report = result?;
    if args.json {
        out::json(&json!({
            "computed": report.computed,
            "resumed": report.resumed,
            "absent": report.absent.iter().map(|(key, _)| key).collect::<Vec<_>>(),
            "in_pieces": report.in_pieces,
            "output": args.output,
        }))?;
    } else {
        out::line(format_args!(
            "{} queries localized, {} were there, in {}",
            report.computed,
            report.resumed,
            args.output.display()
        ));
    }
    if let Some((clip, pieces)) = report.in_pieces.first_key_value() {
        out::warning(format_args!(
            "{} clips are longer than the {} steps that the network takes and were localized in overlapping pieces, the first is {clip} in {pieces}",
            report.in_pieces.len(),
            network.config().features.max_steps
        ));
    }
    for (_, reason) in &report.absent {
        out::warning(reason);
    }
    Ok(if report.absent.is_empty() { Ending::Fine } else { Ending::Absent })
}
