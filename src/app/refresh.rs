//! What follows from new evidence: answers and the agreement curve, made again as it arrives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::asking::start_answer;
use super::queries::Answers;
use super::state::{AppState, HeatSpan, RangeMaps};
use super::tasks::{Done, TaskKind};
use crate::gaze::metrics::gaze_agreement;
use crate::gaze::window_map;
use crate::time::MediaTime;

/// While evidence arrives, at most this part of the time goes into answering again.
const SHARE: u32 = 8;
const AT_LEAST: Duration = Duration::from_millis(300);

/// From which state of things the answers and the curve on screen were made.
#[derive(Default)]
pub struct Refresh {
    answered_version: u64,
    answered_at: Option<Instant>,
    /// What the last answer took.
    cost: Duration,
    /// Version of the evidence, and which recording on which clock.
    agreed_on: (u64, usize),
}

impl Refresh {
    pub fn note_cost(&mut self, answers: &Answers) {
        self.cost = Duration::from_secs_f64(answers.values().map(|a| a.elapsed_secs).sum());
    }

    fn is_due(&self, is_complete: bool) -> bool {
        is_complete || self.answered_at.is_none_or(|at| at.elapsed() >= AT_LEAST.max(self.cost * SHARE))
    }
}

/// Called once a frame; starts work where something has changed.
pub fn refresh(state: &mut AppState) {
    refresh_answers(state);
    refresh_agreement(state);
    refresh_range_maps(state);
    expect_jumps(state);
    super::dataset::refresh(state);
    super::keep::refresh(state);
    super::training::refresh(state);
    super::annotate::refresh_gaze(state);
    super::work::refresh(state);
    expect_jumps(state);
}

/// The moments on screen are where the user goes next.
fn expect_jumps(state: &mut AppState) {
    let starts: Vec<MediaTime> =
        state.queries.shown().iter().flat_map(|answer| &answer.moments).map(|m| m.range.start()).collect();
    if let Some(player) = &mut state.player {
        player.expect(starts);
    }
}

/// Pictures of a recording that a mean over a range is made from, at most.
const MOST_PICTURES: usize = 1_024;

/// Mean maps over the range, made again when range, recording or evidence has changed.
fn refresh_range_maps(state: &mut AppState) {
    let range =
        state.range_or_moment().filter(|_| state.overlay.span == HeatSpan::Range && state.dataset.is_none());
    let Some(range) = range else {
        state.range_maps = None;
        return;
    };
    let version = state.features.as_ref().map_or(0, |f| f.version());
    let recording = state.gaze.as_ref().map_or(0, |g| Arc::as_ptr(g.track()) as usize);
    let made_from = (version, recording);
    if state.range_maps.as_ref().is_some_and(|m| m.range == range && m.made_from == made_from) {
        return;
    }
    let count = ((range.duration().secs() * 30.0) as usize).clamp(32, MOST_PICTURES);
    let recorded = state.gaze.as_ref().and_then(|g| window_map(g.track(), range, count)).map(Arc::new);
    let predicted = state.features.as_ref().and_then(|f| f.mean_heatmap(range)).map(Arc::new);
    state.range_maps = Some(RangeMaps { range, predicted, recorded, made_from });
}

fn refresh_answers(state: &mut AppState) {
    let Some(features) = &state.features else { return };
    let version = features.version();
    let is_complete = !state.tasks.is_running(TaskKind::Features);
    if version == state.refresh.answered_version
        || state.tasks.is_running(TaskKind::Answer)
        || !state.refresh.is_due(is_complete)
    {
        return;
    }
    state.refresh.answered_version = version;
    state.refresh.answered_at = Some(Instant::now());
    let ids: Vec<u64> = state.queries.iter().map(|q| q.id).collect();
    for id in ids {
        start_answer(state, id);
    }
}

fn refresh_agreement(state: &mut AppState) {
    let (Some(features), Some(gaze)) = (&state.features, &state.gaze) else {
        if !state.agreement.is_empty() {
            state.agreement = Arc::default();
        }
        return;
    };
    let made_from = (features.version(), Arc::as_ptr(gaze.track()) as usize);
    if made_from == state.refresh.agreed_on || state.tasks.is_running(TaskKind::Agreement) {
        return;
    }
    state.refresh.agreed_on = made_from;
    let (features, track) = (Arc::clone(features), Arc::clone(gaze.track()));
    state.tasks.start(TaskKind::Agreement, move |_| {
        let maps = features.maps();
        let points = gaze_agreement(maps.iter().map(|(time, map)| (*time, &**map)), &track);
        Ok(Done::Agreement(points.iter().map(|p| (p.time, p.nss as f32)).collect()))
    });
}
