//! What the columns of a gaze table mean, as a person says it in the form.

use std::sync::Arc;

use anyhow::Context as _;

use super::asking::answer_selected;
use super::command::SessionCommand;
use super::gaze_session::GazeSession;
use super::state::AppState;
use super::tasks::{Done, GazeRead, TaskKind};
use super::work::{self, Opener};
use crate::gaze::recording::{self, ColumnMapping};
use crate::session;

/// Brings up the form for the table that is open.
pub fn ask(state: &mut AppState) {
    let Some(path) = state.gaze.as_ref().map(|gaze| gaze.original().path.clone()) else { return };
    state.tasks.start(TaskKind::ReadGaze, move |_| {
        let table = recording::unknown_table(&path).with_context(|| {
            format!("its columns cannot be mapped, as it is no table of three or more: {}", path.display())
        })?;
        Ok(Done::Next(Some(SessionCommand::ShowTable(Box::new(table)).into())))
    });
}

/// Reads the table in the form by these columns, as a preview or for good.
pub fn map(state: &mut AppState, mapping: ColumnMapping, is_final: bool) {
    let (Some(player), Some(table)) = (&state.player, &state.unknown_table) else { return };
    let (info, frames) = (Arc::clone(player.info()), Arc::clone(player.table()));
    let (path, opener, clip) = (table.path.clone(), Opener::of(state), state.work.clip.clone());
    if is_final {
        state.settings.remember_mapping(table.header.clone(), mapping.clone());
        (state.unknown_table, state.gaze_before_mapping) = (None, None);
    } else if state.gaze_before_mapping.is_none() {
        state.gaze_before_mapping = Some(state.gaze.take());
    }
    state.tasks.start(TaskKind::ReadGaze, move |ctx| {
        let loaded = session::load_mapped_gaze(&path, &mapping, &info, &frames, ctx)?;
        let source = is_final.then(|| opener.gaze_source(&path, clip.as_deref()));
        // while columns are being chosen most choices are odd
        let warnings = if is_final { loaded.warnings } else { Vec::new() };
        Ok(Done::GazeRead(Box::new(GazeRead { gaze: GazeSession::new(loaded.track), source, warnings })))
    });
}

/// Takes up what was read.
pub fn read(state: &mut AppState, read: GazeRead) {
    state.gaze = Some(read.gaze);
    if let Some(source) = read.source {
        work::add_source(state, source);
    }
    for warning in read.warnings {
        state.notices.warning(warning);
    }
    answer_selected(state);
}

/// Puts the form away; the gaze that a preview replaced comes back.
pub fn leave(state: &mut AppState) {
    state.unknown_table = None;
    if let Some(before) = state.gaze_before_mapping.take() {
        state.tasks.stop(TaskKind::ReadGaze);
        state.gaze = before;
        answer_selected(state);
    }
}
