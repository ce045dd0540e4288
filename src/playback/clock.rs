//! Media time as a function of wall time: no thread, no system clock, no accumulation.

use crate::time::{MediaTime, TimeRange};

/// Anchored at one pair of media and wall time; every change re-anchors.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    media: MediaTime,
    wall_secs: f64,
    rate: f64,
    is_running: bool,
    span: TimeRange,
}

impl Clock {
    pub fn new(span: TimeRange) -> Self {
        Self { media: span.start(), wall_secs: 0.0, rate: 1.0, is_running: false, span }
    }

    pub fn at(&self, wall_secs: f64) -> MediaTime {
        let run = if self.is_running { (wall_secs - self.wall_secs) * self.rate } else { 0.0 };
        self.span.clamp(self.media + MediaTime::from_secs(run))
    }

    pub fn is_running(&self) -> bool {
        self.is_running
    }

    /// Media seconds in a wall second; negative plays backwards.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    pub fn set_running(&mut self, is_running: bool, wall_secs: f64) {
        self.anchor(self.at(wall_secs), wall_secs);
        self.is_running = is_running;
    }

    pub fn set_rate(&mut self, rate: f64, wall_secs: f64) {
        self.anchor(self.at(wall_secs), wall_secs);
        self.rate = rate;
    }

    pub fn anchor(&mut self, media: MediaTime, wall_secs: f64) {
        self.media = self.span.clamp(media);
        self.wall_secs = wall_secs;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pausing_and_changing_speed_leaves_no_drift() {
        let mut clock = Clock::new(TimeRange::from_secs(0.0, 100.0));
        clock.set_running(true, 10.0);
        clock.set_rate(2.0, 13.0);
        clock.set_running(false, 14.0);
        assert_eq!(clock.at(99.0), MediaTime::from_secs(5.0));
        clock.set_rate(-1.0, 99.0);
        clock.set_running(true, 99.0);
        assert_eq!(clock.at(101.0), MediaTime::from_secs(3.0));
        assert_eq!(clock.at(200.0), MediaTime::ZERO);
    }
}
