//! What can be asked of an open data set.

use std::path::PathBuf;

use super::Source;
use crate::dataset::{Column, Condition, GazeUse};
use crate::eval::failure::FailureConfig;
use crate::eval::what_if::WhatIf;
use crate::stores::{FeatureLevel, FeatureSet};
use crate::time::{MediaTime, TimeRange};

#[derive(Clone, Debug)]
pub enum DataSetCommand {
    /// Words that rows have to contain.
    Search(String),
    /// This template, or every one.
    Template(Option<String>),
    /// Rows of the chosen row's clip only, or of all.
    OnlyThisClip(bool),
    /// Puts a condition on the rows, or takes it away.
    Toggle(Condition),
    /// Only this condition of its kind.
    Only(Condition),
    ClearFilter,
    /// Keeps the filter under a name.
    SaveFilter(String),
    UseFilter(usize),
    ForgetFilter(usize),
    /// By this column; again for the other direction, and once more for the order of the file.
    Sort(Column),
    /// So many failures further down.
    NextFailure(i32),
    /// The next row with the chosen row's class.
    NextAlike(i32),
    /// The chosen row over the whole window, or the table again.
    OpenCase(bool),
    /// Thresholds of the classes.
    Thresholds(Box<FailureConfig>),
    WhatIf(WhatIf),
    /// The prediction file that the shown one is compared with.
    CompareWith(Option<usize>),
    /// The network over all queries, to a file of predictions that joins the data set.
    Predict {
        gaze: GazeUse,
        path: PathBuf,
    },
    ExportCases(PathBuf),
    ExportReport(PathBuf),
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
