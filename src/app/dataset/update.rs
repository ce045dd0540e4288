//! Applying what is asked of a data set, and taking what its jobs bring.

use std::sync::Arc;
use std::time::Duration;

use super::{CaseState, DataSetCommand, DataSetSession, FeatureKind, FeatureSettings, Source, export, find};
use crate::app::command::SessionCommand;
use crate::app::gaze_session::GazeSession;
use crate::app::state::AppState;
use crate::app::tasks::{Done, TaskKind};
use crate::app::work::{self, Opener};
use crate::dataset::{Analysis, Case, ClipFile, DataSet, QueryGaze, judge_gaze, open_case, predict_split};
use crate::grounding::groundnlq::EncodedClip;
use crate::job::Cancelled;
use crate::playback::{PlaybackCommand, Player};
use crate::project::Source as ProjectSource;
use crate::session;
use crate::time::{MediaTime, TimeRange};

/// What asking a row brought.
pub struct CaseDone {
    row: usize,
    clip: usize,
    /// Which data set was asked: settings may have changed since.
    data: Arc<DataSet>,
    result: Result<(Arc<EncodedClip>, Case), String>,
}

/// A data set has been opened, or something was added to the open one.
pub fn opened(state: &mut AppState, data: DataSet) {
    let mut session = DataSetSession::new(data);
    let before = state.dataset.take();
    let before = before.filter(|b| b.data.files.annotations == session.data.files.annotations);
    if let Some(before) = before {
        (session.filter, session.sort) = (before.filter, before.sort);
        session.is_case_open = before.is_case_open;
        session.wanted = before.wanted;
        let predictions = |data: &DataSet| data.predictions.iter().map(Arc::as_ptr).collect::<Vec<_>>();
        if predictions(&before.data) == predictions(&session.data) {
            session.analysis = before.analysis;
        }
        if Arc::ptr_eq(&before.data.recordings, &session.data.recordings) {
            session.gaze = before.gaze;
        }
        session.selected = before.selected;
        session.playhead = before.playhead;
        session.video = before.video;
        if before.source == Source::Network || session.data.predictions.len() == before.data.predictions.len()
        {
            session.source = before.source;
        }
        let is_same_network = match (&before.data.model, &session.data.model) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        if is_same_network && before.data.files.stores == session.data.files.stores {
            (session.cases, session.encoded) = (before.cases, before.encoded);
        }
    } else {
        state.player = None;
    }
    if let Source::File(file) = session.source {
        session.wanted.model = file;
    }
    find::refilter(&mut session);
    let first = session.selected.or(session.shown.first().copied());
    state.files = session.data.files.paths();
    state.dataset = Some(session);
    if let Some(row) = first {
        select(state, row, 0.0);
    }
    state.tasks.stop(TaskKind::Analysis);
    analyze(state);
    judge(state);
}

/// Gaze inside the true moments of all rows.
pub struct GazeDone {
    data: Arc<DataSet>,
    gaze: Vec<Option<QueryGaze>>,
    warnings: Vec<String>,
}

/// Warnings about gaze files that are shown; the rest are as many again.
const GAZE_WARNINGS: usize = 3;

/// Starts looking at the gaze in the true moments, where there is some.
fn judge(state: &mut AppState) {
    let Some(session) = &state.dataset else { return };
    if session.gaze.is_some() || session.data.recordings.is_empty() {
        return;
    }
    let data = Arc::clone(&session.data);
    state.tasks.start(TaskKind::Gaze, move |ctx| {
        ctx.stage("Looking at the gaze in the true moments");
        let (gaze, warnings) = judge_gaze(&data, ctx)?;
        Ok(Done::Gaze(Box::new(GazeDone { data, gaze, warnings })))
    });
}

pub fn gaze_judged(state: &mut AppState, done: GazeDone) {
    let Some(session) = state.dataset.as_mut() else { return };
    if !Arc::ptr_eq(&session.data.recordings, &done.data.recordings) {
        return;
    }
    // files that are named after nothing here are no gaze of this data set
    let has_some = done.gaze.iter().any(Option::is_some);
    session.gaze = Some(Arc::new(if has_some { done.gaze } else { Vec::new() }));
    find::refilter(session);
    let count = done.warnings.len();
    done.warnings.into_iter().take(GAZE_WARNINGS).for_each(|warning| state.notices.warning(warning));
    if count > GAZE_WARNINGS {
        state.notices.warning(format!("{} more gaze files could not be read", count - GAZE_WARNINGS));
    }
}

pub fn apply(state: &mut AppState, command: DataSetCommand, wall_secs: f64) {
    let Some(session) = &mut state.dataset else { return };
    match command {
        DataSetCommand::Search(_)
        | DataSetCommand::Template(_)
        | DataSetCommand::OnlyThisClip(_)
        | DataSetCommand::Toggle(_)
        | DataSetCommand::Only(_)
        | DataSetCommand::ClearFilter
        | DataSetCommand::SaveFilter(_)
        | DataSetCommand::UseFilter(_)
        | DataSetCommand::ForgetFilter(_)
        | DataSetCommand::Sort(_) => find::apply(session, &mut state.settings.filters, command),
        DataSetCommand::NextFailure(by) => {
            if let Some(row) = find::next(session, by, find::is_failure) {
                select(state, row, wall_secs);
            }
        }
        DataSetCommand::NextAlike(by) => {
            let class = session.selected.and_then(|row| find::class_of(session, row));
            if let Some(row) = find::next(session, by, |set, row| find::class_of(set, row) == class) {
                select(state, row, wall_secs);
            }
        }
        DataSetCommand::OpenCase(is_open) => session.is_case_open = is_open,
        DataSetCommand::Thresholds(config) => {
            session.wanted.config = *config;
            analyze(state);
        }
        DataSetCommand::WhatIf(what_if) => {
            session.wanted.what_if = what_if;
            analyze(state);
        }
        DataSetCommand::CompareWith(other) => {
            session.wanted.other = other;
            analyze(state);
        }
        DataSetCommand::Predict { gaze, path } => {
            let data = Arc::clone(&session.data);
            state.tasks.start(TaskKind::Predict, move |ctx| {
                let report = predict_split(&data, gaze, &path, ctx)?;
                let absent = report.absent.len();
                if absent > 0 {
                    tracing::info!("{absent} queries were left out: their clips lack features, or the recording that was asked for");
                }
                Ok(Done::Next(Some(SessionCommand::Open(vec![path]).into())))
            });
        }
        DataSetCommand::ExportCases(path) => export::cases(state, path),
        DataSetCommand::ExportReport(path) => export::report(state, path),
        DataSetCommand::Select(row) => select(state, row, wall_secs),
        DataSetCommand::Step(by) => {
            let at = session.selected.and_then(|row| session.shown.iter().position(|r| *r == row));
            let last = session.shown.len() as i64 - 1;
            let next = at.map_or(0, |at| at as i64 + i64::from(by)).clamp(0, last.max(0));
            if let Some(row) = session.shown.get(next as usize).copied() {
                select(state, row, wall_secs);
            }
        }
        DataSetCommand::ShowSource(source) => {
            session.source = source;
            session.moment = None;
            if let Source::File(file) = source {
                session.wanted.model = file;
            }
            find::refilter(session);
            analyze(state);
        }
        DataSetCommand::Seek(time) => seek_to(state, time, wall_secs),
        DataSetCommand::Scrub(time) => {
            let time = session.clip_range().clamp(time);
            session.playhead = time;
            let start = session.video_start();
            if let Some(player) = &mut state.player {
                player.apply(PlaybackCommand::Scrub(start + time), wall_secs);
            }
        }
        DataSetCommand::Loop(range) => {
            let start = session.video_start();
            let range = TimeRange::new(start + range.start(), start + range.end());
            if let Some(player) = &mut state.player {
                player.apply(PlaybackCommand::Loop(Some(range)), wall_secs);
                player.apply(PlaybackCommand::Seek(range.start()), wall_secs);
                player.apply(PlaybackCommand::Play, wall_secs);
            } else {
                let time = range.start() - start;
                seek_to(state, time, wall_secs);
            }
        }
        DataSetCommand::SetFeatures(kind, settings) => set_features(state, kind, settings),
    }
}

/// What analyzing a data set brought.
pub struct AnalysisDone {
    data: Arc<DataSet>,
    analysis: Option<Analysis>,
}

/// A pause before what takes long, so that what was just changed is drawn first.
const BEFORE_CHANCE: Duration = Duration::from_millis(300);

/// Starts the analysis that is wanted, unless it is there. One runs at a time: while a slider is
/// dragged, each one that ends starts the newest wish.
fn analyze(state: &mut AppState) {
    let Some(session) = &mut state.dataset else { return };
    let has_it = session.analysis.as_ref().is_some_and(|analysis| analysis.wanted == session.wanted);
    if has_it || session.data.predictions.is_empty() || state.tasks.is_running(TaskKind::Analysis) {
        return;
    }
    let (data, before) = (Arc::clone(&session.data), session.analysis.clone());
    let wanted = session.wanted.clone();
    state.tasks.stop(TaskKind::Chance);
    state.tasks.start(TaskKind::Analysis, move |ctx| {
        let analysis = match before {
            Some(before) => Some(before.again(wanted)),
            None => Analysis::new(&data, wanted, ctx)?,
        };
        Ok(Done::Analysis(Box::new(AnalysisDone { data, analysis })))
    });
}

pub fn analyzed(state: &mut AppState, done: AnalysisDone) {
    let Some(session) = state.dataset.as_mut() else { return };
    let predictions = |data: &DataSet| data.predictions.iter().map(Arc::as_ptr).collect::<Vec<_>>();
    if predictions(&session.data) != predictions(&done.data) {
        return;
    }
    let Some(analysis) = done.analysis else { return };
    // a wish that cannot be met, such as a file that is gone, was put right
    if session.wanted.other.is_some() && analysis.wanted.other.is_none() {
        session.wanted.other = None;
    }
    let analysis = Arc::new(analysis);
    session.analysis = Some(Arc::clone(&analysis));
    find::refilter(session);
    analyze(state);
    if !state.tasks.is_running(TaskKind::Analysis) {
        // takes a while, so only once nothing newer is wanted
        state.tasks.start(TaskKind::Chance, move |ctx| {
            ctx.rest(BEFORE_CHANCE)?;
            let chance = analysis.shown.chance_of_confusion(&analysis.basis.set, ctx)?;
            Ok(Done::Chance(analysis, chance))
        });
    }
}

/// Puts the playhead at a time of the clip.
pub fn seek_to(state: &mut AppState, time: MediaTime, wall_secs: f64) {
    let Some(session) = &mut state.dataset else { return };
    let time = session.clip_range().clamp(time);
    session.playhead = time;
    let start = session.video_start();
    if let Some(player) = &mut state.player {
        player.apply(PlaybackCommand::Seek(start + time), wall_secs);
    }
}

fn select(state: &mut AppState, row: usize, wall_secs: f64) {
    let Some(session) = &mut state.dataset else { return };
    if row >= session.data.rows.len() {
        return;
    }
    let clip_of = |row: usize| session.data.rows.get(row).map(|row| row.clip);
    if session.selected.and_then(clip_of) != clip_of(row) {
        // a range is of its clip
        state.marks.range = None;
    }
    session.selected = Some(row);
    session.moment = None;
    show_video(state);
    let start = state.dataset.as_ref().and_then(|s| s.truths().first().map(|truth| truth.start()));
    seek_to(state, start.unwrap_or(MediaTime::ZERO), wall_secs);
    ask(state, row);
}

/// Asks the network the row's query, unless that was done before. The newest wish wins.
fn ask(state: &mut AppState, row: usize) {
    let Some(session) = &mut state.dataset else { return };
    session.cases.retain(|_, case| !matches!(case, CaseState::Asking));
    state.tasks.stop(TaskKind::Case);
    if session.cases.contains_key(&row) || session.data.hindrance().is_some() {
        return;
    }
    let Some(view) = session.data.row(row).filter(|view| view.query.is_some()) else { return };
    let id = view.key().query_id();
    if session.data.stores.text.as_ref().is_some_and(|text| !text.has(&id)) {
        let what = format!(
            "There are no text features of this query ({id}). A store answers for the queries that it lists, and no others."
        );
        session.cases.insert(row, CaseState::Failed(what));
        return;
    }
    let clip = session.data.rows[row].clip;
    let (data, encoded) = (Arc::clone(&session.data), session.encoded(clip));
    session.cases.insert(row, CaseState::Asking);
    state.tasks.start(TaskKind::Case, move |ctx| {
        let Some(view) = data.row(row) else { return Ok(Done::Next(None)) };
        let result = match open_case(&data, &view, encoded, ctx) {
            Ok(found) => Ok(found),
            Err(error) if error.is::<Cancelled>() => return Err(error),
            Err(error) => Err(format!("{error:#}")),
        };
        Ok(Done::Case(Box::new(CaseDone { row, clip, data, result })))
    });
}

/// A row was answered.
pub fn answered(state: &mut AppState, done: CaseDone) {
    let Some(session) = state.dataset.as_mut().filter(|s| Arc::ptr_eq(&s.data, &done.data)) else { return };
    let case = match done.result {
        Ok((encoded, case)) => {
            session.keep_encoded(done.clip, encoded);
            CaseState::Ready(Arc::new(case))
        }
        Err(what) => CaseState::Failed(what),
    };
    session.cases.insert(done.row, case);
}

/// Opens the chosen clip's video, if there is one and it is not open already.
fn show_video(state: &mut AppState) {
    let Some(session) = &mut state.dataset else { return };
    let wanted = session.selected_view().and_then(|view| session.data.videos.of(view.clip));
    let path = wanted.as_ref().map(|video| video.path.clone());
    session.video = wanted;
    let is_open = state.player.as_ref().is_some_and(|player| Some(&player.info().path) == path.as_ref());
    if is_open {
        return;
    }
    state.tasks.stop(TaskKind::ClipVideo);
    state.player = None;
    state.gaze = None;
    let Some(path) = path else { return };
    let wake = state.tasks.wake();
    let gaze = session.selected_view().and_then(|view| session.data.recordings.recorded(view.clip));
    let clip = session.selected_view().map(|view| view.clip.clip_uid.clone());
    let start_secs = session.video.as_ref().map_or(0.0, |video| video.start_secs);
    let opener = Opener::of(state);
    state.tasks.start(TaskKind::ClipVideo, move |ctx| {
        ctx.stage("Opening the clip's video");
        let player = Player::open(&path, wake)?;
        // one of both may be of the clip, and the other of the whole video
        let gaze = gaze.and_then(|gaze| {
            // one that cannot be read was said when the recordings were judged
            let track = session::load_clip_gaze(&gaze.path, player.info(), player.table(), ctx).ok()?;
            let track = track.shifted(MediaTime::from_secs(start_secs - gaze.start_secs));
            Some((GazeSession::new(track), opener.gaze_source(&gaze.path, clip.as_deref())))
        });
        Ok(Done::ClipVideo(Box::new(player), gaze.map(Box::new)))
    });
}

/// The video of the chosen clip is there.
pub fn video_opened(state: &mut AppState, player: Player, gaze: Option<(GazeSession, ProjectSource)>) {
    let Some(session) = &mut state.dataset else { return };
    let is_wanted = session.video.as_ref().is_some_and(|ClipFile { path, .. }| *path == player.info().path);
    if is_wanted {
        let time = session.playhead;
        state.player = Some(player);
        if let Some((gaze, source)) = gaze {
            state.gaze = Some(gaze);
            work::add_source(state, source);
        }
        seek_to(state, time, 0.0);
    }
}

/// Other settings are other answers.
fn set_features(state: &mut AppState, kind: FeatureKind, settings: FeatureSettings) {
    let Some(session) = &mut state.dataset else { return };
    let mut data = DataSet::clone(&session.data);
    let store = match kind {
        FeatureKind::Video => &mut data.stores.video,
        FeatureKind::Gaze => &mut data.stores.gaze,
    };
    let Some(store) = store else { return };
    let FeatureSettings { level, stride_frames, fps, offset_secs, any_length } = settings;
    let set = &mut store.set;
    (set.level, set.stride_frames, set.fps) = (level, stride_frames.max(0.01), fps.max(0.01));
    (set.offset_secs, set.any_length) = (offset_secs, any_length);
    session.data = Arc::new(data);
    session.cases.clear();
    session.encoded.clear();
    if let Some(row) = session.selected {
        ask(state, row);
    }
}
