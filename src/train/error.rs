//! Why training cannot start or go on.

use std::path::PathBuf;

use crate::eval::EvalError;
use crate::gaze::recording::GazeFileError;
use crate::grounding::groundnlq::GroundNlqError;
use crate::job::Cancelled;
use crate::project::AnnotationError;
use crate::split::SplitError;
use crate::stores::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    #[error("{what}: {}", path.display())]
    Config { what: String, path: PathBuf },
    #[error("{0}")]
    Setting(String),
    #[error(transparent)]
    Annotations(#[from] AnnotationError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Gaze(#[from] GazeFileError),
    #[error(transparent)]
    Network(#[from] GroundNlqError),
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    #[error(transparent)]
    Split(Box<SplitError>),
    #[error(transparent)]
    Eval(#[from] EvalError),
    #[error("{what}: {}", path.display())]
    Data { what: String, path: PathBuf },
    #[error("the checkpoint cannot be used: {what}: {}", path.display())]
    Checkpoint { what: String, path: PathBuf },
    #[error("the run in {} is being trained by another process; wait for it or name another folder", .0.display())]
    Locked(PathBuf),
    #[error("{error}: {}", path.display())]
    Io { error: std::io::Error, path: PathBuf },
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<SplitError> for TrainError {
    fn from(error: SplitError) -> Self {
        Self::Split(Box::new(error))
    }
}

impl TrainError {
    pub(super) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::Io { error, path: path.to_owned() }
    }
}
