//! Training: the gaze estimator on recorded gaze, the grounding network on moments.
//!
//! Both run through the loop in `run`, from a configuration to a folder with a checkpoint that can be
//! gone on from, metrics, and models under the reference's names. The forward pass is the one that
//! answers questions: its operations know the way back (`nn::ops`).

pub mod check;
mod checkpoint;
mod command;
pub mod config;
mod data;
pub mod ema;
mod error;
pub mod experiment;
mod gaze_data;
mod gaze_task;
pub mod grounding;
mod grounding_task;
pub mod init;
pub mod labels;
mod lock;
pub mod look;
pub mod losses;
pub mod metrics;
pub mod optimiser;
mod random;
mod reference;
mod run;
pub mod schedule;
pub mod settings;
mod start;
mod token_cache;
pub mod weights;

pub use checkpoint::RunFolder;
pub use command::train_command;
pub use config::{GazeRun, GroundingRun};
pub use error::TrainError;
pub use gaze_task::train_gaze;
pub use grounding_task::train_grounding;
pub use run::{Ended, Numbers};
