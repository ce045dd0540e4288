//! The data set that is open in the window: which rows are shown, which one is looked at, and what
//! has been answered so far.

mod command;
mod update;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

pub use command::{DataSetCommand, FeatureKind, FeatureSettings};
pub use update::{CaseDone, answered, apply, opened, seek_to, video_opened};

use crate::dataset::{Case, ClipVideo, DataSet, Filter, RowView, Verdict, verdict};
use crate::eval::Window;
use crate::grounding::Moment;
use crate::grounding::groundnlq::EncodedClip;
use crate::time::{MediaTime, TimeRange};

/// Clips kept encoded, so that a further query of theirs is fast.
const CLIPS_KEPT: usize = 8;
/// Moments of a row that are listed and drawn.
pub const MOMENTS: usize = 10;

/// Whose windows are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The network, asked here.
    #[default]
    Network,
    /// The prediction file of this place.
    File(usize),
}

/// What became of asking a row.
pub enum CaseState {
    Asking,
    Ready(Arc<Case>),
    Failed(String),
}

pub struct DataSetSession {
    pub data: Arc<DataSet>,
    pub filter: Filter,
    /// Rows that fit the filter.
    pub shown: Vec<usize>,
    pub selected: Option<usize>,
    pub source: Source,
    /// Rank that was jumped to last, from 0.
    pub moment: Option<usize>,
    /// Clip time, while there is no video to keep it.
    playhead: MediaTime,
    /// The chosen clip's video, where one is at hand.
    pub video: Option<ClipVideo>,
    cases: HashMap<usize, CaseState>,
    /// Newest last.
    encoded: VecDeque<(usize, Arc<EncodedClip>)>,
    /// Templates of the annotations, in alphabetical order.
    pub templates: Vec<String>,
}

impl DataSetSession {
    pub fn new(data: DataSet) -> Self {
        let views = (0..data.rows.len()).filter_map(|row| data.row(row));
        let mut templates: Vec<String> = views.map(|view| view.template().to_owned()).collect();
        templates.sort();
        templates.dedup();
        templates.retain(|template| !template.is_empty());
        let shown = (0..data.rows.len()).collect();
        // without a network what was predicted elsewhere is what there is to see
        let source = if data.model.is_none() && !data.predictions.is_empty() {
            Source::File(0)
        } else {
            Source::Network
        };
        Self {
            data: Arc::new(data),
            filter: Filter::default(),
            shown,
            selected: None,
            source,
            moment: None,
            playhead: MediaTime::ZERO,
            video: None,
            cases: HashMap::new(),
            encoded: VecDeque::new(),
            templates,
        }
    }

    pub fn selected_view(&self) -> Option<RowView<'_>> {
        self.data.row(self.selected?)
    }

    pub fn case(&self, row: usize) -> Option<&CaseState> {
        self.cases.get(&row)
    }

    /// The chosen row's answer by the network.
    pub fn selected_case(&self) -> Option<&Arc<Case>> {
        match self.cases.get(&self.selected?)? {
            CaseState::Ready(case) => Some(case),
            CaseState::Asking | CaseState::Failed(_) => None,
        }
    }

    /// Ranked windows of a row, from the chosen source.
    pub fn windows(&self, row: usize) -> Option<&[Window]> {
        match self.source {
            Source::Network => match self.cases.get(&row)? {
                CaseState::Ready(case) => Some(&case.windows),
                CaseState::Asking | CaseState::Failed(_) => None,
            },
            Source::File(file) => Some(&self.data.predictions.get(file)?.of_row(row)?.windows),
        }
    }

    pub fn verdict(&self, row: usize) -> Option<Verdict> {
        verdict(self.windows(row)?, self.data.row(row)?.windows)
    }

    /// The best of the chosen row's windows.
    pub fn moments(&self) -> Vec<Moment> {
        let windows = self.selected.and_then(|row| self.windows(row)).unwrap_or_default();
        windows.iter().take(MOMENTS).map(moment_of).collect()
    }

    /// The chosen row's true moments.
    pub fn truths(&self) -> Vec<TimeRange> {
        let windows = self.selected_view().map_or(&[][..], |view| view.windows);
        windows.iter().map(|[start, end]| TimeRange::from_secs(*start, *end)).collect()
    }

    /// The chosen row's clip from its start to its end, on its own clock.
    pub fn clip_range(&self) -> TimeRange {
        let Some(view) = self.selected_view() else { return TimeRange::default() };
        // without a length what is annotated and predicted has to fit
        let windows = self.selected.and_then(|row| self.windows(row)).unwrap_or_default();
        let known = view.windows.iter().map(|w| w[1]).chain(windows.iter().map(|w| w.end));
        let secs = view.clip.duration_secs.unwrap_or_else(|| known.fold(1.0, f64::max));
        TimeRange::from_secs(0.0, secs)
    }

    /// Where the clip starts in the open video.
    pub fn video_start(&self) -> MediaTime {
        MediaTime::from_secs(self.video.as_ref().map_or(0.0, |video| video.start_secs))
    }

    /// Clip time without a video.
    pub fn playhead(&self) -> MediaTime {
        self.playhead
    }

    fn encoded(&self, clip: usize) -> Option<Arc<EncodedClip>> {
        self.encoded.iter().find(|(of, _)| *of == clip).map(|(_, encoded)| Arc::clone(encoded))
    }

    fn keep_encoded(&mut self, clip: usize, encoded: Arc<EncodedClip>) {
        self.encoded.retain(|(of, _)| *of != clip);
        self.encoded.push_back((clip, encoded));
        if self.encoded.len() > CLIPS_KEPT {
            self.encoded.pop_front();
        }
    }
}

/// Without a score the rank speaks for itself.
pub fn moment_of(window: &Window) -> Moment {
    Moment {
        range: TimeRange::from_secs(window.start, window.end),
        score: window.score.map_or(f32::NAN, |score| score as f32),
    }
}
