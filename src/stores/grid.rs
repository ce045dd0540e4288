//! How the steps of a feature set lie in time, and which of them belong to a clip.

use std::sync::Arc;

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::{FeatureStore, StoreError, VIDEO_ARRAYS};

/// What an entry covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureLevel {
    /// One clip, from its start.
    #[default]
    Clip,
    /// A whole video, out of which clips are cut by time.
    Video,
}

/// A store with what its files do not say about themselves.
#[derive(Clone)]
pub struct FeatureSet {
    pub store: Arc<FeatureStore>,
    pub level: FeatureLevel,
    /// Pictures from one step to the next.
    pub stride_frames: f64,
    /// Pictures a second.
    pub fps: f64,
    /// Where the first step starts, seconds.
    pub offset_secs: f64,
    /// Clips may be longer than they are annotated to be.
    pub any_length: bool,
}

/// A clip's features may outlast it by this much: steps are rounded, and so are rates.
const SLACK_SECS: f64 = 3.0;
const SLACK: f64 = 0.02;

/// Which clip is wanted.
#[derive(Clone, Copy, Debug)]
pub struct ClipPlace<'a> {
    pub clip_uid: &'a str,
    pub video_uid: &'a str,
    /// Of the clip in its video; needed at video level.
    pub video_secs: Option<[f64; 2]>,
    pub duration_secs: f64,
}

/// A clip's features, and where the first of them starts on the clip's clock, in seconds.
pub struct ClipSteps {
    /// [steps, dim]
    pub features: Tensor,
    pub start_secs: f64,
}

impl FeatureSet {
    /// The clip's features.
    pub fn clip(&self, place: &ClipPlace<'_>) -> Result<ClipSteps, StoreError> {
        match self.level {
            FeatureLevel::Clip => {
                let features = self.store.get(place.clip_uid, VIDEO_ARRAYS)?;
                self.check_length(&features, place)?;
                Ok(ClipSteps { features, start_secs: self.offset_secs })
            }
            FeatureLevel::Video => {
                let features = self.store.get(place.video_uid, VIDEO_ARRAYS)?;
                self.cut(&features, place)
            }
        }
    }

    /// Says that an entry cannot be used.
    pub fn entry(&self, key: &str, what: String) -> StoreError {
        StoreError::Entry { key: key.to_owned(), what, path: self.store.path().to_owned() }
    }

    fn check_length(&self, features: &Tensor, place: &ClipPlace<'_>) -> Result<(), StoreError> {
        let steps = features.dims()[0];
        let found = self.offset_secs + steps as f64 * self.stride_frames / self.fps;
        let allowed = place.duration_secs + SLACK_SECS.max(place.duration_secs * SLACK);
        if self.any_length || found <= allowed {
            return Ok(());
        }
        let what = format!(
            "its {steps} steps last {found:.1} s and the clip is annotated as {:.1} s; give the set's stride and rate, or allow any length",
            place.duration_secs
        );
        Err(self.entry(place.clip_uid, what))
    }

    /// From the step that the clip starts in to the one it ends in.
    fn cut(&self, features: &Tensor, place: &ClipPlace<'_>) -> Result<ClipSteps, StoreError> {
        let steps = features.dims()[0];
        let Some([start, end]) = place.video_secs else {
            let what = format!("the annotations do not say where clip {} lies in it", place.clip_uid);
            return Err(self.entry(place.video_uid, what));
        };
        let step = |secs: f64| (secs - self.offset_secs) * self.fps / self.stride_frames;
        let first = step(start).floor().max(0.0) as usize;
        let last = (step(end).ceil().max(0.0) as usize).min(steps);
        if first >= last {
            let what = format!(
                "clip {} lies at {start:.1} to {end:.1} s, and the features end at {:.1} s",
                place.clip_uid,
                self.offset_secs + steps as f64 * self.stride_frames / self.fps
            );
            return Err(self.entry(place.video_uid, what));
        }
        let cut = features.narrow(0, first, last - first);
        Ok(ClipSteps {
            features: cut.map_err(|e| self.entry(place.video_uid, e.to_string()))?,
            start_secs: self.offset_secs + first as f64 * self.stride_frames / self.fps - start,
        })
    }
}
