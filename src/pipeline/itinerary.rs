//! Which pictures of a clip are looked at, in which order, and how decoding gets to them.
//!
//! The order is coarse to fine. Decoding runs forwards from key frames, so a picture that lies on the
//! way to another one is put on a shelf for its turn, as far as there is room: a short clip is
//! decoded once, a long one as often as the order asks for.

use std::collections::BTreeSet;

use crate::features::ClipFeatures;
use crate::time::{FrameIdx, MediaTime};
use crate::video::FrameTable;

/// First pass: one of so many of the wanted pictures; each later pass halves it.
const COARSEST: usize = 8;
/// A clip longer than an hour and a half is looked at less than once a second, so that its evidence
/// stays below 240 MB of memory.
const MAX_PICTURES: f64 = 5_400.0;
/// Pictures on the shelf: 190 MB at most, four minutes at one a second.
const SHELF: usize = 240;

/// What is done with one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// CLIP and the gaze estimator.
    Whole,
    /// Names what is in it, within milliseconds.
    Tags,
}

/// One step of the decoder's walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Decode a picture and put what will be looked at on the shelf.
    Decode { frame: FrameIdx, is_whole: bool, is_tags: bool },
    /// Take it from the shelf and hand it over.
    Send { look: Look, frame: FrameIdx },
}

/// How to get the pictures of `order` in that order.
pub fn itinerary(order: &[(Look, FrameIdx)], table: &FrameTable) -> Vec<Step> {
    itinerary_with(order, table, SHELF)
}

fn itinerary_with(order: &[(Look, FrameIdx)], table: &FrameTable, room: usize) -> Vec<Step> {
    let looks = |look: Look| -> BTreeSet<FrameIdx> {
        order.iter().filter(|(l, _)| *l == look).map(|(_, frame)| *frame).collect()
    };
    // what is still to be handed over
    let (mut whole, mut tags) = (looks(Look::Whole), looks(Look::Tags));
    let mut shelf = BTreeSet::new();
    let mut steps = Vec::new();
    let mut position: Option<FrameIdx> = None;
    for (look, frame) in order {
        if !shelf.contains(frame) {
            let key = table.keyframe_before(*frame);
            // as the reader does: on from where it is, or from the key frame
            let from = position.filter(|at| *at < *frame && *at >= key).map_or(key, |at| FrameIdx(at.0 + 1));
            let passed: BTreeSet<FrameIdx> =
                whole.range(from..*frame).chain(tags.range(from..*frame)).copied().collect();
            let passed =
                passed.into_iter().filter(|at| !shelf.contains(at)).take(room.saturating_sub(shelf.len()));
            for at in passed.chain([*frame]).collect::<Vec<_>>() {
                // without room a picture is decoded for this turn only
                let is_kept = shelf.len() < room;
                let is_now = |l: Look| at == *frame && *look == l;
                steps.push(Step::Decode {
                    frame: at,
                    is_whole: is_now(Look::Whole) || is_kept && whole.contains(&at),
                    is_tags: is_now(Look::Tags) || is_kept && tags.contains(&at),
                });
                if is_kept {
                    shelf.insert(at);
                }
            }
            position = Some(*frame);
        }
        steps.push(Step::Send { look: *look, frame: *frame });
        match look {
            Look::Whole => whole.remove(frame),
            Look::Tags => tags.remove(frame),
        };
        if !whole.contains(frame) && !tags.contains(frame) {
            shelf.remove(frame);
        }
    }
    steps
}

/// The pictures at an even rate, no more than can be kept in memory.
pub fn samples(table: &FrameTable, fps: f32) -> Vec<FrameIdx> {
    let end = table.range().end().secs();
    let step = (1.0 / f64::from(fps.clamp(0.01, 30.0))).max(end / MAX_PICTURES);
    let mut frames: Vec<FrameIdx> = (0..)
        .map(|i| (f64::from(i) + 0.5) * step)
        .take_while(|secs| *secs < end)
        .map(|secs| table.at(MediaTime::from_secs(secs)))
        .collect();
    if frames.is_empty() {
        frames.push(FrameIdx(0));
    }
    frames.dedup();
    frames
}

/// A glance at every eighth picture, quick tags of all while CLIP has seen less than half, then
/// every fourth picture, every second, every one; what is known is left out.
pub fn order(wanted: &[FrameIdx], features: &ClipFeatures) -> Vec<(Look, FrameIdx)> {
    let unseen = |frames: &[FrameIdx]| -> Vec<(Look, FrameIdx)> {
        frames.iter().filter(|f| !features.has_frame(**f)).map(|f| (Look::Whole, *f)).collect()
    };
    let (glance, rest) = coarse_to_fine(wanted);
    let (glance, rest) = (unseen(&glance), unseen(&rest));
    let tags = if rest.len() * 2 > wanted.len() {
        wanted.iter().filter(|f| !features.has_tags(**f)).map(|f| (Look::Tags, *f)).collect()
    } else {
        Vec::new()
    };
    [glance, tags, rest].concat()
}

/// Every eighth; then every fourth, ... each pass in time order, each picture once.
fn coarse_to_fine(frames: &[FrameIdx]) -> (Vec<FrameIdx>, Vec<FrameIdx>) {
    let pass = |stride: usize| {
        let is_new = move |i: usize| stride == COARSEST || !i.is_multiple_of(stride * 2);
        (0..frames.len()).step_by(stride).filter(move |i| is_new(*i)).map(|i| frames[i])
    };
    (pass(COARSEST).collect(), [4, 2, 1].into_iter().flat_map(pass).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::store::Kept;
    use crate::features::{ClipImage, EMBED_DIM, FrameEvidence, PATCH_GRID};
    use crate::gaze::CentrePrior;
    use proptest::prelude::*;

    #[test]
    fn every_picture_is_visited_once_the_whole_clip_first() {
        let frames: Vec<FrameIdx> = (0..37).map(FrameIdx).collect();
        let (glance, rest) = coarse_to_fine(&frames);
        assert_eq!(glance, [0, 8, 16, 24, 32].map(FrameIdx));
        let mut sorted = [glance, rest].concat();
        sorted.sort();
        assert_eq!(sorted, frames);
    }

    #[test]
    fn tags_are_looked_for_only_while_little_is_known() {
        let frames: Vec<FrameIdx> = (0..16).map(FrameIdx).collect();
        let features = ClipFeatures::new("test", MediaTime::from_secs(16.0));
        let order_of = |look| order(&frames, &features).iter().filter(|(l, _)| *l == look).count();
        assert_eq!((order_of(Look::Whole), order_of(Look::Tags)), (16, 16));
        let seen = |frame: u32| {
            let patches = vec![[0.5; EMBED_DIM]; PATCH_GRID * PATCH_GRID];
            let image = ClipImage { whole: [0.5; EMBED_DIM], patches };
            let time = MediaTime::from_secs(f64::from(frame));
            Kept::Frame(FrameEvidence::new(FrameIdx(frame), time, &image, CentrePrior::default().map()))
        };
        (0..10).for_each(|frame| features.add(seen(frame)));
        assert_eq!((order_of(Look::Whole), order_of(Look::Tags)), (6, 0));
    }

    /// A minute at 30 pictures a second, looked at once a second, with both kinds of look.
    fn a_minute(key_step: u32) -> (Vec<(Look, FrameIdx)>, FrameTable) {
        let table = FrameTable::uniform(1800, 30.0, key_step);
        let features = ClipFeatures::new("test", table.range().end());
        (order(&samples(&table, 1.0), &features), table)
    }

    fn decoded(steps: &[Step]) -> Vec<u32> {
        let frames = steps.iter().filter_map(|step| match step {
            Step::Decode { frame, .. } => Some(frame.0),
            Step::Send { .. } => None,
        });
        frames.collect()
    }

    #[test]
    fn a_clip_of_one_group_is_decoded_once() {
        let (order, table) = a_minute(1800);
        let decoded = decoded(&itinerary(&order, &table));
        assert!(decoded.is_sorted() && decoded.len() == 60, "{decoded:?}");
    }

    #[test]
    fn groups_longer_than_a_step_between_pictures_are_decoded_hardly_more_than_once() {
        let (order, table) = a_minute(250);
        let decoded = decoded(&itinerary(&order, &table));
        assert_eq!(decoded.len(), 60, "each picture once");
        let backwards = decoded.windows(2).filter(|w| w[1] < w[0]).count();
        assert!(backwards <= 1, "{decoded:?}");
    }

    #[test]
    fn a_short_group_is_not_decoded_for_what_lies_before_it() {
        let (order, table) = a_minute(30);
        let steps = itinerary(&order, &table);
        // the glance seeks to its own pictures
        assert_eq!(decoded(&steps)[..8], [15, 255, 495, 735, 975, 1215, 1455, 1695]);
    }

    proptest! {
        #[test]
        fn everything_is_handed_over_once_in_order_from_a_shelf_with_room(
            seconds in 1u32..200, key_step in 1u32..400, room in 0usize..60, seen in 0usize..100
        ) {
            let table = FrameTable::uniform(seconds * 10, 10.0, key_step);
            let features = ClipFeatures::new("test", table.range().end());
            let order: Vec<_> = order(&samples(&table, 1.0), &features).into_iter().skip(seen).collect();
            let (mut shelf, mut sent) = (std::collections::BTreeMap::new(), Vec::new());
            for step in itinerary_with(&order, &table, room) {
                match step {
                    Step::Decode { frame, is_whole, is_tags } => {
                        prop_assert!(is_whole || is_tags);
                        shelf.insert(frame, (is_whole, is_tags));
                        prop_assert!(shelf.len() <= room + 1);
                    }
                    Step::Send { look, frame } => {
                        sent.push((look, frame));
                        let (is_whole, is_tags) = shelf.get_mut(&frame).expect("on the shelf");
                        let is_there = match look {
                            Look::Whole => std::mem::take(is_whole),
                            Look::Tags => std::mem::take(is_tags),
                        };
                        prop_assert!(is_there);
                        if !*is_whole && !*is_tags {
                            shelf.remove(&frame);
                        }
                    }
                }
            }
            prop_assert_eq!(sent, order);
            prop_assert!(shelf.is_empty());
        }
    }
}
