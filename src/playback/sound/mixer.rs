//! What the speaker plays now: decoded blocks laid against the clock.
//!
//! Each sample has its time, so nothing has to be counted and nothing accumulates: a device that
//! runs fast or slow, a gap in the file and a late start all show as a difference between the time
//! of the next sample and the clock's, and are put right by skipping or by silence.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, PoisonError, TryLockError};
use std::time::Instant;

use super::plan::{Plan, SharedPlan};
use crate::time::MediaTime;
use crate::video::{SoundBlock, count_in, samples_long};

/// Differences from the clock up to this are left alone: nobody sees lips that far off, and each
/// correction can be heard.
const SLACK: MediaTime = MediaTime::from_millis(30);
/// From silence to full and back, so that starting and stopping does not click.
const FADE_SECS: f32 = 0.005;

/// A block and the jump of the playhead that it belongs to.
pub(super) struct Tagged {
    pub epoch: u64,
    pub block: SoundBlock,
}

/// Fills the speaker's buffers. Never waits.
pub struct Mixer {
    shared: Arc<SharedPlan>,
    plan: Plan,
    blocks: Receiver<Tagged>,
    rate: u32,
    current: Option<Tagged>,
    /// Samples of `current` already played.
    played: usize,
    gain: f32,
}

impl Mixer {
    pub(super) fn new(shared: Arc<SharedPlan>, blocks: Receiver<Tagged>, rate: u32) -> Self {
        Self { shared, plan: Plan::default(), blocks, rate, current: None, played: 0, gain: 0.0 }
    }

    /// Writes frames of `channels` samples; the first is heard at `heard_at`.
    pub fn fill(&mut self, out: &mut [f32], channels: usize, heard_at: Instant) {
        match self.shared.plan.try_lock() {
            Ok(plan) => self.plan = *plan,
            Err(TryLockError::Poisoned(poisoned)) => self.plan = *PoisonError::into_inner(poisoned),
            // the plan of a buffer ago will do
            Err(TryLockError::WouldBlock) => {}
        }
        self.drop_old_blocks();
        let step = 1.0 / (FADE_SECS * self.rate as f32);
        let is_running = self.plan.running.is_some();
        for (number, frame) in out.chunks_mut(channels.max(1)).enumerate() {
            let due =
                self.plan.running.map(|anchor| anchor.at(heard_at) + samples_long(number as u64, self.rate));
            let is_fading = !is_running && self.gain > 0.0;
            let sample = if is_running || is_fading { self.next_sample(due) } else { None };
            let target = if is_running && sample.is_some() { 1.0 } else { 0.0 };
            self.gain += (target - self.gain).clamp(-step, step);
            write(frame, sample.unwrap_or_default().map(|s| s * self.gain));
        }
    }

    fn drop_old_blocks(&mut self) {
        if self.current.as_ref().is_some_and(|c| c.epoch != self.plan.epoch) {
            self.current = None;
            self.gain = 0.0;
        }
        while self.current.is_none() {
            match self.blocks.try_recv() {
                Ok(block) if block.epoch == self.plan.epoch => {
                    self.current = Some(block);
                    self.played = 0;
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    /// The sample for `due`; `None` where there is none yet. Without `due`, simply the next one.
    fn next_sample(&mut self, due: Option<MediaTime>) -> Option<[f32; 2]> {
        loop {
            let Some(Tagged { block, .. }) = &self.current else {
                self.drop_old_blocks();
                self.current.as_ref()?;
                continue;
            };
            let Some(sample) = block.samples.get(self.played) else {
                self.current = None;
                continue;
            };
            let time = block.time + samples_long(self.played as u64, self.rate);
            if let Some(due) = due {
                // Out of silence, the first sample goes to its place. The clock stands between two
                // samples: less than half of one as slack, and neither would ever be due.
                let three_quarters = samples_long(3, self.rate.saturating_mul(4));
                let slack = if self.gain > 0.0 { SLACK } else { three_quarters };
                if time > due + slack {
                    return None;
                }
                let late = count_in(due - time, self.rate) as usize;
                if due > time + slack && late > 0 {
                    self.played += late;
                    continue;
                }
            }
            self.played += 1;
            return Some(*sample);
        }
    }
}

/// Left and right to the first two speakers; one speaker gets their mean.
fn write(frame: &mut [f32], [left, right]: [f32; 2]) {
    frame.fill(0.0);
    match frame {
        [one] => *one = (left + right) / 2.0,
        [first, second, ..] => (*first, *second) = (left, right),
        [] => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{SyncSender, sync_channel};
    use std::time::Duration;

    use super::super::plan::Anchor;
    use super::*;

    const RATE: u32 = 1000;

    /// A mixer with a clock at zero now, and a way to give it blocks whose samples say their time:
    /// 0.001 for every millisecond.
    fn mixer() -> (Mixer, SyncSender<Tagged>, Instant) {
        let shared = Arc::new(SharedPlan::default());
        let now = Instant::now();
        shared.lock().running = Some(Anchor { media: MediaTime::ZERO, wall: now });
        let (sender, blocks) = sync_channel(64);
        let mut mixer = Mixer::new(shared, blocks, RATE);
        mixer.gain = 1.0;
        (mixer, sender, now)
    }

    fn block(epoch: u64, from: i64, count: i64) -> Tagged {
        let samples = (from..from + count).map(|ms| [ms as f32 * 0.001; 2]).collect();
        Tagged { epoch, block: SoundBlock { time: MediaTime::from_millis(from), samples } }
    }

    fn heard(mixer: &mut Mixer, now: Instant, at_millis: u64, count: usize) -> Vec<i64> {
        let mut out = vec![0.0; count * 2];
        mixer.fill(&mut out, 2, now + Duration::from_millis(at_millis));
        out.chunks(2).map(|pair| (pair[0] * 1000.0).round() as i64).collect()
    }

    #[test]
    fn blocks_follow_each_other_without_a_seam() {
        let (mut mixer, sender, now) = mixer();
        for n in 0..4 {
            assert!(sender.send(block(0, n * 25, 25)).is_ok());
        }
        let mut all = heard(&mut mixer, now, 0, 40);
        // a callback that comes a little late is no reason to skip
        all.extend(heard(&mut mixer, now, 52, 60));
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_speaker_that_fell_behind_skips_to_the_clock() {
        let (mut mixer, sender, now) = mixer();
        assert!(sender.send(block(0, 0, 500)).is_ok());
        heard(&mut mixer, now, 0, 10);
        assert_eq!(heard(&mut mixer, now, 200, 3), [200, 201, 202]);
    }

    #[test]
    fn sound_that_begins_later_than_the_picture_waits_for_its_place() {
        let (mut mixer, sender, now) = mixer();
        assert!(sender.send(block(0, 300, 100)).is_ok());
        mixer.gain = 0.0;
        assert_eq!(heard(&mut mixer, now, 0, 300), vec![0; 300]);
        let begun = heard(&mut mixer, now, 300, 20);
        assert_eq!(begun[10..], (310..320).collect::<Vec<_>>());
    }

    #[test]
    fn sound_starts_wherever_the_clock_stands_between_two_samples() {
        for micros in (0..1000).step_by(50) {
            let (mut mixer, sender, now) = mixer();
            assert!(sender.send(block(0, 0, 200)).is_ok());
            mixer.gain = 0.0;
            let mut out = vec![0.0; 100];
            mixer.fill(&mut out, 1, now + Duration::from_micros(20_000 + micros));
            let off = (out[50] * 1000.0).round() as i64 - 70;
            assert!((0..=1).contains(&off), "{micros} microseconds: off by {off} samples");
        }
    }

    #[test]
    fn after_a_jump_nothing_of_the_old_place_is_heard() {
        let (mut mixer, sender, now) = mixer();
        assert!(sender.send(block(0, 0, 50)).is_ok());
        assert!(sender.send(block(0, 50, 50)).is_ok());
        assert!(sender.send(block(1, 9000, 50)).is_ok());
        heard(&mut mixer, now, 0, 10);
        {
            let mut plan = mixer.shared.lock();
            plan.epoch = 1;
            plan.running = Some(Anchor { media: MediaTime::from_millis(9000), wall: now });
        }
        let after = heard(&mut mixer, now, 0, 50);
        assert_eq!(after[10..], (9010..9050).collect::<Vec<_>>());
        assert!(after[..10].iter().all(|s| *s == 0 || *s > 1000), "{after:?}");
    }

    #[test]
    fn a_pause_fades_out_and_keeps_what_comes_next() {
        let (mut mixer, sender, now) = mixer();
        assert!(sender.send(block(0, 0, 200)).is_ok());
        heard(&mut mixer, now, 0, 50);
        mixer.shared.lock().running = None;
        let paused = heard(&mut mixer, now, 50, 50);
        assert!(paused[1] > 0 && paused[1] < 50 && paused[10..].iter().all(|s| *s == 0), "{paused:?}");
        assert!(mixer.played < 60, "{}", mixer.played);
    }
}
