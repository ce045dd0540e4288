//! The frame table: which stored picture is on screen at which time.
//!
//! Built from the container's own timestamps, never from a nominal rate, so that variable frame
//! rate, late starts and edit lists need no special case later.

use crate::time::{FrameIdx, MediaTime, TimeRange};

/// Presentation times in ascending order, and which pictures are key frames.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameTable {
    times: Vec<MediaTime>,
    /// Raw timestamps in the stream's time base, beside `times`.
    stamps: Vec<i64>,
    keys: Vec<FrameIdx>,
    /// What a seek has to name to land on each of `keys`.
    key_stamps: Vec<i64>,
    end: MediaTime,
}

/// One stored picture as the demuxer saw it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub stamp: i64,
    /// What a seek has to name to land on this picture, if it is a key frame.
    pub seek_stamp: i64,
    pub time: MediaTime,
    pub is_key: bool,
}

impl FrameTable {
    /// Sorts entries into presentation order and drops repeated times. `end` is the clip's end as
    /// the container gives it; the table never ends before its last picture has been shown.
    pub(super) fn new(mut entries: Vec<Entry>, end: MediaTime) -> Self {
        entries.sort_by_key(|e| (e.stamp, !e.is_key));
        entries.dedup_by_key(|e| e.stamp);
        let (keys, key_stamps) = entries
            .iter()
            .enumerate()
            .filter(|(i, e)| e.is_key || *i == 0)
            .map(|(i, e)| (FrameIdx(i as u32), e.seek_stamp.min(e.stamp)))
            .unzip();
        let times: Vec<MediaTime> = entries.iter().map(|e| e.time).collect();
        let last = times.last().copied().unwrap_or_default();
        let usual_step = match times.as_slice() {
            [first, .., last] => {
                MediaTime::from_nanos((last.nanos() - first.nanos()) / (times.len() as i64 - 1))
            }
            _ => MediaTime::from_millis(33),
        };
        Self {
            stamps: entries.iter().map(|e| e.stamp).collect(),
            times,
            keys,
            key_stamps,
            end: end.max(last + usual_step),
        }
    }

    /// `count` pictures at a constant rate with a key frame every `key_step`: for synthetic sources.
    pub fn uniform(count: u32, fps: f64, key_step: u32) -> Self {
        let entry = |i: u32| Entry {
            stamp: i64::from(i),
            seek_stamp: i64::from(i),
            time: MediaTime::from_secs(f64::from(i) / fps),
            is_key: i.is_multiple_of(key_step.max(1)),
        };
        Self::new((0..count).map(entry).collect(), MediaTime::ZERO)
    }

    pub fn len(&self) -> usize {
        self.times.len()
    }

    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Presentation time of a picture; the last one's for an index past the end.
    pub fn time(&self, index: FrameIdx) -> MediaTime {
        self.times.get(index.get()).or(self.times.last()).copied().unwrap_or_default()
    }

    pub fn times(&self) -> &[MediaTime] {
        &self.times
    }

    /// The picture on screen at `time`: the last one that began by then, or the first.
    pub fn at(&self, time: MediaTime) -> FrameIdx {
        FrameIdx(self.times.partition_point(|t| *t <= time).saturating_sub(1) as u32)
    }

    pub fn last(&self) -> FrameIdx {
        FrameIdx(self.times.len().saturating_sub(1) as u32)
    }

    /// The key frame that decoding has to start from.
    pub fn keyframe_before(&self, index: FrameIdx) -> FrameIdx {
        let at = self.keys.partition_point(|k| *k <= index).saturating_sub(1);
        self.keys.get(at).copied().unwrap_or_default()
    }

    /// From the clip's zero, or its first picture if earlier, to the end of its last picture.
    pub fn range(&self) -> TimeRange {
        let first = self.times.first().copied().unwrap_or_default();
        TimeRange::new(first.min(MediaTime::ZERO), self.end)
    }

    pub fn first_time(&self) -> MediaTime {
        self.times.first().copied().unwrap_or_default()
    }

    /// True when steps between pictures differ by more than a millisecond or a tenth of the step.
    pub fn is_variable_rate(&self) -> bool {
        let steps = || self.times.windows(2).map(|w| (w[1] - w[0]).nanos());
        let (Some(min), Some(max)) = (steps().min(), steps().max()) else { return false };
        max - min > 2_000_000.max(min / 10)
    }

    /// The timestamp to seek to for a key frame of the table.
    pub(super) fn seek_stamp(&self, key: FrameIdx) -> i64 {
        let at = self.keys.partition_point(|k| *k <= key).saturating_sub(1);
        self.key_stamps.get(at).copied().unwrap_or_default()
    }

    pub(super) fn stamp(&self, index: FrameIdx) -> Option<i64> {
        self.stamps.get(index.get()).copied()
    }

    /// The picture a decoder's timestamp belongs to: exact, else the nearest.
    pub(super) fn index_of_stamp(&self, stamp: i64) -> FrameIdx {
        let at = match self.stamps.binary_search(&stamp) {
            Ok(at) => at,
            Err(at) => {
                let before = at.checked_sub(1).map(|i| stamp - self.stamps[i]);
                let after = self.stamps.get(at).map(|s| s - stamp);
                match (before, after) {
                    (Some(b), Some(a)) if b <= a => at - 1,
                    (Some(_), None) => at - 1,
                    _ => at,
                }
            }
        };
        FrameIdx(at as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(millis: &[i64]) -> FrameTable {
        let entry = |(i, ms): (usize, &i64)| Entry {
            stamp: *ms,
            seek_stamp: *ms,
            time: MediaTime::from_millis(*ms),
            is_key: i % 5 == 0,
        };
        FrameTable::new(millis.iter().enumerate().map(entry).collect(), MediaTime::ZERO)
    }

    #[test]
    fn pictures_are_found_by_time_with_uneven_steps() {
        let table = table(&[100, 133, 300, 310]);
        let at = |ms| table.at(MediaTime::from_millis(ms)).0;
        assert_eq!([at(0), at(100), at(299), at(300), at(9999)], [0, 0, 1, 2, 3]);
        assert!(table.is_variable_rate());
    }

    proptest! {
        #[test]
        fn time_of_a_picture_leads_back_to_it(mut millis in proptest::collection::vec(0i64..100_000, 1..200)) {
            millis.sort_unstable();
            millis.dedup();
            let table = table(&millis);
            for i in 0..table.len() {
                let index = FrameIdx(i as u32);
                prop_assert_eq!(table.at(table.time(index)), index);
                prop_assert_eq!(table.index_of_stamp(table.stamp(index).unwrap()), index);
                prop_assert!(table.keyframe_before(index) <= index);
            }
        }
    }
}
