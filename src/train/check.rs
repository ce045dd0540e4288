//! Compares training with a folder of reference numbers: labels, losses, gradients, optimiser steps,
//! learning rates. It goes with `groundnlq::check`, which compares what a trained network says.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{DType, Device, Tensor, Var};
use serde::Deserialize;
use serde_json::Value;

use super::ema::Ema;
use super::grounding::{LossConfig, Losses, Sample, backward};
use super::labels::{Point, labels};
use super::losses::{Normaliser, distance_iou, focal};
use super::optimiser::{AdamConfig, AdamW, Gradients, Parameters, decays, norm};
use super::reference::ReferenceFile;
use super::schedule::Schedule;
use crate::grounding::groundnlq::check::network::Case;
use crate::grounding::groundnlq::check::{Report, Stage, difference, folders, json, name_of, named, tensors};
use crate::grounding::groundnlq::{Config, GroundNlq, GroundNlqError, Keep, Pass, Tensors};
use crate::nn::NnError;

/// Checks every training case in `dir` and one folder below.
pub fn check(dir: &Path, device: &Device) -> Result<Vec<Stage>, GroundNlqError> {
    let mut stages = Vec::new();
    for folder in &folders(dir)? {
        let mut report = Report { case: name_of(folder), stages: &mut stages };
        let has = |name: &str| folder.join(name).is_file();
        if has("labels.safetensors") && has("meta.json") {
            check_labels(folder, &mut report)?;
        }
        if has("losses.safetensors") {
            check_losses(folder, &mut report)?;
        }
        if has("lr_schedule.json") {
            check_schedule(folder, &mut report)?;
        }
        if has("meta.json") {
            check_steps(folder, device, &mut report)?;
        }
    }
    Ok(stages)
}

/// How far a number is off, as a part of what it should be.
fn relative(found: f64, expected: f64) -> f64 {
    if found == expected { 0.0 } else { (found - expected).abs() / expected.abs() }
}

fn check_labels(folder: &Path, report: &mut Report) -> Result<(), GroundNlqError> {
    let path = folder.join("labels.safetensors");
    let fixture = tensors(&path)?;
    let read = |name: &str, columns: usize| -> Result<Vec<Vec<f64>>, GroundNlqError> {
        let table = named(&fixture, name, &path)?.to_dtype(DType::F64)?;
        let found = table.dims2()?.1;
        if found != columns {
            let what = format!("`{name}` has {found} columns, expected {columns}");
            return Err(NnError::format(&path, what).into());
        }
        Ok(table.to_vec2()?)
    };
    let points: Vec<Point> = read("points", 4)?
        .iter()
        .map(|row| Point { at: row[0], range: [row[1], row[2]], stride: row[3] })
        .collect();
    let radius = reference_of(folder)?.train_cfg.center_sample_radius;
    let (mut classes, mut offsets) = (0f64, 0f64);
    let mut sample = 0;
    while fixture.contains_key(&format!("s{sample}.gt_segments")) {
        let segments = read(&format!("s{sample}.gt_segments"), 2)?;
        let segments: Vec<[f64; 2]> = segments.iter().map(|row| [row[0], row[1]]).collect();
        let found = labels(&points, &segments, radius);
        let expected = read(&format!("s{sample}.cls_targets"), 1)?
            .into_iter()
            .zip(read(&format!("s{sample}.reg_targets"), 2)?);
        for (found, (class, ends)) in found.iter().zip(expected) {
            classes = classes.max((found.class - class[0]).abs());
            if class[0] > 0.0 {
                let error = (found.offsets[0] - ends[0]).abs().max((found.offsets[1] - ends[1]).abs());
                offsets = offsets.max(error);
            }
        }
        sample += 1;
    }
    report.add("labels.cls_targets", if sample == 0 { f64::INFINITY } else { classes }, 0.0);
    report.add("labels.reg_targets", offsets, 1e-6);
    Ok(())
}

fn check_losses(folder: &Path, report: &mut Report) -> Result<(), GroundNlqError> {
    let path = folder.join("losses.safetensors");
    let fixture = tensors(&path)?;
    let get = |name: &str| named(&fixture, name, &path);
    type Loss = fn(&Tensor, &Tensor) -> candle_core::Result<Tensor>;
    let cases = [("focal", "logits", "targets", focal as Loss), ("diou", "pred", "gt", distance_iou)];
    for (name, input, target, loss) in cases {
        let input = Var::from_tensor(get(&format!("{name}.{input}"))?)?;
        let losses = loss(&input, get(&format!("{name}.{target}"))?)?;
        let store = losses.sum_all()?.backward()?;
        let flat = |x: &Tensor| x.flatten_all()?.to_vec1::<f32>();
        let expected = flat(get(&format!("{name}.loss"))?)?;
        report.add(format!("{name}.loss"), difference(&flat(&losses)?, &expected), 1e-6);
        let gradient = store.get(&input).map(flat).transpose()?.unwrap_or_default();
        let expected = flat(get(&format!("{name}.grad"))?)?;
        report.add(format!("{name}.grad"), difference(&gradient, &expected), 1e-5);
    }
    Ok(())
}

#[derive(Deserialize)]
struct Rates {
    epochs: u64,
    warmup_epochs: u64,
    iters_per_epoch: u64,
    base_lr: f64,
    lr_used_at_step: Vec<f64>,
}

fn check_schedule(folder: &Path, report: &mut Report) -> Result<(), GroundNlqError> {
    let cases: Vec<Rates> = json(&folder.join("lr_schedule.json"))?;
    for case in cases {
        let schedule = Schedule {
            peak: case.base_lr,
            end: 1e-8,
            warmup_steps: case.warmup_epochs * case.iters_per_epoch,
            total_steps: (case.warmup_epochs + case.epochs) * case.iters_per_epoch,
            stays_at_zero: true,
        };
        let rates = case.lr_used_at_step.iter().enumerate();
        let error = rates
            .fold(0f64, |worst, (step, expected)| worst.max(relative(schedule.rate(step as u64), *expected)));
        let name = format!("lr_schedule.{}+{}x{}", case.warmup_epochs, case.epochs, case.iters_per_epoch);
        report.add(name, error, 1e-9);
    }
    Ok(())
}

/// `train.json`: several optimiser steps on one batch.
#[derive(Deserialize)]
struct Run {
    optimizer: Adam,
    schedule: Epochs,
    clip_grad_l2norm: f64,
    ema_decay: f64,
    param_groups: Vec<Group>,
    steps: Vec<Step>,
    step0_param_grad_norms: HashMap<String, f64>,
}

#[derive(Deserialize)]
struct Adam {
    lr: f64,
    betas: [f64; 2],
    eps: f64,
    weight_decay: f64,
}

#[derive(Deserialize)]
struct Epochs {
    warmup_epochs: u64,
    epochs: u64,
    iters_per_epoch: u64,
    eta_min: f64,
}

#[derive(Deserialize)]
struct Group {
    weight_decay: f64,
    params: Vec<String>,
}

#[derive(Deserialize)]
struct Step {
    lr: f64,
    #[serde(flatten)]
    losses: ExpectedLosses,
    loss_normalizer_before: f64,
    grad_norm_before_clip: f64,
    param_l2_after: f64,
    ema_param_l2_after: f64,
    delta_from_init_l2: f64,
}

#[derive(Clone, Copy, Deserialize)]
struct ExpectedLosses {
    cls_loss: f64,
    reg_loss: f64,
    final_loss: f64,
    loss_normalizer_after: f64,
}

/// `meta.train` of a large case: one backward pass.
#[derive(Deserialize)]
struct OneStep {
    #[serde(flatten)]
    losses: ExpectedLosses,
    total_grad_norm: f64,
    param_grad_norms: HashMap<String, f64>,
}

/// `nopos.json`: a sample alone, of which no point is positive.
#[derive(Deserialize)]
struct NoPositives {
    sample: usize,
    #[serde(flatten)]
    losses: ExpectedLosses,
    grad_norm: f64,
}

/// A network under training and the batch of its case.
struct Learner {
    config: Config,
    losses: LossConfig,
    first_norm: f64,
    parameters: Parameters,
    batch: Vec<Sample>,
}

impl Learner {
    fn read(folder: &Path, device: &Device) -> Result<Self, GroundNlqError> {
        // what the inputs and weights hash to is reported by `groundnlq::check`
        let mut unheard = Vec::new();
        let mut report = Report { case: String::new(), stages: &mut unheard };
        let case = Case::read(folder, &mut report)?;
        let reference = reference_of(folder)?;
        let of_sample = |((video, text), sample): (
            &(Tensor, Tensor),
            &crate::grounding::groundnlq::check::network::Sample,
        )| {
            Ok::<_, candle_core::Error>(Sample {
                video: video.to_device(device)?,
                gaze: None,
                text: text.to_device(device)?,
                segments: sample.segments.clone(),
            })
        };
        let batch = case.inputs.iter().zip(&case.samples).map(of_sample).collect::<Result<_, _>>()?;
        let weights = case.weights(&mut report)?;
        let parameters = weights
            .iter()
            .map(|(name, tensor)| Ok((name.clone(), Var::from_tensor(&tensor.to_device(device)?)?)))
            .collect::<candle_core::Result<_>>()?;
        Ok(Self {
            config: case.config.clone(),
            losses: LossConfig {
                ranges: reference.model.regression_range,
                centre_radius: reference.train_cfg.center_sample_radius,
                label_smoothing: reference.train_cfg.label_smoothing,
                regression_weight: reference.train_cfg.loss_weight,
            },
            first_norm: reference.train_cfg.init_loss_norm,
            parameters,
            batch,
        })
    }

    fn normaliser(&self) -> Normaliser {
        Normaliser { value: self.first_norm, momentum: 0.9 }
    }

    /// Nothing is left out by chance, as in the fixtures.
    fn backward(
        &self,
        batch: &[Sample],
        normaliser: &mut Normaliser,
        device: &Device,
    ) -> Result<(Losses, Gradients), GroundNlqError> {
        let tensors: Tensors =
            self.parameters.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
        let network = GroundNlq::from_tensors(&tensors, self.config.clone(), device)?;
        backward(&network, &self.parameters, batch, &self.losses, normaliser, |_| Pass::new(Keep::Nothing))
    }
}

fn check_steps(folder: &Path, device: &Device, report: &mut Report) -> Result<(), GroundNlqError> {
    let meta: Value = json(&folder.join("meta.json"))?;
    let (run, none) = (folder.join("train.json"), folder.join("nopos.json"));
    if let Some(one) = meta.get("train") {
        let one: OneStep = serde_json::from_value(one.clone())
            .map_err(|error| NnError::format(&folder.join("meta.json"), format!("train: {error}")))?;
        let learner = Learner::read(folder, device)?;
        let mut normaliser = learner.normaliser();
        let (losses, gradients) = learner.backward(&learner.batch, &mut normaliser, device)?;
        add_losses("train", &losses, &normaliser, &one.losses, 1e-4, report);
        report.add("train.total_grad_norm", relative(norm(&gradients)?, one.total_grad_norm), 1e-3);
        add_norms("train", &gradients, &one.param_grad_norms, report)?;
    }
    if none.is_file() {
        let expected: NoPositives = json(&none)?;
        let learner = Learner::read(folder, device)?;
        let mut normaliser = learner.normaliser();
        let batch = learner.batch.get(expected.sample..=expected.sample).unwrap_or_default();
        let (losses, gradients) = learner.backward(batch, &mut normaliser, device)?;
        add_losses("nopos", &losses, &normaliser, &expected.losses, 1e-5, report);
        report.add("nopos.grad_norm", relative(norm(&gradients)?, expected.grad_norm), 1e-3);
    }
    if run.is_file() {
        check_run(folder, &json(&run)?, Learner::read(folder, device)?, device, report)?;
    }
    Ok(())
}

fn check_run(
    folder: &Path,
    run: &Run,
    learner: Learner,
    device: &Device,
    report: &mut Report,
) -> Result<(), GroundNlqError> {
    for group in &run.param_groups {
        let wrong = group.params.iter().filter(|name| {
            let shape = learner.parameters.get(*name).map_or(&[][..], |var| var.dims());
            decays(name, shape) != (group.weight_decay > 0.0)
        });
        report.add(format!("train.parameters with decay {}", group.weight_decay), wrong.count() as f64, 0.0);
    }
    let Adam { lr, betas, eps, weight_decay } = run.optimizer;
    let Epochs { warmup_epochs, epochs, iters_per_epoch, eta_min } = run.schedule;
    let schedule = Schedule {
        peak: lr,
        end: eta_min,
        warmup_steps: warmup_epochs * iters_per_epoch,
        total_steps: (warmup_epochs + epochs) * iters_per_epoch,
        stays_at_zero: true,
    };
    let config =
        AdamConfig { beta1: betas[0], beta2: betas[1], eps, weight_decay, clip_norm: run.clip_grad_l2norm };
    let mut optimiser = AdamW::new(config, &learner.parameters)?;
    let ema = Ema::new(run.ema_decay, &learner.parameters)?;
    let copy = |(name, var): (&String, &Var)| Ok((name.clone(), var.copy()?));
    let start: Tensors = learner.parameters.iter().map(copy).collect::<candle_core::Result<_>>()?;
    let mut normaliser = learner.normaliser();
    for (index, expected) in run.steps.iter().enumerate() {
        let name = format!("train.step{index}");
        report.add(
            format!("{name}.normaliser before"),
            relative(normaliser.value, expected.loss_normalizer_before),
            1e-9,
        );
        let (losses, gradients) = learner.backward(&learner.batch, &mut normaliser, device)?;
        let tolerance = if index == 0 { 1e-5 } else { 1e-3 };
        add_losses(&name, &losses, &normaliser, &expected.losses, tolerance, report);
        if index == 0 {
            add_gradients(folder, &gradients, report)?;
            add_norms(&name, &gradients, &run.step0_param_grad_norms, report)?;
        }
        let rate = schedule.rate(index as u64);
        report.add(format!("{name}.lr"), relative(rate, expected.lr), 1e-6);
        let length = optimiser.step(&learner.parameters, &gradients, |_| rate)?;
        report.add(format!("{name}.grad_norm"), relative(length, expected.grad_norm_before_clip), 1e-3);
        ema.update(&learner.parameters)?;
        let after = lengths(learner.parameters.iter().map(|(name, var)| (name, var.as_tensor())), None)?;
        report.add(format!("{name}.param_l2"), relative(after, expected.param_l2_after), 1e-6);
        let after = lengths(ema.average.iter().map(|(name, var)| (name, var.as_tensor())), None)?;
        report.add(format!("{name}.ema_param_l2"), relative(after, expected.ema_param_l2_after), 1e-6);
        let moved =
            lengths(learner.parameters.iter().map(|(name, var)| (name, var.as_tensor())), Some(&start))?;
        report.add(format!("{name}.delta_from_init"), relative(moved, expected.delta_from_init_l2), 1e-2);
    }
    Ok(())
}

/// Length of all tensors together, or of their difference to others.
fn lengths<'a>(
    tensors: impl Iterator<Item = (&'a String, &'a Tensor)>,
    from: Option<&Tensors>,
) -> Result<f64, GroundNlqError> {
    let mut sum = 0.0;
    for (name, tensor) in tensors {
        let tensor = match from.and_then(|from| from.get(name)) {
            Some(other) => (tensor.to_dtype(DType::F64)? - other.to_dtype(DType::F64)?)?,
            None => tensor.to_dtype(DType::F64)?,
        };
        sum += tensor.sqr()?.sum_all()?.to_scalar::<f64>()?;
    }
    Ok(sum.sqrt())
}

fn add_losses(
    name: &str,
    found: &Losses,
    normaliser: &Normaliser,
    expected: &ExpectedLosses,
    tolerance: f64,
    report: &mut Report,
) {
    report.add(format!("{name}.cls_loss"), relative(found.cls, expected.cls_loss), tolerance);
    report.add(format!("{name}.reg_loss"), relative(found.reg, expected.reg_loss), tolerance);
    report.add(format!("{name}.final_loss"), relative(found.total, expected.final_loss), tolerance);
    let error = relative(normaliser.value, expected.loss_normalizer_after);
    report.add(format!("{name}.normaliser after"), error, 1e-9);
}

/// Every element within 1e-5 and a thousandth: the worst as a part of that.
fn add_gradients(folder: &Path, gradients: &Gradients, report: &mut Report) -> Result<(), GroundNlqError> {
    let path = folder.join("grads_step0.safetensors");
    if !path.is_file() {
        return Ok(());
    }
    let expected: BTreeMap<String, Tensor> = tensors(&path)?.into_iter().collect();
    for (name, expected) in &expected {
        let expected = expected.flatten_all()?.to_vec1::<f32>()?;
        let found = match gradients.get(name) {
            Some(found) => found.flatten_all()?.to_vec1::<f32>()?,
            None => vec![0.0; expected.len()],
        };
        let mut worst = if found.len() == expected.len() { 0f64 } else { f64::INFINITY };
        for (found, expected) in found.iter().zip(&expected).map(|(a, b)| (f64::from(*a), f64::from(*b))) {
            worst = worst.max((found - expected).abs() / (1e-5 + 1e-3 * expected.abs()));
        }
        report.add(format!("train.step0.gradient of {name}"), worst, 1.0);
    }
    Ok(())
}

/// Norms within a thousandth; those that are zero but for rounding, within 1e-6.
fn add_norms(
    name: &str,
    gradients: &Gradients,
    expected: &HashMap<String, f64>,
    report: &mut Report,
) -> Result<(), GroundNlqError> {
    let (mut worst, mut whose) = (0f64, "all parameters");
    for (parameter, expected) in expected {
        let found = match gradients.get(parameter) {
            Some(gradient) => norm(&Gradients::from([(parameter.clone(), gradient.clone())]))?,
            None => 0.0,
        };
        let error = (found - expected).abs() / (1e-6 + 1e-3 * expected);
        if error >= worst || error.is_nan() {
            (worst, whose) = (error, parameter);
        }
    }
    report.add(format!("{name}.gradient norms, worst of {whose}"), worst, 1.0);
    Ok(())
}

fn reference_of(folder: &Path) -> Result<ReferenceFile, GroundNlqError> {
    let files = ["config.yaml", "config.json"].map(|name| folder.join(name));
    match files.iter().find(|path| path.is_file()) {
        Some(path) => {
            ReferenceFile::read(path).map_err(|what| GroundNlqError::Config { what, path: path.clone() })
        }
        None => Ok(ReferenceFile::default()),
    }
}
