//! Evidence and a question → ranked moments.

pub mod groundnlq;
mod light;
mod moments;
mod nms;

pub use light::{GazeWeights, LABEL, score_curve};
pub use moments::moments_of;
pub use nms::{NmsConfig, NmsMethod, Window, nms, nms_indices};

use serde::{Deserialize, Serialize};

use crate::features::ClipFeatures;
use crate::gaze::GazeTrack;
use crate::time::{MediaTime, TimeRange};

/// Which gaze weighs the evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GazeMode {
    /// Whole pictures only.
    #[default]
    Off,
    /// What the gaze estimator thinks was looked at.
    Predicted,
    /// What was looked at.
    Recorded,
    /// What was not looked at.
    Negative,
}

impl GazeMode {
    pub const ALL: [Self; 4] = [Self::Off, Self::Predicted, Self::Recorded, Self::Negative];

    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Predicted => "predicted",
            Self::Recorded => "recorded",
            Self::Negative => "negative",
        }
    }
}

/// A span of time that may answer the question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    pub range: TimeRange,
    /// 0..1, comparable within one answer.
    pub score: f32,
}

/// An answer: moments, best first, and the curve they were found on.
#[derive(Clone, Debug)]
pub struct Localization {
    pub moments: Vec<Moment>,
    /// Standardised similarity over time, unitless.
    pub curve: Vec<(MediaTime, f32)>,
    /// Which method answered; shown wherever the answer is.
    pub pipeline: String,
    /// What carried the question into the space of the pictures, in words.
    pub query_basis: String,
    /// Whose gaze weighed the evidence, in words; the mode alone does not say what was at hand.
    pub gaze_basis: String,
    /// How each content word was understood, for an explanation.
    pub words: Vec<(String, String)>,
    pub elapsed_secs: f64,
    /// Sampled pictures that the answer rests on.
    pub evidence: usize,
}

impl Localization {
    /// Words of the question that mean nothing to the model.
    pub fn unknown_words(&self) -> Vec<&str> {
        self.words.iter().filter(|(_, name)| name.is_empty()).map(|(word, _)| word.as_str()).collect()
    }
}

/// Answers a question about a clip. Other networks plug in here.
pub trait Localizer: Send + Sync {
    /// Shown wherever an answer is shown.
    fn label(&self) -> &str;

    /// The best `keep` moments from the evidence so far; without any the answer is empty.
    /// `recorded` is the gaze recording, on the clip's clock.
    fn localize(
        &self,
        features: &ClipFeatures,
        query: &str,
        mode: GazeMode,
        recorded: Option<&GazeTrack>,
        keep: usize,
    ) -> anyhow::Result<Localization>;
}
