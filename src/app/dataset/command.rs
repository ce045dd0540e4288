//! What can be asked of an open data set.

use super::Source;
use crate::stores::{FeatureLevel, FeatureSet};
use crate::time::{MediaTime, TimeRange};

#[derive(Clone, Debug)]
pub enum DataSetCommand {
    /// Words that rows have to contain.
    Search(String),
    Template(Option<String>),
    /// Rows of the chosen row's clip only, or of all.
    OnlyThisClip(bool),
    /// Look at this row.
    Select(usize),
    /// So many shown rows further down.
    Step(i32),
    ShowSource(Source),
    /// Clip time.
    Seek(MediaTime),
    Scrub(MediaTime),
    Loop(TimeRange),
    SetFeatures(FeatureKind, FeatureSettings),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureKind {
    Video,
    Gaze,
}

/// What the files of a feature set do not say about themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureSettings {
    pub level: FeatureLevel,
    pub stride_frames: f64,
    pub fps: f64,
    pub offset_secs: f64,
    pub any_length: bool,
}

impl From<&FeatureSet> for FeatureSettings {
    fn from(set: &FeatureSet) -> Self {
        let FeatureSet { level, stride_frames, fps, offset_secs, any_length, .. } = *set;
        Self { level, stride_frames, fps, offset_secs, any_length }
    }
}
