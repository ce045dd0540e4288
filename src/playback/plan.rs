//! What to decode next and what is worth keeping: a pure function of where the playhead is, which way
//! it goes and what is there already.
//!
//! Going back is the hard way, since decoding only runs forwards from a key frame. A group that is too
//! large to be kept whole is decoded again in parts, each while the part after it is still being
//! looked at.

use crate::time::FrameIdx;
use crate::video::{FrameTable, OnTheWay};

/// Pictures decoded ahead of a playhead that goes forward.
const AHEAD: u32 = 24;
/// Pictures ahead of a resting playhead: where it landed they are the next ones out of the decoder.
const AHEAD_AT_REST: u32 = 8;
/// Pictures kept on the way to one that was jumped to: the first steps back from it.
const AT_A_JUMP: u32 = 24;
/// A part of a group is at most this long; more would only take longer to come.
const MAX_PART: u32 = 96;
/// Sent by the decoder and not yet in the cache, at most.
const IN_FLIGHT: u32 = 8;
/// More pictures a second than a screen shows are left out.
const SCREEN_FPS: f64 = 60.0;
/// Backwards every group is decoded several times over, so fast reverse play shows fewer.
const REVERSE_FPS: f64 = 30.0;

/// Which way the playhead goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// It has landed somewhere; either way may follow.
    Resting,
    Forward,
    Backward,
    /// Under the user's hand.
    Dragged,
}

/// Work for the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A key frame, at once.
    Key(FrameIdx),
    /// This one as soon as can be, then those of the way to it that are to be kept, newest first.
    At { at: FrameIdx, keep: OnTheWay },
    /// Every `stride`th of these, in order.
    Run { from: FrameIdx, to: FrameIdx, stride: u32 },
}

/// Where the playhead is and what may be kept around it.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub due: FrameIdx,
    pub motion: Motion,
    /// Only every so many pictures are shown.
    pub stride: u32,
    /// Pictures that the cache holds.
    pub room: u32,
}

impl Wish {
    /// The picture that is needed first.
    pub fn target(&self) -> FrameIdx {
        match self {
            Self::Key(at) | Self::At { at, .. } | Self::Run { from: at, .. } => *at,
        }
    }

    /// Whether the work for this wish, which is at `next`, will bring what `newer` needs first: then
    /// that can wait, and the walk from the key frame is not begun again at every turn of the clock.
    pub fn brings(&self, newer: &Self, next: FrameIdx) -> bool {
        let target = newer.target();
        match self {
            Self::Key(at) => target == *at,
            Self::At { at, keep } => target == *at || keep.has(target, *at),
            Self::Run { from, to, stride } => {
                // a run that begins with what this one has brought is for the rest of it
                let first = if matches!(newer, Self::Run { .. }) { *from } else { next };
                (first..=*to).contains(&target) && (target.0 - first.0).is_multiple_of(*stride)
            }
        }
    }
}

impl Plan {
    /// Pictures ahead that are decoded before they are needed.
    fn ahead(&self) -> u32 {
        AHEAD.min(self.room / 4).max(1)
    }

    /// Pictures of one part of a group, going back: while one is looked at, the part before is made.
    pub fn part(&self) -> u32 {
        (self.room.saturating_sub(self.ahead() + IN_FLIGHT) / 2).clamp(1, MAX_PART)
    }

    /// The pictures worth keeping.
    pub fn keep(&self) -> std::ops::RangeInclusive<FrameIdx> {
        let behind = match self.motion {
            Motion::Backward | Motion::Resting => self.part() * 2,
            Motion::Forward | Motion::Dragged => self.room.saturating_sub(self.ahead() + IN_FLIGHT),
        };
        let ahead = self.room.saturating_sub(behind).max(1);
        let low = self.due.0.saturating_sub(behind.saturating_mul(self.stride));
        FrameIdx(low)..=FrameIdx(self.due.0.saturating_add(ahead.saturating_mul(self.stride)))
    }

    /// What the decoder should do now; nothing when enough is there.
    pub fn wish(&self, table: &FrameTable, has: impl Fn(FrameIdx) -> bool) -> Option<Wish> {
        let due = self.due;
        let key = table.keyframe_before(due);
        match self.motion {
            Motion::Forward => self.ahead_of(table, &has, self.ahead()),
            Motion::Dragged if !has(due) && !has(key) => Some(Wish::Key(key)),
            Motion::Backward if !has(due) => {
                // late: one walk from the key frame brings this picture and the part before it
                Some(Wish::At { at: due, keep: OnTheWay { count: self.part() - 1, stride: self.stride } })
            }
            _ if !has(due) => {
                let count = AT_A_JUMP.min(self.part());
                Some(Wish::At { at: due, keep: OnTheWay { count, stride: self.stride } })
            }
            Motion::Dragged => None,
            Motion::Backward => self.behind(table, &has),
            Motion::Resting => self
                .ahead_of(table, &has, AHEAD_AT_REST.min(self.ahead()))
                .or_else(|| self.behind(table, &has)),
        }
    }

    fn ahead_of(&self, table: &FrameTable, has: &impl Fn(FrameIdx) -> bool, reach: u32) -> Option<Wish> {
        let to = FrameIdx(self.due.0.saturating_add(reach * self.stride)).min(table.last());
        let missing = (self.due.0..=to.0).step_by(self.stride as usize).map(FrameIdx).find(|i| !has(*i))?;
        Some(Wish::Run { from: missing, to, stride: self.stride })
    }

    /// The part before what is there, as soon as less than a part is left.
    fn behind(&self, table: &FrameTable, has: &impl Fn(FrameIdx) -> bool) -> Option<Wish> {
        let places = (0..self.part()).map_while(|n| self.due.0.checked_sub(n * self.stride));
        let to = places.map(FrameIdx).find(|i| !has(*i))?;
        let reach = (self.part() - 1) * self.stride;
        let key = table.keyframe_before(to);
        // in steps of the stride, so that the part ends on `to`
        let steps = (to.0 - key.0).min(reach) / self.stride;
        Some(Wish::Run { from: FrameIdx(to.0 - steps * self.stride), to, stride: self.stride })
    }
}

/// Every how many pictures one is shown at this speed, for a clip with `fps` pictures a second.
pub fn stride(rate: f64, fps: f64) -> u32 {
    let a_second = if rate < 0.0 { REVERSE_FPS } else { SCREEN_FPS };
    // normal speed shows every picture, whatever the clip's rate
    let steps = (rate.abs() * fps / a_second.max(fps)).round();
    if steps.is_finite() { steps.clamp(1.0, 64.0) as u32 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const LONG: u32 = 250;

    fn plan(due: u32, motion: Motion) -> Plan {
        Plan { due: FrameIdx(due), motion, stride: 1, room: 129 }
    }

    fn table() -> FrameTable {
        FrameTable::uniform(LONG * 8, 30.0, LONG)
    }

    fn wish(plan: Plan, there: impl IntoIterator<Item = u32>) -> Option<Wish> {
        let there: BTreeSet<u32> = there.into_iter().collect();
        plan.wish(&table(), |i| there.contains(&i.0))
    }

    fn run(from: u32, to: u32) -> Option<Wish> {
        Some(Wish::Run { from: FrameIdx(from), to: FrameIdx(to), stride: 1 })
    }

    #[test]
    fn a_jump_wants_its_picture_then_a_few_ahead_then_a_part_behind() {
        let at = plan(700, Motion::Resting);
        assert_eq!(
            wish(at, []),
            Some(Wish::At { at: FrameIdx(700), keep: OnTheWay { count: AT_A_JUMP, stride: 1 } })
        );
        assert_eq!(wish(at, 676..=700), run(701, 708));
        assert_eq!(wish(at, 676..=708), run(675 - at.part() + 1, 675));
        assert_eq!(wish(at, 700 - at.part()..=708), None);
    }

    #[test]
    fn going_back_the_part_before_is_wished_for_while_one_part_is_left() {
        let at = plan(700, Motion::Backward);
        let part = at.part();
        assert!(part > 45, "a second and a half at thirty a second");
        assert_eq!(wish(at, 700 - part + 1..=700), None, "enough is there");
        assert_eq!(wish(at, 700 - part + 2..=700), run(700 + 2 - 2 * part, 700 - part + 1));
    }

    #[test]
    fn a_part_ends_at_the_key_frame_so_that_no_other_group_is_waited_for() {
        let at = plan(520, Motion::Backward);
        assert_eq!(wish(at, 506..=520), run(500, 505));
        assert_eq!(wish(at, 500..=520), run(500 - at.part(), 499));
    }

    #[test]
    fn what_is_wished_for_is_worth_keeping() {
        for room in [1, 2, 5, 20, 37, 129, 300, 5000] {
            for motion in [Motion::Resting, Motion::Forward, Motion::Backward] {
                for stride in [1, 3] {
                    let plan = Plan { due: FrameIdx(999), motion, stride, room };
                    let keep = plan.keep();
                    let held = (keep.end().0 - keep.start().0) / stride + 1;
                    assert!(room < 4 || held <= room + 1, "{plan:?} keeps {held}");
                    let mut there = BTreeSet::from([999]);
                    for _ in 0..10 {
                        match plan.wish(&table(), |i| there.contains(&i.0)) {
                            Some(Wish::Run { from, to, stride }) => {
                                assert!(room < 4 || keep.contains(&from) && keep.contains(&to), "{plan:?}");
                                there.extend((from.0..=to.0).step_by(stride as usize));
                            }
                            other => assert_eq!(other, None),
                        }
                    }
                    assert_eq!(plan.wish(&table(), |i| there.contains(&i.0)), None, "it comes to rest");
                }
            }
        }
    }

    #[test]
    fn fast_play_shows_as_many_pictures_as_can_be_made() {
        assert_eq!([1.0, 2.0, 4.0, 16.0].map(|rate| stride(rate, 30.0)), [1, 1, 2, 8]);
        assert_eq!([-0.5, -1.0, -2.0, -4.0].map(|rate| stride(rate, 30.0)), [1, 1, 2, 4]);
        assert_eq!([1.0, -1.0, 2.0].map(|rate| stride(rate, 120.0)), [1, 1, 2]);
        assert_eq!(stride(f64::NAN, 30.0), 1);
    }

    /// A decoder in a world where time is counted and not measured.
    struct Simulated {
        /// What a picture takes.
        cost_ms: f64,
        /// The last picture that came out.
        position: Option<u32>,
        wish: Option<Wish>,
        /// What is still to be decoded for it, the next one last.
        left: Vec<u32>,
        spent_ms: f64,
    }

    impl Simulated {
        /// Works for a while; what has come out.
        fn work(&mut self, wish: Option<Wish>, millis: f64, table: &FrameTable) -> Vec<u32> {
            if self.wish != wish {
                self.wish = wish;
                self.spent_ms = 0.0;
                self.left = match wish {
                    None => Vec::new(),
                    Some(Wish::Key(at) | Wish::At { at, .. }) => vec![at.0],
                    Some(Wish::Run { from, to, stride }) => {
                        (from.0..=to.0).rev().step_by(stride as usize).collect()
                    }
                };
            }
            let mut out = Vec::new();
            self.spent_ms += millis;
            while let Some(next) = self.left.last().copied() {
                let key = table.keyframe_before(FrameIdx(next)).0;
                let from = self.position.filter(|p| (key..next).contains(p)).map_or(key, |p| p + 1);
                let cost = f64::from(next - from + 1) * self.cost_ms;
                if self.spent_ms < cost {
                    break;
                }
                self.spent_ms -= cost;
                self.position = self.left.pop();
                out.push(next);
                if let Some(Wish::At { keep, .. }) = self.wish {
                    let passed = (from..next).rev().filter(|at| keep.has(FrameIdx(*at), FrameIdx(next)));
                    out.extend(passed);
                }
            }
            out
        }
    }

    /// A group of 250 takes a second, on a 1080p clip.
    const COST_MS: f64 = 4.0;
    const ROOM: u32 = 129;
    const TURN_MS: f64 = 1000.0 / 30.0;

    /// Lands on `start`, rests, then goes back by `step` pictures thirty times a second through two
    /// groups. How many of the pictures after the first `grace` were not there at their turn.
    fn late_pictures(start: u32, step: u32, rest_ms: f64, grace: u32) -> u32 {
        use crate::playback::cache::FrameCache;
        use crate::playback::testing::grey_frame;
        let table = table();
        let mut cache = FrameCache::new(ROOM as usize * grey_frame(FrameIdx(0)).byte_len());
        let mut decoder =
            Simulated { cost_ms: COST_MS, position: None, wish: None, left: Vec::new(), spent_ms: 0.0 };
        let (mut due, mut turns, mut late) = (start, 0, 0);
        let mut left_ms = rest_ms;
        let mut is_late = false;
        while due > start - 2 * LONG {
            let (motion, stride) = if turns == 0 { (Motion::Resting, 1) } else { (Motion::Backward, step) };
            let plan = Plan { due: FrameIdx(due), motion, stride, room: ROOM };
            for index in decoder.work(plan.wish(&table, |i| cache.contains(i)), 1.0, &table) {
                cache.insert(grey_frame(FrameIdx(index)).into(), &plan);
            }
            let is_there = cache.contains(plan.due);
            left_ms -= if is_there || turns > 0 { 1.0 } else { 0.0 };
            if left_ms > 0.0 {
                continue;
            }
            if is_there {
                late += u32::from(is_late && turns > grace);
                is_late = false;
                left_ms += TURN_MS;
                turns += 1;
                due -= step;
            } else {
                // it waits for the picture, as the player does
                (is_late, left_ms) = (true, 0.0);
            }
        }
        late
    }

    #[test]
    fn a_key_held_down_never_outruns_the_decoder() {
        // anywhere in a group, half a second after landing, when a key begins to repeat
        for start in [1749, 1740, 1700, 1600, 1530] {
            assert_eq!(late_pictures(start, 1, 500.0, 0), 0, "from {start}");
        }
        // just behind a key frame the group before is all that there is, and takes its second
        for start in [1515, 1501] {
            assert_eq!(late_pictures(start, 1, 1050.0, 0), 0, "from {start}");
        }
    }

    #[test]
    fn reverse_play_keeps_up_with_twice_and_four_times_the_speed() {
        // what lies behind was made for single steps: the first second may wait
        for start in [1748, 1700, 1600] {
            assert_eq!(late_pictures(start, 2, 500.0, 30), 0, "from {start}");
            assert_eq!(late_pictures(start, 4, 500.0, 30), 0, "from {start}");
        }
    }
}
