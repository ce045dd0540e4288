//! Saving from the window: pictures and answers, each as a job.

use std::path::PathBuf;
use std::sync::Arc;

use super::command::AppCommand;
use super::state::AppState;
use super::tasks::{Done, TaskKind};
use crate::diagnostics::{Machine, describe_clip, write_bundle};
use crate::export::caption::Caption;
use crate::export::image::{Provenance, draw_picture, save_picture};
use crate::export::table::{AnswerRow, TableFormat, save_answers};
use crate::grounding::{GazeMode, Localization};
use crate::render::{Gpu, Scene};
use crate::time::TimeRange;

/// Saves what is on screen at source resolution.
pub fn screenshot(
    state: &mut AppState,
    scene: Scene,
    caption: Option<Caption>,
    provenance: Provenance,
    path: PathBuf,
) {
    state.tasks.start(TaskKind::Export, move |ctx| {
        ctx.stage("Drawing the picture");
        let gpu = Gpu::headless()?;
        ctx.check()?;
        save_picture(&gpu, &scene, caption.as_ref(), &provenance, &path)?;
        Ok(Done::Saved(format!("Saved {}", path.display()), path))
    });
}

/// Draws what is on screen and puts it on the clipboard.
pub fn copy(state: &mut AppState, scene: Scene) {
    state.tasks.start(TaskKind::Export, move |ctx| {
        ctx.stage("Drawing the picture");
        let picture = draw_picture(&Gpu::headless()?, &scene, None)?;
        Ok(Done::Next(Some(AppCommand::Clipboard(Arc::new(picture)).into())))
    });
}

/// Saves every question asked, in every gaze mode that answered.
pub fn results(state: &mut AppState, path: PathBuf, format: TableFormat) {
    let Some(player) = &state.player else { return };
    let (info, table) = (Arc::clone(player.info()), Arc::clone(player.table()));
    let answers: Vec<(String, Option<TimeRange>, GazeMode, Arc<Localization>)> = state
        .queries
        .iter()
        .flat_map(|q| q.answers.iter().map(|(mode, a)| (q.text.clone(), q.truth, *mode, Arc::clone(a))))
        .collect();
    state.tasks.start(TaskKind::Export, move |_| {
        let rows: Vec<AnswerRow<'_>> = answers
            .iter()
            .map(|(query, truth, mode, answer)| AnswerRow { query, gaze_mode: *mode, answer, truth: *truth })
            .collect();
        save_answers(&path, format, &info, &table, &rows)?;
        Ok(Done::Saved(format!("Saved {} answers to {}", rows.len(), path.display()), path))
    });
}

/// Saves what a bug report needs: no media, no questions.
pub fn diagnostics(state: &mut AppState, path: PathBuf) {
    let mut texts = Vec::new();
    if let Some(player) = &state.player {
        texts.push(("clip.txt".to_owned(), describe_clip(player.info(), player.table())));
    }
    if let Some(gaze) = &state.gaze {
        let track = gaze.track();
        let (format, samples) = (track.format, track.samples.len());
        texts.push(("gaze.txt".to_owned(), format!("{}, {samples} samples\n", format.name())));
    }
    let notices: Vec<String> = state.notices.history().iter().map(|n| n.text.clone()).collect();
    texts.push(("notices.txt".to_owned(), notices.join("\n")));
    let logs = state.places.logs.clone();
    state.tasks.start(TaskKind::Export, move |ctx| {
        ctx.stage("Looking at this machine");
        let machine = Machine::look();
        ctx.check()?;
        write_bundle(&path, &machine, &texts, logs.as_deref())?;
        Ok(Done::Saved(format!("Saved {}", path.display()), path))
    });
}

/// A file name that says clip and time, free of characters that file systems dislike.
pub fn suggested_name(state: &AppState, suffix: &str) -> String {
    let stem = state
        .player
        .as_ref()
        .and_then(|p| p.info().path.file_stem().map(|s| s.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "clip".into());
    format!("{stem}_{}{suffix}", state.now().to_string().replace(':', "-"))
}
