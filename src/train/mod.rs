//! Training: the gaze estimator on recorded gaze, the grounding network on moments.

pub mod check;
pub mod ema;
pub mod grounding;
pub mod labels;
pub mod losses;
pub mod optimiser;
mod reference;
pub mod schedule;
