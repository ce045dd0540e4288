//! Merging somebody's project into this one: the conflicts are listed, and the person chooses.

use std::path::PathBuf;
use std::sync::Arc;

use super::{WorkCommand, snapshot};
use crate::app::state::AppState;
use crate::app::tasks::{Done, TaskKind};
use crate::project::{Conflict, Edit, Project, Side, file, merge, merge_choosing};

pub struct Merging {
    pub path: PathBuf,
    pub theirs: Arc<Project>,
    /// What both started from, where somebody has it.
    pub base: Option<(PathBuf, Arc<Project>)>,
    /// The conflicts with a side for each, once they have been looked for in this version of ours.
    pub conflicts: Option<(u64, Vec<(Conflict, Side)>)>,
}

pub fn load(state: &mut AppState, path: PathBuf, is_base: bool) {
    state.tasks.start(TaskKind::Merge, move |_| {
        let project = Arc::new(file::load(&path)?);
        let command = match is_base {
            true => WorkCommand::MergeBase(path, project),
            false => WorkCommand::MergeWith(path, project),
        };
        Ok(Done::Next(Some(command.into())))
    });
}

/// Looks for conflicts in the background; called once a frame, and starts when something has changed.
pub fn refresh(state: &mut AppState) {
    let version = state.work.version();
    let Some(merging) = &state.work.merging else { return };
    let is_fresh = merging.conflicts.as_ref().is_some_and(|(of, _)| *of == version);
    if is_fresh || state.work.is_in_gesture() || state.tasks.is_running(TaskKind::Merge) {
        return;
    }
    let ours = snapshot(state);
    let (theirs, base) = (Arc::clone(&merging.theirs), merging.base.as_ref().map(|(_, b)| Arc::clone(b)));
    state.tasks.start(TaskKind::Merge, move |_| {
        let (_, conflicts) = merge(base.as_deref(), &ours, &theirs);
        Ok(Done::Next(Some(WorkCommand::MergeListed(version, conflicts).into())))
    });
}

pub fn listed(state: &mut AppState, version: u64, conflicts: Vec<Conflict>) {
    let Some(merging) = &mut state.work.merging else { return };
    let side = |conflict: &Conflict| if conflict.kept_second { Side::Second } else { Side::First };
    let chosen = conflicts.into_iter().map(|c| {
        let side = side(&c);
        (c, side)
    });
    merging.conflicts = Some((version, chosen.collect()));
}

/// Merges as one step that can be undone.
pub fn apply(state: &mut AppState) {
    let Some(merging) = state.work.merging.take() else { return };
    let Some((_, conflicts)) = &merging.conflicts else { return };
    let sides: Vec<Side> = conflicts.iter().map(|(_, side)| *side).collect();
    let base = merging.base.as_ref().map(|(_, base)| &**base);
    let (merged, _) = merge_choosing(base, state.work.project(), &merging.theirs, &sides);
    let before = (state.work.project().queries.len(), state.work.project().judgements.len());
    let text = format!(
        "Merged: {} questions and {} judgements, {} before; {} conflicts settled as chosen",
        merged.queries.len(),
        merged.judgements.len(),
        before.0 + before.1,
        sides.len()
    );
    if super::change(state, "merge", vec![Edit::Become(Box::new(merged))]) {
        super::offer_undo(state, text);
    } else {
        state.notices.info("There was nothing in it that this project lacks");
    }
}
