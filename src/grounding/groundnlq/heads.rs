//! The two heads, shared by all pyramid levels: is there an answer here, and how far do its ends lie.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::blocks::{MaskedConv, load_norm, masked};
use super::config::NetworkConfig;
use crate::nn::layers::LayerNorm;
use crate::nn::ops::{Activation, Extent, activate};

pub struct Heads {
    cls: Head,
    reg: Head,
    /// One number a level, each of shape `[1]`.
    scales: Vec<Tensor>,
}

/// What the heads say of one level.
#[derive(Clone, Debug)]
pub struct LevelOutput {
    /// Steps of the clip from one point to the next.
    pub stride: usize,
    pub extent: Extent,
    /// Before the sigmoid, one number a row.
    pub logits: Vec<f32>,
    /// Distances to start and end in units of the stride, a pair a row.
    pub offsets: Vec<[f32; 2]>,
}

impl Heads {
    pub fn load(weights: &VarBuilder, config: &NetworkConfig) -> Result<Self> {
        let scale = |level| weights.get((), &format!("reg_head.scale.{level}.scale"))?.reshape(1);
        let scales = (0..config.levels()).map(scale).collect::<Result<_>>()?;
        Ok(Self {
            cls: Head::load(&weights.pp("cls_head"), "cls_head", 1, config)?,
            reg: Head::load(&weights.pp("reg_head"), "offset_head", 2, config)?,
            scales,
        })
    }

    /// # Shapes
    /// `x` [rows, width] of pyramid level `level`
    pub fn forward(&self, x: &Tensor, extent: Extent, level: usize) -> Result<LevelOutput> {
        let (logits, offsets) = self.raw(x, extent, level)?;
        let logits = logits.flatten_all()?.to_vec1()?;
        let offsets = masked(&offsets, extent)?.to_vec2::<f32>()?;
        let offsets = offsets.into_iter().map(|pair| [pair[0], pair[1]]).collect();
        Ok(LevelOutput { stride: 1 << level, extent, logits, offsets })
    }

    /// Logits [rows, 1] and offsets [rows, 2], to be learned from.
    pub fn raw(&self, x: &Tensor, extent: Extent, level: usize) -> Result<(Tensor, Tensor)> {
        let offsets = self.reg.forward(x, extent)?.broadcast_mul(&self.scales[level])?;
        Ok((self.cls.forward(x, extent)?, activate(&offsets, Activation::Relu)?))
    }
}

struct Head {
    hidden: Vec<(MaskedConv, Option<LayerNorm>)>,
    last: MaskedConv,
}

impl Head {
    fn load(weights: &VarBuilder, last: &str, outputs: usize, config: &NetworkConfig) -> Result<Self> {
        let kernel = config.head_kernel;
        let hidden = (0..config.head_layers - 1).map(|i| {
            let inputs = if i == 0 { config.width } else { config.head_width };
            let conv = weights.pp(format!("head.{i}.conv"));
            let conv = MaskedConv::load(conv, [inputs, config.head_width], kernel, !config.head_norm)?;
            let norm =
                config.head_norm.then(|| load_norm(weights.pp(format!("norm.{i}")), config.head_width));
            Ok((conv, norm.transpose()?))
        });
        let hidden = hidden.collect::<Result<Vec<_>>>()?;
        let inputs = if hidden.is_empty() { config.width } else { config.head_width };
        let last = MaskedConv::load(weights.pp(last).pp("conv"), [inputs, outputs], kernel, true)?;
        Ok(Self { hidden, last })
    }

    fn forward(&self, x: &Tensor, extent: Extent) -> Result<Tensor> {
        let mut x = x.clone();
        for (conv, norm) in &self.hidden {
            x = conv.forward(&x, extent)?;
            if let Some(norm) = norm {
                x = norm.forward(&x)?;
            }
            x = activate(&x, Activation::Relu)?;
        }
        self.last.forward(&x, extent)
    }
}
