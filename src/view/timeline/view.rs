//! What the timeline keeps for itself: zoom, pan, the drag in progress, the reader's choices.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::axis::Axis;
use super::ruler::{Scale, TimeUnit};
use super::snap::Snapped;
use crate::time::{MediaTime, TimeRange};
use crate::video::FrameTable;

/// What the view does when the playhead leaves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Follow {
    Off,
    /// Turns the page.
    #[default]
    Page,
    /// Keeps the playhead in the middle.
    Centre,
}

impl Follow {
    pub const ALL: [Self; 3] = [Self::Off, Self::Page, Self::Centre];

    pub fn label(self) -> &'static str {
        match self {
            Self::Off => "Stay",
            Self::Page => "Turn the page",
            Self::Centre => "Keep the playhead centred",
        }
    }
}

/// Height of the lanes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LaneSize {
    Small,
    #[default]
    Normal,
    Tall,
}

impl LaneSize {
    pub const ALL: [Self; 3] = [Self::Small, Self::Normal, Self::Tall];

    pub fn label(self) -> &'static str {
        match self {
            Self::Small => "Small",
            Self::Normal => "Normal",
            Self::Tall => "Tall",
        }
    }
}

/// The reader's choices, worth saving with the other settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TimelineOptions {
    pub unit: TimeUnit,
    pub follow: Follow,
    pub size: LaneSize,
    /// Labels of the lanes that are not shown.
    pub hidden: BTreeSet<String>,
    /// Labels from top to bottom, where the reader has moved one.
    pub order: Vec<String>,
}

impl TimelineOptions {
    pub fn is_shown(&self, label: &str) -> bool {
        !self.hidden.contains(label)
    }

    pub(super) fn show(&mut self, label: &str, is_shown: bool) {
        if is_shown {
            self.hidden.remove(label);
        } else {
            self.hidden.insert(label.to_owned());
        }
    }

    /// Indices of `labels` from top to bottom. A lane that was not there when the order was made stays
    /// behind the one that it naturally follows.
    pub(super) fn arranged(&self, labels: &[&str]) -> Vec<usize> {
        let rank = |label: &str| self.order.iter().position(|known| known == label);
        let mut last = None;
        let mut keyed: Vec<(Option<usize>, usize)> = Vec::new();
        for (index, label) in labels.iter().enumerate() {
            last = rank(label).or(last);
            keyed.push((last, index));
        }
        keyed.sort();
        keyed.into_iter().map(|(_, index)| index).collect()
    }

    /// Moves the lane at one place to another.
    pub(super) fn move_lane(&mut self, labels: &[&str], from: usize, to: usize) {
        let mut order: Vec<String> = self.arranged(labels).iter().map(|i| labels[*i].to_owned()).collect();
        let lane = order.remove(from);
        order.insert(to.min(order.len()), lane);
        // lanes that are absent just now keep their place at the end
        order.extend(self.order.iter().filter(|known| !labels.contains(&known.as_str())).cloned());
        self.order = order;
    }

    pub(super) fn scale(&self) -> f32 {
        match self.size {
            LaneSize::Small => 0.75,
            LaneSize::Normal => 1.0,
            LaneSize::Tall => 1.7,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Drag {
    #[default]
    None,
    Scrub,
    /// The range marked so far.
    Range(TimeRange),
}

/// Which part of a moment was taken hold of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Start,
    Body,
    End,
}

/// A person's own moment being dragged, or made.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnDrag {
    /// `None` for one that is being made.
    pub id: Option<u64>,
    pub lane: usize,
    pub part: Part,
    /// The time under the pointer when the drag began.
    pub grabbed: MediaTime,
    pub original: TimeRange,
    /// Where the playhead stood then.
    pub playhead: MediaTime,
    pub range: TimeRange,
    pub snapped: Option<Snapped>,
}

/// Zoom and pan, kept between frames.
#[derive(Default)]
pub struct TimelineView {
    pub options: TimelineOptions,
    pub(super) visible: Option<TimeRange>,
    frames: Option<Arc<FrameTable>>,
    /// Where the clip begins in the video that `frames` are of.
    frames_from: MediaTime,
    /// One feature of the model.
    steps: Option<MediaTime>,
    pub(super) own: Option<OwnDrag>,
    source_start: Option<MediaTime>,
    pending_zoom: Option<f32>,
    drag: Drag,
    /// Where the marked range began; the other end moves with the pointer.
    anchor: MediaTime,
    last_now: MediaTime,
}

impl TimelineView {
    pub fn fit(&mut self) {
        self.visible = None;
    }

    pub fn zoom_by(&mut self, factor: f32) {
        self.pending_zoom = Some(factor);
    }

    /// Shows a span with half of its length on both sides.
    pub fn zoom_to(&mut self, range: TimeRange) {
        let margin = MediaTime::from_nanos((range.duration().nanos() / 2).max(500_000_000));
        self.visible = Some(TimeRange::new(range.start() - margin, range.end() + margin));
    }

    /// The clip's own pictures: the ruler can count them, and ranges end on them.
    pub fn set_frames(&mut self, frames: Option<&Arc<FrameTable>>) {
        self.frames = frames.cloned();
        self.frames_from = MediaTime::ZERO;
    }

    /// The pictures of a video that the clip is a part of, from this time on: drags stop at them, and
    /// the ruler does not count them.
    pub fn set_video_frames(&mut self, frames: Option<&Arc<FrameTable>>, from: MediaTime) {
        self.frames = frames.cloned();
        self.frames_from = from;
    }

    /// How far the model's features are apart: drags stop at them.
    pub fn set_steps(&mut self, step: Option<MediaTime>) {
        self.steps = step.filter(|step| *step > MediaTime::ZERO);
    }

    /// Where the clip begins in the video that it was cut from.
    pub fn set_source_start(&mut self, start: Option<MediaTime>) {
        self.source_start = start;
    }

    /// Shows exactly this span.
    pub fn show(&mut self, range: TimeRange) {
        self.visible = Some(range);
    }

    /// The part of the clip that is shown; `None` for all of it.
    pub fn visible(&self) -> Option<TimeRange> {
        self.visible
    }

    pub(super) fn frames(&self) -> Option<&FrameTable> {
        self.frames.as_deref().filter(|_| self.frames_from == MediaTime::ZERO)
    }

    /// When the picture at a time began.
    pub(super) fn frame_start(&self, time: MediaTime) -> Option<MediaTime> {
        let table = self.frames.as_deref()?;
        let start = table.time(table.at(time + self.frames_from)) - self.frames_from;
        Some(start.max(MediaTime::ZERO))
    }

    pub(super) fn steps(&self) -> Option<MediaTime> {
        self.steps
    }

    pub(super) fn scale(&self) -> Scale<'_> {
        Scale { unit: self.options.unit, frames: self.frames(), source_start: self.source_start }
    }

    pub(super) fn take_zoom(&mut self) -> Option<f32> {
        self.pending_zoom.take()
    }

    /// Keeps a moving playhead in view. A view that the reader panned away stays where it is.
    pub(super) fn follow(&mut self, axis: &mut Axis, now: MediaTime) {
        let before = std::mem::replace(&mut self.last_now, now);
        if before == now || self.is_dragging() || axis.is_fit() {
            return;
        }
        let visible = axis.visible();
        let is_jump = before.distance(now) > MediaTime::from_secs(1.0);
        match self.options.follow {
            Follow::Centre => axis.reveal(now, 0.5),
            Follow::Page if visible.contains(now) => {}
            Follow::Page if is_jump => axis.reveal(now, 0.5),
            Follow::Page if visible.contains(before) => {
                axis.reveal(now, if now > before { 0.04 } else { 0.96 });
            }
            Follow::Page | Follow::Off => {}
        }
    }

    pub(super) fn begin_scrub(&mut self) {
        self.drag = Drag::Scrub;
    }

    pub(super) fn begin_range(&mut self, at: MediaTime) {
        self.anchor = at;
        self.drag = Drag::Range(TimeRange::new(at, at));
    }

    pub(super) fn extend_range(&mut self, to: MediaTime) {
        self.drag = Drag::Range(TimeRange::new(self.anchor, to));
    }

    pub(super) fn is_marking(&self) -> bool {
        matches!(self.drag, Drag::Range(_))
    }

    pub(super) fn is_dragging(&self) -> bool {
        self.drag != Drag::None || self.own.is_some()
    }

    /// The drag that just ended.
    pub(super) fn end_drag(&mut self) -> Drag {
        std::mem::take(&mut self.drag)
    }

    /// The range being marked, or else the one given.
    pub(super) fn draft(&self, given: Option<TimeRange>) -> Option<TimeRange> {
        match self.drag {
            Drag::Range(range) => Some(range),
            Drag::None | Drag::Scrub => given,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: f64) -> MediaTime {
        MediaTime::from_secs(secs)
    }

    fn axis() -> Axis {
        let clip = TimeRange::from_secs(0.0, 100.0);
        Axis::new(clip, Some(TimeRange::from_secs(20.0, 30.0)), 0.0, 500.0)
    }

    #[test]
    fn the_page_turns_when_the_playhead_leaves_it() {
        let (mut view, mut axis) = (TimelineView { last_now: secs(29.9), ..Default::default() }, axis());
        view.follow(&mut axis, secs(30.1));
        assert!((axis.visible().start().secs() - 29.7).abs() < 1e-6);
    }

    #[test]
    fn a_view_panned_away_is_left_alone_while_playing_but_follows_a_jump() {
        let (mut view, mut axis) = (TimelineView { last_now: secs(50.0), ..Default::default() }, axis());
        view.follow(&mut axis, secs(50.03));
        assert_eq!(axis.visible(), TimeRange::from_secs(20.0, 30.0));
        view.follow(&mut axis, secs(80.0));
        assert_eq!(axis.visible(), TimeRange::from_secs(75.0, 85.0));
    }

    #[test]
    fn a_lane_can_be_moved_and_new_lanes_stay_with_their_neighbours() {
        let mut options = TimelineOptions::default();
        let labels = ["Truth", "Moments", "Similarity"];
        assert_eq!(options.arranged(&labels), [0, 1, 2]);
        options.move_lane(&labels, 2, 0);
        assert_eq!(options.arranged(&labels), [2, 0, 1]);
        assert_eq!(options.arranged(&["Truth", "Markers", "Moments", "Similarity"]), [3, 0, 1, 2]);
        assert_eq!(options.arranged(&["Moments"]), [0]);
    }

    #[test]
    fn a_range_can_be_marked_backwards() {
        let mut view = TimelineView::default();
        view.begin_range(secs(5.0));
        view.extend_range(secs(3.0));
        assert_eq!(view.draft(None), Some(TimeRange::from_secs(3.0, 5.0)));
        assert_eq!(view.end_drag(), Drag::Range(TimeRange::from_secs(3.0, 5.0)));
        assert_eq!(view.draft(None), None);
    }
}
