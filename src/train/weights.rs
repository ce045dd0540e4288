//! The tensors of a network in training: some are learned, others stay.

use candle_core::{Device, Result, Tensor, Var};

use super::optimiser::Parameters;
use crate::grounding::groundnlq::Tensors;

pub struct Weights {
    pub learned: Parameters,
    pub fixed: Tensors,
}

impl Weights {
    pub fn new(tensors: Tensors, is_learned: impl Fn(&str) -> bool, device: &Device) -> Result<Self> {
        let mut weights = Self { learned: Parameters::new(), fixed: Tensors::new() };
        for (name, tensor) in tensors {
            let tensor = tensor.to_device(device)?;
            if is_learned(&name) {
                weights.learned.insert(name, Var::from_tensor(&tensor.copy()?)?);
            } else {
                weights.fixed.insert(name, tensor);
            }
        }
        Ok(weights)
    }

    /// For a network that gradients flow through.
    pub fn tracked(&self) -> Tensors {
        self.all(|var| var.as_tensor().clone())
    }

    /// For a network that answers: the same values, packed for speed.
    pub fn settled(&self) -> Tensors {
        self.all(|var| var.as_detached_tensor())
    }

    fn all(&self, of: impl Fn(&Var) -> Tensor) -> Tensors {
        let fixed = self.fixed.iter().map(|(name, tensor)| (name.clone(), tensor.clone()));
        fixed.chain(self.learned.iter().map(|(name, var)| (name.clone(), of(var)))).collect()
    }
}
