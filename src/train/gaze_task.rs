//! The gaze estimator as something to train: contrast between video and gaze, and gaze maps.

use candle_core::{Device, Tensor};
use rand::Rng as _;
use rayon::prelude::*;

use super::TrainError;
use super::checkpoint::RunFolder;
use super::config::GazeRun;
use super::gaze_data::{GazeSource, Run, cell_of};
use super::init::fresh;
use super::look::{MapExample, write_maps};
use super::losses::{info_nce, kl, unit_rows};
use super::optimiser::{Gradients, collect};
use super::random::stream;
use super::run::{Ended, Numbers, Plan, Source as _, Task, run};
use super::settings::{refuse_unused, to_toml};
use super::start::read_estimator;
use super::weights::Weights;
use crate::gaze::metrics::glc::{F1Sweep, kl_truth_to_predicted, rescale};
use crate::gaze::metrics::saliency::{auc_judd, auc_shuffled_by_counts, correlation, nss, similarity};
use crate::gaze::{CentrePrior, GRID};
use crate::grounding::groundnlq::{
    Chance, GazeEstimator, GazeFeatures, GazeMode, Learned, Pass, expected_tensors,
};
use crate::job::JobCtx;
use crate::nn::ops::with_precision;
use crate::stores::FeatureLevel;

/// Windows whose maps stay in the run's folder after a validation, each of another run of windows.
const EXAMPLES: usize = 6;

/// Trains as `config` says, into `folder`.
pub fn train_gaze(
    config: &GazeRun,
    folder: &RunFolder,
    should_resume: bool,
    device: &Device,
    ctx: &JobCtx,
) -> Result<Ended, TrainError> {
    config.model.validate().map_err(TrainError::Setting)?;
    if config.model.gaze.mode == GazeMode::Off || config.model.gaze.map_size != GRID {
        let what = format!("model.gaze.mode must not be `off` here, and model.gaze.map_size must be {GRID}");
        return Err(TrainError::Setting(what));
    }
    if !(0.0..1.0).contains(&config.dropout) {
        return Err(TrainError::Setting(format!(
            "dropout is {}, expected at least 0 and below 1",
            config.dropout
        )));
    }
    let features = &config.data.features;
    let is_level_set = features.level != FeatureLevel::default();
    let whole = "an estimator learns from whole videos";
    refuse_unused(&[
        ("data.features.level", is_level_set, whole),
        ("data.features.any_length", features.any_length, whole),
        ("data.features.offset_secs", features.offset_secs != 0.0, "windows count from the video's start"),
    ])?;
    ctx.stage("Reading weights");
    let mut shapes = expected_tensors(&config.model)?;
    shapes.retain(|(name, _)| name.starts_with("gaze."));
    let mut tensors = fresh(&config.model, &shapes, config.seed)?;
    tensors.extend(read_estimator(&config.start, &shapes)?);
    let weights = Weights::new(tensors, |_| true, device)?;
    ctx.stage("Reading the data");
    let source = GazeSource::open(config, &config.data.train, "data.train", device, ctx)?;
    let validation = match config.data.validation.is_empty() {
        true => None,
        false => Some(GazeSource::open(config, &config.data.validation, "data.validation", device, ctx)?),
    };
    let plan = Plan {
        config: to_toml(config),
        model: config.model.clone(),
        loader: config.loader.clone(),
        schedule: config.schedule.with(source.batches(), false),
        epochs: config.schedule.total_epochs(),
        adam: config.adam.clone(),
        rate_factor: |_, _| 1.0,
        ema: config.ema.clone(),
        ema_start: None,
        saving: config.saving.clone(),
        normaliser: 0.0,
        normaliser_restarts: false,
    };
    let mean_map = source.mean_map();
    let task = GazeTask { config, source, validation, mean_map, device };
    run(&task, &weights, &plan, folder, should_resume, device, ctx)
}

struct GazeTask<'a> {
    config: &'a GazeRun,
    source: GazeSource,
    validation: Option<GazeSource>,
    /// Of what is learned from.
    mean_map: Vec<f32>,
    device: &'a Device,
}

impl Task for GazeTask<'_> {
    type Source = GazeSource;

    fn source(&self) -> &GazeSource {
        &self.source
    }

    fn backward(
        &self,
        weights: &Weights,
        batch: Vec<Run>,
        step: u64,
        _: &mut f64,
    ) -> Result<(Numbers, Gradients), TrainError> {
        let gaze = &self.config.model.gaze;
        let estimator = GazeEstimator::from_tensors(&weights.tracked(), &self.config.model, self.device)?;
        let learn = |(index, run): (usize, &Run)| {
            let mut random = stream(self.config.seed, "drop", &[step, index as u64]);
            let uniform = Box::new(move || random.random());
            let chance = Chance { drop_path: 0.0, dropout: self.config.dropout, uniform };
            let mut pass = Pass::training(chance, self.config.precision);
            with_precision(pass.precision, || estimator.learn(&run.features, &run.maps, &mut pass))
        };
        let learned: Vec<candle_core::Result<Learned>> = batch.par_iter().enumerate().map(learn).collect();
        let learned = learned.into_iter().collect::<candle_core::Result<Vec<_>>>()?;

        // the windows of which enough is known, and where they lie
        let mut places = Vec::new();
        let mut kept = Vec::new();
        let mut row = 0u32;
        for run in &batch {
            for (i, is_valid) in run.is_valid.iter().enumerate() {
                if *is_valid {
                    kept.push(row);
                    places.push((run.video, run.first + i));
                }
                row += 1;
            }
        }
        let count = kept.len();
        let kept = Tensor::new(kept, self.device)?;
        let rows = |of: &dyn Fn(&Learned) -> Tensor| {
            Tensor::cat(&learned.iter().map(of).collect::<Vec<_>>(), 0)?.index_select(&kept, 0)
        };
        let video = unit_rows(&rows(&|learned| learned.tokens.clone())?)?;
        let gazes = unit_rows(&rows(&|learned| learned.gaze.clone())?)?;
        let comparable = |i: usize, j: usize| {
            let ((video, window), (other_video, other)) = (places[i], places[j]);
            video != other_video || window.abs_diff(other) > gaze.nce_exclude_radius
        };
        let nce = info_nce(&video, &gazes, gaze.tau, comparable)?.sum_all()?;
        let nce = if gaze.nce_sum { nce } else { (nce / count.max(1) as f64)? };
        let log_maps = rows(&|learned| learned.log_maps.clone())?;
        let truth: Vec<&Tensor> = batch.iter().map(|run| &run.maps).collect();
        let truth = Tensor::cat(&truth, 0)?.flatten_from(1)?.index_select(&kept, 0)?;
        let kl = (kl(&truth, &log_maps)?.sum_all()? / count.max(1) as f64)?;
        let weighed = ((&nce * self.config.loss.nce_weight)? + (&kl * self.config.loss.kl_weight)?)?;
        let mut gradients = Gradients::new();
        collect(&weights.learned, &mut weighed.backward()?, &mut gradients)?;
        let number = |x: &Tensor| Ok::<_, candle_core::Error>(f64::from(x.to_scalar::<f32>()?));
        let numbers = [
            ("loss", number(&weighed)?),
            ("loss_nce", number(&nce)?),
            ("loss_kl", number(&kl)?),
            ("windows", count as f64),
        ];
        Ok((numbers.map(|(name, value)| (name.to_owned(), value)).into(), gradients))
    }

    /// Scores of the predicted maps, and beside them of a Gaussian in the middle and of the mean map of what
    /// was learned from: if the first are no better, the tokens carry nothing.
    fn validate(
        &self,
        weights: &Weights,
        _: u64,
        folder: &RunFolder,
        ctx: &JobCtx,
    ) -> Result<Numbers, TrainError> {
        let Some(validation) = &self.validation else { return Ok(Numbers::new()) };
        ctx.stage("Validating");
        let estimator = GazeEstimator::from_tensors(&weights.settled(), &self.config.model, self.device)?;
        let everywhere = validation.looked_at();
        let centre = CentrePrior::default().map();
        let mut scores: [(&str, MapScores); 3] =
            ["", "centre_", "mean_map_"].map(|prefix| (prefix, MapScores::default()));
        let mut examples = Vec::new();
        for run in validation.all_runs() {
            ctx.check()?;
            let run = run?;
            let input = GazeFeatures::new(run.features.clone(), &self.config.model.gaze);
            let maps = estimator.estimate(&input)?.maps.to_device(&Device::Cpu)?.flatten_from(1)?;
            let maps = maps.to_vec2::<f32>()?;
            for (i, map) in maps.iter().enumerate() {
                let window = run.first + i;
                let (Some(truth), Some(labels)) =
                    (validation.map(run.video, window), validation.labels_of(run.video, window))
                else {
                    continue;
                };
                if i == 0 && examples.len() < EXAMPLES {
                    examples.push(MapExample { truth: truth.to_vec(), predicted: map.clone() });
                }
                let looked_at: Vec<usize> = labels.iter().map(cell_of).collect();
                for ((_, scores), map) in scores.iter_mut().zip([map, centre.cells(), &self.mean_map]) {
                    scores.add(map, &truth, &looked_at, &everywhere);
                }
            }
        }
        write_maps(folder, &examples, GRID)?;
        Ok(scores.iter().flat_map(|(prefix, scores)| scores.means(prefix)).collect())
    }

    fn merit(&self, validation: &Numbers) -> Option<f64> {
        validation.get("kl").map(|kl| -kl)
    }
}

/// Sums over windows.
#[derive(Default)]
struct MapScores {
    sums: Numbers,
    sweep: F1Sweep,
    count: usize,
}

impl MapScores {
    fn add(&mut self, map: &[f32], truth: &[f32], looked_at: &[usize], everywhere: &[usize]) {
        let scores = [
            ("kl", Some(kl_truth_to_predicted(truth, map))),
            ("cc", Some(correlation(map, truth))),
            ("sim", Some(similarity(map, truth))),
            ("nss", nss(map, looked_at)),
            ("auc_judd", auc_judd(map, looked_at)),
            ("auc_shuffled", auc_shuffled_by_counts(map, looked_at, everywhere)),
        ];
        for (name, score) in scores {
            *self.sums.entry(name.to_owned()).or_default() += score.unwrap_or_default();
        }
        self.sweep.add(&rescale(map), truth);
        self.count += 1;
    }

    fn means(&self, prefix: &str) -> Numbers {
        let mean = |(name, sum): (&String, &f64)| (format!("{prefix}{name}"), sum / self.count as f64);
        let mut means: Numbers = self.sums.iter().map(mean).collect();
        if let Some(best) = self.sweep.best() {
            means.insert(format!("{prefix}f1"), best.f1);
        }
        means
    }
}
