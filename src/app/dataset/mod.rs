//! The data set that is open in the window: which rows are shown, which one is looked at, and what
//! has been answered so far.

mod command;
mod export;
mod film;
mod find;
mod said;
mod update;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use command::{DataSetCommand, FeatureKind, FeatureSettings};
pub use export::suggested_name;
pub use film::Film;
pub use said::{SaidRows, said_of};
pub use update::{
    AnalysisDone, CaseDone, GazeDone, analyzed, answered, apply, gaze_judged, opened, seek_to, video_opened,
};

use crate::app::state::AppState;
use crate::dataset::{
    Analysis, Case, ClipFile, DataSet, Facts, Filter, QueryGaze, RowView, Sort, Verdict, Wanted, verdict,
};
use crate::eval::Window;
use crate::eval::what_if::WhatIf;
use crate::grounding::Moment;
use crate::grounding::groundnlq::EncodedClip;
use crate::time::{MediaTime, TimeRange};

/// Clips kept encoded, so that a further query of theirs is fast.
const CLIPS_KEPT: usize = 8;
/// Moments of a row that are listed and drawn.
pub const MOMENTS: usize = 10;

/// What stands beside the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DataSetPage {
    #[default]
    Why,
    Where,
    Compare,
    WhatIf,
    Gaze,
    Files,
}

impl DataSetPage {
    pub const ALL: [Self; 6] = [Self::Why, Self::Where, Self::Compare, Self::WhatIf, Self::Gaze, Self::Files];

    pub fn name(self) -> &'static str {
        match self {
            Self::Why => "Why",
            Self::Where => "Where",
            Self::Compare => "Compare",
            Self::WhatIf => "What if",
            Self::Gaze => "Gaze",
            Self::Files => "Files",
        }
    }

    pub fn hint(self) -> &'static str {
        match self {
            Self::Why => "Error classes, ranking, boundaries, flags",
            Self::Where => "By length, position, template; overlap and calibration",
            Self::Compare => "Another model on the same queries",
            Self::WhatIf => "Other settings behind the network, and the thresholds of the definitions",
            Self::Gaze => "Predicted against recorded gaze, and whether it goes with the answers",
            Self::Files => "What the data set consists of",
        }
    }
}

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
    pub sort: Option<Sort>,
    /// Rows that fit the filter, in the order of the table.
    pub shown: Vec<usize>,
    /// What the analysis is to be of; what there is of it may be of an earlier wish.
    pub wanted: Wanted,
    pub analysis: Option<Arc<Analysis>>,
    /// How often answers at random places would confuse queries, and for which analysis that is.
    pub chance: Option<(Arc<Analysis>, f64)>,
    /// The chosen row takes the place of the table.
    pub is_case_open: bool,
    pub selected: Option<usize>,
    pub source: Source,
    /// Rank that was jumped to last, from 0.
    pub moment: Option<usize>,
    /// Clip time, while there is no video to keep it.
    playhead: MediaTime,
    /// The chosen clip's video, where one is at hand.
    pub video: Option<ClipFile>,
    /// Gaze inside the true moment of each row, once the recordings were read; empty where there are
    /// none of this data set's clips.
    pub gaze: Option<Arc<Vec<Option<QueryGaze>>>>,
    /// What people have said of rows.
    pub said: SaidRows,
    /// Pictures of the chosen row's true and found moment, while its case is open.
    pub film: Option<Arc<Film>>,
    cases: HashMap<usize, CaseState>,
    /// Newest last.
    encoded: VecDeque<(usize, Arc<EncodedClip>)>,
    /// Templates of the annotations, in alphabetical order.
    pub templates: Vec<String>,
}

impl DataSetSession {
    pub fn new(data: DataSet) -> Self {
        let mut templates: Vec<String> = data.rows.iter().map(|row| row.template().to_owned()).collect();
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
            sort: None,
            shown,
            wanted: Wanted::default(),
            analysis: None,
            chance: None,
            is_case_open: false,
            selected: None,
            source,
            moment: None,
            playhead: MediaTime::ZERO,
            video: None,
            film: None,
            said: SaidRows::default(),
            gaze: None,
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
            Source::File(file) => {
                let changed = self.analysis().filter(|a| a.wanted.what_if != WhatIf::default());
                match changed.and_then(|a| Some((a, a.place(row)?))) {
                    Some((analysis, place)) => Some(analysis.shown.ranked.windows(place)),
                    None => Some(&self.data.predictions.get(file)?.of_row(row)?.windows),
                }
            }
        }
    }

    /// The analysis of what is shown: of prediction files, since the network is asked row by row.
    pub fn analysis(&self) -> Option<&Analysis> {
        let analysis = self.analysis.as_deref()?;
        (self.source == Source::File(analysis.wanted.model)).then_some(analysis)
    }

    /// The chance rate of query confusion, once it is known for what is shown.
    pub fn chance_of_confusion(&self) -> Option<f64> {
        let (of, chance) = self.chance.as_ref()?;
        self.analysis.as_ref().is_some_and(|analysis| Arc::ptr_eq(analysis, of)).then_some(*chance)
    }

    pub fn gaze_of(&self, row: usize) -> Option<QueryGaze> {
        *self.gaze.as_ref()?.get(row)?
    }

    /// Everything that is known about the rows.
    pub fn with_facts<R>(&self, look: impl FnOnce(&Facts<'_>) -> R) -> R {
        let windows = |row| self.windows(row);
        let theta = self.wanted.config.theta;
        let gaze = self.gaze.as_ref().map(|gaze| gaze.as_slice());
        look(&Facts {
            data: &self.data,
            analysis: self.analysis(),
            theta,
            gaze,
            said: Some(&self.said.rows),
            windows: &windows,
        })
    }

    pub fn verdict(&self, row: usize) -> Option<Verdict> {
        verdict(self.windows(row)?, self.data.row(row)?.windows, self.wanted.config.theta)
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

/// Called once a frame; starts work where something has changed.
pub fn refresh(state: &mut AppState) {
    film::refresh(state);
    said::refresh(state);
}

/// Without a score the rank speaks for itself.
pub fn moment_of(window: &Window) -> Moment {
    Moment {
        range: TimeRange::from_secs(window.start, window.end),
        score: window.score.map_or(f32::NAN, |score| score as f32),
    }
}
