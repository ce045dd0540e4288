//! `gazenlq localize`: a split's queries, from feature stores to a file of predictions.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Ending, out};
use crate::eval::Provenance;
use crate::grounding::groundnlq::{Config, GroundNlq, Imported, StateDict, sha256_of};
use crate::nn;
use crate::project::AnnotationFile;
use crate::split::{Inputs, SplitConfig, localize_split};
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
    /// What an entry of the gaze features covers
    #[arg(long, value_enum, default_value = "clip")]
    gaze_level: LevelArg,
    /// Pictures from one video feature to the next; the model's own without
    #[arg(long, value_name = "FRAMES")]
    feature_stride: Option<f64>,
    /// Pictures a second that the stride counts; the model's own without
    #[arg(long, value_name = "FPS")]
    feature_fps: Option<f64>,
    /// Where the first video feature starts, in seconds
    #[arg(long, default_value_t = 0.0, value_name = "SECONDS")]
    feature_offset: f64,
    /// Take clips whose features last longer than their annotation says
    #[arg(long)]
    any_length: bool,
    /// Where the predictions go; a file of the same run is continued
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Only this query id; may be given more than once
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// Part i of n of the clips
    #[arg(long, default_value = "1/1", value_name = "I/N", value_parser = parse_shard)]
    shard: (usize, usize),
    /// Windows kept of each query; the reference keeps 5
    #[arg(long, default_value_t = 50)]
    top: usize,
    /// Pad texts as the reference does in batches of this size (its own runs: 16)
    #[arg(long, default_value_t = 1, value_name = "N")]
    text_batch: usize,
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

pub fn parse_shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parts.filter(|(i, n)| (1..=*n).contains(i)).ok_or_else(|| "expected i/n with 1 <= i <= n".to_owned())
}

pub fn run(args: &LocalizeArgs) -> Result<Ending> {
    let annotations = AnnotationFile::load(&args.annotations)?;
    let device = nn::device();
    let which = if args.ema { StateDict::Ema } else { StateDict::Raw };
    let (weights, config, model_sha256) = model(args)?;
    let name = weights.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let network = GroundNlq::load(&weights, which, config, &device)?;
    let grid = network.config().features.clone();
    let set = |path: &Path, level: LevelArg| -> Result<FeatureSet> {
        Ok(FeatureSet {
            store: FeatureStore::open(path)?,
            level: level.into(),
            stride_frames: args.feature_stride.unwrap_or(f64::from(grid.stride_frames)),
            fps: args.feature_fps.unwrap_or(f64::from(grid.fps)),
            offset_secs: args.feature_offset,
            any_length: args.any_length,
        })
    };
    let inputs = Inputs {
        video: set(&args.video_features, args.level)?,
        text: FeatureStore::open(&args.text_features)?,
        gaze: args.gaze_features.as_deref().map(|path| set(path, args.gaze_level)).transpose()?,
    };
    anyhow::ensure!(
        inputs.video.stride_frames > 0.0 && inputs.video.fps > 0.0 && inputs.video.offset_secs.is_finite(),
        "--feature-stride and --feature-fps take numbers above 0"
    );
    let config = SplitConfig {
        shard: args.shard,
        only: args.only.clone(),
        keep: args.top,
        text_batch: args.text_batch,
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
    for (_, reason) in &report.absent {
        out::warning(reason);
    }
    Ok(if report.absent.is_empty() { Ending::Fine } else { Ending::Absent })
}

/// Weights, configuration and the weights' SHA-256.
fn model(args: &LocalizeArgs) -> Result<(PathBuf, Config, String)> {
    let named = nn::ModelDir::from_env().path().join(&args.model);
    let folder = [&args.model, &named].into_iter().find(|path| path.is_dir());
    if let Some(folder) = folder {
        anyhow::ensure!(
            args.config.is_none() && !args.ema,
            "an imported model has its own configuration and weights: leave out --config and --ema"
        );
        let model = Imported::open(folder)?;
        return Ok((model.weights(), model.config, model.sha256));
    }
    let path = args.config.as_ref().with_context(|| {
        format!("name the configuration of the checkpoint with --config FILE: {}", args.model.display())
    })?;
    let config = Config::read(path)?;
    Ok((args.model.clone(), config, sha256_of(&args.model)?))
}
