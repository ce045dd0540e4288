//! The chosen range, and the markers of the open clip, which are in the project.

use super::command::Command;
use super::state::AppState;
use super::work;
use crate::playback::PlaybackCommand;
use crate::project::{Edit, Id, Marker, MarkerColour};
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
    Edit(Id),
    Change {
        id: Id,
        colour: MarkerColour,
        note: String,
    },
    CloseNote,
    Remove(Id),
    /// Puts back what was removed.
    Restore(Box<Marker>),
}

#[derive(Default)]
pub struct Marks {
    /// On the clip's clock.
    pub range: Option<TimeRange>,
    /// The marker whose note is being written.
    pub edited: Option<Id>,
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
            if let Some(range) = state.marks.range {
                let is_in = matches!(command, MarkCommand::GoToIn);
                state.seek(if is_in { range.start() } else { range.end() }, wall_secs);
            }
            return;
        }
        MarkCommand::AddMarker => return add_marker(state, now),
        MarkCommand::Edit(id) => {
            state.marks.edited = state.work.project().markers.get(&id).map(|marker| marker.id);
            return;
        }
        MarkCommand::Change { id, colour, note } => {
            // one step, however long the note is written at
            if let Some(marker) = state.work.project().markers.get(&id) {
                let marker = Marker { colour, label: note, ..marker.clone() };
                work::drag(state, "edit marker", Edit::PutMarker(marker));
            }
            return;
        }
        MarkCommand::CloseNote => {
            state.marks.edited = None;
            return work::end_gesture(state);
        }
        MarkCommand::Remove(id) => return remove(state, id),
        MarkCommand::Restore(marker) => {
            work::change(state, "put marker back", vec![Edit::PutMarker(*marker)]);
            return;
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
    let (Some(player), Some(clip)) = (&state.player, state.clip_name()) else { return };
    let (table, is_playing) = (player.table(), player.is_playing());
    let time = table.time(table.at(now));
    // one marker a picture: the second time its note is meant
    let known = state.work.markers_of(&clip);
    if let Some(same) = known.iter().find(|marker| table.at(marker.time) == table.at(now)) {
        state.marks.edited = Some(same.id);
        return;
    }
    let colour = known.last().map(|marker| marker.colour).unwrap_or_default();
    let author = state.work.author().to_owned();
    let marker = Marker { id: Id::fresh(), clip, time, colour, label: String::new(), author };
    let id = marker.id;
    work::change(state, "add marker", vec![Edit::PutMarker(marker)]);
    // while the clip plays nobody wants to type
    state.marks.edited = (!is_playing).then_some(id);
}

fn remove(state: &mut AppState, id: Id) {
    // what is half-written in its note goes with it
    work::end_gesture(state);
    if state.marks.edited == Some(id) {
        state.marks.edited = None;
    }
    let Some(marker) = state.work.project().markers.get(&id).cloned() else { return };
    if work::change(state, "delete marker", vec![Edit::RemoveMarker(id)]) {
        let text = format!("Removed the marker at {}", marker.time);
        state.notices.offer(text, "Undo", MarkCommand::Restore(Box::new(marker)).into());
    }
}

/// The marker before or after the playhead.
pub fn seek_marker(state: &AppState, is_forward: bool) -> Command {
    let markers = state.markers();
    super::events::seek_among(markers.iter().map(|marker| marker.time), state.now(), is_forward)
}
