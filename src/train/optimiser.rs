//! AdamW (Loshchilov and Hutter, arXiv 1711.05101) as PyTorch computes it, in place.
//!
//! candle has an AdamW: it knows one decay for all parameters, and makes some ten temporary tensors of
//! each. This one has the reference's groups, and its state can be saved.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, DType, InplaceOp2, InplaceOp3, Layout, Result, Tensor, Var, bail};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Values that a task takes.
const PIECE: usize = 1 << 15;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamConfig {
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    /// Of the weights of convolutions and linear layers; nothing else decays.
    pub weight_decay: f64,
    /// Gradients longer than this are made so long; 0 leaves them as they are (`clip_grad_l2norm`).
    pub clip_norm: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, eps: 1e-8, weight_decay: 0.05, clip_norm: 1.0 }
    }
}

/// The parameters that are learned, by name.
pub type Parameters = BTreeMap<String, Var>;

/// Gradients by name; a parameter that a step did not reach has none, which counts as zero.
pub type Gradients = BTreeMap<String, Tensor>;

/// Picks the parameters' gradients out of a backward pass and adds them to those of earlier passes.
pub fn collect(parameters: &Parameters, store: &mut GradStore, into: &mut Gradients) -> Result<()> {
    for (name, var) in parameters {
        let Some(gradient) = store.remove(var) else { continue };
        match into.get_mut(name) {
            Some(sum) => *sum = (&*sum + gradient)?,
            None => {
                into.insert(name.clone(), gradient.contiguous()?);
            }
        }
    }
    Ok(())
}

/// Length of all gradients together.
pub fn norm(gradients: &Gradients) -> Result<f64> {
    let mut sum = 0.0;
    for gradient in gradients.values() {
        // pieces of a fixed size: the sum does not depend on the number of threads
        let values = gradient.flatten_all()?.to_vec1::<f32>()?;
        let pieces: Vec<f64> = values
            .par_chunks(PIECE)
            .map(|piece| piece.iter().map(|g| f64::from(*g) * f64::from(*g)).sum())
            .collect();
        sum += pieces.iter().sum::<f64>();
    }
    Ok(sum.sqrt())
}

/// Whether weight decay applies: to weights of convolutions and linear layers; not to biases, norms and
/// scales.
pub fn decays(name: &str, shape: &[usize]) -> bool {
    let is_norm = shape.len() < 2 || (matches!(shape, [1, _, 1]) && !name.ends_with("conv.weight"));
    name.ends_with(".weight") && !is_norm
}

/// The moments of every parameter.
pub struct AdamW {
    pub config: AdamConfig,
    /// Steps done.
    pub steps: u64,
    pub first: BTreeMap<String, Var>,
    pub second: BTreeMap<String, Var>,
}

impl AdamW {
    pub fn new(config: AdamConfig, parameters: &Parameters) -> Result<Self> {
        let zeros = || {
            let of = |(name, var): (&String, &Var)| Ok((name.clone(), Var::from_tensor(&var.zeros_like()?)?));
            parameters.iter().map(of).collect::<Result<_>>()
        };
        Ok(Self { config, steps: 0, first: zeros()?, second: zeros()? })
    }

    /// One step; returns the gradients' norm before clipping. `rate_of` gives each parameter's rate.
    pub fn step(
        &mut self,
        parameters: &Parameters,
        gradients: &Gradients,
        rate_of: impl Fn(&str) -> f64,
    ) -> Result<f64> {
        let norm = norm(gradients)?;
        if !norm.is_finite() {
            bail!("the gradient is {norm}: the rate is too high, or an input is no number");
        }
        let clip = self.config.clip_norm;
        // PyTorch adds the small number, and clips whenever the result is below 1
        let factor = if clip > 0.0 { (clip / (norm + 1e-6)).min(1.0) } else { 1.0 };
        self.steps += 1;
        let AdamConfig { beta1, beta2, eps, weight_decay, .. } = self.config;
        let corrections = [beta1, beta2].map(|beta| 1.0 - beta.powf(self.steps as f64));
        for (name, var) in parameters {
            let (Some(first), Some(second)) = (self.first.get(name), self.second.get(name)) else {
                bail!("the optimiser does not know the parameter `{name}`")
            };
            let rate = rate_of(name);
            let decay = if decays(name, var.dims()) { rate * weight_decay } else { 0.0 };
            let zero;
            let gradient = match gradients.get(name) {
                Some(gradient) => gradient,
                None => {
                    zero = var.zeros_like()?;
                    &zero
                }
            };
            Lerp::new(beta1, factor, false).apply(first, gradient)?;
            Lerp::new(beta2, factor, true).apply(second, gradient)?;
            let op = Move {
                shrink: (1.0 - decay) as f32,
                step: (rate / corrections[0]) as f32,
                root: corrections[1].sqrt() as f32,
                eps: eps as f32,
            };
            if is_on_cpu(var) {
                var.inplace_op3(first.as_tensor(), second.as_tensor(), &op)?;
            } else {
                op.plain(var, first, second)?;
            }
        }
        Ok(norm)
    }
}

/// average = decay average + (1 - decay) x
pub fn blend(average: &Var, x: &Tensor, decay: f64) -> Result<()> {
    Lerp::new(decay, 1.0, false).apply(average, x)
}

fn is_on_cpu(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}

/// x = keep x + take (factor g), or of its square.
struct Lerp {
    keep: f32,
    take: f32,
    factor: f32,
    is_squared: bool,
}

impl Lerp {
    fn new(keep: f64, factor: f64, is_squared: bool) -> Self {
        Self { keep: keep as f32, take: (1.0 - keep) as f32, factor: factor as f32, is_squared }
    }

    fn apply(&self, x: &Var, gradient: &Tensor) -> Result<()> {
        if is_on_cpu(x) { x.inplace_op2(gradient, self) } else { self.plain(x, gradient) }
    }

    fn plain(&self, x: &Var, gradient: &Tensor) -> Result<()> {
        let gradient = (gradient * f64::from(self.factor))?;
        let taken = if self.is_squared { gradient.sqr()? } else { gradient };
        x.set(&((x.as_tensor() * f64::from(self.keep))? + (taken * f64::from(self.take))?)?)
    }
}

impl InplaceOp2 for Lerp {
    fn name(&self) -> &'static str {
        "moment"
    }

    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<()> {
        let gradient = values(gradient, gradient_layout)?;
        let Self { keep, take, factor, is_squared } = *self;
        let pieces = mutable(x, layout)?.par_chunks_mut(PIECE).zip(gradient.par_chunks(PIECE));
        pieces.for_each(|(x, gradient)| {
            for (x, g) in x.iter_mut().zip(gradient) {
                let g = g * factor;
                *x = keep * *x + take * if is_squared { g * g } else { g };
            }
        });
        Ok(())
    }
}

/// p = shrink p - step m / (sqrt(v) / root + eps)
struct Move {
    shrink: f32,
    step: f32,
    root: f32,
    eps: f32,
}

impl Move {
    fn plain(&self, x: &Var, first: &Tensor, second: &Tensor) -> Result<()> {
        let below = second.sqrt()?.affine(f64::from(1.0 / self.root), f64::from(self.eps))?;
        let moved = (first / below)?.affine(f64::from(self.step), 0.0)?;
        x.set(&((x.as_tensor() * f64::from(self.shrink))? - moved)?)
    }
}

impl InplaceOp3 for Move {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(
        &self,
        x: &mut CpuStorage,
        layout: &Layout,
        first: &CpuStorage,
        first_layout: &Layout,
        second: &CpuStorage,
        second_layout: &Layout,
    ) -> Result<()> {
        let (first, second) = (values(first, first_layout)?, values(second, second_layout)?);
        let Self { shrink, step, root, eps } = *self;
        let pieces = mutable(x, layout)?.par_chunks_mut(PIECE);
        pieces.zip(first.par_chunks(PIECE)).zip(second.par_chunks(PIECE)).for_each(|((x, first), second)| {
            for ((x, m), v) in x.iter_mut().zip(first).zip(second) {
                *x = shrink * *x - step * m / (v.sqrt() / root + eps);
            }
        });
        Ok(())
    }
}

fn mutable<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => bail!("a contiguous f32 tensor is needed here"),
    }
}

fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&values[start..end]),
        _ => bail!("a contiguous f32 tensor is needed here"),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn weights_decay_and_norms_do_not() {
        assert!(decays("backbone.vid_embd.0.conv.weight", &[384, 2304, 3]));
        assert!(decays("backbone.vid_stem.0.attn.query.weight", &[384, 384, 1]));
        assert!(decays("cls_head.cls_head.conv.weight", &[1, 384, 1]));
        assert!(decays("gaze.video_proj.0.weight", &[512, 512]));
        for (name, shape) in [
            ("backbone.vid_stem.0.ln1.weight", &[1, 384, 1][..]),
            ("backbone.vid_stem.0.mlp.0.bias", &[1536]),
            ("backbone.vid_stem.0.drop_path_mlp.scale", &[1, 384, 1]),
            ("gaze.input_norm.weight", &[1536]),
            ("gaze_fusion.scale_gaze", &[1, 384, 1]),
        ] {
            assert!(!decays(name, shape), "{name}");
        }
    }

    #[test]
    fn the_first_step_moves_every_weight_by_the_rate() {
        let var = Var::from_vec(vec![1f32, -2.0, 0.5], (3, 1), &Device::Cpu).unwrap();
        let parameters = Parameters::from([("a.weight".to_owned(), var)]);
        let gradient = Tensor::new(&[[3f32], [-0.01], [0.0]], &Device::Cpu).unwrap();
        let gradients = Gradients::from([("a.weight".to_owned(), gradient)]);
        let config = AdamConfig { weight_decay: 0.0, clip_norm: 0.0, ..AdamConfig::default() };
        let mut adam = AdamW::new(config, &parameters).unwrap();
        adam.step(&parameters, &gradients, |_| 0.1).unwrap();
        let moved = parameters["a.weight"].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (moved, expected) in moved.iter().zip([0.9, -1.9, 0.5]) {
            assert!((moved - expected).abs() < 1e-5, "{moved} for {expected}");
        }
    }
}
