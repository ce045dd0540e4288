//! Opening and closing what a person works on, and where they were in it.

use std::path::PathBuf;
use std::sync::Arc;

use super::gaze_session::GazeSession;
use super::marks::Marks;
use super::settings::Recent;
use super::state::AppState;
use super::tasks::{Done, TaskKind};
use super::work::{self, Keeping, Opener, Openings};
use super::{asking, evidence, keep, looping, recent, training};
use crate::dataset::DataSet;
use crate::pipeline;
use crate::playback::{PlaybackCommand, Player};
use crate::project::{ClipNotes, Edit, NotesError, OldMarker};
use crate::session::{self, Companions};

/// A clip that has just been opened, on its way into the state.
pub struct Opened {
    files: Vec<PathBuf>,
    player: Player,
    gaze: Option<GazeSession>,
    /// Without the recording, which is in `gaze`.
    companions: Companions,
    /// The networks trained on synthetic clips answer for it.
    is_for_trained: bool,
    /// Where the person was in this clip.
    notes: Option<Result<ClipNotes, NotesError>>,
    openings: Openings,
}

/// Starts opening files. A gaze or annotation file alone joins the clip that is open; a project says
/// itself what it is about.
pub fn open(state: &mut AppState, mut paths: Vec<PathBuf>) {
    // the list of recent sessions must not depend on the folder that the program was started in
    for path in &mut paths {
        if let Ok(whole) = std::path::absolute(&*path) {
            *path = whole;
        }
    }
    let data_set = state.dataset.as_ref().map(|set| Arc::clone(&set.data));
    let open_clip = state.player.as_ref().filter(|_| data_set.is_none()).map(|p| p.info().path.clone());
    let (wake, places, opener) = (state.tasks.wake(), state.places.clone(), Opener::of(state));
    state.tasks.start(TaskKind::Open, move |ctx| {
        ctx.stage("Opening");
        if let Some(command) = training::open(&paths) {
            return Ok(Done::Next(Some(command.into())));
        }
        let mut files = paths.clone();
        let (mut data_set, mut open_clip) = (data_set, open_clip);
        let mut openings = opener.project_among(&mut paths)?;
        if let Some(project) = &openings.project {
            files = vec![project.clone()];
            // what it is about does not join what is open
            (data_set, open_clip) = (None, None);
            if paths.is_empty() {
                return Ok(Done::ProjectAlone(Box::new(openings)));
            }
        }
        let is_clip_open = open_clip.is_some();
        if let Some((found, mut left_out)) =
            session::data_set_of(&paths, is_clip_open, data_set.as_deref(), ctx)?
        {
            let (data, mut warnings) = DataSet::open(found, data_set.as_deref(), ctx)?;
            warnings.append(&mut left_out);
            opener.complete_set(&mut openings, &data.files);
            return Ok(Done::DataSet(Box::new(data), warnings, Box::new(openings)));
        }
        let recognised = session::recognise(&paths).or_else(|error| {
            paths.insert(0, open_clip.ok_or(error)?);
            session::recognise(&paths)
        });
        let (found, video) = recognised?;
        let player = Player::open(&video, wake)?;
        let mut companions = session::load_companions(&found, player.info(), player.table(), ctx)?;
        let gaze = companions.gaze.take().map(GazeSession::new);
        let notes = places.notes_of(&player.info().content_id);
        let is_for_trained = pipeline::is_for_trained(&video);
        opener.complete_clip(&mut openings, player.info(), &found, companions.clip_uid.as_deref());
        let opened = Opened { files, player, gaze, companions, is_for_trained, notes, openings };
        Ok(Done::Opened(Box::new(opened)))
    });
}

pub fn close(state: &mut AppState) {
    remember(state);
    keep::save(state);
    state.tasks.stop(TaskKind::Features);
    state.tasks.stop(TaskKind::Thumbnails);
    state.tasks.stop(TaskKind::Case);
    state.tasks.stop(TaskKind::ClipVideo);
    state.tasks.stop(TaskKind::Analysis);
    state.tasks.stop(TaskKind::Film);
    state.tasks.stop(TaskKind::Gaze);
    state.tasks.stop(TaskKind::Predict);
    // hundreds of megabytes in many pieces take a while to give back
    let old = (state.player.take(), state.gaze.take(), state.features.take(), state.thumbnails.take());
    let old = (old, std::mem::take(&mut state.annotations), std::mem::take(&mut state.agreement));
    std::thread::spawn(move || drop(old));
    state.dataset = None;
    state.source_start = None;
    (state.unknown_table, state.gaze_before_mapping) = (None, None);
    state.marks = Marks::default();
    (state.looped_range, state.focused_lane) = (None, None);
    state.notes.lock(false);
    state.queries.clear();
    state.is_complete = false;
    state.files.clear();
    recent::look(state);
}

/// Notes where the clip was left, for the list of recent sessions.
pub fn remember(state: &mut AppState) {
    if state.dataset.is_some() || (state.player.is_none() && state.work.is_named()) {
        let (files, playhead_nanos) = (state.files.clone(), state.now().nanos());
        state.settings.remember(Recent { files, playhead_nanos, ..Recent::default() });
    } else if let Some(player) = &state.player {
        let file_name = || player.info().path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let clip_name = if state.work.is_named() { state.work.title() } else { file_name() };
        state.settings.remember(Recent {
            files: state.files.clone(),
            playhead_nanos: state.now().nanos(),
            clip_name,
            content_id: player.info().content_id.clone(),
            duration_nanos: player.table().range().duration().nanos(),
        });
    }
}

pub fn opened(state: &mut AppState, opened: Opened) {
    let is_same_clip = state.dataset.is_none()
        && state.player.as_ref().is_some_and(|p| p.info().content_id == opened.player.info().content_id);
    if !is_same_clip {
        close(state);
        state.player = Some(opened.player);
        looping::apply_sound(state);
    }
    state.files = opened.files;
    if opened.gaze.is_some() {
        state.gaze = opened.gaze;
    }
    if !opened.companions.annotations.is_empty() {
        state.annotations = opened.companions.annotations;
        state.source_start = opened.companions.source_start;
    }
    work::finish_open(state, opened.openings, is_same_clip);
    if !is_same_clip {
        restore(state, opened.notes);
    }
    (state.unknown_table, state.gaze_before_mapping) = (opened.companions.unknown_table, None);
    state.is_for_trained = opened.is_for_trained;
    for warning in opened.companions.warnings {
        state.notices.warning(warning);
    }
    remember(state);
    evidence::begin_soon(state);
}

/// Goes back to where the clip was left.
fn restore(state: &mut AppState, notes: Option<Result<ClipNotes, NotesError>>) {
    let notes = match notes {
        None => return,
        Some(Ok(notes)) => notes,
        Some(Err(error)) => {
            state.notes.lock(true);
            state.notices.warning(error.to_string());
            return;
        }
    };
    if let Some(player) = &mut state.player {
        player.apply(PlaybackCommand::Seek(notes.playhead), 0.0);
    }
    state.restored_view = notes.visible;
    state.marks = Marks { range: notes.range, ..Marks::default() };
    take_old_markers(state, notes.old_markers);
    if let Some(gaze) = &mut state.gaze {
        gaze.set_offset(notes.gaze_offset);
    }
    for question in &notes.questions {
        let truth = asking::truth_of(state, question);
        state.queries.ask(question, truth);
    }
    if let Some(chosen) = notes.chosen_question {
        state.queries.select_nth(chosen);
    }
}

/// Markers that were kept with the clip before there were projects go into the clip's own project. While
/// another one is open they stay where they are.
fn take_old_markers(state: &mut AppState, old: Vec<OldMarker>) {
    let is_own = matches!(state.work.keeping, Keeping::Own { .. }) && state.work.recovery.is_none();
    let (Some(clip), true, false) = (state.clip_name(), is_own, old.is_empty()) else {
        state.notes.old_markers = old;
        return;
    };
    let author = state.work.author().to_owned();
    let edits = old.iter().map(|marker| Edit::PutMarker(marker.of_clip(&clip, &author))).collect();
    work::change(state, "take over markers", edits);
    state.notes.touch();
}
