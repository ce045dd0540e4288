//! Where the wearer looked: recordings, maps on a 64x64 grid, predictions.
//!
//! Positions are fractions of the displayed frame, origin top-left, y down. They are never
//! clamped on import: outside 0..1 means that the wearer looked past the frame's edge.

mod aggregate;
mod camera;
mod estimator;
mod fixations;
mod heatmap;
pub mod labels;
mod maps;
pub mod metrics;
mod predicted;
pub mod recording;
mod track;
mod unisal;

pub use aggregate::Aggregate;
pub use camera::SceneCamera;
pub use estimator::{CentrePrior, GazeEstimator};
pub use fixations::{
    DispersionSpan, Fixation, IdtConfig, detect_fixations, detect_fixations_with, dispersion_spans,
};
pub use heatmap::{GRID, Heatmap};
pub use maps::{
    FramesUsed, MapShape, frame_map, glc_crop, label_map, model_window, model_window_map, picture_map,
    window_map,
};
pub use predicted::{Prediction, PredictionError};
pub use track::{EyeEvent, GazeFormat, GazeSample, GazeState, GazeTrack};
pub use unisal::Unisal;
