//! What a dragged time sticks to: the playhead, edges and markers first, then the model's feature
//! steps, and everywhere the start of a picture. The guide says which it was.

use egui::{Painter, Rect, Stroke, pos2};

use super::axis::Axis;
use super::lanes::LaneContent;
use super::view::TimelineView;
use super::{TimelineModel, paint};
use crate::time::{MediaTime, TimeRange};
use crate::view::theme::Palette;

/// Points within which an edge attracts.
const REACH: f64 = 7.0;
/// Feature steps attract from a shorter way, and only where they stand this far apart.
const STEP_REACH: f64 = 4.0;
const STEP_ROOM: f64 = 24.0;
/// A picture is named where it is this wide.
const FRAME_ROOM: f64 = 4.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    Playhead,
    Edge,
    Marker,
    /// One feature of the model's.
    Step,
    Frame,
    /// Nothing near.
    Free,
}

impl Stop {
    fn name(self) -> &'static str {
        match self {
            Self::Playhead => "playhead",
            Self::Edge => "edge",
            Self::Marker => "marker",
            Self::Step => "feature step",
            Self::Frame => "frame",
            Self::Free => "",
        }
    }
}

/// A time and what it stuck to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapped {
    pub time: MediaTime,
    pub stop: Stop,
}

/// What attracts during one drag.
pub(super) struct Magnets<'a> {
    pub model: &'a TimelineModel<'a>,
    /// Where the playhead stood when the drag began; it follows the dragged edge.
    pub playhead: MediaTime,
    /// The moment that is dragged does not stick to itself.
    pub except: Option<u64>,
}

impl Magnets<'_> {
    /// The nearest place to stop within reach.
    pub fn snap(&self, time: MediaTime, axis: &Axis, view: &TimelineView) -> Snapped {
        let secs_per_point = axis.secs_per_point();
        let within = |points: f64| MediaTime::from_secs(secs_per_point * points);
        let near = self.places().min_by_key(|(place, _)| place.distance(time));
        if let Some((place, stop)) = near.filter(|(place, _)| place.distance(time) <= within(REACH)) {
            return Snapped { time: place, stop };
        }
        if let Some(step) = view.steps().filter(|step| step.secs() / secs_per_point >= STEP_ROOM) {
            let count = (time.nanos() as f64 / step.nanos() as f64).round() as i64;
            let place = axis.clip.clamp(MediaTime::from_nanos(count.saturating_mul(step.nanos())));
            if place.distance(time) <= within(STEP_REACH) {
                return Snapped { time: place, stop: Stop::Step };
            }
        }
        match view.frame_start(time) {
            Some(start) => Snapped { time: start, stop: Stop::Frame },
            None => Snapped { time, stop: Stop::Free },
        }
    }

    /// A span moved as a whole: whichever end is nearer to a place to stop takes the other along.
    pub fn snap_span(&self, span: TimeRange, axis: &Axis, view: &TimelineView) -> (TimeRange, Snapped) {
        let [start, end] = [span.start(), span.end()].map(|end| self.snap(end, axis, view));
        let is_strong = |snapped: &Snapped| !matches!(snapped.stop, Stop::Frame | Stop::Free);
        let by_end = (end.time.distance(span.end()) < start.time.distance(span.start()) && is_strong(&end))
            || (is_strong(&end) && !is_strong(&start));
        let (snapped, from) = if by_end { (end, span.end()) } else { (start, span.start()) };
        let by = snapped.time - from;
        (TimeRange::new(span.start() + by, span.end() + by), snapped)
    }

    fn places(&self) -> impl Iterator<Item = (MediaTime, Stop)> {
        let edges = |range: TimeRange| [(range.start(), Stop::Edge), (range.end(), Stop::Edge)];
        let lanes = self.model.lanes.iter().map(|lane| &lane.content);
        let blocks = lanes.clone().filter_map(|content| match content {
            LaneContent::Moments(blocks) => Some(blocks),
            _ => None,
        });
        let flags = lanes.clone().filter_map(|content| match content {
            LaneContent::Markers(flags) => Some(flags),
            _ => None,
        });
        let own = lanes.filter_map(|content| match content {
            LaneContent::Own(pieces) => Some(pieces),
            _ => None,
        });
        let own = own.flatten().filter(|piece| Some(piece.id) != self.except);
        [(self.playhead, Stop::Playhead)]
            .into_iter()
            .chain(blocks.flatten().flat_map(move |b| edges(b.range)))
            .chain(own.flat_map(move |piece| edges(piece.block.range)))
            .chain(self.model.range.into_iter().flat_map(edges))
            .chain(edges(self.model.clip))
            .chain(flags.flatten().map(|f| (f.time, Stop::Marker)))
    }
}

/// A dashed line where a drag stuck, and in the ruler what to.
pub(super) fn paint_guide(
    painter: &Painter,
    axis: &Axis,
    ruler: Rect,
    body: Rect,
    snapped: Snapped,
    view: &TimelineView,
    colours: &Palette,
) {
    let text = match (snapped.stop, view.frames()) {
        (Stop::Free, _) => return,
        (Stop::Frame, Some(table)) => {
            let step = table.range().duration().secs() / table.len().max(1) as f64;
            if step / axis.secs_per_point() < FRAME_ROOM {
                return;
            }
            format!("frame {}", table.at(snapped.time).0)
        }
        (stop, _) => stop.name().to_owned(),
    };
    let x = axis.x(snapped.time);
    if !body.x_range().contains(x) {
        return;
    }
    let line = [pos2(x, ruler.bottom()), pos2(x, body.bottom())];
    let stroke = Stroke::new(1.5, colours.accent);
    painter.extend(egui::Shape::dashed_line(&line, stroke, 5.0, 4.0));
    paint::pill(painter, ruler, x, text, colours.accent, colours.text_on_accent);
}
