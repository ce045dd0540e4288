//! Predictions on files of annotated questions: read, score, explain, compare, merge, submit.
//!
//! The figures are those of the official Ego4D script, digit for digit; what it leaves out
//! (queries without a prediction) stands beside them.

mod bootstrap;
mod chance;
pub mod compare;
pub mod ensemble;
pub mod failure;
pub mod gaze_link;
pub mod page;
pub mod predictions;
mod random;
mod recall;
pub mod review;
pub mod submission;
pub mod what_if;

pub use bootstrap::{Interval, Paired, paired};
pub use chance::by_chance;
pub use predictions::{Prediction, PredictionFile, Provenance, Window};
pub use recall::{Measures, Report, Scores, evaluate, hull_iou};

use std::path::PathBuf;

use crate::project::QueryKey;

#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    #[error("cannot read the predictions: {reason}: {}", path.display())]
    Unreadable { reason: String, path: PathBuf },
    #[error("this is no prediction file ({reason}); expected an Ego4D submission, QVHighlights lines or a file of `gazenlq localize`: {}", path.display())]
    NotPredictions { reason: String, path: PathBuf },
    #[error(
        "{count} predictions are of queries that the annotations do not have, the first is {first}: these predictions belong to other annotations"
    )]
    UnknownQueries { count: usize, first: QueryKey },
    #[error(
        "{count} predicted queries have no annotated times, the first is {first}: a test split cannot be scored here, submit it instead"
    )]
    NoTruth { count: usize, first: QueryKey },
    #[error("the file holds no predictions")]
    Empty,
    #[error("{found} weights for {expected} prediction files; give one each")]
    Weights { found: usize, expected: usize },
}
