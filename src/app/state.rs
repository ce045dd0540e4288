//! What the window holds. Panels see it read-only; only `update` changes it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::command::Command;
use super::dataset::{DataSetCommand, DataSetSession};
use super::gaze_session::GazeSession;
use super::notices::Notices;
use super::performance::Performance;
use super::picture::RecordedMap;
use super::queries::Queries;
use super::refresh::Refresh;
use super::settings::Settings;
use super::tasks::Tasks;
use crate::features::ClipFeatures;
use crate::gaze::Aggregate;
use crate::gaze::recording::UnknownTable;
use crate::pipeline::LightPipeline;
use crate::playback::{PlaybackCommand, Player};
use crate::project::AnnotatedQuery;
use crate::render::{Colormap, Compare, HeatMode};
use crate::time::{MediaTime, TimeRange};
use crate::video::Thumbnail;

pub struct AppState {
    /// What the session was opened from, as the user named it.
    pub files: Vec<PathBuf>,
    pub player: Option<Player>,
    pub gaze: Option<GazeSession>,
    /// A whole split instead of one clip.
    pub dataset: Option<DataSetSession>,
    pub annotations: Vec<AnnotatedQuery>,
    /// A table that waits for its columns to be mapped.
    pub unknown_table: Option<UnknownTable>,
    pub queries: Queries,
    pub models: Models,
    pub features: Option<Arc<ClipFeatures>>,
    /// Filled by a job while the clip is open.
    pub thumbnails: Option<Arc<Mutex<Vec<Thumbnail>>>>,
    pub refresh: Refresh,
    /// How well the predicted maps agree with the recorded gaze, over time.
    pub agreement: Arc<Vec<(MediaTime, f32)>>,
    pub overlay: Overlay,
    pub recorded_map: RecordedMap,
    pub tasks: Tasks,
    pub notices: Notices,
    pub performance: Performance,
    pub settings: Settings,
}

/// The networks of the default pipeline.
pub enum Models {
    /// Not looked at yet.
    Unknown,
    /// Weights are not on this machine; the text says which.
    Missing(String),
    Ready(Arc<LightPipeline>),
}

impl Models {
    pub fn ready(&self) -> Option<&Arc<LightPipeline>> {
        match self {
            Self::Ready(pipeline) => Some(pipeline),
            _ => None,
        }
    }
}

/// What is drawn over the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    pub heat: HeatMode,
    pub opacity: f32,
    /// Fraction of the peak below which nothing is drawn.
    pub threshold: f32,
    pub colormap: Colormap,
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
    pub fn new(tasks: Tasks, settings: Settings) -> Self {
        Self {
            files: Vec::new(),
            player: None,
            gaze: None,
            dataset: None,
            annotations: Vec::new(),
            unknown_table: None,
            queries: Queries::default(),
            models: Models::Unknown,
            features: None,
            thumbnails: None,
            refresh: Refresh::default(),
            agreement: Arc::default(),
            overlay: Overlay::default(),
            recorded_map: RecordedMap::default(),
            tasks,
            notices: Notices::default(),
            performance: Performance::default(),
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

    pub(super) fn rate_times(&self, factor: f64) -> Command {
        let rate = self.player.as_ref().map_or(1.0, Player::rate);
        let magnitude = (rate.abs() * factor).clamp(0.1, 16.0);
        PlaybackCommand::SetRate(magnitude.copysign(rate)).into()
    }

    /// Next or previous edge of a moment, fixation or gap in the gaze.
    pub(super) fn seek_event(&self, is_forward: bool) -> Command {
        let mut edges: Vec<MediaTime> = Vec::new();
        let mut push = |range: TimeRange| edges.extend([range.start(), range.end()]);
        self.truth().into_iter().for_each(&mut push);
        if let Some(answer) = self.queries.shown() {
            answer.moments.iter().for_each(|m| push(m.range));
        }
        if let Some(gaze) = &self.gaze {
            gaze.fixations().iter().for_each(|f| push(f.range));
        }
        if let Some(set) = &self.dataset {
            set.moments().iter().for_each(|m| edges.extend([m.range.start(), m.range.end()]));
            let target = nearest(edges, self.now(), is_forward).unwrap_or(self.now());
            return DataSetCommand::Seek(target).into();
        }
        seek_to(nearest(edges, self.now(), is_forward), self.now())
    }

    pub(super) fn seek_fixation(&self, is_forward: bool) -> Command {
        let starts = self.gaze.iter().flat_map(|g| g.fixations().iter().map(|f| f.range.start())).collect();
        seek_to(nearest(starts, self.now(), is_forward), self.now())
    }
}

fn seek_to(target: Option<MediaTime>, now: MediaTime) -> Command {
    PlaybackCommand::Seek(target.unwrap_or(now)).into()
}

/// The closest time strictly after (or before) now; a millisecond of slack for rounding.
fn nearest(times: Vec<MediaTime>, now: MediaTime, is_forward: bool) -> Option<MediaTime> {
    let slack = MediaTime::from_millis(1);
    if is_forward {
        times.into_iter().filter(|t| *t > now + slack).min()
    } else {
        times.into_iter().filter(|t| *t < now - slack).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_event_is_never_the_one_we_stand_on() {
        let times = || [1000, 2000, 3000].map(MediaTime::from_millis).to_vec();
        let now = MediaTime::from_millis(2000);
        assert_eq!(nearest(times(), now, true), Some(MediaTime::from_millis(3000)));
        assert_eq!(nearest(times(), now, false), Some(MediaTime::from_millis(1000)));
    }
}
