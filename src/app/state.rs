//! What the window holds. Panels see it read-only; only `update` changes it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::annotate::Annotate;
use super::command::{Command, QueryCommand};
use super::dataset::{DataSetCommand, DataSetSession};
use super::gaze_session::GazeSession;
use super::keep::{NotesKeeper, Places};
use super::marks::Marks;
use super::model_card::ModelCard;
use super::notices::Notices;
use super::performance::Performance;
use super::picture::RecordedMap;
use super::queries::Queries;
use super::recent::RecentLook;
use super::refresh::Refresh;
use super::settings::Settings;
use super::tasks::{TaskKind, Tasks};
use super::training::TrainingSession;
use super::work::{Layout, Work};
use crate::features::ClipFeatures;
use crate::gaze::recording::UnknownTable;
use crate::gaze::{Aggregate, Heatmap};
use crate::pipeline::ClipPipeline;
use crate::playback::{PlaybackCommand, Player};
use crate::project::{AnnotatedQuery, FEATURE_STEP_SECS, Marker};
use crate::render::{Colormap, Compare, HeatMode};
use crate::time::{MediaTime, TimeRange};
use crate::video::Thumbnail;

/// One step of GroundNLQ's features.
pub const MODEL_STEP: MediaTime = MediaTime::from_nanos((FEATURE_STEP_SECS * 1e9) as i64);

pub struct AppState {
    /// What the session was opened from, as the user named it.
    pub files: Vec<PathBuf>,
    pub player: Option<Player>,
    pub gaze: Option<GazeSession>,
    /// A whole split instead of one clip.
    pub dataset: Option<DataSetSession>,
    /// A training that is looked at instead.
    pub training: Option<TrainingSession>,
    pub annotations: Vec<AnnotatedQuery>,
    /// Where the clip begins in the video that its annotations count in.
    pub source_start: Option<MediaTime>,
    /// A table that waits for its columns to be mapped.
    pub unknown_table: Option<UnknownTable>,
    /// The gaze, or that there was none, from before a preview of that table.
    pub gaze_before_mapping: Option<Option<GazeSession>>,
    pub queries: Queries,
    pub marks: Marks,
    /// The project that what is written goes into.
    pub work: Work,
    pub annotate: Annotate,
    /// A layout that an undo brought back, for the view to take.
    pub restored_layout: Option<Layout>,
    /// The marked range that is looped, if that is what is looped.
    pub looped_range: Option<TimeRange>,
    /// Lane whose events are stepped through.
    pub focused_lane: Option<String>,
    /// The part of the clip that the timeline shows, noted for the next time.
    pub timeline_visible: Option<TimeRange>,
    /// What the timeline is to show of a clip that was open before.
    pub restored_view: Option<TimeRange>,
    pub models: Models,
    /// The networks trained on synthetic clips answer for the open clip.
    pub is_for_trained: bool,
    /// What the networks are, once somebody has asked.
    pub model_card: Option<Arc<ModelCard>>,
    pub features: Option<Arc<ClipFeatures>>,
    /// All of the evidence is there.
    pub is_complete: bool,
    /// Filled by a job while the clip is open.
    pub thumbnails: Option<Arc<Mutex<Vec<Thumbnail>>>>,
    pub refresh: Refresh,
    /// How well the predicted maps agree with the recorded gaze, over time.
    pub agreement: Arc<Vec<(MediaTime, f32)>>,
    pub overlay: Overlay,
    /// Maps over a whole range, while that is what is drawn.
    pub range_maps: Option<RangeMaps>,
    pub recorded_map: RecordedMap,
    pub tasks: Tasks,
    pub notices: Notices,
    pub performance: Performance,
    /// From this frame on the open clip is computed on.
    pub begins_at_frame: Option<u64>,
    pub notes: NotesKeeper,
    pub places: Places,
    /// What was found of the recent sessions; empty until somebody has looked.
    pub recent_looks: Vec<RecentLook>,
    /// Whether the networks are on this machine, once somebody has looked.
    pub has_models: Option<bool>,
    pub settings: Settings,
}

/// The networks that answer for the open clip.
pub enum Models {
    /// Not looked at yet.
    Unknown,
    /// Weights are not on this machine; the text says which.
    Missing(String),
    Ready(Arc<dyn ClipPipeline>),
}

impl Models {
    pub fn ready(&self) -> Option<&Arc<dyn ClipPipeline>> {
        match self {
            Self::Ready(pipeline) => Some(pipeline),
            _ => None,
        }
    }
}

/// The stretch of time that a heatmap stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeatSpan {
    /// One window of the model, as GazeNLQ's maps are made: the mean of 32 pictures.
    #[default]
    Window,
    Picture,
    /// The marked range, or else the chosen moment.
    Range,
}

impl HeatSpan {
    pub const ALL: [Self; 3] = [Self::Window, Self::Picture, Self::Range];
}

/// Mean maps over a range, and what they were made from.
pub struct RangeMaps {
    pub range: TimeRange,
    pub predicted: Option<Arc<Heatmap>>,
    pub recorded: Option<Arc<Heatmap>>,
    pub(super) made_from: (u64, usize),
}

/// What is drawn over the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Overlay {
    pub heat: HeatMode,
    pub span: HeatSpan,
    pub opacity: f32,
    /// Fraction of the peak below which nothing is drawn.
    pub threshold: f32,
    pub colormap: Colormap,
    #[serde(skip)]
    pub compare: Compare,
    pub has_point: bool,
    /// Which of a picture's samples the point stands for.
    pub aggregate: Aggregate,
    pub has_trail: bool,
    pub has_fixations: bool,
    pub trail_secs: f32,
}

impl Default for Overlay {
    fn default() -> Self {
        Self {
            heat: HeatMode::Predicted,
            span: HeatSpan::default(),
            opacity: 0.6,
            threshold: 0.15,
            colormap: Colormap::default(),
            compare: Compare::Off,
            has_point: true,
            aggregate: Aggregate::default(),
            has_trail: true,
            has_fixations: false,
            trail_secs: 1.0,
        }
    }
}

impl AppState {
    pub fn new(tasks: Tasks, settings: Settings, places: Places) -> Self {
        Self {
            files: Vec::new(),
            player: None,
            gaze: None,
            dataset: None,
            training: None,
            annotations: Vec::new(),
            source_start: None,
            unknown_table: None,
            gaze_before_mapping: None,
            queries: Queries::default(),
            marks: Marks::default(),
            work: Work::default(),
            annotate: Annotate::default(),
            restored_layout: None,
            looped_range: None,
            focused_lane: None,
            timeline_visible: None,
            restored_view: None,
            models: Models::Unknown,
            is_for_trained: false,
            model_card: None,
            features: None,
            is_complete: false,
            thumbnails: None,
            refresh: Refresh::default(),
            agreement: Arc::default(),
            overlay: settings.overlay.clone(),
            range_maps: None,
            recorded_map: RecordedMap::default(),
            tasks,
            notices: Notices::default(),
            performance: Performance::default(),
            begins_at_frame: None,
            notes: NotesKeeper::default(),
            places,
            recent_looks: Vec::new(),
            has_models: None,
            settings,
        }
    }

    /// The annotated moment of the chosen question.
    pub fn truth(&self) -> Option<TimeRange> {
        match &self.dataset {
            Some(set) => set.truths().first().copied(),
            None => self.queries.selected()?.truth,
        }
    }

    /// All annotated moments of it.
    pub fn truths(&self) -> Vec<TimeRange> {
        match &self.dataset {
            Some(set) => set.truths(),
            None => self.truth().into_iter().collect(),
        }
    }

    /// What the clip at hand is called in a project.
    pub fn clip_name(&self) -> Option<String> {
        match &self.dataset {
            Some(set) => set.selected_view().map(|view| view.clip.clip_uid.clone()),
            None => self.work.clip.clone(),
        }
    }

    /// Of the clip at hand, in time order.
    pub fn markers(&self) -> Vec<&Marker> {
        self.clip_name().map(|clip| self.work.markers_of(&clip)).unwrap_or_default()
    }

    /// How far the features are apart that the model sees.
    pub fn model_step(&self) -> MediaTime {
        let video = self.dataset.as_ref().and_then(|set| set.data.stores.video.as_ref());
        video.map_or(MODEL_STEP, |store| MediaTime::from_secs(store.set.stride_frames / store.set.fps))
    }

    /// The chosen moment of the answer on screen, the best one at first.
    pub fn chosen_moment(&self) -> Option<TimeRange> {
        if let Some(set) = &self.dataset {
            return set.moments().get(set.moment.unwrap_or(0)).map(|m| m.range);
        }
        let answer = self.queries.shown()?;
        answer.moments.get(self.queries.moment.unwrap_or(0)).map(|m| m.range)
    }

    pub fn clip_range(&self) -> TimeRange {
        match &self.dataset {
            Some(set) => set.clip_range(),
            None => self.player.as_ref().map(|p| p.table().range()).unwrap_or_default(),
        }
    }

    /// Of the clip: in a data set it may start later than its video.
    pub fn now(&self) -> MediaTime {
        let time = self.player.as_ref().map(Player::time);
        match &self.dataset {
            Some(set) => time.map_or(set.playhead(), |time| time - set.video_start()),
            None => time.unwrap_or_default(),
        }
    }

    /// The same, as a wish.
    pub fn seek_command(&self, time: MediaTime) -> Command {
        match self.dataset {
            Some(_) => DataSetCommand::Seek(time).into(),
            None => PlaybackCommand::Seek(time).into(),
        }
    }

    /// To a time of the clip at hand.
    pub fn seek(&mut self, time: MediaTime, wall_secs: f64) {
        if self.dataset.is_some() {
            super::dataset::seek_to(self, time, wall_secs);
        } else if let Some(player) = &mut self.player {
            player.apply(PlaybackCommand::Seek(time), wall_secs);
        }
    }

    pub(super) fn rate_times(&self, factor: f64) -> Command {
        let rate = self.player.as_ref().map_or(1.0, Player::rate);
        let magnitude = (rate.abs() * factor).clamp(0.1, 16.0);
        PlaybackCommand::SetRate(magnitude.copysign(rate)).into()
    }

    /// Looking through the clip was stopped, and can go on.
    pub fn is_extraction_unfinished(&self) -> bool {
        self.features.is_some()
            && !self.is_complete
            && self.models.ready().is_some()
            && !self.tasks.is_running(TaskKind::Features)
            && !self.tasks.is_stopping(TaskKind::Features)
    }

    /// The row below or above, or the moment after or before in the list.
    pub(super) fn step_list(&self, by: i32) -> Command {
        match self.dataset {
            Some(_) => DataSetCommand::Step(by).into(),
            None => QueryCommand::JumpBy(by).into(),
        }
    }

    /// The marked range for a table or a command line: seconds and frames.
    pub fn range_text(&self) -> String {
        let (Some(range), Some(player)) = (self.marks.range, &self.player) else { return String::new() };
        let (table, [from, to]) = (player.table(), [range.start(), range.end()]);
        let [first, last] = [from, to].map(|time| table.at(time).0);
        format!("{:.3} s to {:.3} s, frame {first} to {last}", from.secs(), to.secs())
    }

    /// What "this stretch" means: the marked range, else the chosen moment, else the annotated one.
    pub fn range_or_moment(&self) -> Option<TimeRange> {
        self.marks.range.or_else(|| self.chosen_moment()).or_else(|| self.truth())
    }
}
