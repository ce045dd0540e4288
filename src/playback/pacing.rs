//! The clock against the pictures: waiting for late ones, turning round at ends, when to look again.

use std::sync::Arc;

use super::plan::Plan;
use super::{Player, SCRUB_REST_SECS};
use crate::time::FrameIdx;

/// Lag after which the clock waits for the decoder: an analysis tool must not skip evidence.
const MAX_LAG_FRAMES: u32 = 4;

impl Player {
    /// What to show and whether to hold while the due picture is missing.
    pub(super) fn bridge(&mut self, due: FrameIdx) {
        if self.scrubbed_at.is_some() {
            // while dragging, the key frame of the place is better than the place left behind
            if let Some(near) = self.cache.nearest_before(due, self.table.keyframe_before(due)) {
                self.shown = Some(Arc::clone(near));
            }
            return;
        }
        if !self.clock.is_running() {
            return;
        }
        let Some(shown) = &self.shown else {
            // nothing seen yet: time starts with the first picture
            let held = self.table.time(due);
            self.clock.anchor(held, self.wall_secs);
            return;
        };
        let stride = self.stride();
        let lag = shown.index.0.abs_diff(due.0);
        let step = shown.index.0 / stride;
        let next = if self.clock.rate() > 0.0 { step + 1 } else { step.saturating_sub(1) };
        if let Some(frame) = self.cache.get(FrameIdx(next * stride)) {
            self.shown = Some(Arc::clone(frame));
        }
        if lag > MAX_LAG_FRAMES * stride {
            let held = self.table.time(self.shown.as_ref().map_or(due, |f| f.index));
            self.clock.anchor(held, self.wall_secs);
        }
    }

    pub(super) fn turn_round_at_ends(&mut self) {
        if !self.clock.is_running() {
            return;
        }
        let now = self.time();
        let is_forward = self.clock.rate() > 0.0;
        let range = self.loop_range.unwrap_or_else(|| self.table.range());
        let is_over = if is_forward { now >= range.end() } else { now <= range.start() };
        if !is_over {
            return;
        }
        self.stats.jumped();
        if self.loop_range.is_some() {
            let again = if is_forward { range.start() } else { range.end() };
            self.clock.anchor(again, self.wall_secs);
        } else {
            self.clock.set_running(false, self.wall_secs);
        }
    }

    /// Seconds until the next picture is due; `None` when nothing moves.
    pub fn wake_in_secs(&self) -> Option<f64> {
        if let Some(at) = self.scrubbed_at {
            let left = SCRUB_REST_SECS - (self.wall_secs - at);
            if left > 0.0 {
                return Some(left);
            }
        }
        if !self.clock.is_running() {
            return None;
        }
        let (now, Plan { due, stride, .. }) = (self.time(), self.plan());
        let rate = self.clock.rate();
        let secs = if rate > 0.0 {
            let next = FrameIdx(due.0.saturating_add(stride));
            let until =
                if next <= self.table.last() { self.table.time(next) } else { self.table.range().end() };
            (until - now).secs() / rate
        } else {
            (now - self.table.time(due)).secs() / -rate
        };
        Some(secs.max(0.001))
    }
}
