//! Opening, watching, stopping and resuming a training.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{TrainingCommand, TrainingSession};
use crate::app::state::AppState;
use crate::app::tasks::{Done, TaskKind};
use crate::nn;
use crate::train::look::{RunConfig, RunLook};
use crate::train::{Ended, RunFolder, train_gaze, train_grounding};

/// From one look at a run's folder to the next.
pub const EVERY: Duration = Duration::from_millis(1500);

/// What these files are to a training: a run's folder, or the settings of one to begin. Settings with a
/// mistake count, so that who opens them is told of it.
pub fn open(paths: &[PathBuf]) -> Option<TrainingCommand> {
    let [path] = paths else { return None };
    let is_settings =
        || path.extension().is_some_and(|e| e == "toml") && path.is_file() && RunConfig::is_meant(path);
    (RunLook::is_run(path) || is_settings()).then(|| TrainingCommand::Open(path.clone()))
}

pub fn apply(state: &mut AppState, command: TrainingCommand) {
    match command {
        TrainingCommand::Open(path) => match session(&path) {
            Ok(session) => {
                stop(state);
                state.training = Some(session);
            }
            Err(error) => state.notices.error(&error),
        },
        TrainingCommand::Start => start(state),
        TrainingCommand::Stop => stop(state),
        TrainingCommand::Close => {
            stop(state);
            state.training = None;
        }
    }
}

/// A run that has not begun gets a folder beside its settings.
fn session(path: &Path) -> anyhow::Result<TrainingSession> {
    let (folder, settings) = match path.is_dir() {
        true => (path.to_owned(), RunFolder::new(path).config()),
        false => (path.with_extension("run"), path.to_owned()),
    };
    let begun = RunFolder::new(&folder).config();
    let config = RunConfig::read(if begun.is_file() { &begun } else { &settings })?;
    Ok(TrainingSession { folder, config, look: Arc::default(), looked_at: None, version: 0 })
}

fn start(state: &mut AppState) {
    let Some(session) = &state.training else { return };
    if state.tasks.is_running(TaskKind::Train) || state.tasks.is_stopping(TaskKind::Train) {
        return;
    }
    let (folder, config) = (RunFolder::new(&session.folder), session.config.clone());
    state.tasks.start(TaskKind::Train, move |ctx| {
        let (resume, device) = (folder.has_checkpoint(), nn::device());
        let ended = match &config {
            RunConfig::Grounding(run) => train_grounding(run, &folder, resume, &device, ctx),
            RunConfig::Gaze(run) => train_gaze(run, &folder, resume, &device, ctx),
        };
        Ok(Done::Trained(ended?))
    });
}

fn stop(state: &mut AppState) {
    state.tasks.cancel(TaskKind::Train);
}

/// Looks at the run's folder now and then. Called once a frame.
pub fn refresh(state: &mut AppState) {
    let Some(session) = &mut state.training else { return };
    let is_due = session.looked_at.is_none_or(|at| at.elapsed() >= EVERY);
    if !is_due || state.tasks.is_running(TaskKind::TrainLook) {
        return;
    }
    session.looked_at = Some(Instant::now());
    let folder = session.folder.clone();
    state.tasks.start(TaskKind::TrainLook, move |_| {
        let look = RunLook::read(&folder)?;
        Ok(Done::TrainingSeen(folder, Box::new(look)))
    });
}

/// A look at a run's folder is there.
pub fn looked(state: &mut AppState, folder: &Path, look: RunLook) {
    let Some(session) = state.training.as_mut().filter(|session| session.folder == folder) else { return };
    let is_new =
        look.step != session.look.step || look.epoch != session.look.epoch || look.maps != session.look.maps;
    session.version += u64::from(is_new);
    session.look = Arc::new(look);
}

/// The job has come to its end.
pub fn ended(state: &mut AppState, ended: &Ended) {
    if let Some(session) = &mut state.training {
        session.looked_at = None;
    }
    match ended {
        Ended::Done { steps, model, .. } => {
            state
                .notices
                .info(format!("Trained to the end, {steps} steps; the network is in {}", model.display()));
        }
        Ended::Interrupted { step, of } => {
            state.notices.info(format!("Stopped after step {step} of {of}; everything is saved"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_with_a_mistake_are_opened_and_the_mistake_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.toml");
        std::fs::write(&path, "[schedule]\nepoch = 3\n").unwrap();
        assert_eq!(open(std::slice::from_ref(&path)), Some(TrainingCommand::Open(path.clone())));
        let error = session(&path).err().unwrap().to_string();
        assert!(error.contains("epoch") && error.contains("run.toml"), "{error}");
    }
}
