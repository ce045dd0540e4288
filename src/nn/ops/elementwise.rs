//! Activations: inside the fused operations, and alone.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::gradient::{on_values, shaped};
use super::{is_fast, simd, values};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    Identity,
    /// Exact GELU, with erf.
    Gelu,
    /// x * sigmoid(1.702 x), as OpenAI's CLIP has it.
    QuickGelu,
    Relu,
    Relu6,
}

impl Activation {
    pub(super) fn in_place(self, values: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Gelu => simd::gelu(values),
            Self::QuickGelu => simd::quick_gelu(values),
            Self::Relu => simd::relu(values),
            Self::Relu6 => simd::relu6(values),
        }
    }

    /// The same with candle's own operations.
    pub(super) fn plain(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Identity => Ok(x.clone()),
            Self::Gelu => x.gelu_erf(),
            Self::QuickGelu => x * candle_nn::ops::sigmoid(&(x * 1.702)?)?,
            Self::Relu => x.relu(),
            Self::Relu6 => x.clamp(0f32, 6f32),
        }
    }
}

pub fn activate(x: &Tensor, activation: Activation) -> Result<Tensor> {
    if is_fast(x) { x.contiguous()?.apply_op1(activation) } else { activation.plain(x) }
}

impl CustomOp1 for Activation {
    fn name(&self) -> &'static str {
        "activation"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let mut out = values(storage, layout)?.to_vec();
        out.par_chunks_mut(1 << 14).for_each(|chunk| self.in_place(chunk));
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let dx = on_values([x, gradient], |[x, gradient]| {
            let mut dx = gradient.to_vec();
            let pieces = dx.par_chunks_mut(1 << 14).zip(x.par_chunks(1 << 14));
            match self {
                Self::Identity => {}
                Self::Gelu => pieces.for_each(|(g, x)| simd::gelu_gradient(g, x)),
                // zero at zero, which is what a norm without bias leaves in the padding
                Self::Relu => pieces.for_each(|(g, x)| {
                    g.iter_mut().zip(x).for_each(|(g, x)| *g = if *x > 0.0 { *g } else { 0.0 });
                }),
                Self::QuickGelu | Self::Relu6 => candle_core::bail!("{self:?} is for inference only"),
            }
            Ok(dx)
        })?;
        Ok(Some(shaped(dx, x)?))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, noise};
    use super::*;

    #[test]
    fn activations_agree_with_candle() {
        let x = (noise(&[7, 333], 1) * 3.0).unwrap();
        use Activation::{Gelu, Identity, QuickGelu, Relu, Relu6};
        for activation in [Identity, Gelu, QuickGelu, Relu, Relu6] {
            assert_close(&activate(&x, activation).unwrap(), &activation.plain(&x).unwrap(), 3e-6);
        }
    }
}
