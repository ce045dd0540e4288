//! Questions: asked, answered in every gaze mode, gone through.

use std::sync::Arc;

use super::command::QueryCommand;
use super::dataset::{self, DataSetCommand};
use super::dialogs::{self, PathRequest};
use super::queries::Answers;
use super::state::AppState;
use super::tasks::{Done, TaskKind};
use super::{evidence, looping};
use crate::grounding::GazeMode;
use crate::pipeline::TOP;
use crate::project;
use crate::time::TimeRange;

pub fn apply(state: &mut AppState, command: QueryCommand, wall_secs: f64) {
    match command {
        // ranks and truth are those of the chosen row
        QueryCommand::Jump(rank) | QueryCommand::Loop(rank) if state.dataset.is_some() => {
            let range = state.dataset.as_ref().and_then(|set| set.moments().get(rank).map(|m| m.range));
            let (Some(range), Some(set)) = (range, &mut state.dataset) else { return };
            set.moment = Some(rank);
            match command {
                QueryCommand::Loop(_) => dataset::apply(state, DataSetCommand::Loop(range), wall_secs),
                _ => dataset::seek_to(state, range.start(), wall_secs),
            }
        }
        QueryCommand::JumpToTruth if state.dataset.is_some() => {
            if let Some(truth) = state.truth() {
                dataset::seek_to(state, truth.start(), wall_secs);
            }
        }
        QueryCommand::LoopTruth if state.dataset.is_some() => {
            if let Some(truth) = state.truth() {
                dataset::apply(state, DataSetCommand::Loop(truth), wall_secs);
            }
        }
        QueryCommand::Ask(text) => ask(state, &text),
        QueryCommand::AskAllAnnotated => {
            let texts: Vec<String> = state.annotations.iter().map(|a| a.text.clone()).collect();
            texts.iter().for_each(|text| ask(state, text));
        }
        QueryCommand::AskAll(texts) => texts.iter().for_each(|text| ask(state, text)),
        QueryCommand::AskFileDialog => dialogs::ask(state, PathRequest::Questions),
        QueryCommand::AskFile(path) => state.tasks.start(TaskKind::Dialog, move |_| {
            let questions = project::read_questions(&path)?;
            Ok(Done::Next(Some(QueryCommand::AskAll(questions).into())))
        }),
        QueryCommand::Select(id) => {
            state.queries.select(id);
            state.annotate.follow_question();
            state.notes.touch();
            answer_selected(state);
        }
        QueryCommand::Remove(id) => {
            state.queries.remove(id);
            state.notes.touch();
        }
        QueryCommand::SetGazeMode(mode) => {
            state.queries.mode = mode;
            answer_selected(state);
        }
        QueryCommand::Jump(rank) => {
            let target = state.queries.shown().and_then(|a| a.moments.get(rank)).map(|m| m.range.start());
            if let Some(start) = target {
                state.queries.moment = Some(rank);
                looping::seek(state, start, wall_secs);
            }
        }
        QueryCommand::JumpBy(by) => {
            let count = state.queries.shown().map_or(0, |a| a.moments.len()) as i32;
            if count > 0 {
                let at = state.queries.moment.map_or(if by > 0 { 0 } else { count - 1 }, |rank| {
                    (rank as i32 + by).clamp(0, count - 1)
                });
                apply(state, QueryCommand::Jump(at as usize), wall_secs);
            }
        }
        QueryCommand::JumpToTruth => {
            if let Some(truth) = state.truth() {
                looping::seek(state, truth.start(), wall_secs);
            }
        }
        QueryCommand::Loop(rank) => {
            let range = state.queries.shown().and_then(|a| a.moments.get(rank)).map(|m| m.range);
            if range.is_some() {
                state.queries.moment = Some(rank);
            }
            looping::start_loop(state, range, wall_secs);
        }
        QueryCommand::LoopTruth => looping::start_loop(state, state.truth(), wall_secs),
        QueryCommand::CancelWork => {
            let stopped = state.tasks.cancel_computing();
            if stopped.contains(&TaskKind::Features) {
                let text =
                    "Stopped looking through the clip; what was found so far is kept and answers rest on it";
                state.notices.offer(text, "Go on looking", QueryCommand::Resume.into());
            }
        }
        QueryCommand::Resume => evidence::extract(state),
    }
}

fn ask(state: &mut AppState, text: &str) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    let truth = truth_of(state, text);
    let id = state.queries.ask(text, truth);
    state.annotate.follow_question();
    state.settings.remember_query(text);
    state.notes.touch();
    start_answer(state, id);
    if state.models.ready().is_none() && state.begins_at_frame.is_none() {
        evidence::load_models(state);
    }
}

pub fn answer_selected(state: &mut AppState) {
    if let Some(id) = state.queries.selected().map(|q| q.id) {
        start_answer(state, id);
    }
}

/// Answers in every gaze mode that the session has, so that switching costs nothing.
pub fn start_answer(state: &mut AppState, id: u64) {
    let (Some(pipeline), Some(features)) = (state.models.ready(), &state.features) else { return };
    let Some(text) = state.queries.iter().find(|q| q.id == id).map(|q| q.text.clone()) else { return };
    let (pipeline, features) = (Arc::clone(pipeline), Arc::clone(features));
    let gaze = state.gaze.as_ref().map(|g| Arc::clone(g.track()));
    state.tasks.start_also(TaskKind::Answer, move |ctx| {
        let mut answers = Answers::new();
        for mode in pipeline.modes().iter().copied() {
            ctx.check()?;
            if mode == GazeMode::Recorded && gaze.is_none() {
                continue;
            }
            let answer = pipeline.localize(&features, &text, mode, gaze.as_deref(), TOP)?;
            answers.insert(mode, Arc::new(answer));
        }
        Ok(Done::Answered { query: id, answers })
    });
}

pub fn truth_of(state: &AppState, text: &str) -> Option<TimeRange> {
    state.annotations.iter().find(|a| a.text.eq_ignore_ascii_case(text)).and_then(|a| a.range())
}
