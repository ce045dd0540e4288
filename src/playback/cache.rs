//! Decoded pictures near the playhead, within a byte budget.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::time::FrameIdx;
use crate::video::Frame;

/// Evicts by distance from the playhead; pictures behind it count as twice as far.
pub struct FrameCache {
    frames: BTreeMap<FrameIdx, Arc<Frame>>,
    bytes: usize,
    budget: usize,
}

impl FrameCache {
    pub fn new(budget: usize) -> Self {
        Self { frames: BTreeMap::new(), bytes: 0, budget }
    }

    pub fn get(&self, index: FrameIdx) -> Option<&Arc<Frame>> {
        self.frames.get(&index)
    }

    pub fn contains(&self, index: FrameIdx) -> bool {
        self.frames.contains_key(&index)
    }

    pub fn insert(&mut self, frame: Arc<Frame>, playhead: FrameIdx, is_reverse: bool) {
        self.bytes += frame.byte_len();
        if let Some(old) = self.frames.insert(frame.index, frame) {
            self.bytes -= old.byte_len();
        }
        while self.bytes > self.budget && self.frames.len() > 1 {
            let (Some(first), Some(last)) = (self.frames.keys().next(), self.frames.keys().next_back())
            else {
                break;
            };
            let behind = i64::from(playhead.0) - i64::from(first.0);
            let ahead = i64::from(last.0) - i64::from(playhead.0);
            let is_first_farther = if is_reverse { behind > ahead * 2 } else { behind * 2 > ahead };
            let victim = if is_first_farther { *first } else { *last };
            if let Some(old) = self.frames.remove(&victim) {
                self.bytes -= old.byte_len();
            }
        }
    }

    /// The nearest picture at or before `index` down to `floor`.
    pub fn nearest_before(&self, index: FrameIdx, floor: FrameIdx) -> Option<&Arc<Frame>> {
        self.frames.range(floor..=index).next_back().map(|(_, f)| f)
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playback::testing::grey_frame;

    #[test]
    fn the_budget_holds_and_the_playhead_keeps_its_neighbours() {
        let one = grey_frame(FrameIdx(0)).byte_len();
        let mut cache = FrameCache::new(one * 10);
        for i in 0..100 {
            cache.insert(Arc::new(grey_frame(FrameIdx(i))), FrameIdx(i), false);
            assert!(cache.bytes() <= one * 10);
        }
        assert!(cache.contains(FrameIdx(99)) && cache.contains(FrameIdx(95)));
        assert!(!cache.contains(FrameIdx(20)));
    }
}
