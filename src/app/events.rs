//! Places worth jumping to: edges of what the lanes of the timeline show.

use super::annotate::{MINE, edges_of_fixes, queries_here};
use super::command::Command;
use super::dataset::DataSetCommand;
use super::state::AppState;
use crate::playback::PlaybackCommand;
use crate::time::{MediaTime, TimeRange};

/// Names of the lanes, as the timeline shows them.
pub mod lane {
    pub const MARKERS: &str = "Markers";
    pub const TRUTH: &str = "Truth";
    pub const MOMENTS: &str = "Moments";
    pub const SIMILARITY: &str = "Similarity";
    pub const FIXATIONS: &str = "Fixations";
    pub const AGREEMENT: &str = "Agreement";
    pub const GAPS: &str = "Gaze gaps";
    pub const FIXES: &str = "Corrected";
}

/// Next or previous event of the lane in focus; without one, of moments, markers, the range and gaps
/// in the gaze. Fixations are so many that they would hide the rest.
pub fn seek_event(state: &AppState, is_forward: bool) -> Command {
    if let Some(set) = &state.dataset {
        let moments = set.moments();
        let edges = moments.iter().map(|m| m.range).chain(set.truths()).flat_map(both);
        let edges = edges.chain(edges_of(state, MINE));
        let target = nearest(edges, state.now(), is_forward).unwrap_or(state.now());
        return DataSetCommand::Seek(target).into();
    }
    let focused = state.focused_lane.as_deref();
    let mut edges: Vec<MediaTime> = focused.map(|lane| edges_of(state, lane)).unwrap_or_default();
    if edges.is_empty() {
        edges = [lane::MARKERS, lane::TRUTH, lane::MOMENTS, MINE, lane::GAPS]
            .into_iter()
            .flat_map(|lane| edges_of(state, lane))
            .collect();
        edges.extend(state.marks.range.into_iter().flat_map(both));
    }
    seek_among(edges.into_iter(), state.now(), is_forward)
}

pub fn seek_fixation(state: &AppState, is_forward: bool) -> Command {
    let starts = state.gaze.iter().flat_map(|g| g.fixations().iter().map(|f| f.range.start()));
    seek_among(starts, state.now(), is_forward)
}

/// The picture in which predicted and recorded gaze agree least.
pub fn seek_least_agreement(state: &AppState) -> Command {
    let numbers = state.agreement.iter().filter(|(_, nss)| nss.is_finite());
    let worst = numbers.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(time, _)| *time);
    PlaybackCommand::Seek(worst.unwrap_or(state.now())).into()
}

fn both(range: TimeRange) -> [MediaTime; 2] {
    [range.start(), range.end()]
}

fn edges_of(state: &AppState, lane: &str) -> Vec<MediaTime> {
    match lane {
        lane::MARKERS => state.markers().iter().map(|marker| marker.time).collect(),
        MINE => {
            let own = queries_here(state);
            own.iter().flat_map(|query| query.moments.iter().flat_map(|m| both(m.range))).collect()
        }
        lane::FIXES => edges_of_fixes(state).into_iter().flat_map(both).collect(),
        lane::TRUTH => state.truth().into_iter().flat_map(both).collect(),
        lane::MOMENTS => {
            state.queries.shown().iter().flat_map(|a| a.moments.iter().flat_map(|m| both(m.range))).collect()
        }
        lane::FIXATIONS => {
            state.gaze.iter().flat_map(|g| g.fixations().iter().map(|f| f.range.start())).collect()
        }
        lane::GAPS => {
            state.gaze.iter().flat_map(|g| g.invalid_spans().iter().flat_map(|(r, _)| both(*r))).collect()
        }
        lane::SIMILARITY => peaks(state.queries.shown().map_or(&[], |a| &a.curve)),
        lane::AGREEMENT => peaks(&state.agreement),
        _ => Vec::new(),
    }
}

/// Where a curve is higher or lower than right before and after.
fn peaks(curve: &[(MediaTime, f32)]) -> Vec<MediaTime> {
    let is_turn = |w: &&[(MediaTime, f32)]| (w[1].1 - w[0].1) * (w[2].1 - w[1].1) < 0.0;
    curve.windows(3).filter(is_turn).map(|w| w[1].0).collect()
}

/// Seeks to the closest of `times` strictly before or after now.
pub fn seek_among(times: impl Iterator<Item = MediaTime>, now: MediaTime, is_forward: bool) -> Command {
    PlaybackCommand::Seek(nearest(times, now, is_forward).unwrap_or(now)).into()
}

/// The closest time strictly after (or before) now; a millisecond of slack for rounding.
fn nearest(times: impl Iterator<Item = MediaTime>, now: MediaTime, is_forward: bool) -> Option<MediaTime> {
    let slack = MediaTime::from_millis(1);
    if is_forward {
        times.filter(|t| *t > now + slack).min()
    } else {
        times.filter(|t| *t < now - slack).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_event_is_never_the_one_we_stand_on() {
        let times = || [1000, 2000, 3000].map(MediaTime::from_millis).into_iter();
        let now = MediaTime::from_millis(2000);
        assert_eq!(nearest(times(), now, true), Some(MediaTime::from_millis(3000)));
        assert_eq!(nearest(times(), now, false), Some(MediaTime::from_millis(1000)));
    }

    #[test]
    fn the_turns_of_a_curve_are_events() {
        let at = |secs, value| (MediaTime::from_secs(secs), value);
        let curve = [at(0.0, 1.0), at(1.0, 3.0), at(2.0, 2.0), at(3.0, 2.0), at(4.0, 5.0)];
        assert_eq!(peaks(&curve), [MediaTime::from_secs(1.0)]);
    }
}
