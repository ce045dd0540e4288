//! What accompanies one forward pass: what it leaves behind for those who want to look inside, and
//! what training leaves out by chance.

use candle_core::{Device, Result, Tensor};

use crate::nn::ops::Precision;

/// How much of a forward pass is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    Nothing,
    /// Soft-maxed cross-attention, for an explanation.
    Attention,
    /// Every stage, for a comparison with the reference.
    Stages,
}

/// Stages by name, in the order in which they were computed.
pub struct Pass {
    keep: Keep,
    pub stages: Vec<(String, Tensor)>,
    chance: Option<Chance>,
    /// Of products, where a GPU computes.
    pub precision: Precision,
}

/// What training leaves out by chance.
pub struct Chance {
    /// Rate at which residual branches are left out (stochastic depth, `droppath`).
    pub drop_path: f32,
    /// Rate at which single values of the gaze estimator are set to zero.
    pub dropout: f32,
    /// Numbers spread evenly over 0..1.
    pub uniform: Box<dyn FnMut() -> f32 + Send>,
}

impl Pass {
    pub fn new(keep: Keep) -> Self {
        Self { keep, stages: Vec::new(), chance: None, precision: Precision::Single }
    }

    pub fn training(chance: Chance, precision: Precision) -> Self {
        Self { chance: Some(chance), precision, ..Self::new(Keep::Nothing) }
    }

    pub(super) fn wants_stages(&self) -> bool {
        self.keep == Keep::Stages
    }

    /// A stage of the block (or stack) called `place`.
    pub(super) fn stage(&mut self, place: &str, stage: &str, value: &Tensor) {
        if self.wants_stages() {
            self.stages.push((format!("{place}.{stage}"), value.clone()));
        }
    }

    /// Attention weights [heads, rows, keys] of the block called `place`.
    pub(super) fn attention(
        &mut self,
        place: &str,
        what: &str,
        weights: impl FnOnce() -> Result<Tensor>,
    ) -> Result<()> {
        if self.keep == Keep::Attention {
            self.stages.push((format!("{place}.{what}"), weights()?));
        }
        Ok(())
    }

    /// The scale of a residual branch, or `None` where the branch is left out. Those that are kept
    /// weigh more, so that the mean over many passes is that of inference.
    pub(super) fn branch_scale(&mut self, scale: &Tensor) -> Result<Option<Tensor>> {
        match &mut self.chance {
            Some(chance) if chance.drop_path > 0.0 => {
                let is_kept = (chance.uniform)() >= chance.drop_path;
                is_kept.then(|| scale / f64::from(1.0 - chance.drop_path)).transpose()
            }
            _ => Ok(Some(scale.clone())),
        }
    }

    pub(super) fn dropout(&mut self, x: Tensor) -> Result<Tensor> {
        match &mut self.chance {
            Some(chance) if chance.dropout > 0.0 => {
                let kept = 1.0 / (1.0 - chance.dropout);
                let mut factor = || if (chance.uniform)() < chance.dropout { 0.0 } else { kept };
                let factors: Vec<f32> = (0..x.elem_count()).map(|_| factor()).collect();
                let factors = Tensor::from_vec(factors, x.shape(), &Device::Cpu)?;
                let factors = factors.to_device(x.device())?.to_dtype(x.dtype())?;
                x * factors
            }
            _ => Ok(x),
        }
    }
}
