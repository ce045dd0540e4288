//! What the picture's clock asks of the sound, shared by the window, the reader and the speaker.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::time::MediaTime;

/// Differences between the window's clock and the plan up to this are the window's own unevenness.
const UNEVEN: MediaTime = MediaTime::from_millis(40);
/// Sound this far ahead is decoded already; a jump further than this is read anew.
const WITHIN_REACH: MediaTime = MediaTime::from_millis(300);

/// Media time at an instant, running at normal speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Anchor {
    pub media: MediaTime,
    pub wall: Instant,
}

impl Anchor {
    pub fn at(&self, wall: Instant) -> MediaTime {
        let nanos = |d: Duration| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX);
        let since = nanos(wall.saturating_duration_since(self.wall))
            - nanos(self.wall.saturating_duration_since(wall));
        self.media + MediaTime::from_nanos(since)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// Counts jumps; blocks of older ones are dropped.
    pub epoch: u64,
    /// Where the reader begins in this epoch.
    pub from: MediaTime,
    /// `None` is silence.
    pub running: Option<Anchor>,
    /// Where the sound stopped last.
    rests_at: Option<MediaTime>,
    pub is_closed: bool,
}

impl Plan {
    /// The clock shows `wanted` now; `None` when nothing should be heard.
    pub fn follow(&mut self, wanted: Option<MediaTime>, now: Instant) {
        let position = self.running.map(|anchor| anchor.at(now)).or(self.rests_at);
        let Some(media) = wanted else {
            self.rests_at = position;
            self.running = None;
            return;
        };
        let is_steady = self.running.is_some_and(|anchor| anchor.at(now).distance(media) <= UNEVEN);
        if is_steady {
            return;
        }
        let is_within_reach = position.is_some_and(|at| media + UNEVEN >= at && media <= at + WITHIN_REACH);
        if !is_within_reach {
            self.epoch += 1;
            self.from = media;
        }
        self.running = Some(Anchor { media, wall: now });
    }
}

/// The plan, and a bell for whoever waits for it to change.
#[derive(Default)]
pub(super) struct SharedPlan {
    pub plan: Mutex<Plan>,
    pub changed: Condvar,
}

impl SharedPlan {
    pub fn lock(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn update(&self, change: impl FnOnce(&mut Plan)) {
        let mut plan = self.lock();
        let before = *plan;
        change(&mut plan);
        if *plan != before {
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_playing_leaves_the_plan_alone_and_a_jump_begins_anew() {
        let (mut plan, start) = (Plan::default(), Instant::now());
        let at = |ms: i64| Some(MediaTime::from_millis(ms));
        let after = |ms: u64| start + Duration::from_millis(ms);
        plan.follow(at(5000), start);
        let playing = plan;
        assert_eq!((playing.epoch, playing.from), (1, MediaTime::from_millis(5000)));
        for ms in (0u64..1000).step_by(16) {
            plan.follow(at(5000 + ms as i64 + 7), after(ms));
        }
        assert_eq!(plan, playing);
        plan.follow(at(2000), after(1000));
        assert_eq!((plan.epoch, plan.from), (2, MediaTime::from_millis(2000)));
    }

    #[test]
    fn playing_on_after_a_pause_reads_nothing_again_but_stepping_in_between_does() {
        let (mut plan, start) = (Plan::default(), Instant::now());
        let after = |ms: u64| start + Duration::from_millis(ms);
        plan.follow(Some(MediaTime::ZERO), start);
        plan.follow(None, after(1000));
        assert_eq!(plan.running, None);
        plan.follow(Some(MediaTime::from_millis(1000)), after(5000));
        assert_eq!(plan.epoch, 1);
        plan.follow(None, after(5500));
        plan.follow(Some(MediaTime::from_millis(900)), after(9000));
        assert_eq!((plan.epoch, plan.from), (2, MediaTime::from_millis(900)));
    }
}
