//! One batch through the grounding network: losses, and the gradients of what is learned.
//!
//! Samples go through one by one, as each is as long as its clip, and on several cores at a time. The
//! sums are taken in the order of the batch, so that the number of cores changes nothing.

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;

use super::labels::{Label, labels, points};
use super::losses::{Normaliser, distance_iou, focal, smoothed};
use super::optimiser::{Gradients, Parameters, collect};
use crate::grounding::groundnlq::{
    GazeFeatures, GroundNlq, GroundNlqError, Pass, Points, StepGrid, TextPadding,
};
use crate::nn::ops::with_precision;

/// Gaze as a network takes it in.
#[derive(Clone, Debug)]
pub enum Gaze {
    /// From a frozen estimator, one token a step: [steps, width].
    Tokens(Tensor),
    /// For the estimator that is trained with the network, and where the clip's steps lie.
    Features(GazeFeatures, StepGrid),
}

/// A clip, a question and its moments.
#[derive(Clone, Debug)]
pub struct Sample {
    /// [steps, video_dim]
    pub video: Tensor,
    pub gaze: Option<Gaze>,
    /// [tokens, text_dim]
    pub text: Tensor,
    /// Starts and ends of moments in steps.
    pub segments: Vec<[f64; 2]>,
}

/// What is asked of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct LossConfig {
    /// Distances that each level is for, in steps.
    pub ranges: Vec<[f64; 2]>,
    pub centre_radius: f64,
    pub label_smoothing: f64,
    /// Weight of the loss on the ends.
    pub regression_weight: f64,
}

/// Losses of a batch, divided by the normaliser.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    pub cls: f64,
    pub reg: f64,
    pub total: f64,
    /// Points that a moment makes positive.
    pub positives: usize,
}

/// Losses of a batch and the gradients of `parameters`, which are what `network` was built from.
/// The normaliser takes the batch in first.
///
/// `pass_of` gives each sample's pass, and with it what is left out by chance.
pub fn backward(
    network: &GroundNlq,
    parameters: &Parameters,
    batch: &[Sample],
    config: &LossConfig,
    normaliser: &mut Normaliser,
    pass_of: impl Fn(usize) -> Pass + Sync,
) -> Result<(Losses, Gradients), GroundNlqError> {
    let levels = network.config().network.levels();
    let labelled: Vec<Vec<Label>> = batch
        .iter()
        .map(|sample| {
            let steps = sample.video.dims()[0];
            let counts: Vec<usize> = (0..levels).map(|level| steps.div_ceil(1 << level)).collect();
            labels(&points(&counts, &config.ranges), &sample.segments, config.centre_radius)
        })
        .collect();
    let positives = labelled.iter().flatten().filter(|label| label.class > 0.0).count();
    let divisor = normaliser.update(positives);
    let lengths: Vec<usize> = batch.iter().map(|sample| sample.text.dims()[0]).collect();
    let paddings = TextPadding::in_batches(&lengths, batch.len());

    let one = |index: usize| -> Result<(Losses, Gradients), GroundNlqError> {
        let sample = &batch[index];
        let mut pass = pass_of(index);
        let found = with_precision(pass.precision, || {
            let gaze = match &sample.gaze {
                None => None,
                Some(Gaze::Tokens(tokens)) => Some(tokens.clone()),
                Some(Gaze::Features(features, grid)) => {
                    let steps = sample.video.dim(0)?;
                    network.gaze_tokens_in(features, grid, steps, &mut pass)?
                }
            };
            network.points(&sample.video, gaze.as_ref(), &sample.text, paddings[index], &mut pass)
        })?;
        let (cls, reg) = sums(&found, &labelled[index], config)?;
        let (cls, reg) = ((cls / divisor)?, (reg / divisor)?);
        let total = (&cls + (&reg * config.regression_weight)?)?;
        let mut gradients = Gradients::new();
        collect(parameters, &mut total.backward()?, &mut gradients)?;
        let number = |x: &Tensor| Ok::<_, candle_core::Error>(f64::from(x.to_scalar::<f32>()?));
        let losses = Losses { cls: number(&cls)?, reg: number(&reg)?, total: number(&total)?, positives: 0 };
        Ok((losses, gradients))
    };
    let at_once = if network.device().is_cpu() { rayon::current_num_threads() } else { 1 };
    let mut losses = Losses { positives, ..Losses::default() };
    let mut gradients = Gradients::new();
    let all: Vec<usize> = (0..batch.len()).collect();
    for group in all.chunks(at_once) {
        let done: Vec<_> = group.par_iter().map(|index| one(*index)).collect();
        for result in done {
            let (part, of_sample) = result?;
            losses.cls += part.cls;
            losses.reg += part.reg;
            losses.total += part.total;
            add(&mut gradients, of_sample)?;
        }
    }
    Ok((losses, gradients))
}

/// Adds gradients to gradients.
pub fn add(sum: &mut Gradients, more: Gradients) -> candle_core::Result<()> {
    for (name, gradient) in more {
        match sum.get_mut(&name) {
            Some(sum) => *sum = (&*sum + gradient)?,
            None => {
                sum.insert(name, gradient);
            }
        }
    }
    Ok(())
}

/// Classification and regression loss of one sample, not divided.
fn sums(found: &Points, labels: &[Label], config: &LossConfig) -> candle_core::Result<(Tensor, Tensor)> {
    let device = found.logits.device();
    let targets = labels.iter().map(|label| smoothed(label.class, config.label_smoothing) as f32);
    let targets = Tensor::from_iter(targets, device)?;
    let cls = focal(&found.logits, &targets)?.sum_all()?;
    let positive: Vec<u32> = (0..labels.len() as u32).filter(|i| labels[*i as usize].class > 0.0).collect();
    if positive.is_empty() {
        return Ok((cls, Tensor::zeros((), DType::F32, device)?));
    }
    let ends = positive.iter().flat_map(|i| labels[*i as usize].offsets.map(|x| x as f32));
    let ends = Tensor::from_iter(ends, &Device::Cpu)?.reshape((positive.len(), 2))?.to_device(device)?;
    let offsets = found.offsets.index_select(&Tensor::new(positive, device)?, 0)?;
    Ok((cls, distance_iou(&offsets, &ends)?.sum_all()?))
}
