//! What is computed of the open clip in the background: networks, their evidence, small pictures.

use std::sync::Arc;

use super::state::{AppState, Models};
use super::tasks::{Done, TaskKind};
use crate::nn::ops::give_back_freed_memory;
use crate::pipeline;

/// Frames of the window that show a clip before anything is computed of it.
const FRAMES_FIRST: u64 = 2;

/// Begins once the clip has been drawn: networks that load take every core, and the window's first look
/// at the clip would wait for them.
pub fn begin_soon(state: &mut AppState) {
    state.begins_at_frame = Some(state.performance.count() + FRAMES_FIRST);
}

/// Begins if it is time.
pub fn begin_if_due(state: &mut AppState) {
    if state.begins_at_frame.is_none_or(|frame| state.performance.count() < frame) {
        return;
    }
    state.begins_at_frame = None;
    if state.thumbnails.is_none() {
        start_thumbnails(state);
    }
    load_models(state);
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
pub fn load_models(state: &mut AppState) {
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

pub fn start_features(state: &mut AppState) {
    let Some(player) = &state.player else { return };
    if state.features.is_some() || state.models.ready().is_none() {
        return;
    }
    state.features = Some(pipeline::features_for(player.info(), player.table()));
    extract(state);
}

/// Computes what is missing of the evidence.
pub fn extract(state: &mut AppState) {
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
