//! Applying commands and taking what jobs have brought: which part of the window each of them is for.

use std::sync::Arc;

use super::command::{AppCommand, Command, OverlayCommand, SessionCommand};
use super::dialogs::{self, PathRequest};
use super::gaze_session::GazeSession;
use super::state::{AppState, Models};
use super::tasks::{Done, Finished, TaskKind};
use super::{annotate, asking, columns, dataset, evidence, looping, marks, opening, training, work};
use crate::grounding::GazeMode;
use crate::render::{Compare, HeatMode};
use crate::session;

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
        Command::Query(command) => asking::apply(state, command, wall_secs),
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
        SessionCommand::Open(paths) => opening::open(state, paths),
        SessionCommand::OpenDialog => dialogs::ask(state, PathRequest::Open),
        SessionCommand::OpenFolderDialog => dialogs::ask(state, PathRequest::OpenFolder),
        SessionCommand::ImportDialog => dialogs::ask(state, PathRequest::Import),
        SessionCommand::ForgetRecent(files) => {
            state.settings.forget(&files);
            state.recent_looks.retain(|look| look.files != files);
        }
        SessionCommand::OpenDemo => match session::demo_dir() {
            Some(dir) => opening::open(state, vec![dir]),
            None => state.notices.warning(
                "The demo clip is not beside the program: start the app from its folder, or open assets/demo yourself",
            ),
        },
        SessionCommand::OpenSyntheticDemo => match session::synthetic_demo_dir() {
            Some(dir) => opening::open(state, vec![dir]),
            None => state.notices.warning(
                "The synthetic demo clip is not beside the program: start the app from its folder, or open assets/synthetic yourself",
            ),
        },
        SessionCommand::Close => {
            opening::close(state);
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
                asking::answer_selected(state);
            }
        }
    }
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
        Finished::Done(Done::Opened(session)) => opening::opened(state, *session),
        Finished::Done(Done::DataSet(data, warnings, openings)) => {
            opening::remember(state);
            if state.dataset.is_none() {
                opening::close(state);
            }
            dataset::opened(state, *data);
            work::finish_open(state, *openings, false);
            warnings.into_iter().for_each(|warning| state.notices.warning(warning));
            opening::remember(state);
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
            looping::apply_sound(state);
        }
        Finished::Done(Done::ProjectAlone(openings)) => {
            opening::remember(state);
            opening::close(state);
            work::finish_open(state, *openings, false);
            opening::remember(state);
        }
        Finished::Done(Done::GazeRead(read)) => columns::read(state, *read),
        Finished::Done(Done::GazeCorrected(gaze)) => {
            // another recording may be open by now, and the clock may have been moved
            let is_same = |now: &&GazeSession| Arc::ptr_eq(now.original(), gaze.original());
            if let Some(offset) = state.gaze.as_ref().filter(is_same).map(GazeSession::offset) {
                let mut gaze = gaze;
                gaze.set_offset(offset);
                state.gaze = Some(*gaze);
                asking::answer_selected(state);
            }
        }
        Finished::Done(Done::ModelsLoaded(pipeline)) => {
            if !pipeline.modes().contains(&state.queries.mode) {
                state.queries.mode = GazeMode::Predicted;
            }
            state.models = Models::Ready(pipeline);
            evidence::start_features(state);
            asking::answer_selected(state);
        }
        Finished::Done(Done::ModelsFetched) => {
            state.models = Models::Unknown;
            state.has_models = Some(true);
            state.notices.info("The models are on this machine and checked");
            evidence::load_models(state);
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
