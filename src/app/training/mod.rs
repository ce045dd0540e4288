//! A training in the window: its run's folder as it stands, and the job that goes on with it.

mod update;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::train::look::{RunConfig, RunLook};

pub use update::{EVERY, apply, ended, looked, open, refresh};

/// What a person wants of a training.
#[derive(Clone, Debug, PartialEq)]
pub enum TrainingCommand {
    /// A run's folder, or the TOML file of one that is to begin.
    Open(PathBuf),
    /// Begins, or goes on from the checkpoint.
    Start,
    /// Saves and stops after the current step.
    Stop,
    Close,
}

pub struct TrainingSession {
    pub folder: PathBuf,
    /// What is trained; of a run that has begun, its own copy.
    pub config: RunConfig,
    pub look: Arc<RunLook>,
    looked_at: Option<Instant>,
    /// Counts looks that were different, so that pictures are made again.
    pub version: u64,
}
