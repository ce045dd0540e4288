//! A second annotator's project beside this one, and how far the two agree.

use std::path::PathBuf;
use std::sync::Arc;

use super::{WorkCommand, files, snapshot};
use crate::app::state::AppState;
use crate::app::tasks::{Done, TaskKind};
use crate::project::{Agreement, Moment, Project, Query, agreement, file};

pub struct Colleague {
    pub path: PathBuf,
    pub project: Arc<Project>,
    /// Of the version of our project that was compared.
    pub agreement: Option<(u64, Box<Agreement>)>,
}

impl Colleague {
    pub fn name(&self) -> String {
        let author = &self.project.author;
        if author.is_empty() { files::plain_name(&self.path) } else { author.clone() }
    }

    /// Their moments of a clip, each with its question.
    pub fn moments_of<'a>(&'a self, clip: &'a str) -> impl Iterator<Item = (&'a Query, &'a Moment)> {
        let queries = self.project.queries.iter().filter(move |query| query.clip == clip);
        queries.flat_map(|query| query.moments.iter().map(move |moment| (query, moment)))
    }
}

pub fn load(state: &mut AppState, path: PathBuf) {
    state.tasks.start(TaskKind::Colleague, move |_| {
        let project = Arc::new(file::load(&path)?);
        Ok(Done::Next(Some(WorkCommand::Colleague(path, project).into())))
    });
}

/// Compares in the background; called once a frame, and starts when our project has changed.
pub fn refresh(state: &mut AppState) {
    let version = state.work.version();
    let Some(colleague) = &state.work.colleague else { return };
    let is_fresh = colleague.agreement.as_ref().is_some_and(|(of, _)| *of == version);
    if is_fresh || state.work.is_in_gesture() || state.tasks.is_running(TaskKind::Colleague) {
        return;
    }
    let (ours, theirs) = (snapshot(state), Arc::clone(&colleague.project));
    state.tasks.start(TaskKind::Colleague, move |_| {
        let found = Box::new(agreement(&ours, &theirs));
        Ok(Done::Next(Some(WorkCommand::Compared(version, found).into())))
    });
}
