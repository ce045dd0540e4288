//! The moving average of the weights (`state_dict_ema` of the reference's checkpoints).

use std::collections::BTreeMap;

use candle_core::{Result, Var};

use super::optimiser::{Parameters, blend};

/// An average of parameters over steps.
pub struct Ema {
    /// How much of the average stays.
    pub decay: f64,
    pub average: BTreeMap<String, Var>,
}

impl Ema {
    /// Starts with the parameters as they are.
    pub fn new(decay: f64, parameters: &Parameters) -> Result<Self> {
        let copy = |(name, var): (&String, &Var)| Ok((name.clone(), Var::from_tensor(&var.copy()?)?));
        Ok(Self { decay, average: parameters.iter().map(copy).collect::<Result<_>>()? })
    }

    pub fn update(&self, parameters: &Parameters) -> Result<()> {
        for (name, average) in &self.average {
            if let Some(var) = parameters.get(name) {
                blend(average, var, self.decay)?;
            }
        }
        Ok(())
    }
}
