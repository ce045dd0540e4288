//! The parts of GroundNLQ's backbone: masked convolutions, attention, the transformer block
//! (Hou et al. 2023, arXiv 2306.15255; the blocks are those of ActionFormer, arXiv 2202.07925).
//!
//! Sequences are [rows, channels]. Rows after the last valid one are part of the computation:
//! convolutions read the first of them, which holds the bias of the norm before.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::pass::Pass;
use crate::nn::layers::{LayerNorm, Linear};
use crate::nn::ops::{
    Activation, DepthwiseNorm, Extent, Pads, attention_between, attention_weights, band_attention,
    max_pool_half, residual, unfold,
};

const EPS: f32 = 1e-5;
/// Width of the hidden layer over that of the block.
const EXPANSION: usize = 4;

/// Rows from `extent.valid` on become zero.
pub fn masked(x: &Tensor, extent: Extent) -> Result<Tensor> {
    if extent.valid == extent.rows {
        return Ok(x.clone());
    }
    x.narrow(0, 0, extent.valid)?.pad_with_zeros(0, 0, extent.rows - extent.valid)
}

/// Layer norm over channels; weights are stored as [1, width, 1].
pub fn load_norm(weights: VarBuilder, width: usize) -> Result<LayerNorm> {
    let (weight, bias) = norm_tensors(&weights, width)?;
    Ok(LayerNorm::new(weight, bias, EPS))
}

fn norm_tensors(weights: &VarBuilder, width: usize) -> Result<(Tensor, Tensor)> {
    let load = |name| weights.get((1, width, 1), name)?.flatten_all();
    Ok((load("weight")?, load("bias")?))
}

fn load_scale(weights: VarBuilder, width: usize) -> Result<Tensor> {
    weights.get((1, width, 1), "scale")?.flatten_all()
}

/// A 1x1 convolution with bias, which is a linear layer.
pub fn load_pointwise(weights: VarBuilder, inputs: usize, outputs: usize) -> Result<Linear> {
    let weight = weights.get((outputs, inputs, 1), "weight")?.squeeze(2)?.contiguous()?;
    Linear::new(weight, weights.get(outputs, "bias")?)
}

/// A convolution over time of an unmasked input, zero beyond the array; the output is masked.
pub struct MaskedConv {
    weights: Linear,
    kernel: usize,
    has_bias: bool,
}

impl MaskedConv {
    pub fn load(
        weights: VarBuilder,
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        has_bias: bool,
    ) -> Result<Self> {
        let weight = weights.get((outputs, inputs, kernel), "weight")?;
        let weight = weight.permute((0, 2, 1))?.contiguous()?.reshape((outputs, kernel * inputs))?;
        let weights = match has_bias {
            true => Linear::new(weight, weights.get(outputs, "bias")?)?,
            false => Linear::from_weight(weight)?,
        };
        Ok(Self { weights, kernel, has_bias })
    }

    /// # Shapes
    /// [rows, inputs] → [rows, outputs]
    pub fn forward(&self, x: &Tensor, extent: Extent) -> Result<Tensor> {
        let y = self.weights.forward(&unfold(x, self.kernel, extent)?)?;
        if self.has_bias { masked(&y, extent) } else { Ok(y) }
    }
}

/// What a block is made of, apart from its weights.
#[derive(Clone, Copy)]
pub struct BlockShape {
    pub width: usize,
    pub heads: usize,
    /// 2 halves the sequence.
    pub stride: usize,
    /// Neighbours that self-attention sees; `None` is all.
    pub radius: Option<usize>,
    pub attends_to_text: bool,
    /// Residual branches carry learned scales.
    pub has_scales: bool,
}

/// Self-attention whose queries, keys and values pass a depthwise convolution and a norm first.
pub struct SelfAttention {
    /// Query, key, value.
    projections: [(DepthwiseNorm, Linear); 3],
    proj: Linear,
    heads: usize,
    radius: Option<usize>,
}

impl SelfAttention {
    pub fn load(weights: &VarBuilder, width: usize, heads: usize, radius: Option<usize>) -> Result<Self> {
        let load = |name: &str| {
            let kernel = weights.get((width, 1, 3), &format!("{name}_conv.conv.weight"))?;
            let (weight, bias) = norm_tensors(&weights.pp(format!("{name}_norm")), width)?;
            let norm = DepthwiseNorm::new(&kernel, weight, bias, EPS)?;
            Ok::<_, candle_core::Error>((norm, load_pointwise(weights.pp(name), width, width)?))
        };
        let projections = [load("query")?, load("key")?, load("value")?];
        Ok(Self { projections, proj: load_pointwise(weights.pp("proj"), width, width)?, heads, radius })
    }

    /// `x` is normalised; the result is not masked.
    ///
    /// # Shapes
    /// [rows, width] → [out.rows, width]
    pub fn forward(
        &self,
        x: &Tensor,
        stride: usize,
        out: Extent,
        place: &str,
        pass: &mut Pass,
    ) -> Result<Tensor> {
        let mut parts = Vec::with_capacity(3);
        for (norm, linear) in &self.projections {
            let normed = norm.forward(x, stride, out)?;
            if parts.is_empty() {
                pass.stage(place, "attn.query_norm", &normed);
            }
            parts.push(linear.forward(&normed)?);
        }
        let qkv = [&parts[0], &parts[1], &parts[2]];
        let mixed = match self.radius {
            Some(radius) => band_attention(qkv, self.heads, radius, out.valid)?,
            None => attention_between(qkv, self.heads, out.valid, 1.0)?,
        };
        self.proj.forward(&mixed)
    }
}

/// Attention to another sequence, with plain projections.
pub struct CrossAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    proj: Linear,
    heads: usize,
    /// Neighbours seen in a sequence of the same length; `None` is all.
    radius: Option<usize>,
    /// -1 attends to what is least alike.
    sign: f32,
}

impl CrossAttention {
    pub fn load(weights: &VarBuilder, width: usize, heads: usize) -> Result<Self> {
        let load = |name: &str| load_pointwise(weights.pp(name), width, width);
        Ok(Self {
            query: load("query")?,
            key: load("key")?,
            value: load("value")?,
            proj: load("proj")?,
            heads,
            radius: None,
            sign: 1.0,
        })
    }

    /// Attends within a band, or with the opposite sign.
    pub fn with(self, radius: Option<usize>, sign: f32) -> Self {
        Self { radius, sign, ..self }
    }

    /// The queries, which do not depend on the other sequence. `x` is normalised.
    pub fn queries(&self, x: &Tensor) -> Result<Tensor> {
        self.query.forward(x)
    }

    /// From `queries` and the normalised other sequence, of which `valid` rows are seen.
    ///
    /// # Shapes
    /// `queries` [rows, width], `other` [rows', width] → [rows, width], not masked
    pub fn forward(
        &self,
        queries: &Tensor,
        other: &Tensor,
        valid: usize,
        [place, name]: [&str; 2],
        pass: &mut Pass,
    ) -> Result<Tensor> {
        let (keys, values) = (self.key.forward(other)?, self.value.forward(other)?);
        pass.attention(place, name, || self.weights(queries, &keys, valid))?;
        let mixed = match self.radius {
            Some(radius) => {
                // the sign of the scores is that of the queries
                let queries = (queries * f64::from(self.sign))?;
                band_attention([&queries, &keys, &values], self.heads, radius, valid)?
            }
            None => attention_between([queries, &keys, &values], self.heads, valid, self.sign)?,
        };
        self.proj.forward(&mixed)
    }

    /// Leaves in the pass what `forward` looked at, of arguments that were kept from it.
    pub fn explain(
        &self,
        queries: &Tensor,
        other: &Tensor,
        valid: usize,
        [place, name]: [&str; 2],
        pass: &mut Pass,
    ) -> Result<()> {
        pass.attention(place, name, || self.weights(queries, &self.key.forward(other)?, valid))
    }

    fn weights(&self, queries: &Tensor, keys: &Tensor, valid: usize) -> Result<Tensor> {
        attention_weights(queries, keys, self.heads, valid, self.radius, self.sign)
    }
}

/// The text that video attends to.
#[derive(Clone, Debug)]
pub struct Sequence {
    pub x: Tensor,
    pub extent: Extent,
}

/// Self-attention, attention to the text, feed-forward; each behind a norm.
pub struct Block {
    name: String,
    ln1: LayerNorm,
    ln2: LayerNorm,
    attn: SelfAttention,
    /// One norm for video and text alike, as the reference has it.
    cross: Option<(LayerNorm, CrossAttention)>,
    mlp: [Linear; 2],
    attn_scale: Tensor,
    mlp_scale: Tensor,
    stride: usize,
}

/// A block half way: after self-attention, before it has seen the text.
#[derive(Clone, Debug)]
pub struct Half {
    pub x: Tensor,
    pub extent: Extent,
    queries: Option<Tensor>,
}

impl Block {
    pub fn load(weights: &VarBuilder, name: String, shape: BlockShape) -> Result<Self> {
        let BlockShape { width, heads, stride, radius, attends_to_text, has_scales } = shape;
        let cross = match attends_to_text {
            true => Some((
                load_norm(weights.pp("ln3"), width)?,
                CrossAttention::load(&weights.pp("cross_attn"), width, heads)?,
            )),
            false => None,
        };
        let scale = |name| match has_scales {
            true => load_scale(weights.pp(name), width),
            false => Tensor::ones(width, weights.dtype(), weights.device()),
        };
        Ok(Self {
            name,
            ln1: load_norm(weights.pp("ln1"), width)?,
            ln2: load_norm(weights.pp("ln2"), width)?,
            attn: SelfAttention::load(&weights.pp("attn"), width, heads, radius)?,
            cross,
            mlp: [
                load_pointwise(weights.pp("mlp.0"), width, EXPANSION * width)?,
                load_pointwise(weights.pp("mlp.3"), EXPANSION * width, width)?,
            ],
            attn_scale: scale("drop_path_attn")?,
            mlp_scale: scale("drop_path_mlp")?,
            stride,
        })
    }

    pub fn attends_to_text(&self) -> bool {
        self.cross.is_some()
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The part that does not depend on the text.
    pub fn first_half(&self, x: &Tensor, out: Extent, pass: &mut Pass) -> Result<Half> {
        let pooled;
        let skip = match self.stride {
            1 => x,
            _ => {
                pooled = max_pool_half(x, out)?;
                &pooled
            }
        };
        let x = match pass.branch_scale(&self.attn_scale)? {
            Some(scale) => {
                let normed = self.ln1.forward(x)?;
                let attended = self.attn.forward(&normed, self.stride, out, &self.name, pass)?;
                if pass.wants_stages() {
                    pass.stage(&self.name, "attn", &masked(&attended, out)?);
                }
                residual(skip, &attended, &scale, out.valid, Pads::Zero)?
            }
            None => masked(skip, out)?,
        };
        let queries = match &self.cross {
            Some((norm, cross)) => Some(cross.queries(&norm.forward(&x)?)?),
            None => None,
        };
        Ok(Half { x, extent: out, queries })
    }

    /// The rest. `beside` is added to the text's branch: what the video takes from elsewhere.
    pub fn second_half(
        &self,
        half: &Half,
        text: Option<&Sequence>,
        beside: Option<(&Tensor, &Tensor)>,
        pass: &mut Pass,
    ) -> Result<Tensor> {
        let Half { x, extent, queries } = half;
        let mut x = x.clone();
        if let (Some((norm, cross)), Some(queries), Some(text)) = (&self.cross, queries, text)
            && let Some(scale) = pass.branch_scale(&self.attn_scale)?
        {
            let other = norm.forward(&text.x)?;
            let place = [self.name.as_str(), "cross_attn"];
            let attended = cross.forward(queries, &other, text.extent.valid, place, pass)?;
            if pass.wants_stages() {
                pass.stage(&self.name, "cross_attn", &masked(&attended, *extent)?);
            }
            x = residual(&x, &attended, &scale, extent.valid, Pads::Zero)?;
        }
        if let Some((branch, scale)) = beside {
            x = residual(&x, branch, scale, extent.valid, Pads::Zero)?;
        }
        let Some(scale) = pass.branch_scale(&self.mlp_scale)? else { return Ok(x) };
        let hidden = self.mlp[0].forward_with(&self.ln2.forward(&x)?, Activation::Gelu)?;
        let hidden = self.mlp[1].forward(&hidden)?;
        pass.stage(&self.name, "mlp", &hidden);
        let out = residual(&x, &hidden, &scale, extent.valid, Pads::Zero)?;
        pass.stage(&self.name, "out", &out);
        Ok(out)
    }
}
