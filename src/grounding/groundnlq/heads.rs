//! The two heads, shared by all pyramid levels: is there an answer here, and how far do its ends lie.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::blocks::{MaskedConv, load_norm, masked};
use super::config::NetworkConfig;
use crate::nn::layers::LayerNorm;
use crate::nn::ops::Extent;

pub struct Heads {
    cls: Head,
    reg: Head,
    /// One number a level.
    scales: Vec<f64>,
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
        let scale = |level| weights.get((), &format!("reg_head.scale.{level}.scale"))?.to_scalar::<f32>();
        let scales = (0..config.levels()).map(|level| Ok(f64::from(scale(level)?))).collect::<Result<_>>()?;
        Ok(Self {
            cls: Head::load(&weights.pp("cls_head"), "cls_head", 1, config)?,
            reg: Head::load(&weights.pp("reg_head"), "offset_head", 2, config)?,
            scales,
        })
    }

    /// # Shapes
    /// `x` [rows, width] of pyramid level `level`
    pub fn forward(&self, x: &Tensor, extent: Extent, level: usize) -> Result<LevelOutput> {
        let logits = self.cls.forward(x, extent)?.flatten_all()?.to_vec1()?;
        let offsets = masked(&(self.reg.forward(x, extent)? * self.scales[level])?.relu()?, extent)?;
        let offsets = offsets.to_vec2::<f32>()?.into_iter().map(|pair| [pair[0], pair[1]]).collect();
        Ok(LevelOutput { stride: 1 << level, extent, logits, offsets })
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
            x = x.relu()?;
        }
        self.last.forward(&x, extent)
    }
}
