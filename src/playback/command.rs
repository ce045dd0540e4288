//! What can be asked of the player.

use super::Player;
use super::plan::Motion;
use crate::time::{FrameIdx, MediaTime, TimeRange};

/// Places that "back" can return to.
const HISTORY: usize = 64;
const FASTEST: f64 = 16.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PlaybackCommand {
    Play,
    Pause,
    Toggle,
    Seek(MediaTime),
    SeekFrame(FrameIdx),
    /// While dragging: near pictures at once, the exact one when the hand rests.
    Scrub(MediaTime),
    ScrubEnd,
    /// Stored pictures forward or back.
    Step(i32),
    StepTime(MediaTime),
    /// Media seconds in a wall second; negative plays backwards.
    SetRate(f64),
    /// The editors' J, K, L: -1, 0, 1. Repeated, the speed doubles.
    Shuttle(i8),
    Loop(Option<TimeRange>),
    /// Back to where the last jump came from.
    Back,
    /// To where the last jump back came from.
    Forward,
}

impl Player {
    pub fn apply(&mut self, command: PlaybackCommand, wall_secs: f64) {
        self.wall_secs = wall_secs;
        self.stats.jumped();
        match command {
            PlaybackCommand::Play => self.play(),
            PlaybackCommand::Pause => self.pause(),
            PlaybackCommand::Toggle if self.is_playing() => self.pause(),
            PlaybackCommand::Toggle => self.play(),
            PlaybackCommand::Seek(time) => self.jump(time),
            PlaybackCommand::SeekFrame(index) => self.jump(self.table.time(index)),
            PlaybackCommand::Scrub(time) => {
                if self.scrubbed_at.is_none() {
                    self.note_place();
                }
                self.scrubbed_at = Some(wall_secs);
                self.heading = Motion::Resting;
                self.clock.anchor(time, wall_secs);
            }
            PlaybackCommand::ScrubEnd => self.scrubbed_at = None,
            PlaybackCommand::Step(by) => {
                self.pause();
                let last = i64::from(self.table.last().0);
                let to = (i64::from(self.frame().0) + i64::from(by)).clamp(0, last);
                self.step_to(self.table.time(FrameIdx(to as u32)));
            }
            PlaybackCommand::StepTime(by) => self.step_to(self.time() + by),
            PlaybackCommand::SetRate(rate) if rate.is_finite() && rate != 0.0 => {
                self.clock.set_rate(rate, wall_secs)
            }
            PlaybackCommand::SetRate(_) => {}
            PlaybackCommand::Shuttle(direction) => self.shuttle(direction),
            PlaybackCommand::Loop(range) => self.loop_range = range,
            PlaybackCommand::Back => {
                if let Some(place) = self.history.pop() {
                    self.future.push(self.time());
                    self.heading = Motion::Resting;
                    self.clock.anchor(place, wall_secs);
                }
            }
            PlaybackCommand::Forward => {
                if let Some(place) = self.future.pop() {
                    self.history.push(self.time());
                    self.heading = Motion::Resting;
                    self.clock.anchor(place, wall_secs);
                }
            }
        }
    }

    fn play(&mut self) {
        let end = self.table.range().end();
        if self.clock.rate() > 0.0 && self.time() >= end {
            self.clock.anchor(self.table.first_time(), self.wall_secs);
        }
        self.clock.set_running(true, self.wall_secs);
    }

    fn pause(&mut self) {
        self.clock.set_running(false, self.wall_secs);
        self.heading = Motion::Resting;
    }

    fn step_to(&mut self, time: MediaTime) {
        self.heading = if time < self.time() { Motion::Backward } else { Motion::Forward };
        self.clock.anchor(time, self.wall_secs);
    }

    fn jump(&mut self, time: MediaTime) {
        self.note_place();
        self.scrubbed_at = None;
        self.heading = Motion::Resting;
        // the last picture has a span of its own; "the end" is its beginning
        let last = self.table.time(self.table.last());
        let time = if self.is_playing() { time } else { time.min(last) };
        self.clock.anchor(time, self.wall_secs);
    }

    fn note_place(&mut self) {
        let place = self.time();
        self.future.clear();
        if self.history.last() != Some(&place) {
            self.history.push(place);
        }
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
    }

    fn shuttle(&mut self, direction: i8) {
        if direction == 0 {
            self.pause();
            self.clock.set_rate(1.0, self.wall_secs);
            return;
        }
        let sign = f64::from(direction.signum());
        let is_same_way = self.is_playing() && self.rate().signum() == sign;
        let speed = if is_same_way { (self.rate().abs() * 2.0).min(FASTEST) } else { 1.0 };
        self.clock.set_rate(sign * speed, self.wall_secs);
        self.play();
    }
}
