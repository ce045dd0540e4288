//! What one forward pass leaves behind for those who want to look inside.

use candle_core::{Result, Tensor};

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
#[derive(Debug)]
pub struct Trace {
    keep: Keep,
    pub stages: Vec<(String, Tensor)>,
}

impl Trace {
    pub fn new(keep: Keep) -> Self {
        Self { keep, stages: Vec::new() }
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
}
