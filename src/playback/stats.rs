//! What playing has shown and missed: numbers for the performance view and the benches.

use crate::time::FrameIdx;

/// Weight of the newest picture in a running mean.
const NEWEST: f32 = 0.1;

/// Counts since the clip was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlaybackStats {
    /// Pictures shown while playing.
    pub shown: u64,
    /// Pictures that the clock passed while playing and that were never shown.
    pub dropped: u64,
    /// Pictures that were not decoded yet when they were due while playing.
    pub late: u64,
    /// Jumps and steps to a picture that was there at once.
    pub hits: u64,
    /// Jumps and steps that had to wait.
    pub misses: u64,
    /// What a picture takes to decode, a running mean.
    pub decode_ms: f32,
    /// The last picture that was due.
    due: Option<FrameIdx>,
    /// The last picture shown since playing began or jumped.
    played: Option<FrameIdx>,
}

impl PlaybackStats {
    pub(super) fn decoded(&mut self, secs: f32) {
        let millis = secs * 1e3;
        let share = if self.decode_ms == 0.0 { 1.0 } else { NEWEST };
        self.decode_ms += (millis - self.decode_ms) * share;
    }

    /// What follows is not a continuation.
    pub(super) fn jumped(&mut self) {
        self.played = None;
    }

    /// One look at the clock. `stride` while playing: every how many pictures one is to be shown.
    pub(super) fn tick(&mut self, due: FrameIdx, shown: Option<FrameIdx>, stride: Option<u32>) {
        let is_there = shown == Some(due);
        let is_new = self.due.replace(due) != Some(due);
        let Some(stride) = stride else {
            self.hits += u64::from(is_new && is_there);
            self.misses += u64::from(is_new && !is_there);
            return;
        };
        self.late += u64::from(is_new && !is_there);
        if let Some(shown) = shown
            && self.played != Some(shown)
        {
            self.shown += 1;
            let steps = self.played.map_or(1, |before| before.0.abs_diff(shown.0) / stride);
            self.dropped += u64::from(steps.saturating_sub(1));
            self.played = Some(shown);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_passed_while_playing_are_counted_and_jumps_are_not() {
        let mut stats = PlaybackStats::default();
        let tick = |stats: &mut PlaybackStats, i| stats.tick(FrameIdx(i), Some(FrameIdx(i)), Some(1));
        for i in [0, 0, 1, 3, 4] {
            tick(&mut stats, i);
        }
        assert_eq!((stats.shown, stats.dropped, stats.late), (4, 1, 0));
        stats.jumped();
        tick(&mut stats, 900);
        assert_eq!((stats.shown, stats.dropped), (5, 1));
    }

    #[test]
    fn a_step_that_waits_is_a_miss_once() {
        let mut stats = PlaybackStats::default();
        stats.tick(FrameIdx(7), None, None);
        stats.tick(FrameIdx(7), None, None);
        stats.tick(FrameIdx(7), Some(FrameIdx(7)), None);
        stats.tick(FrameIdx(6), Some(FrameIdx(6)), None);
        assert_eq!((stats.hits, stats.misses), (1, 1));
    }
}
