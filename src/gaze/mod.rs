//! Where the wearer looked: recordings, maps on a 64x64 grid, predictions.
//!
//! Positions are fractions of the displayed frame, origin top-left, y down. They are never
//! clamped on import: outside 0..1 means that the wearer looked past the frame's edge.

mod estimator;
mod heatmap;
mod track;
mod unisal;

pub use estimator::{CentrePrior, GazeEstimator};
pub use heatmap::{GRID, Heatmap};
pub use track::{EyeEvent, GazeFormat, GazeSample, GazeState, GazeTrack};
pub use unisal::Unisal;
