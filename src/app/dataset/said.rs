//! What people have said of a data set's rows, as the table shows it.

use std::collections::HashMap;
use std::sync::Arc;

use super::find;
use crate::app::state::AppState;
use crate::dataset::{Condition, Said};
use crate::project::{Judgement, Project, QueryKey};

/// Judgements by row, and what they were collected from.
#[derive(Default)]
pub struct SaidRows {
    pub rows: Arc<HashMap<usize, Said>>,
    made_from: (u64, usize),
}

/// Collects again when the project or the analysis has changed.
pub fn refresh(state: &mut AppState) {
    let version = state.work.version();
    let Some(session) = &mut state.dataset else { return };
    let Some(analysis) = session.analysis.clone() else { return };
    let made_from = (version, Arc::as_ptr(&analysis.basis) as usize);
    if session.said.made_from == made_from {
        return;
    }
    let mut rows: HashMap<usize, Said> = HashMap::new();
    let project = state.work.project();
    for judgement in project.judgements.iter() {
        if let Some(place) = analysis.basis.set.place_of(&judgement.case) {
            let said = said_of(project, &judgement.case);
            rows.insert(analysis.row(place), said);
        }
    }
    let has_changed = *session.said.rows != rows;
    session.said.made_from = made_from;
    if has_changed {
        session.said.rows = Arc::new(rows);
        let asks = |c: &Condition| matches!(c, Condition::Tag(_) | Condition::Verdict(_));
        if session.filter.conditions.iter().any(asks) || session.sort.is_some() {
            find::refilter(session);
        }
    }
}

/// Of everybody, the project's own author first.
pub fn said_of(project: &Project, key: &QueryKey) -> Said {
    let mut all: Vec<&Judgement> = project.judgements.iter().filter(|j| j.case == *key).collect();
    all.sort_by_key(|j| j.author != project.author);
    let mut tags: Vec<String> = all.iter().flat_map(|j| j.tags.iter().cloned()).collect();
    tags.sort_unstable();
    tags.dedup();
    Said { text: tags.join(", "), tags, verdict: all.iter().find_map(|j| j.verdict) }
}
