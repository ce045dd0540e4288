//! The recorder's clock and the clip's: which moment of the clip a time stamp is.

use std::path::Path;

use super::table;
use crate::nn::npy::parse_npy;
use crate::time::MediaTime;

/// When the scene camera took each picture, by the recorder's clock, beside where that picture is
/// in the clip. The two need not run alike, so gaze is placed between the pictures around it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FrameClock {
    /// Nanoseconds, ascending.
    stamps: Vec<i64>,
    times: Vec<MediaTime>,
    /// The usual distance of two pictures, by the recorder's clock.
    pace: i64,
}

impl FrameClock {
    /// `frame_times` are those of the clip's pictures; without them the clip is taken to run like
    /// the recorder. `None` without stamps.
    pub fn new(mut stamps: Vec<i64>, frame_times: Option<&[MediaTime]>) -> Option<Self> {
        let first = *stamps.first()?;
        if !stamps.is_sorted() {
            stamps.sort_unstable();
        }
        let times: Vec<MediaTime> = match frame_times {
            Some(times) if !times.is_empty() => times.iter().copied().take(stamps.len()).collect(),
            _ => stamps.iter().map(|s| MediaTime::from_nanos(s.saturating_sub(first))).collect(),
        };
        stamps.truncate(times.len());
        let mut steps: Vec<i64> = stamps.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        let middle = steps.len() / 2;
        let pace = if steps.is_empty() { 0 } else { *steps.select_nth_unstable(middle).1 };
        Some(Self { stamps, times, pace })
    }

    /// Reads the list of picture times that a recorder exports beside its gaze.
    pub fn beside(gaze_file: &Path, frame_times: Option<&[MediaTime]>) -> Option<Self> {
        let dir = gaze_file.parent()?;
        let files = ["world_timestamps.csv", "world.csv", "world_timestamps.npy"];
        let path = files.into_iter().map(|name| dir.join(name)).find(|path| path.is_file())?;
        let stamps = if path.extension().is_some_and(|e| e == "npy") {
            let seconds = parse_npy(&std::fs::read(&path).ok()?).ok()?.values;
            seconds.iter().filter(|s| s.is_finite()).map(|s| MediaTime::from_secs(*s).nanos()).collect()
        } else {
            table::world_stamps(&path)?
        };
        Self::new(stamps, frame_times)
    }

    /// Linear between the pictures around it; at the recorder's own pace before and after them.
    /// `None` where the camera took no picture for a while and the clip does not show that.
    pub fn clip_time(&self, stamp: i64) -> Option<MediaTime> {
        let after = self.stamps.partition_point(|s| *s <= stamp);
        let since = |i: usize| MediaTime::from_nanos(stamp.saturating_sub(self.stamps[i]));
        if after == 0 {
            return Some(self.times[0] + since(0));
        }
        let (s0, t0) = (self.stamps[after - 1], self.times[after - 1]);
        let (Some(s1), Some(t1)) = (self.stamps.get(after), self.times.get(after)) else {
            return Some(t0 + since(after - 1));
        };
        let (step, shown) = (s1.saturating_sub(s0).max(1), (*t1 - t0).nanos());
        let is_gap = step.saturating_sub(shown) > self.pace.saturating_mul(2);
        if is_gap {
            let (early, late) = (stamp.saturating_sub(s0), s1.saturating_sub(stamp));
            return match (early <= self.pace, late <= self.pace) {
                (true, _) => Some((t0 + since(after - 1)).min(*t1)),
                (_, true) => Some((*t1 - MediaTime::from_nanos(late)).max(t0)),
                _ => None,
            };
        }
        let fraction = stamp.saturating_sub(s0) as f64 / step as f64;
        Some(t0 + MediaTime::from_nanos((fraction * shown as f64) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn clock(stamps: &[i64], times: &[i64]) -> FrameClock {
        let times: Vec<_> = times.iter().map(|t| MediaTime::from_millis(*t)).collect();
        FrameClock::new(stamps.iter().map(|s| s * MS).collect(), Some(&times)).expect("has stamps")
    }

    #[test]
    fn gaze_lies_between_the_pictures_around_it() {
        let clock = clock(&[1000, 1030, 1070, 1100], &[0, 33, 66, 100]);
        assert_eq!(clock.clip_time(1050 * MS), Some(MediaTime::from_nanos(49_500_000)));
        assert_eq!(clock.clip_time(990 * MS), Some(MediaTime::from_millis(-10)));
        assert_eq!(clock.clip_time(1120 * MS), Some(MediaTime::from_millis(120)));
    }

    #[test]
    fn gaze_during_a_gap_that_the_clip_does_not_show_is_nowhere() {
        let clock = clock(&[0, 33, 66, 2066, 2100, 2133], &[0, 33, 66, 100, 133, 166]);
        assert_eq!(clock.clip_time(1000 * MS), None);
        assert_eq!(clock.clip_time(70 * MS), Some(MediaTime::from_millis(70)));
        assert_eq!(clock.clip_time(2060 * MS), Some(MediaTime::from_millis(94)));
    }

    #[test]
    fn gaze_during_a_gap_that_the_clip_shows_stays_in_it() {
        let clock = clock(&[0, 33, 66, 2066, 2100], &[0, 33, 66, 2066, 2100]);
        assert_eq!(clock.clip_time(1000 * MS), Some(MediaTime::from_millis(1000)));
    }
}
