//! The loop that both trainings share: batches from a thread that reads ahead, a step, a row of metrics,
//! now and then a validation and a checkpoint.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc;

use candle_core::Device;

use super::TrainError;
use super::checkpoint::{RunFolder, State};
use super::config::{EmaConfig, Loader, Saving};
use super::ema::Ema;
use super::metrics::Metrics;
use super::optimiser::{AdamConfig, AdamW, Gradients};
use super::schedule::Schedule;
use super::weights::Weights;
use crate::grounding::groundnlq::{Config, Tensors};
use crate::job::JobCtx;

/// Named numbers of a step or a validation.
pub type Numbers = BTreeMap<String, f64>;

/// Where batches come from.
pub trait Source: Sync {
    type Batch: Send;

    /// In an epoch; incomplete ones do not count.
    fn batches(&self) -> u64;

    fn load(&self, epoch: u64, batch: u64) -> Result<Self::Batch, TrainError>;
}

/// A network, what it learns from and how it is judged.
pub trait Task {
    type Source: Source;

    fn source(&self) -> &Self::Source;

    /// Losses and gradients of a batch. All that is left to chance follows from `step`.
    fn backward(
        &self,
        weights: &Weights,
        batch: <Self::Source as Source>::Batch,
        step: u64,
        normaliser: &mut f64,
    ) -> Result<(Numbers, Gradients), TrainError>;

    /// Figures on what was not learned from; empty where there is nothing to judge by.
    fn validate(
        &self,
        weights: &Weights,
        epoch: u64,
        folder: &RunFolder,
        ctx: &JobCtx,
    ) -> Result<Numbers, TrainError>;

    /// Of two validations, is this one better? Larger is better.
    fn merit(&self, validation: &Numbers) -> Option<f64>;
}

/// What the loop needs to know besides its task.
pub struct Plan {
    /// The whole configuration as TOML: a run goes on only with the same.
    pub config: String,
    pub model: Config,
    pub loader: Loader,
    pub schedule: Schedule,
    pub epochs: u64,
    pub adam: AdamConfig,
    /// Learning rate of a parameter over that of the others.
    pub rate_factor: fn(&str, &Config) -> f64,
    pub ema: EmaConfig,
    pub ema_start: Option<Tensors>,
    pub saving: Saving,
    pub normaliser: f64,
    pub normaliser_restarts: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    Done {
        steps: u64,
        best: Option<(u64, f64)>,
        model: PathBuf,
    },
    /// Asked to stop; everything is saved.
    Interrupted {
        step: u64,
        of: u64,
    },
}

/// Trains to the end, or until `ctx` is cancelled. No epochs at all is a validation of what it starts with.
/// `should_resume` goes on with the run in `folder`.
pub fn run<T: Task>(
    task: &T,
    weights: &Weights,
    plan: &Plan,
    folder: &RunFolder,
    should_resume: bool,
    device: &Device,
    ctx: &JobCtx,
) -> Result<Ended, TrainError> {
    let batches = task.source().batches();
    if batches == 0 {
        return Err(TrainError::Setting(format!(
            "there are fewer samples than loader.batch_size = {}",
            plan.loader.batch_size
        )));
    }
    let total = plan.epochs * batches;
    let mut optimiser = AdamW::new(plan.adam.clone(), &weights.learned)?;
    let ema = match (plan.ema.decay > 0.0, &plan.ema_start) {
        (false, _) => None,
        (true, None) => Some(Ema::new(plan.ema.decay, &weights.learned)?),
        (true, Some(start)) => {
            let start = Weights::new(start.clone(), |name| weights.learned.contains_key(name), device)?;
            Some(Ema::new(plan.ema.decay, &start.learned)?)
        }
    };
    // the lock lives until the last file is written
    let (mut state, _lock) = match should_resume {
        true => folder.restore(&plan.config, weights, &mut optimiser, ema.as_ref())?,
        false => (State::default(), folder.begin(&plan.config)?),
    };
    if !should_resume || plan.normaliser_restarts {
        state.normaliser = plan.normaliser;
    }
    let mut metrics = Metrics::open(folder.metrics(), &state)?;
    if total == 0 {
        // nothing to learn: what it starts with is judged
        let Some(numbers) = judged(task, weights, 0, folder, ctx)? else {
            return Ok(Ended::Interrupted { step: 0, of: 0 });
        };
        metrics.row("validation", 0, 0, &numbers)?;
        let model = folder.export("last", &weights.settled(), &plan.model, 0)?;
        return Ok(Ended::Done { steps: 0, best: None, model });
    }
    let save =
        |state: &State, optimiser: &AdamW| folder.save(&plan.config, state, weights, optimiser, ema.as_ref());

    std::thread::scope(|scope| {
        let (sender, batch_of) = mpsc::sync_channel(plan.loader.ahead.max(1));
        let source = task.source();
        let first = state.step;
        std::thread::Builder::new()
            .name("batches".to_owned())
            .spawn_scoped(scope, move || {
                for step in first..total {
                    let batch = source.load(step / batches, step % batches);
                    let is_over = batch.is_err();
                    if sender.send(batch).is_err() || is_over {
                        return;
                    }
                }
            })
            .map_err(TrainError::io(folder.path()))?;

        ctx.stage("Training");
        let mut last_losses = String::new();
        loop {
            let epoch = state.step / batches;
            if state.validated < epoch {
                save(&state, &optimiser)?;
                let is_due = epoch.is_multiple_of(plan.saving.validate_every.max(1)) || state.step == total;
                let numbers = match is_due {
                    true => judged(task, weights, epoch, folder, ctx)?,
                    false => Some(Numbers::new()),
                };
                let Some(numbers) = numbers else {
                    return Ok(Ended::Interrupted { step: state.step, of: total });
                };
                if !numbers.is_empty() {
                    metrics.row("validation", state.step, epoch, &numbers)?;
                }
                if let Some(merit) = task.merit(&numbers)
                    && state.best.is_none_or(|(_, best)| merit > best)
                {
                    state.best = Some((epoch, merit));
                    folder.export("best", &weights.settled(), &plan.model, epoch)?;
                }
                state.validated = epoch;
                save(&state, &optimiser)?;
                ctx.stage("Training");
            }
            if state.step == total {
                break;
            }
            ctx.note(&last_losses);
            if ctx.step(state.step, total).is_err() {
                save(&state, &optimiser)?;
                return Ok(Ended::Interrupted { step: state.step, of: total });
            }
            let Ok(batch) = batch_of.recv() else {
                return Err(TrainError::Setting("the thread that reads batches ended early".to_owned()));
            };
            let (mut numbers, gradients) =
                task.backward(weights, batch?, state.step, &mut state.normaliser)?;
            let rate = plan.schedule.rate(state.step);
            let norm = optimiser
                .step(&weights.learned, &gradients, |name| rate * (plan.rate_factor)(name, &plan.model))?;
            if let Some(ema) = &ema {
                ema.update(&weights.learned)?;
            }
            let loss = numbers.get("loss").copied().unwrap_or_default();
            last_losses = format!("epoch {}/{}, loss {loss:.4}, rate {rate:.2e}", epoch + 1, plan.epochs);
            if state.step.is_multiple_of(plan.saving.log_every.max(1)) {
                numbers.insert("rate".to_owned(), rate);
                numbers.insert("gradient_norm".to_owned(), norm);
                metrics.row("train", state.step, epoch, &numbers)?;
            }
            state.step += 1;
            let every = plan.saving.checkpoint_every;
            if every > 0 && state.step.is_multiple_of(every) && !state.step.is_multiple_of(batches) {
                save(&state, &optimiser)?;
            }
        }
        if let Some(ema) = &ema {
            let average = ema.average.iter().map(|(name, var)| (name.clone(), var.as_detached_tensor()));
            let average = weights.fixed.clone().into_iter().chain(average).collect();
            folder.export("last-ema", &average, &plan.model, plan.epochs)?;
        }
        // at the very end, as a run with these is done
        let model = folder.export("last", &weights.settled(), &plan.model, plan.epochs)?;
        Ok(Ended::Done { steps: total, best: state.best, model })
    })
}

/// The figures of a validation; `None` if it was asked to stop.
fn judged<T: Task>(
    task: &T,
    weights: &Weights,
    epoch: u64,
    folder: &RunFolder,
    ctx: &JobCtx,
) -> Result<Option<Numbers>, TrainError> {
    match task.validate(weights, epoch, folder, ctx) {
        Err(_) if ctx.check().is_err() => Ok(None),
        numbers => numbers.map(Some),
    }
}
