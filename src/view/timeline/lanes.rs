//! What the rows of the timeline hold, and how they are laid out: pure, without painting.
//!
//! Everything here is bounded by what can be seen: overlapping blocks share a few rows, curves
//! keep the extremes of each column of pixels.

use egui::Color32;

use super::heat::HeatRow;
use super::own::Piece;
use crate::time::{MediaTime, TimeRange};

/// One row below the ruler.
pub struct Lane {
    pub label: String,
    pub height: f32,
    pub content: LaneContent,
    /// Its blocks are also drawn in the strip of the whole clip.
    pub is_in_overview: bool,
}

pub enum LaneContent {
    Moments(Vec<Block>),
    /// Values over time in time order, drawn between their minimum and maximum.
    Curve(Vec<(MediaTime, f32)>),
    /// Spans in which something is wrong, hatched.
    Band(Vec<(TimeRange, Color32)>),
    /// Moments that a person makes and changes.
    Own(Vec<Piece>),
    /// Places with a note, in time order.
    Markers(Vec<Flag>),
    /// Rows of cells, one scale for all.
    Heat(Vec<HeatRow>),
    /// Pictures in time order: texture and its size.
    Thumbnails(Vec<(MediaTime, egui::TextureId, egui::Vec2)>),
}

pub struct Block {
    pub range: TimeRange,
    pub text: String,
    pub colour: Color32,
    /// Truth is hatched, so that it differs from predictions without colour.
    pub is_hatched: bool,
    pub is_chosen: bool,
}

/// A marker on the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    pub time: MediaTime,
    /// May be empty.
    pub text: String,
    pub colour: Color32,
}

/// Rows that overlapping blocks may take inside one lane.
const MAX_ROWS: usize = 4;
/// A row of blocks needs this height for its text, in points.
const ROW_HEIGHT: f32 = 18.0;
/// Above this number blocks overlap whatever we do, and they stay in one row.
const MAX_PACKED: usize = 5_000;

/// The row of each block such that no two in a row overlap, first fit by start time, and the
/// number of rows. Blocks that find no free row go to the last one.
pub fn pack<B: std::borrow::Borrow<Block>>(blocks: &[B]) -> (Vec<usize>, usize) {
    let range_of = |i: usize| blocks[i].borrow().range;
    let mut rows = vec![0; blocks.len()];
    if blocks.len() < 2 || blocks.len() > MAX_PACKED {
        return (rows, 1);
    }
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by_key(|i| range_of(*i).start());
    let mut ends: Vec<MediaTime> = Vec::new();
    for i in order {
        let range = range_of(i);
        rows[i] = match ends.iter().position(|end| *end <= range.start()) {
            Some(free) => free,
            None if ends.len() < MAX_ROWS => {
                ends.push(range.end());
                ends.len() - 1
            }
            None => MAX_ROWS - 1,
        };
        ends[rows[i]] = ends[rows[i]].max(range.end());
    }
    (rows, ends.len().max(1))
}

/// Whether blocks of the last row may lie on top of one another, as `pack` has put so many.
pub fn may_overlap(blocks: usize, rows: usize) -> bool {
    rows == MAX_ROWS || blocks > MAX_PACKED
}

/// The columns of pixels that blocks of one row cover. Where blocks lie on top of one another, what
/// would show nothing new is not drawn: the rest takes no longer however many there are.
pub struct Cover {
    is_taken: Vec<bool>,
    /// Of the columns before this one, how many more than one block wants.
    crowded_before: Vec<u32>,
}

impl Cover {
    /// For blocks from left to right each.
    pub fn new(columns: usize, spans: impl Iterator<Item = (f32, f32)>) -> Self {
        let mut changes = vec![0; columns + 1];
        for (left, right) in spans {
            let (from, to) = columns_of(columns, left, right);
            changes[from] += 1;
            changes[to + 1] -= 1;
        }
        let (mut count, mut crowded, mut crowded_before) = (0, 0, vec![0]);
        for change in &changes[..columns] {
            count += change;
            crowded += u32::from(count > 1);
            crowded_before.push(crowded);
        }
        Self { is_taken: vec![false; columns], crowded_before }
    }

    /// Covers from `left` to `right`; whether enough of that was free to be seen.
    pub fn takes(&mut self, left: f32, right: f32) -> bool {
        let (from, to) = columns_of(self.is_taken.len(), left, right);
        let columns = self.is_taken.get_mut(from..=to).unwrap_or_default();
        let free = columns.iter().filter(|is_taken| !**is_taken).count();
        columns.fill(true);
        free >= ENOUGH_TO_SEE
    }

    /// Whether no other block wants a column from `left` to `right`.
    pub fn is_alone(&self, left: f32, right: f32) -> bool {
        let (from, to) = columns_of(self.is_taken.len(), left, right);
        self.crowded_before[from] == self.crowded_before[to + 1]
    }
}

/// First and last column of a block, inside `columns`, which is at least one.
fn columns_of(columns: usize, left: f32, right: f32) -> (usize, usize) {
    let [from, to] =
        [left.round(), right.round() - 1.0].map(|x| (x.max(0.0) as usize).min(columns.saturating_sub(1)));
    (from, to.max(from))
}

/// Columns of a block that have to be free for it to be drawn.
const ENOUGH_TO_SEE: usize = 2;

/// Height of a lane on screen, in points: what was asked for, or more where blocks overlap.
pub fn lane_height(lane: &Lane, rows: usize, scale: f32) -> f32 {
    let wanted = lane.height * scale;
    if rows > 1 { wanted.max(rows as f32 * ROW_HEIGHT) } else { wanted }
}

/// Lowest and highest value.
pub fn value_range(points: &[(MediaTime, f32)]) -> (f32, f32) {
    let finite = points.iter().map(|(_, v)| *v).filter(|v| v.is_finite());
    finite.fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v), high.max(v)))
}

/// The points in view with one neighbour on each side. Where several fall into a column of
/// pixels only the lowest and the highest stay, so that no peak is lost at any zoom.
pub fn decimate(points: &[(MediaTime, f32)], visible: TimeRange, columns: usize) -> Vec<(MediaTime, f32)> {
    let from = points.partition_point(|(t, _)| *t < visible.start()).saturating_sub(1);
    let to = (points.partition_point(|(t, _)| *t <= visible.end()) + 1).min(points.len());
    let shown = &points[from.min(to)..to];
    let columns = columns.max(1);
    if shown.len() <= columns * 2 {
        return shown.to_vec();
    }
    let mut kept = Vec::with_capacity(columns * 2);
    for column in shown.chunks(shown.len().div_ceil(columns)) {
        let lowest = column.iter().enumerate().min_by(|a, b| a.1.1.total_cmp(&b.1.1)).map_or(0, |(i, _)| i);
        let highest = column.iter().enumerate().max_by(|a, b| a.1.1.total_cmp(&b.1.1)).map_or(0, |(i, _)| i);
        kept.push(column[lowest.min(highest)]);
        if lowest != highest {
            kept.push(column[lowest.max(highest)]);
        }
    }
    kept
}

/// The entry nearest in time, of a list in time order.
pub fn nearest<T>(list: &[T], time: MediaTime, time_of: impl Fn(&T) -> MediaTime) -> Option<&T> {
    let after = list.partition_point(|item| time_of(item) < time);
    let around = [after.checked_sub(1).and_then(|i| list.get(i)), list.get(after)];
    around.into_iter().flatten().min_by_key(|item| time_of(item).distance(time))
}

/// The picture to show for a time. While pictures are still being made the nearest one may be
/// far away; then there is none, rather than one that says something wrong.
pub fn picture_at<P>(
    pictures: &[(MediaTime, P, egui::Vec2)],
    time: MediaTime,
) -> Option<&(MediaTime, P, egui::Vec2)> {
    let gap = match pictures {
        [first, second, ..] => second.0 - first.0,
        _ => MediaTime::from_secs(1.0),
    };
    nearest(pictures, time, |(t, ..)| *t).filter(|(t, ..)| t.distance(time) <= gap + gap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(start: f64, end: f64) -> Block {
        Block {
            range: TimeRange::from_secs(start, end),
            text: String::new(),
            colour: Color32::WHITE,
            is_hatched: false,
            is_chosen: false,
        }
    }

    #[test]
    fn overlapping_blocks_get_rows_of_their_own() {
        let blocks = [block(5.0, 9.0), block(0.0, 6.0), block(6.0, 7.0), block(10.0, 11.0)];
        assert_eq!(pack(&blocks), (vec![1, 0, 0, 0], 2));
    }

    #[test]
    fn thousands_on_one_place_are_drawn_a_few_times() {
        let span = |i: usize| {
            let left = (i * 7919 % 950) as f32 + 0.3;
            (left, left + 40.0)
        };
        let mut cover = Cover::new(1000, (0..20_000).map(span));
        assert!(!cover.is_alone(100.0, 140.0), "others lie there");
        let drawn = (0..20_000).map(span).filter(|(left, right)| cover.takes(*left, *right));
        assert!((25..200).contains(&drawn.count()), "enough to cover the row, and not much more");
        // side by side nothing is lost
        let side_by_side = (0..333).map(|i| (i as f32 * 3.0, i as f32 * 3.0 + 3.0));
        let mut cover = Cover::new(1000, side_by_side.clone());
        assert!(side_by_side.clone().all(|(left, right)| cover.is_alone(left, right)));
        assert!(side_by_side.clone().all(|(left, right)| cover.takes(left, right)));
        assert!(Cover::new(10, std::iter::empty()).takes(-500.0, 900.0), "wider than the view");
    }

    #[test]
    fn a_single_peak_survives_any_zoom() {
        let mut points: Vec<_> = (0..1_000_000).map(|i| (MediaTime::from_millis(i), 0.0)).collect();
        points[765_432].1 = 1.0;
        let kept = decimate(&points, TimeRange::from_secs(0.0, 1000.0), 800);
        assert!(kept.len() <= 1600 && kept.iter().any(|(_, v)| *v == 1.0));
        assert!(kept.is_sorted_by_key(|(t, _)| *t));
    }

    #[test]
    fn a_strip_still_being_made_shows_no_wrong_pictures() {
        let pictures: Vec<_> =
            (0..10).map(|i| (MediaTime::from_millis(i * 1000), i, egui::Vec2::ONE)).collect();
        assert_eq!(picture_at(&pictures, MediaTime::from_secs(4.2)).map(|p| p.1), Some(4));
        assert!(picture_at(&pictures, MediaTime::from_secs(30.0)).is_none());
    }

    #[test]
    fn an_empty_curve_has_nothing_to_draw() {
        assert!(decimate(&[], TimeRange::from_secs(0.0, 1.0), 10).is_empty());
        assert!(nearest(&[] as &[MediaTime], MediaTime::ZERO, |t| *t).is_none());
    }

    proptest! {
        #[test]
        fn no_two_blocks_of_a_row_overlap(ranges in proptest::collection::vec((0.0..100.0f64, 0.1..8.0f64), 1..40)) {
            let blocks: Vec<Block> = ranges.iter().map(|(s, d)| block(*s, s + d)).collect();
            let (rows, count) = pack(&blocks);
            prop_assert!(count <= MAX_ROWS && rows.iter().all(|r| *r < count));
            for (i, a) in blocks.iter().enumerate() {
                for (j, b) in blocks.iter().enumerate().skip(i + 1) {
                    let overlap = a.range.start() < b.range.end() && b.range.start() < a.range.end();
                    // the last row takes what is left over
                    prop_assert!(!overlap || rows[i] != rows[j] || rows[i] == MAX_ROWS - 1);
                }
            }
        }

        #[test]
        fn the_nearest_entry_is_the_nearest(mut times in proptest::collection::vec(0i64..1000, 1..50), at in 0i64..1000) {
            times.sort_unstable();
            let found = nearest(&times, MediaTime::from_nanos(at), |t| MediaTime::from_nanos(*t)).copied();
            let best = times.iter().map(|t| (t - at).abs()).min();
            prop_assert_eq!(found.map(|t| (t - at).abs()), best);
        }
    }
}
