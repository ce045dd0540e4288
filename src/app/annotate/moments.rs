//! Making, moving, trimming, splitting, joining and deleting moments; the questions that they answer.

use super::{AnnotateCommand, Edge, Nudge};
use crate::app::dataset::{DataSetCommand, seek_to};
use crate::app::state::AppState;
use crate::app::{looping, work};
use crate::playback::PlaybackCommand;
use crate::project::{Edit, Id, Moment, Query, QueryKey};
use crate::time::{FrameIdx, MediaTime, TimeRange};

/// A moment does not get shorter than this.
const LEAST: MediaTime = MediaTime::from_millis(10);
/// Without pictures a nudge is one of 30 a second.
const USUAL_FRAME: MediaTime = MediaTime::from_nanos(33_333_333);

/// Questions of the project about what is open: those of the chosen row in a data set, else all of the
/// clip.
pub fn queries_here(state: &AppState) -> Vec<&Query> {
    let Some(clip) = state.clip_name() else { return Vec::new() };
    let all = state.work.queries_of(&clip);
    match row_key(state) {
        Some(key) => all.filter(|query| query.origin.as_ref() == Some(&key)).collect(),
        None => all.collect(),
    }
}

/// The question whose moments are made and changed.
pub fn chosen_query(state: &AppState) -> Option<&Query> {
    let here = queries_here(state);
    let chosen = state.annotate.query.and_then(|id| here.iter().find(|query| query.id == id));
    if let Some(query) = chosen {
        return Some(query);
    }
    let author = state.work.author();
    if row_key(state).is_some() {
        return here.iter().find(|query| query.author == author).or(here.first()).copied();
    }
    let asked = state.queries.selected()?.text.trim();
    here.iter().find(|query| query.text.trim().eq_ignore_ascii_case(asked)).copied()
}

/// The chosen moment, with its question.
pub fn chosen_moment(state: &AppState) -> Option<(&Query, &Moment)> {
    let id = state.annotate.moment?;
    queries_here(state)
        .into_iter()
        .find_map(|query| Some((query, query.moments.iter().find(|m| m.id == id)?)))
}

fn row_key(state: &AppState) -> Option<QueryKey> {
    state.dataset.as_ref()?.selected_view().map(|view| view.key())
}

pub fn apply(state: &mut AppState, command: AnnotateCommand, wall_secs: f64) {
    match command {
        AnnotateCommand::NewMoment => {
            if let Some(range) = state.marks.range.or_else(|| state.chosen_moment()) {
                create(state, "add moment", vec![range]);
            }
        }
        AnnotateCommand::Create(range) => create(state, "add moment", vec![range]),
        AnnotateCommand::CopyTruth => {
            let truths = state.truths();
            create(state, "copy the annotated moment", truths);
        }
        AnnotateCommand::Choose(moment) => choose(state, moment),
        AnnotateCommand::Step(by) => step(state, by, wall_secs),
        AnnotateCommand::Drag { moment, range, edge, is_trim } => {
            let Some(query) = query_of(state, moment) else { return };
            state.annotate.moment = Some(moment);
            let name = if is_trim { "trim moment" } else { "move moment" };
            work::drag(state, name, Edit::SetMoment { query, moment, range });
            scrub(state, edge, wall_secs);
        }
        AnnotateCommand::Drop => {
            work::end_gesture(state);
            player(state, PlaybackCommand::ScrubEnd, wall_secs);
        }
        AnnotateCommand::CancelDrag => {
            work::cancel_gesture(state);
            player(state, PlaybackCommand::ScrubEnd, wall_secs);
        }
        AnnotateCommand::SetRange(moment, range) => set_range(state, "trim moment", moment, range),
        AnnotateCommand::ToPlayhead(edge) => to_playhead(state, edge),
        AnnotateCommand::SetEdge(edge) => state.annotate.edge = edge,
        AnnotateCommand::NextEdge => {
            state.annotate.edge = match state.annotate.edge {
                Edge::Start => Edge::End,
                Edge::End => Edge::Whole,
                Edge::Whole => Edge::Start,
            };
        }
        AnnotateCommand::Nudge(by) => nudge(state, by, wall_secs),
        AnnotateCommand::Split => {
            let at = state.now();
            with_chosen(state, "split moment", |query, moment| {
                vec![Edit::SplitMoment { query: query.id, moment: moment.id, at, second: Id::fresh() }]
            });
        }
        AnnotateCommand::Join => join(state),
        AnnotateCommand::Duplicate => {
            let Some((query, moment)) = chosen_moment(state) else { return };
            let (query, copy) = (query.id, Moment { id: Id::fresh(), ..moment.clone() });
            let id = copy.id;
            if work::change(state, "duplicate moment", vec![Edit::AddMoment { query, moment: copy }]) {
                state.annotate.moment = Some(id);
            }
        }
        AnnotateCommand::Delete => {
            with_chosen(state, "delete moment", |query, moment| {
                vec![Edit::RemoveMoment { query: query.id, moment: moment.id }]
            });
            choose(state, None);
        }
        AnnotateCommand::LoopOwn => {
            if let Some(range) = chosen_moment(state).map(|(_, moment)| moment.range) {
                match state.dataset {
                    Some(_) => crate::app::dataset::apply(state, DataSetCommand::Loop(range), wall_secs),
                    None => looping::start_loop(state, Some(range), wall_secs),
                }
            }
        }
        AnnotateCommand::NewQuery => new_query(state),
        AnnotateCommand::ChooseQuery(query) => {
            (state.annotate.query, state.annotate.moment) = (Some(query), None);
        }
        AnnotateCommand::SetText(query, text) => {
            work::change(state, "edit query", vec![Edit::SetQueryText { query, text }]);
        }
        AnnotateCommand::SetTemplate(query, template) => {
            work::change(state, "set template", vec![Edit::SetQueryTemplate { query, template }]);
        }
        AnnotateCommand::RemoveQuery(query) => {
            work::change(state, "delete query", vec![Edit::RemoveQuery(query)]);
            state.annotate.forget_choice();
        }
        AnnotateCommand::SetAuthor(author) => {
            state.settings.author.clone_from(&author);
            work::change(state, "set author", vec![Edit::SetAuthor(author)]);
        }
        _ => {}
    }
}

fn query_of(state: &AppState, moment: Id) -> Option<Id> {
    let queries = &state.work.project().queries;
    queries.iter().find(|query| query.moments.iter().any(|m| m.id == moment)).map(|query| query.id)
}

fn choose(state: &mut AppState, moment: Option<Id>) {
    state.annotate.moment = moment;
    if let Some(query) = moment.and_then(|moment| query_of(state, moment)) {
        state.annotate.query = Some(query);
    }
}

/// Adds moments to the chosen question; where there is none yet, a question as well: the chosen row's,
/// or the one that was asked last.
fn create(state: &mut AppState, name: &str, ranges: Vec<TimeRange>) {
    let Some(clip) = state.clip_name().filter(|_| !ranges.is_empty()) else { return };
    let author = state.work.author().to_owned();
    let bounds = state.clip_range();
    let moment = |range: TimeRange| Moment {
        id: Id::fresh(),
        range: TimeRange::new(bounds.clamp(range.start()), bounds.clamp(range.end())),
        author: author.clone(),
    };
    let moments: Vec<Moment> = ranges.into_iter().map(moment).collect();
    let last = moments.last().map(|m| m.id);
    let chosen = chosen_query(state).map(|query| query.id);
    let edits = match chosen {
        Some(query) => moments.into_iter().map(|moment| Edit::AddMoment { query, moment }).collect(),
        None => vec![Edit::AddQuery(Query { moments, ..question_here(state, clip) })],
    };
    if work::change(state, name, edits) {
        choose(state, last);
    }
}

/// The question that is looked at, as the project would have it, without moments.
fn question_here(state: &AppState, clip: String) -> Query {
    let author = state.work.author().to_owned();
    let empty = |text: String| Query {
        id: Id::fresh(),
        clip: clip.clone(),
        origin: None,
        text,
        template: None,
        author,
        moments: Vec::new(),
    };
    if let Some(view) = state.dataset.as_ref().and_then(|set| set.selected_view()) {
        let template = Some(view.template().to_owned()).filter(|t| !t.is_empty());
        return Query { origin: Some(view.key()), template, ..empty(view.text().to_owned()) };
    }
    let Some(asked) = state.queries.selected() else { return empty(String::new()) };
    let annotated = state.annotations.iter().find(|a| a.text.trim().eq_ignore_ascii_case(asked.text.trim()));
    let origin = annotated.map(|a| QueryKey {
        clip_uid: clip.clone(),
        annotation_uid: a.annotation_uid.clone(),
        query_idx: a.query_idx,
    });
    let template = annotated.and_then(|a| a.template.clone());
    Query { origin, template, ..empty(asked.text.clone()) }
}

fn new_query(state: &mut AppState) {
    let Some(clip) = state.clip_name() else { return };
    let is_known = chosen_query(state).is_some();
    let mut query = question_here(state, clip);
    if is_known && row_key(state).is_none() {
        // what was asked has its question already: this one is to be written
        (query.text, query.origin, query.template) = (String::new(), None, None);
    }
    let id = query.id;
    if work::change(state, "add query", vec![Edit::AddQuery(query)]) {
        (state.annotate.query, state.annotate.moment) = (Some(id), None);
    }
}

fn with_chosen(state: &mut AppState, name: &str, edits: impl FnOnce(&Query, &Moment) -> Vec<Edit>) -> bool {
    let Some((query, moment)) = chosen_moment(state) else { return false };
    let edits = edits(query, moment);
    work::change(state, name, edits)
}

fn set_range(state: &mut AppState, name: &str, moment: Id, range: TimeRange) {
    let Some(query) = query_of(state, moment) else { return };
    let bounds = state.clip_range();
    let range = TimeRange::new(bounds.clamp(range.start()), bounds.clamp(range.end()));
    work::change(state, name, vec![Edit::SetMoment { query, moment, range }]);
    state.annotate.moment = Some(moment);
}

fn to_playhead(state: &mut AppState, edge: Edge) {
    let now = state.now();
    let Some((_, moment)) = chosen_moment(state) else { return };
    let (id, range) = (moment.id, moment.range);
    let range = match edge {
        // an edge that passes the other one takes it along
        Edge::Start => TimeRange::new(now, range.end().max(now + LEAST)),
        Edge::End => TimeRange::new(range.start().min(now - LEAST), now),
        Edge::Whole => TimeRange::new(now, now + range.duration()),
    };
    state.annotate.edge = edge;
    set_range(state, if edge == Edge::Whole { "move moment" } else { "trim moment" }, id, range);
}

/// Moves the chosen edge by pictures or model steps, and looks at it.
fn nudge(state: &mut AppState, by: Nudge, wall_secs: f64) {
    let Some((_, moment)) = chosen_moment(state) else { return };
    let (id, range, edge) = (moment.id, moment.range, state.annotate.edge);
    let from = if edge == Edge::End { range.end() } else { range.start() };
    let to = match by {
        Nudge::Frames(count) => frames_from(state, from, count),
        Nudge::Steps(count) => from + MediaTime::from_nanos(state.model_step().nanos() * i64::from(count)),
    };
    let to = state.clip_range().clamp(to);
    let (name, range) = match edge {
        Edge::Start => ("trim moment", TimeRange::new(to.min(range.end() - LEAST), range.end())),
        Edge::End => ("trim moment", TimeRange::new(range.start(), to.max(range.start() + LEAST))),
        Edge::Whole => {
            let longest = state.clip_range().end() - range.duration();
            let start = to.min(longest).max(MediaTime::ZERO);
            ("move moment", TimeRange::new(start, start + range.duration()))
        }
    };
    set_range(state, name, id, range);
    let place = if edge == Edge::End { range.end() } else { range.start() };
    seek(state, place, wall_secs);
}

/// So many pictures on from the one that a time falls into.
fn frames_from(state: &AppState, from: MediaTime, count: i32) -> MediaTime {
    let Some(player) = &state.player else {
        return from + MediaTime::from_nanos(USUAL_FRAME.nanos() * i64::from(count));
    };
    let offset = state.dataset.as_ref().map_or(MediaTime::ZERO, |set| set.video_start());
    let table = player.table();
    let here = i64::from(table.at(from + offset).0) + i64::from(count);
    let index = here.clamp(0, i64::from(table.last().0)) as u32;
    table.time(FrameIdx(index)) - offset
}

/// With the next moment of the same question, in time.
fn join(state: &mut AppState) {
    let Some((query, moment)) = chosen_moment(state) else { return };
    let later = query.moments.iter().filter(|m| m.id != moment.id && m.range.start() >= moment.range.start());
    let Some(next) = later.min_by_key(|m| m.range.start()) else {
        state.notices.info("There is no later moment of this question to join with");
        return;
    };
    let edit = Edit::JoinMoments { query: query.id, first: moment.id, second: next.id };
    work::change(state, "join moments", vec![edit]);
}

/// Through the moments of what is open, in time order.
fn step(state: &mut AppState, by: i32, wall_secs: f64) {
    let mut all: Vec<(MediaTime, Id)> = queries_here(state)
        .iter()
        .flat_map(|query| query.moments.iter().map(|m| (m.range.start(), m.id)))
        .collect();
    all.sort_unstable();
    let Some(last) = all.len().checked_sub(1) else { return };
    let at = state.annotate.moment.and_then(|id| all.iter().position(|(_, m)| *m == id));
    let to = match at {
        Some(at) => (at as i64 + i64::from(by)).clamp(0, last as i64) as usize,
        None if by > 0 => 0,
        None => last,
    };
    choose(state, Some(all[to].1));
    seek(state, all[to].0, wall_secs);
}

fn seek(state: &mut AppState, time: MediaTime, wall_secs: f64) {
    if state.dataset.is_some() {
        seek_to(state, time, wall_secs);
    } else {
        player(state, PlaybackCommand::Seek(time), wall_secs);
    }
}

fn scrub(state: &mut AppState, time: MediaTime, wall_secs: f64) {
    if state.dataset.is_some() {
        crate::app::dataset::apply(state, DataSetCommand::Scrub(time), wall_secs);
    } else {
        player(state, PlaybackCommand::Scrub(time), wall_secs);
    }
}

fn player(state: &mut AppState, command: PlaybackCommand, wall_secs: f64) {
    if let Some(player) = &mut state.player {
        player.apply(command, wall_secs);
    }
}
