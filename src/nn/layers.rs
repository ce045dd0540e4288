//! The two layers every transformer here is made of, with their weights.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::ops::{self, Activation};

pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    pub fn load(weights: VarBuilder, inputs: usize, outputs: usize) -> Result<Self> {
        Ok(Self { weight: weights.get((outputs, inputs), "weight")?, bias: weights.get(outputs, "bias")? })
    }

    pub fn without_bias(weights: VarBuilder, inputs: usize, outputs: usize) -> Result<Self> {
        Self::from_weight(weights.get((outputs, inputs), "weight")?)
    }

    /// From a bare [out, in] matrix; the bias is zero.
    pub fn from_weight(weight: Tensor) -> Result<Self> {
        let bias = Tensor::zeros(weight.dim(0)?, weight.dtype(), weight.device())?;
        Ok(Self { weight, bias })
    }

    /// Several layers with the same input as one, their outputs side by side.
    pub fn load_joined(parts: &[VarBuilder], inputs: usize, outputs_each: usize) -> Result<Self> {
        let parts = parts.iter().map(|part| Self::load(part.clone(), inputs, outputs_each));
        let parts = parts.collect::<Result<Vec<_>>>()?;
        let weights: Vec<_> = parts.iter().map(|part| &part.weight).collect();
        let biases: Vec<_> = parts.iter().map(|part| &part.bias).collect();
        Ok(Self { weight: Tensor::cat(&weights, 0)?, bias: Tensor::cat(&biases, 0)? })
    }

    /// # Shapes
    /// [.., in] → [.., out]
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_with(x, Activation::Identity)
    }

    pub fn forward_with(&self, x: &Tensor, activation: Activation) -> Result<Tensor> {
        ops::linear(x, &self.weight, &self.bias, activation)
    }
}

pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    eps: f32,
}

impl LayerNorm {
    pub fn load(weights: VarBuilder, width: usize, eps: f32) -> Result<Self> {
        Ok(Self { weight: weights.get(width, "weight")?, bias: weights.get(width, "bias")?, eps })
    }

    /// # Shapes
    /// [.., width] → the same
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        ops::layer_norm(x, &self.weight, &self.bias, self.eps)
    }
}
