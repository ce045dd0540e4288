//! Applying commands: the only place where the window's state changes.

use std::path::PathBuf;
use std::sync::Arc;

use super::annotate;
use super::columns;
use super::command::{AppCommand, Command, OverlayCommand, QueryCommand, SessionCommand};
use super::dataset::{self, DataSetCommand};
use super::dialogs::{self, PathRequest};
use super::gaze_session::GazeSession;
use super::keep;
use super::marks::{self, Marks};
use super::queries::Answers;
use super::recent;
use super::settings::Recent;
use super::state::{AppState, Models};
use super::tasks::{Done, Finished, TaskKind};
use super::training;
use super::work::{self, Keeping, Opener, Openings};
use crate::dataset::DataSet;
use crate::grounding::GazeMode;
use crate::nn::ops::give_back_freed_memory;
use crate::pipeline::{self, TOP};
use crate::playback::{PlaybackCommand, Player};
use crate::project::{self, ClipNotes, Edit, NotesError, OldMarker};
use crate::render::{Compare, HeatMode};
use crate::session::{self, Companions};
use crate::time::{MediaTime, TimeRange};

/// Pre-roll before a looped moment, so that the eye finds its place.
const LOOP_PREROLL: MediaTime = MediaTime::from_millis(1000);

/// A clip that has just been opened, on its way into the state.
pub struct Opened {
    files: Vec<PathBuf>,
    player: Player,
    gaze: Option<GazeSession>,
    /// Without the recording, which is in `gaze`.
    companions: Companions,
    /// The networks trained on synthetic clips answer for it.
    is_for_trained: bool,
    /// Where the person was in this clip.
    notes: Option<Result<ClipNotes, NotesError>>,
    openings: Openings,
}

/// Applies one command; window commands are the window's own and come back.
pub fn apply(state: &mut AppState, command: Command, wall_secs: f64) -> Option<AppCommand> {
    if work::is_held(state, &command) || work::asks_first(state, &command) {
        return None;
    }
    match command {
        Command::Playback(command) => {
            if let Some(player) = &mut state.player {
                player.apply(command, wall_secs);
            }
        }
        Command::Session(command) => apply_session(state, command),
        Command::Query(command) => apply_query(state, command, wall_secs),
        Command::Mark(command) => marks::apply(state, command, wall_secs),
        Command::Annotate(command) => annotate::apply(state, command, wall_secs),
        Command::Work(command) => {
            let next = work::apply(state, command)?;
            return apply(state, next, wall_secs);
        }
        Command::Overlay(command) => apply_overlay(state, command),
        Command::DataSet(command) => dataset::apply(state, command, wall_secs),
        Command::Training(command) => training::apply(state, command),
        Command::App(command) => return Some(command),
    }
    None
}

fn apply_session(state: &mut AppState, command: SessionCommand) {
    match command {
        SessionCommand::Open(paths) => open(state, paths),
        SessionCommand::OpenDialog => dialogs::ask(state, PathRequest::Open),
        SessionCommand::OpenFolderDialog => dialogs::ask(state, PathRequest::OpenFolder),
        SessionCommand::ImportDialog => dialogs::ask(state, PathRequest::Import),
        SessionCommand::ForgetRecent(files) => {
            state.settings.forget(&files);
            state.recent_looks.retain(|look| look.files != files);
        }
        SessionCommand::OpenDemo => match session::demo_dir() {
            Some(dir) => open(state, vec![dir]),
            None => state.notices.warning(
                "The demo clip is not beside the program: start the app from its folder, or open assets/demo yourself",
            ),
        },
        SessionCommand::OpenSyntheticDemo => match session::synthetic_demo_dir() {
            Some(dir) => open(state, vec![dir]),
            None => state.notices.warning(
                "The synthetic demo clip is not beside the program: start the app from its folder, or open assets/synthetic yourself",
            ),
        },
        SessionCommand::Close => {
            close(state);
            work::close(state);
        }
        SessionCommand::MapGaze { mapping, is_final } => columns::map(state, *mapping, is_final),
        SessionCommand::MapColumns => columns::ask(state),
        SessionCommand::ShowTable(table) => state.unknown_table = Some(*table),
        SessionCommand::ForgetTable => columns::leave(state),
        SessionCommand::SetGazeOffset(offset) => {
            if let Some(gaze) = &mut state.gaze {
                gaze.set_offset(offset);
                state.notes.touch();
                answer_selected(state);
            }
        }
    }
}

/// Starts opening files. A gaze or annotation file alone joins the clip that is open; a project says
/// itself what it is about.
fn open(state: &mut AppState, mut paths: Vec<PathBuf>) {
    // the list of recent sessions must not depend on the folder that the program was started in
    for path in &mut paths {
        if let Ok(whole) = std::path::absolute(&*path) {
            *path = whole;
        }
    }
    let data_set = state.dataset.as_ref().map(|set| Arc::clone(&set.data));
    let open_clip = state.player.as_ref().filter(|_| data_set.is_none()).map(|p| p.info().path.clone());
    let (wake, places, opener) = (state.tasks.wake(), state.places.clone(), Opener::of(state));
    state.tasks.start(TaskKind::Open, move |ctx| {
        ctx.stage("Opening");
        if let Some(command) = training::open(&paths) {
            return Ok(Done::Next(Some(command.into())));
        }
        let mut files = paths.clone();
        let (mut data_set, mut open_clip) = (data_set, open_clip);
        let mut openings = opener.project_among(&mut paths)?;
        if let Some(project) = &openings.project {
            files = vec![project.clone()];
            // what it is about does not join what is open
            (data_set, open_clip) = (None, None);
            if paths.is_empty() {
                return Ok(Done::ProjectAlone(Box::new(openings)));
            }
        }
        let is_clip_open = open_clip.is_some();
        if let Some((found, mut left_out)) =
            session::data_set_of(&paths, is_clip_open, data_set.as_deref(), ctx)?
        {
            let (data, mut warnings) = DataSet::open(found, data_set.as_deref(), ctx)?;
            warnings.append(&mut left_out);
            opener.complete_set(&mut openings, &data.files);
            return Ok(Done::DataSet(Box::new(data), warnings, Box::new(openings)));
        }
        let recognised = session::recognise(&paths).or_else(|error| {
            paths.insert(0, open_clip.ok_or(error)?);
            session::recognise(&paths)
        });
        let (found, video) = recognised?;
        let player = Player::open(&video, wake)?;
        let mut companions = session::load_companions(&found, player.info(), player.table(), ctx)?;
        let gaze = companions.gaze.take().map(GazeSession::new);
        let notes = places.notes_of(&player.info().content_id);
        let is_for_trained = pipeline::is_for_trained(&video);
        opener.complete_clip(&mut openings, player.info(), &found, companions.clip_uid.as_deref());
        let opened = Opened { files, player, gaze, companions, is_for_trained, notes, openings };
        Ok(Done::Opened(Box::new(opened)))
    });
}

fn close(state: &mut AppState) {
    remember(state);
    keep::save(state);
    state.tasks.stop(TaskKind::Features);
    state.tasks.stop(TaskKind::Thumbnails);
    state.tasks.stop(TaskKind::Case);
    state.tasks.stop(TaskKind::ClipVideo);
    state.tasks.stop(TaskKind::Analysis);
    state.tasks.stop(TaskKind::Film);
    state.tasks.stop(TaskKind::Gaze);
    state.tasks.stop(TaskKind::Predict);
    // hundreds of megabytes in many pieces take a while to give back
    let old = (state.player.take(), state.gaze.take(), state.features.take(), state.thumbnails.take());
    let old = (old, std::mem::take(&mut state.annotations), std::mem::take(&mut state.agreement));
    std::thread::spawn(move || drop(old));
    state.dataset = None;
    state.source_start = None;
    (state.unknown_table, state.gaze_before_mapping) = (None, None);
    state.marks = Marks::default();
    (state.looped_range, state.focused_lane) = (None, None);
    state.notes.lock(false);
    state.queries.clear();
    state.is_complete = false;
    state.files.clear();
    recent::look(state);
}

/// Notes where the clip was left, for the list of recent sessions.
pub fn remember(state: &mut AppState) {
    if state.dataset.is_some() || (state.player.is_none() && state.work.is_named()) {
        let (files, playhead_nanos) = (state.files.clone(), state.now().nanos());
        state.settings.remember(Recent { files, playhead_nanos, ..Recent::default() });
    } else if let Some(player) = &state.player {
        let file_name = || player.info().path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let clip_name = if state.work.is_named() { state.work.title() } else { file_name() };
        state.settings.remember(Recent {
            files: state.files.clone(),
            playhead_nanos: state.now().nanos(),
            clip_name,
            content_id: player.info().content_id.clone(),
            duration_nanos: player.table().range().duration().nanos(),
        });
    }
}

fn opened(state: &mut AppState, opened: Opened) {
    let is_same_clip = state.dataset.is_none()
        && state.player.as_ref().is_some_and(|p| p.info().content_id == opened.player.info().content_id);
    if !is_same_clip {
        close(state);
        state.player = Some(opened.player);
        apply_sound(state);
        start_thumbnails(state);
    }
    state.files = opened.files;
    if opened.gaze.is_some() {
        state.gaze = opened.gaze;
    }
    if !opened.companions.annotations.is_empty() {
        state.annotations = opened.companions.annotations;
        state.source_start = opened.companions.source_start;
    }
    work::finish_open(state, opened.openings, is_same_clip);
    if !is_same_clip {
        restore(state, opened.notes);
    }
    (state.unknown_table, state.gaze_before_mapping) = (opened.companions.unknown_table, None);
    state.is_for_trained = opened.is_for_trained;
    for warning in opened.companions.warnings {
        state.notices.warning(warning);
    }
    remember(state);
    load_models(state);
}

/// Goes back to where the clip was left.
fn restore(state: &mut AppState, notes: Option<Result<ClipNotes, NotesError>>) {
    let notes = match notes {
        None => return,
        Some(Ok(notes)) => notes,
        Some(Err(error)) => {
            state.notes.lock(true);
            state.notices.warning(error.to_string());
            return;
        }
    };
    if let Some(player) = &mut state.player {
        player.apply(PlaybackCommand::Seek(notes.playhead), 0.0);
    }
    state.restored_view = notes.visible;
    state.marks = Marks { range: notes.range, ..Marks::default() };
    take_old_markers(state, notes.old_markers);
    if let Some(gaze) = &mut state.gaze {
        gaze.set_offset(notes.gaze_offset);
    }
    for question in &notes.questions {
        let truth = truth_of(state, question);
        state.queries.ask(question, truth);
    }
    if let Some(chosen) = notes.chosen_question {
        state.queries.select_nth(chosen);
    }
}

/// Markers that were kept with the clip before there were projects go into the clip's own project. While
/// another one is open they stay where they are.
fn take_old_markers(state: &mut AppState, old: Vec<OldMarker>) {
    let is_own = matches!(state.work.keeping, Keeping::Own { .. }) && state.work.recovery.is_none();
    let (Some(clip), true, false) = (state.clip_name(), is_own, old.is_empty()) else {
        state.notes.old_markers = old;
        return;
    };
    let author = state.work.author().to_owned();
    let edits = old.iter().map(|marker| Edit::PutMarker(marker.of_clip(&clip, &author))).collect();
    work::change(state, "take over markers", edits);
    state.notes.touch();
}

fn truth_of(state: &AppState, text: &str) -> Option<TimeRange> {
    state.annotations.iter().find(|a| a.text.eq_ignore_ascii_case(text)).and_then(|a| a.range())
}

fn start_thumbnails(state: &mut AppState) {
    let Some(player) = &state.player else { return };
    let (info, table) = (Arc::clone(player.info()), Arc::clone(player.table()));
    let strip = Arc::new(std::sync::Mutex::new(Vec::new()));
    state.thumbnails = Some(Arc::clone(&strip));
    state.tasks.start(TaskKind::Thumbnails, move |ctx| {
        crate::video::thumbnails(&info, &table, ctx, |thumbnail| {
            strip.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(thumbnail);
        })?;
        Ok(Done::Thumbnails)
    });
}

/// Loads the networks that answer for the open clip, unless they are loaded; then its evidence is computed.
fn load_models(state: &mut AppState) {
    let Some(path) = state.player.as_ref().map(|player| player.info().path.clone()) else { return };
    if state.models.ready().is_some_and(|pipeline| pipeline.is_trained() == state.is_for_trained) {
        start_features(state);
        return;
    }
    state.models = Models::Unknown;
    state
        .tasks
        .start(TaskKind::LoadModels, move |ctx| Ok(Done::ModelsLoaded(pipeline::load_for(&path, ctx)?)));
}

pub fn fetch_models(state: &mut AppState) {
    state.tasks.start(TaskKind::FetchModels, |ctx| {
        pipeline::fetch_default_models(ctx)?;
        Ok(Done::ModelsFetched)
    });
}

fn start_features(state: &mut AppState) {
    let Some(player) = &state.player else { return };
    if state.features.is_some() || state.models.ready().is_none() {
        return;
    }
    state.features = Some(pipeline::features_for(player.info(), player.table()));
    extract(state);
}

/// Computes what is missing of the evidence.
fn extract(state: &mut AppState) {
    let (Some(player), Some(pipeline), Some(features)) =
        (&state.player, state.models.ready(), &state.features)
    else {
        return;
    };
    let (path, pipeline) = (player.info().path.clone(), Arc::clone(pipeline));
    let features = Arc::clone(features);
    state.is_complete = false;
    let fps = state.settings.feature_fps;
    state.tasks.start(TaskKind::Features, move |ctx| {
        let extracted = pipeline.extract(&path, &features, fps, ctx);
        give_back_freed_memory();
        extracted?;
        Ok(Done::FeaturesComplete)
    });
}

fn apply_query(state: &mut AppState, command: QueryCommand, wall_secs: f64) {
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
                seek(state, start, wall_secs);
            }
        }
        QueryCommand::JumpBy(by) => {
            let count = state.queries.shown().map_or(0, |a| a.moments.len()) as i32;
            if count > 0 {
                let at = state.queries.moment.map_or(if by > 0 { 0 } else { count - 1 }, |rank| {
                    (rank as i32 + by).clamp(0, count - 1)
                });
                apply_query(state, QueryCommand::Jump(at as usize), wall_secs);
            }
        }
        QueryCommand::JumpToTruth => {
            if let Some(truth) = state.truth() {
                seek(state, truth.start(), wall_secs);
            }
        }
        QueryCommand::Loop(rank) => {
            let range = state.queries.shown().and_then(|a| a.moments.get(rank)).map(|m| m.range);
            if range.is_some() {
                state.queries.moment = Some(rank);
            }
            start_loop(state, range, wall_secs);
        }
        QueryCommand::LoopTruth => start_loop(state, state.truth(), wall_secs),
        QueryCommand::CancelWork => {
            let stopped = state.tasks.cancel_computing();
            if stopped.contains(&TaskKind::Features) {
                let text =
                    "Stopped looking through the clip; what was found so far is kept and answers rest on it";
                state.notices.offer(text, "Go on looking", QueryCommand::Resume.into());
            }
        }
        QueryCommand::Resume => extract(state),
    }
}

fn seek(state: &mut AppState, time: MediaTime, wall_secs: f64) {
    if let Some(player) = &mut state.player {
        player.apply(PlaybackCommand::Seek(time), wall_secs);
    }
}

pub(super) fn start_loop(state: &mut AppState, range: Option<TimeRange>, wall_secs: f64) {
    let Some(range) = range else { return };
    state.looped_range = None;
    let clip = state.clip_range();
    let from = clip.clamp(range.start() - LOOP_PREROLL);
    if let Some(player) = &mut state.player {
        player.apply(PlaybackCommand::Loop(Some(TimeRange::new(from, range.end()))), wall_secs);
        player.apply(PlaybackCommand::Seek(from), wall_secs);
        player.apply(PlaybackCommand::Play, wall_secs);
    }
}

/// `R`: stops the loop, or loops the marked range, else the chosen moment.
pub fn toggle_loop(state: &mut AppState, wall_secs: f64) {
    if let Some(player) = &mut state.player
        && player.loop_range().is_some()
    {
        player.apply(PlaybackCommand::Loop(None), wall_secs);
        state.looped_range = None;
        return;
    }
    if let (Some(range), Some(_)) = (state.marks.range, &state.dataset) {
        return dataset::apply(state, DataSetCommand::Loop(range), wall_secs);
    }
    if let (Some(range), Some(player)) = (state.marks.range, &mut state.player) {
        // a range is looped as it was marked
        player.apply(PlaybackCommand::Loop(Some(range)), wall_secs);
        player.apply(PlaybackCommand::Seek(range.start()), wall_secs);
        player.apply(PlaybackCommand::Play, wall_secs);
        state.looped_range = Some(range);
        return;
    }
    let wanted = state.chosen_moment().or(state.truth());
    match wanted {
        Some(range) if state.dataset.is_some() => {
            dataset::apply(state, DataSetCommand::Loop(range), wall_secs)
        }
        _ => start_loop(state, wanted, wall_secs),
    }
}

pub fn toggle_sound(state: &mut AppState) {
    state.settings.has_sound ^= true;
    apply_sound(state);
}

/// A clip without sound stays silent and keeps the setting.
fn apply_sound(state: &mut AppState) {
    let is_on = state.settings.has_sound;
    if let Some(player) = &mut state.player {
        let has_audio = player.info().has_audio;
        player.set_sound(is_on && has_audio);
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
    if state.models.ready().is_none() {
        load_models(state);
    }
}

pub fn answer_selected(state: &mut AppState) {
    if let Some(id) = state.queries.selected().map(|q| q.id) {
        start_answer(state, id);
    }
}

/// Answers in every gaze mode that the session has, so that switching costs nothing.
pub(super) fn start_answer(state: &mut AppState, id: u64) {
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

fn apply_overlay(state: &mut AppState, command: OverlayCommand) {
    let overlay = &mut state.overlay;
    match command {
        OverlayCommand::Heat(mode) => {
            overlay.heat = if overlay.heat == mode { HeatMode::Off } else { mode };
        }
        OverlayCommand::Span(span) => overlay.span = span,
        OverlayCommand::CycleHeat(step) => {
            let all = HeatMode::ALL;
            let at = all.iter().position(|m| *m == overlay.heat).unwrap_or(0) as i32;
            overlay.heat = all[(at + step).rem_euclid(all.len() as i32) as usize];
        }
        OverlayCommand::Opacity(value) => overlay.opacity = value.clamp(0.0, 1.0),
        OverlayCommand::Threshold(value) => overlay.threshold = value.clamp(0.0, 1.0),
        OverlayCommand::Colormap(map) => overlay.colormap = map,
        OverlayCommand::Compare(compare) => overlay.compare = compare,
        OverlayCommand::CycleCompare => {
            overlay.compare = match overlay.compare {
                Compare::Off => Compare::Wipe(0.5),
                Compare::Wipe(_) => Compare::SideBySide,
                Compare::SideBySide => Compare::Off,
            };
        }
        OverlayCommand::Aggregate(aggregate) => overlay.aggregate = aggregate,
        OverlayCommand::Flicker => {
            overlay.heat = match overlay.heat {
                HeatMode::Predicted => HeatMode::Recorded,
                _ => HeatMode::Predicted,
            };
        }
        OverlayCommand::TogglePoint => overlay.has_point ^= true,
        OverlayCommand::ToggleTrail => overlay.has_trail ^= true,
        OverlayCommand::ToggleFixations => overlay.has_fixations ^= true,
        OverlayCommand::TrailSecs(secs) => overlay.trail_secs = secs.clamp(0.0, 3.0),
    }
}

/// Takes what finished jobs brought.
pub fn finish(state: &mut AppState, finished: Finished) -> Option<Command> {
    match finished {
        Finished::Done(Done::Opened(session)) => opened(state, *session),
        Finished::Done(Done::DataSet(data, warnings, openings)) => {
            remember(state);
            if state.dataset.is_none() {
                close(state);
            }
            dataset::opened(state, *data);
            work::finish_open(state, *openings, false);
            warnings.into_iter().for_each(|warning| state.notices.warning(warning));
            remember(state);
        }
        Finished::Done(Done::Trained(how)) => training::ended(state, &how),
        Finished::Done(Done::TrainingSeen(folder, look)) => training::looked(state, &folder, *look),
        Finished::Done(Done::Case(done)) => dataset::answered(state, *done),
        Finished::Done(Done::Analysis(done)) => dataset::analyzed(state, *done),
        Finished::Done(Done::Chance(analysis, chance)) => {
            if let Some(session) = &mut state.dataset {
                session.chance = Some((analysis, chance));
            }
        }
        Finished::Done(Done::Film(film)) => {
            if let Some(session) = &mut state.dataset {
                session.film = Some(film);
            }
        }
        Finished::Done(Done::Gaze(done)) => dataset::gaze_judged(state, *done),
        Finished::Done(Done::ClipVideo(player, gaze)) => {
            dataset::video_opened(state, *player, gaze.map(|gaze| *gaze));
            apply_sound(state);
        }
        Finished::Done(Done::ProjectAlone(openings)) => {
            remember(state);
            close(state);
            work::finish_open(state, *openings, false);
            remember(state);
        }
        Finished::Done(Done::GazeRead(read)) => columns::read(state, *read),
        Finished::Done(Done::GazeCorrected(gaze)) => {
            // another recording may be open by now, and the clock may have been moved
            let is_same = |now: &&GazeSession| Arc::ptr_eq(now.original(), gaze.original());
            if let Some(offset) = state.gaze.as_ref().filter(is_same).map(GazeSession::offset) {
                let mut gaze = gaze;
                gaze.set_offset(offset);
                state.gaze = Some(*gaze);
                answer_selected(state);
            }
        }
        Finished::Done(Done::ModelsLoaded(pipeline)) => {
            if !pipeline.modes().contains(&state.queries.mode) {
                state.queries.mode = GazeMode::Predicted;
            }
            state.models = Models::Ready(pipeline);
            start_features(state);
            answer_selected(state);
        }
        Finished::Done(Done::ModelsFetched) => {
            state.models = Models::Unknown;
            state.has_models = Some(true);
            state.notices.info("The models are on this machine and checked");
            load_models(state);
        }
        Finished::Done(Done::FeaturesComplete) => state.is_complete = true,
        // the list of recent clips shows one of them
        Finished::Done(Done::Thumbnails) => state.notes.touch(),
        Finished::Done(Done::Kept) => {}
        Finished::Done(Done::RecentSeen(looks, has_models)) => {
            (state.recent_looks, state.has_models) = (looks, Some(has_models));
        }
        Finished::Done(Done::ModelCard(card)) => state.model_card = Some(Arc::new(card)),
        Finished::Done(Done::Answered { query, answers }) => {
            state.refresh.note_cost(&answers);
            state.queries.set_answers(query, answers);
        }
        Finished::Done(Done::Agreement(curve)) => state.agreement = Arc::new(curve),
        Finished::Done(Done::Saved(text, path)) => {
            state.notices.offer(
                text,
                "Copy its path",
                AppCommand::CopyText(path.display().to_string()).into(),
            );
        }
        Finished::Done(Done::Next(command)) => return command,
        Finished::Cancelled(_) => {}
        Finished::Failed(TaskKind::LoadModels, error) => state.models = Models::Missing(format!("{error:#}")),
        Finished::Failed(_, error) => state.notices.error(&error),
    }
    None
}
