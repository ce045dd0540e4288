//! What decides a training run, as its TOML file has it. Paths are relative to the working directory;
//! an empty path is none.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::labels::{CENTRE_RADIUS, RANGES};
use super::optimiser::AdamConfig;
use super::schedule::Schedule;
use crate::grounding::groundnlq::{Config, GazeMode};
use crate::nn::ops::Precision;
use crate::stores::FeatureLevel;

/// `gazenlq train grounding`. The defaults are GroundNLQ's finetune configuration, whose names stand
/// beside the keys; GazeNLQ's are `loader.batch_size = 8` and a `model.gaze.mode`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroundingRun {
    /// `init_rand_seed`
    pub seed: u64,
    /// Rate at which residual branches are left out (`droppath`).
    pub drop_path: f32,
    /// Rate of dropout in a gaze estimator that is not frozen.
    pub dropout: f32,
    /// Of matrix products where a GPU computes; weights, losses and the optimiser stay single.
    pub precision: Precision,
    pub start: Start,
    pub data: GroundingData,
    pub loader: Loader,
    pub schedule: ScheduleConfig,
    pub adam: AdamConfig,
    pub loss: GroundingLoss,
    pub ema: EmaConfig,
    pub saving: Saving,
    pub reference: Reference,
    pub model: Config,
}

impl Default for GroundingRun {
    fn default() -> Self {
        Self {
            seed: 12_345_678,
            drop_path: 0.1,
            dropout: 0.1,
            precision: Precision::default(),
            start: Start::default(),
            data: GroundingData::default(),
            loader: Loader { batch_size: 2, ahead: 4 },
            schedule: ScheduleConfig { learning_rate: 2.5e-5, epochs: 6, warmup_epochs: 4, end_rate: 1e-8 },
            adam: AdamConfig::default(),
            loss: GroundingLoss::default(),
            ema: EmaConfig::default(),
            saving: Saving::default(),
            reference: Reference::default(),
            model: Config::default(),
        }
    }
}

/// `gazenlq train gaze`: InfoNCE between video and gaze, KL between maps (GazeNLQ report, eq. 1 to 3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GazeRun {
    pub seed: u64,
    /// Rate of dropout after gated units.
    pub dropout: f32,
    /// Of matrix products where a GPU computes; weights, losses and the optimiser stay single.
    pub precision: Precision,
    pub start: Start,
    pub data: GazeData,
    pub loader: Loader,
    pub schedule: ScheduleConfig,
    pub adam: AdamConfig,
    pub loss: GazeLoss,
    pub ema: EmaConfig,
    pub saving: Saving,
    /// Only its `gaze` part and `network.width` matter.
    pub model: Config,
}

impl Default for GazeRun {
    fn default() -> Self {
        let mut model = Config::default();
        model.gaze.mode = GazeMode::Positive;
        Self {
            seed: 12_345_678,
            dropout: 0.1,
            precision: Precision::default(),
            start: Start::default(),
            data: GazeData::default(),
            loader: Loader { batch_size: 16, ahead: 2 },
            schedule: ScheduleConfig { learning_rate: 1e-3, epochs: 27, warmup_epochs: 3, end_rate: 1e-8 },
            adam: AdamConfig::default(),
            loss: GazeLoss { nce_weight: 1.0, kl_weight: 1.0 },
            ema: EmaConfig { decay: 0.0 },
            saving: Saving::default(),
            model,
        }
    }
}

/// What the parameters are at first; what no file gives starts afresh.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Start {
    /// A checkpoint (`.pth.tar`, `.safetensors`) or a model's folder. Whether its heads are taken too is
    /// `model.fusion.pretrained_heads`: the reference finetunes without (`train_ft`).
    pub checkpoint: PathBuf,
    /// Its moving average instead of its weights.
    pub ema: bool,
    /// A gaze estimator: a run of `gazenlq train gaze`, its weights or its model's folder.
    pub estimator: PathBuf,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroundingData {
    /// Annotations to learn from: Ego4D NLQ JSON, or GroundNLQ lines (narrations too).
    pub train: Vec<PathBuf>,
    /// Annotations to judge by.
    pub validation: Vec<PathBuf>,
    pub video: Store,
    pub text: PathBuf,
    /// Where the texts of `validation` are, if elsewhere.
    pub validation_text: PathBuf,
    /// Whether it is of clips or videos is `model.gaze.feature_scope`.
    pub gaze: Store,
    /// Moments are widened and moved by chance, for narrations (`enable_temporal_jittering`).
    pub temporal_jitter: bool,
    /// Queries without features are left out, with a warning, instead of being an error.
    pub skip_absent: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GazeData {
    /// Features of whole videos from their start on, by the name of the video: only its `path` matters.
    pub features: Store,
    /// A folder with a gaze recording for each video: `<video>.csv`, as Ego4D has it.
    pub recordings: PathBuf,
    /// Lists of videos, one a line or as GLC's files have them; only the part before `/` counts.
    pub train: Vec<PathBuf>,
    pub validation: Vec<PathBuf>,
    /// Times to leave out (`uid,HH:MM:SS,HH:MM:SS,code`), as GLC's list of untracked ones.
    pub untracked: PathBuf,
}

/// A feature store and what its files do not say about themselves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    pub path: PathBuf,
    pub level: FeatureLevel,
    pub offset_secs: f64,
    /// Clips may be longer than they are annotated to be.
    pub any_length: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loader {
    /// Samples of a step. For grounding they go through the network a few at a time, so that memory does
    /// not grow with it: this is gradient accumulation as well. For gaze they are contrasted with each
    /// other, so all of them are in memory at once.
    pub batch_size: usize,
    /// Batches that are read while the network works.
    pub ahead: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    pub learning_rate: f64,
    /// Without the warm-up. If both are 0, what the run starts with is validated and that is all.
    pub epochs: u64,
    pub warmup_epochs: u64,
    /// Where the cosine ends.
    pub end_rate: f64,
}

impl ScheduleConfig {
    pub fn total_epochs(&self) -> u64 {
        self.epochs + self.warmup_epochs
    }

    pub fn with(&self, steps_per_epoch: u64, stays_at_zero: bool) -> Schedule {
        Schedule {
            peak: self.learning_rate,
            end: self.end_rate,
            warmup_steps: self.warmup_epochs * steps_per_epoch,
            total_steps: self.total_epochs() * steps_per_epoch,
            stays_at_zero,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GroundingLoss {
    /// Steps that each pyramid level is for (`regression_range`).
    pub ranges: Vec<[f64; 2]>,
    /// `center_sample_radius`
    pub centre_radius: f64,
    pub label_smoothing: f64,
    /// Weight of the loss on the ends (`loss_weight`).
    pub regression_weight: f64,
    /// Positives of a batch, as assumed at first (`init_loss_norm`).
    pub normaliser: f64,
    pub normaliser_momentum: f64,
}

impl Default for GroundingLoss {
    fn default() -> Self {
        Self {
            ranges: RANGES.to_vec(),
            centre_radius: CENTRE_RADIUS,
            label_smoothing: 0.1,
            regression_weight: 1.0,
            normaliser: 200.0,
            normaliser_momentum: 0.9,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GazeLoss {
    pub nce_weight: f64,
    pub kl_weight: f64,
}

/// The moving average of the weights; it is saved beside them and judged by nobody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmaConfig {
    /// How much of the average a step leaves; 0 is no average.
    pub decay: f64,
}

impl Default for EmaConfig {
    fn default() -> Self {
        Self { decay: 0.999 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Saving {
    /// Epochs from one validation to the next.
    pub validate_every: u64,
    /// Steps from one checkpoint to the next; 0 is only after epochs.
    pub checkpoint_every: u64,
    /// Steps from one row of the metrics to the next.
    pub log_every: u64,
}

impl Default for Saving {
    fn default() -> Self {
        Self { validate_every: 1, checkpoint_every: 0, log_every: 10 }
    }
}

/// Bugs of the reference, for those who want its numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reference {
    /// The moving average starts from random weights instead of the loaded ones.
    pub ema_from_random: bool,
    /// Without warm-up the learning rate stays near zero.
    pub rate_stays_at_zero: bool,
    /// The loss normaliser starts over when a run is resumed.
    pub normaliser_restarts: bool,
}
