//! The two layers every transformer here is made of, with their weights.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::ops::{self, Activation, Packed};

/// y = W x + b, with the weights packed where this processor gains from it.
pub struct Linear(Weights);

enum Weights {
    Packed(Packed),
    Plain { weight: Tensor, bias: Tensor },
}

impl Linear {
    pub fn load(weights: VarBuilder, inputs: usize, outputs: usize) -> Result<Self> {
        Self::new(weights.get((outputs, inputs), "weight")?, weights.get(outputs, "bias")?)
    }

    pub fn without_bias(weights: VarBuilder, inputs: usize, outputs: usize) -> Result<Self> {
        Self::from_weight(weights.get((outputs, inputs), "weight")?)
    }

    /// From a bare [out, in] matrix; the bias is zero.
    pub fn from_weight(weight: Tensor) -> Result<Self> {
        let bias = Tensor::zeros(weight.dim(0)?, weight.dtype(), weight.device())?;
        Self::new(weight, bias)
    }

    /// Several layers with the same input as one, their outputs side by side.
    pub fn load_joined(parts: &[VarBuilder], inputs: usize, outputs_each: usize) -> Result<Self> {
        let weights = parts.iter().map(|part| part.get((outputs_each, inputs), "weight"));
        let biases = parts.iter().map(|part| part.get(outputs_each, "bias"));
        let weights = weights.collect::<Result<Vec<_>>>()?;
        let biases = biases.collect::<Result<Vec<_>>>()?;
        Self::new(Tensor::cat(&weights, 0)?, Tensor::cat(&biases, 0)?)
    }

    /// # Shapes
    /// `weight` `[out, in]`, `bias` `[out]`
    pub fn new(weight: Tensor, bias: Tensor) -> Result<Self> {
        let is_trained = weight.track_op() || bias.track_op();
        if ops::is_fast(&weight)
            && !is_trained
            && let Some(packed) = Packed::new(&weight, &bias)?
        {
            return Ok(Self(Weights::Packed(packed)));
        }
        Ok(Self(Weights::Plain { weight, bias }))
    }

    /// # Shapes
    /// [.., in] → [.., out]
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_with(x, Activation::Identity)
    }

    pub fn forward_with(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        match &self.0 {
            Weights::Packed(packed) => packed.forward(x, activation),
            Weights::Plain { weight, bias } => ops::linear(x, weight, bias, activation),
        }
    }
}

pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f32,
}

impl LayerNorm {
    pub fn load(weights: VarBuilder, width: usize, eps: f32) -> Result<Self> {
        Ok(Self::new(weights.get(width, "weight")?, weights.get(width, "bias")?, eps))
    }

    /// # Shapes
    /// `weight` and `bias` `[width]`
    pub fn new(weight: Tensor, bias: Tensor, eps: f32) -> Self {
        Self { weight, bias, eps }
    }

    /// # Shapes
    /// [.., width] → the same
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        ops::layer_norm(x, &self.weight, &self.bias, self.eps)
    }
}
