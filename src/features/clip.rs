//! The transformer that both towers of CLIP share (Radford et al. 2021, arXiv 2103.00020;
//! Hugging Face `modeling_clip.py` for the weight names).

use candle_core::{D, Result, Tensor};
use candle_nn::VarBuilder;

use crate::nn::layers::{LayerNorm, Linear};
use crate::nn::ops::{Activation, Sees, attention};

pub const LAYER_NORM_EPS: f32 = 1e-5;

/// Sizes of one tower.
#[derive(Clone, Copy, Debug)]
pub struct TowerConfig {
    /// `hidden_size`
    pub width: usize,
    /// `num_hidden_layers`
    pub layers: usize,
    /// `num_attention_heads`
    pub heads: usize,
    /// `intermediate_size`
    pub inner: usize,
    /// `projection_dim`
    pub projection: usize,
}

pub struct Encoder {
    layers: Vec<Layer>,
    heads: usize,
    sees: Sees,
}

struct Layer {
    norm1: LayerNorm,
    qkv: Linear,
    out: Linear,
    norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
}

impl Encoder {
    /// `weights` points at `.._model.encoder`.
    pub fn load(weights: VarBuilder, config: TowerConfig, sees: Sees) -> Result<Self> {
        let layer = |index: usize| {
            let weights = weights.pp("layers").pp(index);
            let (attention, mlp, width) = (weights.pp("self_attn"), weights.pp("mlp"), config.width);
            let qkv = ["q_proj", "k_proj", "v_proj"].map(|name| attention.pp(name));
            Ok(Layer {
                norm1: LayerNorm::load(weights.pp("layer_norm1"), width, LAYER_NORM_EPS)?,
                qkv: Linear::load_joined(&qkv, width, width)?,
                out: Linear::load(attention.pp("out_proj"), width, width)?,
                norm2: LayerNorm::load(weights.pp("layer_norm2"), width, LAYER_NORM_EPS)?,
                fc1: Linear::load(mlp.pp("fc1"), width, config.inner)?,
                fc2: Linear::load(mlp.pp("fc2"), config.inner, width)?,
            })
        };
        let layers = (0..config.layers).map(layer).collect::<Result<_>>()?;
        Ok(Self { layers, heads: config.heads, sees })
    }

    /// `see` is shown the output of every layer, by its index.
    ///
    /// # Shapes
    /// [batch, tokens, width] → the same
    pub fn forward(&self, x: Tensor, see: impl FnMut(usize, &Tensor)) -> Result<Tensor> {
        Ok(self.forward_with_places(x, see)?.0)
    }

    /// Also what the last layer says of each place on its own: its values, not mixed between places
    /// (MaskCLIP, Zhou et al. 2022, arXiv 2112.01071, section 3.3). The layer's output tokens hold
    /// what the whole picture is about instead.
    ///
    /// # Shapes
    /// [batch, tokens, width] → twice the same
    pub fn forward_with_places(
        &self,
        x: Tensor,
        mut see: impl FnMut(usize, &Tensor),
    ) -> Result<(Tensor, Tensor)> {
        let mut x = x;
        let mut places = x.clone();
        for (index, layer) in self.layers.iter().enumerate() {
            let qkv = layer.qkv.forward(&layer.norm1.forward(&x)?)?;
            if index + 1 == self.layers.len() {
                let width = qkv.dim(D::Minus1)? / 3;
                let values = qkv.narrow(D::Minus1, 2 * width, width)?.contiguous()?;
                places = layer.out.forward(&values)?;
            }
            x = (x + layer.out.forward(&attention(&qkv, self.heads, self.sees)?)?)?;
            let inner = layer.fc1.forward_with(&layer.norm2.forward(&x)?, Activation::QuickGelu)?;
            x = (x + layer.fc2.forward(&inner)?)?;
            see(index, &x);
        }
        Ok((x, places))
    }
}
