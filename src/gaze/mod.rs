//! Where the wearer looked: recordings, maps on a 64x64 grid, predictions.
//!
//! Positions are fractions of the displayed frame, origin top-left, y down. They are never
//! clamped on import: outside 0..1 means that the wearer looked past the frame's edge.

mod aggregate;
mod estimator;
mod fixations;
mod heatmap;
mod maps;
pub mod recording;
mod track;
mod unisal;

pub use aggregate::Aggregate;
pub use estimator::{CentrePrior, GazeEstimator};
pub use fixations::{Fixation, detect_fixations};
pub use heatmap::{GRID, Heatmap};
pub use maps::{frame_map, window_map};
pub use track::{EyeEvent, GazeFormat, GazeSample, GazeState, GazeTrack};
pub use unisal::Unisal;
