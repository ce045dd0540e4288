//! Decoded pictures near the playhead, within a byte budget.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::plan::Plan;
use crate::time::FrameIdx;
use crate::video::Frame;

/// Evicts what the plan has no use for, the farthest first. Pinned pictures stay.
pub struct FrameCache {
    frames: BTreeMap<FrameIdx, Arc<Frame>>,
    /// The likeliest first.
    pinned: Vec<FrameIdx>,
    bytes: usize,
    budget: usize,
}

impl FrameCache {
    pub fn new(budget: usize) -> Self {
        Self { frames: BTreeMap::new(), pinned: Vec::new(), bytes: 0, budget }
    }

    /// The budget, bytes.
    pub fn limit(&self) -> usize {
        self.budget
    }

    pub fn get(&self, index: FrameIdx) -> Option<&Arc<Frame>> {
        self.frames.get(&index)
    }

    pub fn contains(&self, index: FrameIdx) -> bool {
        self.frames.contains_key(&index)
    }

    /// How many pictures of this size fit beside the pinned ones.
    pub fn room(&self, frame_bytes: usize) -> u32 {
        let all = u32::try_from(self.budget / frame_bytes.max(1)).unwrap_or(u32::MAX);
        all.saturating_sub(self.pinned.len() as u32).max(1)
    }

    /// Pictures that are kept wherever the playhead is, in place of those pinned before.
    pub fn pin(&mut self, pictures: impl IntoIterator<Item = FrameIdx>) {
        self.pinned = pictures.into_iter().collect();
    }

    pub fn pinned(&self) -> impl Iterator<Item = FrameIdx> {
        self.pinned.iter().copied()
    }

    pub fn insert(&mut self, frame: Arc<Frame>, plan: &Plan) {
        self.bytes += frame.byte_len();
        if let Some(old) = self.frames.insert(frame.index, frame) {
            self.bytes -= old.byte_len();
        }
        while self.bytes > self.budget && self.frames.len() > 1 {
            let indices = self.frames.keys().filter(|index| !self.pinned.contains(index));
            let Some(victim) = indices.max_by_key(|index| uselessness(**index, plan)).copied() else { break };
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

/// How far outside of what the plan keeps; then whether it is passed over at this speed; then how far
/// from the playhead.
fn uselessness(index: FrameIdx, plan: &Plan) -> (u32, bool, u32) {
    let keep = plan.keep();
    let outside = keep.start().0.saturating_sub(index.0).max(index.0.saturating_sub(keep.end().0));
    (outside, !index.0.is_multiple_of(plan.stride), index.0.abs_diff(plan.due.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playback::plan::Motion;
    use crate::playback::testing::grey_frame;

    fn cache(room: usize) -> FrameCache {
        FrameCache::new(grey_frame(FrameIdx(0)).byte_len() * room)
    }

    fn insert(cache: &mut FrameCache, index: u32, due: u32, motion: Motion) {
        let room = cache.room(grey_frame(FrameIdx(0)).byte_len());
        let plan = Plan { due: FrameIdx(due), motion, stride: 1, room };
        cache.insert(Arc::new(grey_frame(FrameIdx(index))), &plan);
    }

    #[test]
    fn the_budget_holds_and_the_playhead_keeps_its_neighbours() {
        let mut cache = cache(10);
        for i in 0..100 {
            insert(&mut cache, i, i, Motion::Forward);
            assert!(cache.bytes() <= 10 * grey_frame(FrameIdx(0)).byte_len());
        }
        assert!(cache.contains(FrameIdx(99)) && cache.contains(FrameIdx(95)));
        assert!(!cache.contains(FrameIdx(20)));
    }

    #[test]
    fn going_back_a_part_that_comes_oldest_first_stays_whole() {
        let mut cache = cache(100);
        (400..500).for_each(|i| insert(&mut cache, i, 499, Motion::Forward));
        // half of it has been looked at; the part before comes in
        (365..400).for_each(|i| insert(&mut cache, i, 430, Motion::Backward));
        assert!((365..=430).all(|i| cache.contains(FrameIdx(i))));
    }

    #[test]
    fn pinned_pictures_outlive_a_walk_through_the_clip() {
        let mut cache = cache(10);
        cache.pin([FrameIdx(5)]);
        (0..200).for_each(|i| insert(&mut cache, i, i, Motion::Forward));
        assert!(cache.contains(FrameIdx(5)) && cache.contains(FrameIdx(199)));
    }
}
