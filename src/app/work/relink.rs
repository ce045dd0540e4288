//! Media that are not where the project says, and finding them again.

use std::path::PathBuf;

use crate::app::dialogs::{self, PathRequest};
use crate::app::state::AppState;
use crate::app::tasks::{Done, TaskKind};
use crate::project::media::find_below;
use crate::project::{Edit, Source};

use super::WorkCommand;

/// The list that the dialog shows.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    pub sources: Vec<Source>,
    /// The same sources at their new places, as far as they were found.
    pub found: Vec<Source>,
    /// Where they were looked for last.
    pub folder: Option<PathBuf>,
}

impl Missing {
    pub fn place_of(&self, source: &Source) -> Option<&Source> {
        self.found.iter().find(|found| found.id == source.id)
    }
}

pub fn ask_folder(state: &mut AppState) {
    dialogs::ask(state, PathRequest::MediaFolder);
}

pub fn search(state: &mut AppState, folder: PathBuf) {
    let Some(missing) = &mut state.work.missing else { return };
    missing.folder = Some(folder.clone());
    let sources = missing.sources.clone();
    state.tasks.start(TaskKind::FindMedia, move |ctx| {
        ctx.stage("Looking for the project's media");
        let found = find_below(&sources, &folder, ctx)?;
        Ok(Done::Next(Some(WorkCommand::MediaFound(found).into())))
    });
}

/// Puts the sources to where they were found, as one step; gives what to open then.
pub fn use_found(state: &mut AppState) -> Option<PathBuf> {
    let missing = state.work.missing.take()?;
    let edits: Vec<Edit> = missing.found.into_iter().map(Edit::PutSource).collect();
    if edits.is_empty() {
        return None;
    }
    super::change(state, "find media again", edits);
    state.work.workspace().path().map(std::path::Path::to_path_buf)
}
