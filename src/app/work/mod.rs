//! The project that is being worked on: always one, kept in the user's own folder until it gets a name.
//!
//! What a person does to it goes through [`change`], so that every change is recorded and can be undone.

mod colleague;
mod command;
mod files;
mod merging;
mod open;
mod relink;
mod steps;
mod update;

use std::sync::Arc;

pub use colleague::Colleague;
pub use command::WorkCommand;
pub use merging::Merging;
pub use open::{Opener, Openings};
pub use relink::Missing;
pub use steps::{Layout, Steps};
pub use update::{apply, asks_first, close, finish_open, is_held, note_layout, save_quietly};

use super::command::Command;
use super::state::AppState;
use crate::project::{Edit, Id, Marker, Project, Query, Recovery, Source, SourceKind, Workspace};

/// Where the project is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Keeping {
    /// Nothing is open that could be written about.
    #[default]
    Nothing,
    /// In the user's folder, under what names the clip's or the data set's content.
    Own { id: String, title: String },
    /// In a file that the user named.
    Named,
    /// In memory only, with the reason.
    Unkept(String),
}

pub struct Work {
    workspace: Workspace,
    pub keeping: Keeping,
    /// What a crash left of this project, until the person has chosen.
    pub recovery: Option<Recovery>,
    pub steps: Steps,
    /// What the open clip is called in the project; of a data set the chosen row says it.
    pub clip: Option<String>,
    /// What is open, as the project would name it.
    pub sources: Vec<Source>,
    pub missing: Option<Missing>,
    pub colleague: Option<Colleague>,
    pub merging: Option<Merging>,
    /// Waits until the person has said what becomes of unsaved changes.
    pub leaving: Option<Command>,
    /// Which edits made the project what it is: a new number with each.
    version: u64,
}

impl Default for Work {
    fn default() -> Self {
        Self {
            workspace: Workspace::in_memory(Project::default()),
            keeping: Keeping::Nothing,
            recovery: None,
            steps: Steps::default(),
            clip: None,
            sources: Vec::new(),
            missing: None,
            colleague: None,
            merging: None,
            leaving: None,
            version: 0,
        }
    }
}

impl Work {
    pub fn project(&self) -> &Project {
        self.workspace.project()
    }

    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn author(&self) -> &str {
        &self.project().author
    }

    pub fn is_named(&self) -> bool {
        self.keeping == Keeping::Named
    }

    /// Changes that only the record holds; what is kept without a name saves itself.
    pub fn has_unsaved(&self) -> bool {
        self.is_named() && !self.workspace.is_saved()
    }

    pub fn is_in_gesture(&self) -> bool {
        self.workspace.history().is_in_gesture()
    }

    /// What the project is called.
    pub fn title(&self) -> String {
        match &self.keeping {
            Keeping::Nothing => String::new(),
            Keeping::Own { title, .. } => format!("My notes on {title}"),
            Keeping::Unkept(_) => "Notes that are not kept".to_owned(),
            Keeping::Named => {
                let path = self.workspace.path().unwrap_or(std::path::Path::new(""));
                files::plain_name(path)
            }
        }
    }

    /// How safe it is, in words.
    pub fn state_text(&self) -> &'static str {
        match (&self.keeping, self.workspace.is_saved()) {
            (Keeping::Nothing, _) => "",
            (Keeping::Own { .. }, _) => "kept automatically",
            (Keeping::Unkept(_), _) => "lost when the window closes",
            (Keeping::Named, true) => "saved",
            (Keeping::Named, false) => "unsaved changes",
        }
    }

    /// Questions about a clip, in the order in which they were made.
    pub fn queries_of(&self, clip: &str) -> impl Iterator<Item = &Query> {
        self.project().queries.iter().filter(move |query| query.clip == clip)
    }

    /// Of a clip, in time order.
    pub fn markers_of(&self, clip: &str) -> Vec<&Marker> {
        let mut markers: Vec<&Marker> = self.project().markers.iter().filter(|m| m.clip == clip).collect();
        markers.sort_by_key(|marker| marker.time);
        markers
    }

    /// The open gaze recording as the project names it.
    pub fn gaze_source(&self) -> Option<Id> {
        self.sources.iter().find(|source| source.kind == SourceKind::Gaze).map(|source| source.id)
    }

    /// The project's own entry of what is open comes with the first change that is made.
    fn with_sources(&self, edits: Vec<Edit>) -> Vec<Edit> {
        let is_new = |source: &&Source| self.project().sources.get(&source.id).is_none();
        self.sources.iter().filter(is_new).cloned().map(Edit::PutSource).chain(edits).collect()
    }
}

/// Makes changes, as one step. What cannot be done says why.
pub fn change(state: &mut AppState, name: &str, edits: Vec<Edit>) -> bool {
    end_gesture(state);
    let edits = state.work.with_sources(edits);
    let done = state.work.workspace.apply_all(name, edits);
    noted(state, done)
}

/// Good news of the last change, which can be taken back.
fn offer_undo(state: &mut AppState, text: String) {
    let undo = WorkCommand::UndoThis(state.work.version);
    state.notices.offer(text, "Undo", undo.into());
}

/// One step of a drag; all until [`end_gesture`] are one.
pub fn drag(state: &mut AppState, name: &str, edit: Edit) {
    if !state.work.is_in_gesture() {
        state.work.workspace.begin_gesture(name);
        for edit in state.work.with_sources(Vec::new()) {
            let _ = state.work.workspace.apply(edit);
        }
    }
    match state.work.workspace.apply(edit) {
        Ok(_) => state.work.version += 1,
        Err(error) => state.notices.error(&error.into()),
    }
}

/// Completes a drag, if there is one.
pub fn end_gesture(state: &mut AppState) {
    if state.work.is_in_gesture() {
        let done = state.work.workspace.end_gesture();
        noted(state, done);
    }
}

pub fn cancel_gesture(state: &mut AppState) {
    if state.work.is_in_gesture() {
        state.work.workspace.cancel_gesture();
        state.work.version += 1;
    }
}

/// Counts a change as a step, or says why there was none. A change that could not be written down was
/// made all the same.
fn noted(state: &mut AppState, done: Result<bool, crate::project::WorkspaceError>) -> bool {
    let is_changed = match done {
        Ok(is_changed) => is_changed,
        Err(error) => {
            let is_made = matches!(error, crate::project::WorkspaceError::Unrecorded { .. });
            state.notices.error(&error.into());
            is_made
        }
    };
    state.work.version += 1;
    if is_changed {
        state.work.steps.add_change();
    }
    is_changed
}

/// Something more was opened.
pub fn add_source(state: &mut AppState, source: Source) {
    state.work.sources.retain(|old| old.kind != source.kind);
    state.work.sources.push(source);
    state.work.version += 1;
}

/// Called once a frame; starts work where something has changed.
pub fn refresh(state: &mut AppState) {
    colleague::refresh(state);
    merging::refresh(state);
}

/// For jobs: the project as it is now. A copy costs little.
pub fn snapshot(state: &AppState) -> Arc<Project> {
    Arc::new(state.work.project().clone())
}
