//! The chosen range and the markers of the open clip.

use super::command::Command;
use super::state::AppState;
use crate::playback::PlaybackCommand;
use crate::project::{Marker, MarkerColour};
use crate::time::{MediaTime, TimeRange};

/// What can be done to range and markers.
#[derive(Clone, Debug)]
pub enum MarkCommand {
    /// Beginning or end of the range at the playhead.
    In,
    Out,
    Range(TimeRange),
    RangeFromMoment,
    ClearRange,
    GoToIn,
    GoToOut,
    /// At the playhead; where a marker stands already, its note is opened.
    AddMarker,
    Edit(u64),
    Change {
        id: u64,
        colour: MarkerColour,
        note: String,
    },
    CloseNote,
    Remove(u64),
    /// Puts back what was removed last.
    Restore,
}

/// A marker and the name it has while the clip is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Marked {
    pub id: u64,
    pub marker: Marker,
}

#[derive(Default)]
pub struct Marks {
    pub range: Option<TimeRange>,
    markers: Vec<Marked>,
    removed: Option<Marked>,
    /// The marker whose note is being written.
    pub edited: Option<u64>,
    next_id: u64,
}

impl Marks {
    /// In time order.
    pub fn markers(&self) -> &[Marked] {
        &self.markers
    }

    pub fn of_notes(range: Option<TimeRange>, markers: Vec<Marker>) -> Self {
        let mut marks = Self { range, ..Self::default() };
        for marker in markers {
            marks.insert(marker);
        }
        marks
    }

    pub fn get(&self, id: u64) -> Option<&Marked> {
        self.markers.iter().find(|m| m.id == id)
    }

    fn insert(&mut self, marker: Marker) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.put(Marked { id, marker });
        id
    }

    fn put(&mut self, marked: Marked) {
        let at = self.markers.partition_point(|m| m.marker.time <= marked.marker.time);
        self.markers.insert(at, marked);
    }
}

pub fn apply(state: &mut AppState, command: MarkCommand, wall_secs: f64) {
    let (now, clip) = (state.now(), state.clip_range());
    match command {
        MarkCommand::In => {
            let end = state.marks.range.map(TimeRange::end).filter(|end| *end > now);
            state.marks.range = Some(TimeRange::new(now, end.unwrap_or_else(|| clip.end())));
        }
        MarkCommand::Out => {
            let start = state.marks.range.map(TimeRange::start).filter(|start| *start < now);
            state.marks.range = Some(TimeRange::new(start.unwrap_or_else(|| clip.start()), now));
        }
        MarkCommand::Range(range) => {
            state.marks.range = Some(TimeRange::new(clip.clamp(range.start()), clip.clamp(range.end())));
        }
        MarkCommand::RangeFromMoment => state.marks.range = state.chosen_moment().or(state.truth()),
        MarkCommand::ClearRange => state.marks.range = None,
        MarkCommand::GoToIn | MarkCommand::GoToOut => {
            if let (Some(range), Some(player)) = (state.marks.range, &mut state.player) {
                let is_in = matches!(command, MarkCommand::GoToIn);
                let place = if is_in { range.start() } else { range.end() };
                player.apply(PlaybackCommand::Seek(place), wall_secs);
            }
            return;
        }
        MarkCommand::AddMarker => add_marker(state, now),
        MarkCommand::Edit(id) => {
            state.marks.edited = state.marks.get(id).map(|m| m.id);
            return;
        }
        MarkCommand::Change { id, colour, note } => {
            if let Some(marked) = state.marks.markers.iter_mut().find(|m| m.id == id) {
                (marked.marker.colour, marked.marker.note) = (colour, note);
            }
        }
        MarkCommand::CloseNote => {
            state.marks.edited = None;
            return;
        }
        MarkCommand::Remove(id) => remove(state, id),
        MarkCommand::Restore => {
            if let Some(marked) = state.marks.removed.take() {
                state.marks.put(marked);
            }
        }
    }
    let is_loop_stale = state
        .player
        .as_ref()
        .is_some_and(|p| p.loop_range().is_some_and(|range| Some(range) == state.looped_range));
    if is_loop_stale && let Some(player) = &mut state.player {
        // a loop of the range follows the range
        player.apply(PlaybackCommand::Loop(state.marks.range), wall_secs);
        state.looped_range = state.marks.range;
    }
    state.notes.touch();
}

fn add_marker(state: &mut AppState, now: MediaTime) {
    let Some(player) = &state.player else { return };
    let table = player.table();
    // one marker a picture: the second time its note is meant
    let same = state.marks.markers.iter().find(|m| table.at(m.marker.time) == table.at(now)).map(|m| m.id);
    state.marks.edited = match same {
        Some(id) => Some(id),
        None => {
            let colour = state.marks.markers.last().map(|m| m.marker.colour).unwrap_or_default();
            let time = table.time(table.at(now));
            let id = state.marks.insert(Marker { time, colour, note: String::new() });
            // while the clip plays nobody wants to type
            (!player.is_playing()).then_some(id)
        }
    };
}

fn remove(state: &mut AppState, id: u64) {
    let Some(at) = state.marks.markers.iter().position(|m| m.id == id) else { return };
    let marked = state.marks.markers.remove(at);
    if state.marks.edited == Some(id) {
        state.marks.edited = None;
    }
    let text = format!("Removed the marker at {}", marked.marker.time);
    state.marks.removed = Some(marked);
    state.notices.offer(text, "Undo", MarkCommand::Restore.into());
}

/// The marker before or after the playhead.
pub fn seek_marker(state: &AppState, is_forward: bool) -> Command {
    let times = state.marks.markers.iter().map(|m| m.marker.time);
    super::events::seek_among(times, state.now(), is_forward)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_stay_in_time_order_and_keep_their_names() {
        let at = |secs| Marker {
            time: MediaTime::from_secs(secs),
            colour: MarkerColour::Red,
            note: String::new(),
        };
        let marks = Marks::of_notes(None, vec![at(5.0), at(1.0), at(3.0)]);
        let order: Vec<(u64, f64)> = marks.markers().iter().map(|m| (m.id, m.marker.time.secs())).collect();
        assert_eq!(order, [(1, 1.0), (2, 3.0), (0, 5.0)]);
    }
}
