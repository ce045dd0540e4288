//! Applying what is asked of the project.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::steps::Turn;
use super::{
    Colleague, Keeping, Layout, Merging, Missing, Openings, WorkCommand, change, colleague, end_gesture,
    files, merging, relink,
};
use crate::app::command::{AppCommand, Command, SessionCommand};
use crate::app::dialogs::{self, PathRequest};
use crate::app::state::AppState;
use crate::app::tasks::{Done, TaskKind};
use crate::project::exchange::{self, ExchangeFormat};
use crate::project::{AnnotatedClip, Project, Side, Source, Workspace};

/// Gives what is to be done next.
pub fn apply(state: &mut AppState, command: WorkCommand) -> Option<Command> {
    match command {
        WorkCommand::NewDialog => dialogs::ask(state, PathRequest::NewProject),
        WorkCommand::New { path, may_replace } => new(state, files::with_ending(path), may_replace),
        WorkCommand::Save => save(state),
        WorkCommand::SaveAsDialog => dialogs::ask(state, PathRequest::SaveProject(suggested_name(state))),
        WorkCommand::SaveAs { path, may_replace } => save_as(state, &files::with_ending(path), may_replace),
        WorkCommand::Undo => turn(state, false),
        WorkCommand::Redo => turn(state, true),
        WorkCommand::UndoThis(version) if version == state.work.version => turn(state, false),
        WorkCommand::UndoThis(_) => {
            state
                .notices
                .info("Something else was changed since; Ctrl+Z takes back one step after the other");
        }
        WorkCommand::JumpTo(position) => jump(state, position),
        WorkCommand::Recover => recover(state),
        WorkCommand::DiscardRecovered => discard(state),
        WorkCommand::SaveAndLeave => {
            save(state);
            // what could not be saved is not left
            let leaving = state.work.leaving.take();
            return leaving.filter(|_| !state.work.has_unsaved());
        }
        WorkCommand::LeaveUnsaved => {
            let leaving = state.work.leaving.take();
            drop_changes(state);
            return leaving;
        }
        WorkCommand::Stay => state.work.leaving = None,
        WorkCommand::FindMediaDialog => relink::ask_folder(state),
        WorkCommand::FindMedia(folder) => relink::search(state, folder),
        WorkCommand::MediaFound(found) => {
            if let Some(missing) = &mut state.work.missing {
                let is_new = |old: &Source| found.iter().all(|f| f.id != old.id);
                missing.found.retain(is_new);
                missing.found.extend(found);
            }
        }
        WorkCommand::UseFoundMedia => {
            let path = relink::use_found(state)?;
            return Some(SessionCommand::Open(vec![path]).into());
        }
        WorkCommand::ShowMissing(missing) => state.work.missing = Some(missing),
        WorkCommand::CloseMissing => state.work.missing = None,
        WorkCommand::ColleagueDialog => dialogs::ask(state, PathRequest::Colleague),
        WorkCommand::ColleagueFrom(path) => colleague::load(state, path),
        WorkCommand::Colleague(path, project) => {
            state.work.colleague = Some(Colleague { path, project, agreement: None });
        }
        WorkCommand::Compared(version, found) => {
            if let Some(colleague) = &mut state.work.colleague {
                colleague.agreement = Some((version, found));
            }
        }
        WorkCommand::ForgetColleague => state.work.colleague = None,
        WorkCommand::MergeDialog => dialogs::ask(state, PathRequest::Merge),
        WorkCommand::MergeFrom(path) => merging::load(state, path, false),
        WorkCommand::MergeWith(path, theirs) => {
            state.work.merging = Some(Merging { path, theirs, base: None, conflicts: None });
        }
        WorkCommand::MergeBaseDialog => dialogs::ask(state, PathRequest::MergeBase),
        WorkCommand::MergeBaseFrom(path) => merging::load(state, path, true),
        WorkCommand::MergeBase(path, base) => {
            if let Some(merging) = &mut state.work.merging {
                (merging.base, merging.conflicts) = (Some((path, base)), None);
            }
        }
        WorkCommand::MergeListed(version, conflicts) => merging::listed(state, version, conflicts),
        WorkCommand::ChooseSide(place, side) => choose(state, |at| at == place, side),
        WorkCommand::ChooseAll(side) => choose(state, |_| true, side),
        WorkCommand::ApplyMerge => merging::apply(state),
        WorkCommand::ForgetMerge => state.work.merging = None,
        WorkCommand::ExportDialog(format) => {
            let name = format!("{}.{}", suggested_stem(state), format.extension());
            dialogs::ask(state, PathRequest::SaveAnnotations(name, format));
        }
        WorkCommand::ExportTo(path, format) => export(state, path, format),
        WorkCommand::ImportDialog => dialogs::ask(state, PathRequest::ImportAnnotations),
        WorkCommand::ImportFrom(path) => import(state, path),
        WorkCommand::Imported { path, clips } => imported(state, &path, &clips),
    }
    None
}

/// Until the person has said what becomes of what a crash left, nothing is written.
pub fn is_held(state: &AppState, command: &Command) -> bool {
    let is_answer = matches!(command, Command::Work(WorkCommand::Recover | WorkCommand::DiscardRecovered));
    let writes = matches!(command, Command::Work(_) | Command::Annotate(_) | Command::Mark(_));
    state.work.recovery.is_some() && writes && !is_answer
}

/// Whether a command leaves unsaved changes behind; then it waits until the person has said what becomes
/// of them.
pub fn asks_first(state: &mut AppState, command: &Command) -> bool {
    let is_other_project = |paths: &[PathBuf]| {
        let is_named =
            |p: &PathBuf| p.file_name().is_some_and(|n| n.to_string_lossy().ends_with(files::ENDING));
        paths.iter().any(|p| is_named(p) && state.work.workspace.path() != Some(p.as_path()))
    };
    let leaves = match command {
        Command::Session(SessionCommand::Close) | Command::App(AppCommand::Quit) => true,
        Command::Session(SessionCommand::Open(paths)) => is_other_project(paths),
        Command::Work(WorkCommand::New { .. }) => true,
        _ => false,
    };
    if leaves && state.work.has_unsaved() {
        state.work.leaving = Some(command.clone());
        return true;
    }
    false
}

/// Something was opened, and with it perhaps another project.
pub fn finish_open(state: &mut AppState, openings: Openings, is_same_clip: bool) {
    let Openings { project, work, clip, mut sources, missing, left_out } = openings;
    for path in left_out {
        state.notices.warning(format!(
            "One project is open at a time, so this one was left out; look at it as a second annotator's, or merge it (menu File): {}",
            path.display()
        ));
    }
    if let Some(opened) = work {
        close(state);
        if let Keeping::Unkept(reason) = &opened.keeping
            && state.places.projects.is_some()
        {
            let text = format!("What you write about this is not kept: {reason}");
            state.notices.warning(text);
        }
        state.work.steps.begin(opened.workspace.history());
        state.work.workspace = opened.workspace;
        (state.work.recovery, state.work.keeping) = (opened.recovery, opened.keeping);
    }
    state.work.version += 1;
    if is_same_clip {
        // what joins a clip leaves the rest there
        let is_other = |old: &Source| sources.iter().all(|new| new.kind != old.kind);
        let others: Vec<Source> = state.work.sources.iter().filter(|old| is_other(old)).cloned().collect();
        sources.extend(others);
    }
    (state.work.clip, state.work.sources) = (clip, sources);
    state.annotate.forget_choice();
    if project.is_some() {
        state.work.missing =
            (!missing.is_empty()).then_some(Missing { sources: missing, ..Missing::default() });
    }
    if let (true, Some(path)) = (state.work.is_named(), state.work.workspace.path()) {
        // the project is what is opened again the next time
        state.files = vec![path.to_path_buf()];
    }
}

/// Ends work on the project; one without a name is saved first.
pub fn close(state: &mut AppState) {
    end_gesture(state);
    save_quietly(state);
    let empty = Workspace::in_memory(Project::default());
    let old = std::mem::replace(&mut state.work.workspace, empty);
    if state.work.recovery.is_none() {
        old.close();
    }
    let (version, steps) = (state.work.version + 1, std::mem::take(&mut state.work.steps));
    state.work = super::Work { version, steps, ..super::Work::default() };
    state.work.steps.begin(state.work.workspace.history());
}

/// What is kept without a name saves itself; its record is enough until then.
pub fn save_quietly(state: &mut AppState) {
    let is_due = matches!(state.work.keeping, Keeping::Own { .. })
        && !state.work.workspace.is_saved()
        && state.work.recovery.is_none();
    if is_due && let Err(error) = state.work.workspace.save() {
        state.notices.error(&error.into());
    }
}

/// Called once a frame with what the layout is.
pub fn note_layout(state: &mut AppState, now: &Layout) {
    state.work.steps.note_layout(now);
}

fn new(state: &mut AppState, path: PathBuf, may_replace: bool) {
    if is_taken(state, &path, may_replace) {
        return;
    }
    let mut workspace = Workspace::in_memory(about_what_is_open(state));
    if let Err(error) = workspace.save_as(&path) {
        state.notices.error(&error.into());
        return;
    }
    let (clip, sources) = (state.work.clip.clone(), state.work.sources.clone());
    close(state);
    state.work.workspace = workspace;
    state.work.steps.begin(state.work.workspace.history());
    state.work.keeping = Keeping::Named;
    (state.work.clip, state.work.sources) = (clip, sources);
    state.annotate.forget_choice();
    remember(state);
    state.notices.info(format!("A new project: {}", path.display()));
}

/// A new project says where what is open lies.
fn about_what_is_open(state: &AppState) -> Project {
    let sources = state.work.sources.iter().cloned().collect();
    Project { sources, ..Project::new(&*state.settings.author) }
}

/// A path that was typed may name a file by mistake.
fn is_taken(state: &mut AppState, path: &Path, may_replace: bool) -> bool {
    let is_taken = !may_replace && path.exists() && state.work.workspace.path() != Some(path);
    if is_taken {
        state.notices.warning(format!(
            "There is a file of this name already; choose another name, or open it: {}",
            path.display()
        ));
    }
    is_taken
}

fn save(state: &mut AppState) {
    end_gesture(state);
    if !state.work.is_named() {
        // what has no name yet gets one
        dialogs::ask(state, PathRequest::SaveProject(suggested_name(state)));
        return;
    }
    if let Err(error) = state.work.workspace.save() {
        state.notices.error(&error.into());
    }
}

fn save_as(state: &mut AppState, path: &Path, may_replace: bool) {
    end_gesture(state);
    if is_taken(state, path, may_replace) {
        return;
    }
    if !state.work.steps.can_undo() && state.work.project().sources.is_empty() {
        state.work.workspace = Workspace::in_memory(about_what_is_open(state));
    }
    save_quietly(state);
    match state.work.workspace.save_as(path) {
        Ok(()) => {
            state.work.keeping = Keeping::Named;
            remember(state);
            state.notices.info(format!("Saved {}", path.display()));
        }
        Err(error) => state.notices.error(&error.into()),
    }
}

/// The project is what is opened again the next time.
fn remember(state: &mut AppState) {
    if let Some(path) = state.work.workspace.path() {
        state.files = vec![path.to_path_buf()];
        crate::app::opening::remember(state);
    }
}

fn suggested_stem(state: &AppState) -> String {
    let clip = state.work.clip.clone();
    let set = state.dataset.as_ref().map(|set| files::plain_name(&set.data.files.annotations));
    match state.work.is_named() {
        true => state.work.title(),
        false => set.or(clip).unwrap_or_else(|| "review".to_owned()),
    }
}

fn suggested_name(state: &AppState) -> String {
    format!("{}{}", suggested_stem(state), files::ENDING)
}

fn turn(state: &mut AppState, is_redo: bool) {
    // an open drag is given up first, and that is all
    if state.work.is_in_gesture() && !is_redo {
        super::cancel_gesture(state);
        return;
    }
    end_gesture(state);
    let turn = if is_redo { state.work.steps.redo() } else { state.work.steps.undo() };
    match turn {
        None => {}
        Some(Turn::Layout(layout)) => {
            // the timeline's share of it is the view's
            state.restored_layout = Some(layout);
        }
        Some(Turn::Project) => {
            let workspace = &mut state.work.workspace;
            let done = if is_redo { workspace.redo() } else { workspace.undo() };
            if let Err(error) = done {
                state.notices.error(&error.into());
            }
            state.work.version += 1;
        }
    }
}

fn jump(state: &mut AppState, position: usize) {
    end_gesture(state);
    let distance = state.work.steps.position().abs_diff(position);
    let is_redo = position > state.work.steps.position();
    for _ in 0..distance {
        turn(state, is_redo);
    }
}

fn recover(state: &mut AppState) {
    let Some(recovery) = state.work.recovery.take() else { return };
    let gestures = recovery.gestures;
    match state.work.workspace.recover(recovery) {
        Ok(()) => state.notices.info(format!("{gestures} changes are back")),
        Err(error) => state.notices.error(&error.into()),
    }
    state.work.steps.begin(state.work.workspace.history());
    state.work.version += 1;
}

fn discard(state: &mut AppState) {
    let Some(recovery) = state.work.recovery.take() else { return };
    if let Err(error) = state.work.workspace.discard(recovery) {
        state.notices.error(&error.into());
    }
}

/// The project goes, and what was not saved of it; its record stays beside it under another name.
fn drop_changes(state: &mut AppState) {
    end_gesture(state);
    let empty = Workspace::in_memory(Project::default());
    std::mem::replace(&mut state.work.workspace, empty).close_unsaved();
    state.work.keeping = Keeping::Nothing;
    state.work.version += 1;
    state.work.steps.begin(state.work.workspace.history());
}

fn choose(state: &mut AppState, is_meant: impl Fn(usize) -> bool, side: Side) {
    let Some((_, conflicts)) = state.work.merging.as_mut().and_then(|m| m.conflicts.as_mut()) else { return };
    let meant = conflicts.iter_mut().enumerate().filter(|(at, _)| is_meant(*at));
    meant.for_each(|(_, (_, chosen))| *chosen = side);
}

fn export(state: &mut AppState, path: PathBuf, format: ExchangeFormat) {
    let project = super::snapshot(state);
    state.tasks.start(TaskKind::Export, move |_| {
        let clips = exchange::clips_of(&project);
        let written = exchange::save(&clips, format, &path)?;
        let text = match written.as_slice() {
            [one] => format!("Saved {}", one.display()),
            many => format!("Saved {} files in {}", many.len(), path.display()),
        };
        Ok(Done::Saved(text, path))
    });
}

fn import(state: &mut AppState, path: PathBuf) {
    state.tasks.start(TaskKind::Import, move |_| {
        let clips = Arc::new(exchange::load(&path)?);
        Ok(Done::Next(Some(WorkCommand::Imported { path, clips }.into())))
    });
}

/// One step, however many questions a file holds. A file about one clip is about the clip that is open.
fn imported(state: &mut AppState, path: &Path, clips: &[AnnotatedClip]) {
    let mut clips = clips.to_vec();
    if let (Some(open), [one]) = (state.work.clip.as_deref(), clips.as_mut_slice()) {
        open.clone_into(&mut one.clip_uid);
    }
    let author = state.work.author().to_owned();
    let found = exchange::import(state.work.project(), &clips, &author);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let known = match found.known {
        0 => String::new(),
        known => format!("; {known} were there already"),
    };
    if found.edits.is_empty() {
        state.notices.info(format!("Nothing new in {name}{known}"));
        return;
    }
    let text = format!("{} questions with {} moments from {name}{known}", found.queries, found.moments);
    if change(state, &format!("import {name}"), found.edits) {
        super::offer_undo(state, text);
    }
}
