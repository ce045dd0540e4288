//! Verdicts, tags, notes and review states of cases, and the queue that says which to look at next.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{AnnotateCommand, chosen_query};
use crate::app::dataset::DataSetCommand;
use crate::app::state::AppState;
use crate::app::tasks::{Done, TaskKind};
use crate::app::work;
use crate::dataset::DataSet;
use crate::eval::failure::{Diagnosis, FailureConfig, QuerySet, Ranked};
use crate::eval::review::{ReviewReason, review_queue};
use crate::project::{Edit, Judgement, QueryKey, ReviewState};

/// Windows of a prediction file that the review looks at.
const WINDOWS: usize = 50;
/// Cases drawn at random, so that what the review finds can be counted.
const SAMPLE: usize = 100;

/// Rows of a data set in the order in which they should be looked at.
pub struct Queue {
    data: Arc<DataSet>,
    pub rows: Vec<(usize, ReviewReason)>,
    places: HashMap<usize, usize>,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue of {} rows", self.rows.len())
    }
}

impl Queue {
    pub fn reason(&self, row: usize) -> Option<ReviewReason> {
        self.places.get(&row).map(|place| self.rows[*place].1)
    }
}

/// What the case at hand is called: the chosen row, or the chosen question of a clip.
pub fn case_key(state: &AppState) -> Option<QueryKey> {
    if let Some(set) = &state.dataset {
        return set.selected_view().map(|view| view.key());
    }
    let clip = state.clip_name()?;
    if let Some(asked) = state.queries.selected() {
        let annotated = state.annotations.iter().find(|a| a.text == asked.text);
        if let Some(annotated) = annotated {
            return Some(QueryKey {
                clip_uid: clip,
                annotation_uid: annotated.annotation_uid.clone(),
                query_idx: annotated.query_idx,
            });
        }
    }
    // a person's own question has its id for a name
    let own = chosen_query(state)?;
    let key = QueryKey { clip_uid: clip, annotation_uid: own.id.to_string(), query_idx: 0 };
    Some(own.origin.clone().unwrap_or(key))
}

/// What has been said of the case at hand.
pub fn judgement(state: &AppState) -> Option<Judgement> {
    let (key, author) = (case_key(state)?, state.work.author());
    let said = state.work.project().judgement(&key, author).cloned();
    Some(said.unwrap_or_else(|| Judgement::empty(key, author)))
}

/// Why the chosen row is in the queue, and how many cases are still to do.
pub fn queue_reason(state: &AppState) -> Option<(Option<ReviewReason>, usize, usize)> {
    let (queue, set) = (queue_of(state)?, state.dataset.as_ref()?);
    let left = queue.rows.iter().filter(|(row, _)| is_to_do(state, *row)).count();
    Some((set.selected.and_then(|row| queue.reason(row)), left, queue.rows.len()))
}

fn queue_of(state: &AppState) -> Option<&Arc<Queue>> {
    let set = state.dataset.as_ref()?;
    let is_of = |queue: &&Arc<Queue>| Arc::ptr_eq(&queue.data.rows, &set.data.rows);
    state.annotate.queue.as_ref().filter(is_of)
}

fn is_to_do(state: &AppState, row: usize) -> bool {
    let Some(view) = state.dataset.as_ref().and_then(|set| set.data.row(row)) else { return false };
    let said = state.work.project().judgement(&view.key(), state.work.author());
    said.is_none_or(|judgement| judgement.review == ReviewState::Todo)
}

pub fn apply(state: &mut AppState, command: AnnotateCommand, wall_secs: f64) {
    match command {
        AnnotateCommand::Verdict(verdict) => judge(state, "set verdict", |j| {
            j.verdict = (j.verdict != Some(verdict)).then_some(verdict);
        }),
        AnnotateCommand::Tag(name) => toggle_tag(state, &name),
        AnnotateCommand::TagKey(key) => {
            let tag = state.work.project().tags.iter().find(|tag| tag.key == Some(key));
            if let Some(name) = tag.map(|tag| tag.name.clone()) {
                toggle_tag(state, &name);
            }
        }
        AnnotateCommand::PutTag(tag) => {
            // a key sets one tag
            let others = state.work.project().tags.iter().filter(|t| t.name != tag.name);
            let freed = others.filter(|t| tag.key.is_some() && t.key == tag.key);
            let mut edits: Vec<Edit> =
                freed.map(|t| Edit::PutTag(crate::project::Tag { key: None, ..t.clone() })).collect();
            edits.push(Edit::PutTag(tag));
            work::change(state, "set tag", edits);
        }
        AnnotateCommand::RemoveTag(name) => {
            work::change(state, "delete tag", vec![Edit::RemoveTag(name)]);
        }
        AnnotateCommand::Note(key, note) => judge_case(state, key, "write note", |j| j.note = note),
        AnnotateCommand::Review(review) => judge(state, "set review state", |j| j.review = review),
        AnnotateCommand::MakeQueue => make_queue(state),
        AnnotateCommand::Queued(queue) => {
            let count = queue.rows.len();
            state.annotate.queue = Some(queue);
            state.notices.info(format!("{count} cases to review, in order"));
            go_to_first(state, wall_secs);
        }
        AnnotateCommand::StepQueue(by) => step_queue(state, by, wall_secs),
        _ => {}
    }
}

fn toggle_tag(state: &mut AppState, name: &str) {
    judge(state, "tag case", |j| match j.tags.iter().position(|tag| tag == name) {
        Some(place) => drop(j.tags.remove(place)),
        None => j.tags.push(name.to_owned()),
    });
}

fn judge(state: &mut AppState, name: &str, say: impl FnOnce(&mut Judgement)) {
    if let Some(key) = case_key(state) {
        judge_case(state, key, name, say);
    }
}

fn judge_case(state: &mut AppState, key: QueryKey, name: &str, say: impl FnOnce(&mut Judgement)) {
    let author = state.work.author().to_owned();
    let said = state.work.project().judgement(&key, &author).cloned();
    let before = said.unwrap_or_else(|| Judgement::empty(key, author));
    let mut after = before.clone();
    say(&mut after);
    if after == before {
        return;
    }
    after.unix_secs = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    work::change(state, name, vec![Edit::Judge(after)]);
}

/// Diagnoses every prediction file and puts the cases in order, in the background.
fn make_queue(state: &mut AppState) {
    let Some(set) = &state.dataset else { return };
    let data = Arc::clone(&set.data);
    state.tasks.start(TaskKind::Queue, move |ctx| {
        ctx.stage("Putting cases in order");
        let config = FailureConfig::default();
        let queries = QuerySet::new(&data.annotations, &config);
        let mut models = Vec::new();
        for (done, file) in data.predictions.iter().enumerate() {
            ctx.step(done as u64, data.predictions.len() as u64)?;
            let predictions: Vec<_> =
                (0..data.rows.len()).filter_map(|row| file.of_row(row).cloned()).collect();
            let ranked = Ranked::new(&*file.name, &queries, &predictions, WINDOWS)?;
            models.push(Diagnosis::new(&queries, ranked, config.clone()));
        }
        let models: Vec<&Diagnosis> = models.iter().collect();
        let by_key: HashMap<QueryKey, usize> =
            (0..data.rows.len()).filter_map(|row| Some((data.row(row)?.key(), row))).collect();
        let rows: Vec<(usize, ReviewReason)> = review_queue(&queries, &models, SAMPLE)
            .into_iter()
            .filter_map(|(query, reason)| Some((*by_key.get(&queries.queries[query].key)?, reason)))
            .collect();
        let places = rows.iter().enumerate().map(|(place, (row, _))| (*row, place)).collect();
        let queue = Arc::new(Queue { rows, places, data });
        Ok(Done::Next(Some(AnnotateCommand::Queued(queue).into())))
    });
}

/// The first case that is still to do.
fn go_to_first(state: &mut AppState, wall_secs: f64) {
    let Some(queue) = queue_of(state).map(Arc::clone) else { return };
    let first = queue.rows.iter().find(|(row, _)| is_to_do(state, *row));
    go_to(state, first.map(|(row, _)| *row), wall_secs);
}

/// From the chosen row on, the next case that is still to do; after the last the first again.
fn step_queue(state: &mut AppState, by: i32, wall_secs: f64) {
    let Some(queue) = queue_of(state).map(Arc::clone) else { return make_queue(state) };
    let selected = state.dataset.as_ref().and_then(|set| set.selected);
    let Some(at) = selected.and_then(|row| queue.places.get(&row)).copied() else {
        return go_to_first(state, wall_secs);
    };
    let count = queue.rows.len();
    let step = if by > 0 { 1 } else { count - 1 };
    let mut round = (1..count).map(|i| queue.rows[(at + i * step) % count].0);
    let next = round.find(|row| is_to_do(state, *row));
    go_to(state, next, wall_secs);
}

fn go_to(state: &mut AppState, row: Option<usize>, wall_secs: f64) {
    match row {
        Some(row) => crate::app::dataset::apply(state, DataSetCommand::Select(row), wall_secs),
        None => state.notices.info("No other case of the queue is to do"),
    }
}
