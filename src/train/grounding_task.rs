//! The grounding network as something to train.

use candle_core::Device;
use rand::Rng as _;

use super::TrainError;
use super::checkpoint::RunFolder;
use super::config::GroundingRun;
use super::data::{GroundingSource, annotations, inputs};
use super::grounding::{LossConfig, Sample, backward};
use super::init::fresh;
use super::losses::Normaliser;
use super::optimiser::Gradients;
use super::random::stream;
use super::run::{Ended, Numbers, Plan, Task, run};
use super::settings::{refuse_unused, to_toml};
use super::start::read_start;
use super::weights::Weights;
use crate::eval::{Measures, PredictionFile, Provenance, evaluate};
use crate::grounding::groundnlq::{
    Chance, GazeEstimator, GazeMode, GroundNlq, Pass, TextPadding, expected_tensors,
};
use crate::job::JobCtx;
use crate::split::{SplitConfig, localize_split};
use crate::stores::FeatureLevel;

/// Windows kept of a query in a validation, as the reference keeps them.
const KEPT: usize = 5;

/// Trains as `config` says, into `folder`.
pub fn train_grounding(
    config: &GroundingRun,
    folder: &RunFolder,
    should_resume: bool,
    device: &Device,
    ctx: &JobCtx,
) -> Result<Ended, TrainError> {
    config.model.validate().map_err(TrainError::Setting)?;
    check(config)?;
    ctx.stage("Reading weights");
    let shapes = expected_tensors(&config.model)?;
    let random = fresh(&config.model, &shapes, config.seed)?;
    let mut tensors = random.clone();
    for (name, tensor) in read_start(config, &shapes)? {
        tensors.insert(name, tensor);
    }
    let weights = Weights::new(tensors, |name| is_learned(config, name), device)?;
    let estimator = match config.model.gaze.mode {
        GazeMode::Off => None,
        _ if !config.model.gaze.freeze => None,
        _ => Some(GazeEstimator::from_tensors(&weights.fixed, &config.model, device)?),
    };
    ctx.stage("Opening the data");
    let source = GroundingSource::open(config, estimator, device)?;
    let batches = super::run::Source::batches(&source);
    let plan = Plan {
        config: to_toml(config),
        model: config.model.clone(),
        loader: config.loader.clone(),
        schedule: config.schedule.with(batches, config.reference.rate_stays_at_zero),
        epochs: config.schedule.total_epochs(),
        adam: config.adam.clone(),
        rate_factor: |name, model| match name.starts_with("gaze_fusion.") {
            true => model.fusion.new_param_lr_mult,
            false => 1.0,
        },
        ema: config.ema.clone(),
        ema_start: config.reference.ema_from_random.then_some(random),
        saving: config.saving.clone(),
        normaliser: config.loss.normaliser,
        normaliser_restarts: config.reference.normaliser_restarts,
    };
    let task = GroundingTask { config, source, device };
    run(&task, &weights, &plan, folder, should_resume, device, ctx)
}

fn check(config: &GroundingRun) -> Result<(), TrainError> {
    let levels = config.model.network.levels();
    if config.loss.ranges.len() != levels {
        return Err(TrainError::Setting(format!(
            "loss.ranges has {} entries, expected one for each of {levels} pyramid levels",
            config.loss.ranges.len()
        )));
    }
    if config.drop_path > 0.0 && !config.model.network.branch_scales {
        let what =
            "drop_path is above 0, but model.network.branch_scales is off: in the reference they go together";
        return Err(TrainError::Setting(what.to_owned()));
    }
    for (key, rate) in [("drop_path", config.drop_path), ("dropout", config.dropout)] {
        if !(0.0..1.0).contains(&rate) {
            return Err(TrainError::Setting(format!("{key} is {rate}, expected at least 0 and below 1")));
        }
    }
    let gaze = &config.data.gaze;
    let is_level_set = gaze.level != FeatureLevel::default();
    refuse_unused(&[
        ("data.gaze.level", is_level_set, "`model.gaze.feature_scope` says whose the gaze features are"),
        ("data.gaze.any_length", gaze.any_length, "gaze features may be of any length"),
    ])
}

/// A frozen estimator stays; of one that learns, only what leads to the tokens does.
fn is_learned(config: &GroundingRun, name: &str) -> bool {
    let Some(part) = name.strip_prefix("gaze.") else { return true };
    let leads_to_tokens = match config.model.gaze.mode {
        GazeMode::Complement => !part.starts_with("video_proj."),
        _ => !["regression.", "branch.", "gaze_proj."].iter().any(|other| part.starts_with(other)),
    };
    !config.model.gaze.freeze && leads_to_tokens
}

struct GroundingTask<'a> {
    config: &'a GroundingRun,
    source: GroundingSource,
    device: &'a Device,
}

impl Task for GroundingTask<'_> {
    type Source = GroundingSource;

    fn source(&self) -> &GroundingSource {
        &self.source
    }

    fn backward(
        &self,
        weights: &Weights,
        batch: Vec<Sample>,
        step: u64,
        normaliser: &mut f64,
    ) -> Result<(Numbers, Gradients), TrainError> {
        let loss = &self.config.loss;
        let network = GroundNlq::from_tensors(&weights.tracked(), self.config.model.clone(), self.device)?;
        let config = LossConfig {
            ranges: loss.ranges.clone(),
            centre_radius: loss.centre_radius,
            label_smoothing: loss.label_smoothing,
            regression_weight: loss.regression_weight,
        };
        let pass_of = |sample: usize| {
            let mut random = stream(self.config.seed, "drop", &[step, sample as u64]);
            let uniform = Box::new(move || random.random());
            let chance = Chance { drop_path: self.config.drop_path, dropout: self.config.dropout, uniform };
            Pass::training(chance, self.config.precision)
        };
        let mut running = Normaliser { value: *normaliser, momentum: loss.normaliser_momentum };
        let (losses, gradients) =
            backward(&network, &weights.learned, &batch, &config, &mut running, pass_of)?;
        *normaliser = running.value;
        let numbers = [
            ("loss", losses.total),
            ("loss_cls", losses.cls),
            ("loss_reg", losses.reg),
            ("positives", losses.positives as f64),
            ("normaliser", running.value),
        ];
        Ok((numbers.map(|(name, value)| (name.to_owned(), value)).into(), gradients))
    }

    /// Recalls as `gazenlq eval` counts them, from a file of predictions that stays in the run's folder.
    fn validate(
        &self,
        weights: &Weights,
        epoch: u64,
        folder: &RunFolder,
        ctx: &JobCtx,
    ) -> Result<Numbers, TrainError> {
        let data = &self.config.data;
        if data.validation.is_empty() {
            return Ok(Numbers::new());
        }
        let annotations = annotations(&data.validation, "data.validation")?;
        let text = match data.validation_text.as_os_str().is_empty() {
            true => &data.text,
            false => &data.validation_text,
        };
        let inputs = inputs(self.config, text)?;
        let network = GroundNlq::from_tensors(&weights.settled(), self.config.model.clone(), self.device)?;
        let path = folder.predictions(epoch);
        // of a validation that was cut short, possibly with other weights
        let _ = std::fs::remove_file(&path);
        let config = SplitConfig {
            shard: (1, 1),
            only: Vec::new(),
            keep: KEPT,
            text_batch: 1,
            text_padding: TextPadding::None,
            skip_absent: data.skip_absent,
        };
        let provenance = Provenance {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: format!("{}, epoch {epoch}", folder.path().display()),
            config: serde_json::to_value(&self.config.model).unwrap_or_default(),
            video_features: data.video.path.display().to_string(),
            text_features: text.display().to_string(),
            settings: config.settings(&inputs),
            ..Provenance::default()
        };
        localize_split(&network, &annotations, &inputs, &config, &provenance, &path, ctx)?;
        let predictions = PredictionFile::load(&path)?.predictions;
        let measures = Measures { thresholds: vec![0.3, 0.5], top_k: vec![1, 5], resamples: 0, seed: 1 };
        let report = evaluate(&annotations, &predictions, &measures)?;
        let mut numbers: Numbers = report.official.recall.into_iter().collect();
        numbers.insert("mIoU".to_owned(), report.official.miou);
        Ok(numbers)
    }

    /// The leaderboard's figure: recall at 1, mean over the thresholds 0.3 and 0.5.
    fn merit(&self, validation: &Numbers) -> Option<f64> {
        Some((validation.get("R1@0.3")? + validation.get("R1@0.5")?) / 2.0)
    }
}
