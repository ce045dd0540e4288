//! Time ↔ x, pure: zoom and pan without egui.

use crate::time::{MediaTime, TimeRange};

/// Shortest span that fills the width.
const MIN_SPAN_SECS: f64 = 0.2;

/// The visible part of a clip over a width in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    pub clip: TimeRange,
    start_secs: f64,
    span_secs: f64,
    pub left: f32,
    pub width: f32,
}

impl Axis {
    pub fn new(clip: TimeRange, visible: Option<TimeRange>, left: f32, width: f32) -> Self {
        let shown = visible.unwrap_or(clip);
        let mut axis = Self {
            clip,
            start_secs: shown.start().secs(),
            span_secs: shown.duration().secs().max(MIN_SPAN_SECS),
            left,
            width: width.max(1.0),
        };
        axis.keep_inside();
        axis
    }

    pub fn visible(&self) -> TimeRange {
        TimeRange::from_secs(self.start_secs, self.start_secs + self.span_secs)
    }

    pub fn x(&self, time: MediaTime) -> f32 {
        self.left + ((time.secs() - self.start_secs) / self.span_secs) as f32 * self.width
    }

    pub fn time(&self, x: f32) -> MediaTime {
        MediaTime::from_secs(self.start_secs + f64::from((x - self.left) / self.width) * self.span_secs)
    }

    pub fn secs_per_point(&self) -> f64 {
        self.span_secs / f64::from(self.width)
    }

    /// Zooms so that the time under `x` stays under it.
    pub fn zoom(&mut self, factor: f64, x: f32) {
        let anchor = self.time(x).secs();
        let part = f64::from((x - self.left) / self.width);
        self.span_secs =
            (self.span_secs / factor).clamp(MIN_SPAN_SECS, self.clip.duration().secs().max(MIN_SPAN_SECS));
        self.start_secs = anchor - part * self.span_secs;
        self.keep_inside();
    }

    pub fn pan(&mut self, points: f32) {
        self.start_secs -= f64::from(points) * self.secs_per_point();
        self.keep_inside();
    }

    /// Moves the view so that `time` stands at `part` of the width, 0 at the left.
    pub fn reveal(&mut self, time: MediaTime, part: f64) {
        self.start_secs = time.secs() - part * self.span_secs;
        self.keep_inside();
    }

    /// True when the whole clip is in view.
    pub fn is_fit(&self) -> bool {
        self.span_secs >= self.clip.duration().secs()
    }

    fn keep_inside(&mut self) {
        let (from, to) = (self.clip.start().secs(), self.clip.end().secs());
        self.span_secs = self.span_secs.min((to - from).max(MIN_SPAN_SECS));
        self.start_secs = self.start_secs.min(to - self.span_secs).max(from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn x_and_time_are_inverse(start in 0.0..500.0f64, span in 1.0..100.0f64, x in 10.0..900.0f32) {
            let axis = Axis::new(TimeRange::from_secs(0.0, 600.0), Some(TimeRange::from_secs(start, start + span)), 10.0, 900.0);
            prop_assert!((axis.x(axis.time(x)) - x).abs() < 0.05);
        }

        #[test]
        fn zooming_in_keeps_the_time_under_the_cursor(x in 10.0..910.0f32, factor in 1.0..20.0f64) {
            let mut axis = Axis::new(TimeRange::from_secs(0.0, 600.0), None, 10.0, 900.0);
            let before = axis.time(x);
            axis.zoom(factor, x);
            prop_assert!((axis.time(x).secs() - before.secs()).abs() < 0.01);
        }

        #[test]
        fn the_view_never_leaves_the_clip(pans in proptest::collection::vec(-2000.0..2000.0f32, 1..20), zoom in 0.1..10.0f64) {
            let clip = TimeRange::from_secs(0.0, 60.0);
            let mut axis = Axis::new(clip, None, 0.0, 500.0);
            for pan in pans {
                axis.zoom(zoom, 250.0);
                axis.pan(pan);
                prop_assert!(axis.visible().start().secs() >= -1e-6 && axis.visible().end().secs() <= 60.0 + 1e-6);
            }
        }
    }

    #[test]
    fn revealing_keeps_the_zoom() {
        let mut axis =
            Axis::new(TimeRange::from_secs(0.0, 60.0), Some(TimeRange::from_secs(0.0, 10.0)), 0.0, 500.0);
        axis.reveal(MediaTime::from_secs(30.0), 0.5);
        assert_eq!(axis.visible(), TimeRange::from_secs(25.0, 35.0));
        axis.reveal(MediaTime::from_secs(59.0), 0.1);
        assert_eq!(axis.visible(), TimeRange::from_secs(50.0, 60.0));
    }
}
