//! What follows from new evidence: answers and the agreement curve, made again as it arrives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::queries::Answers;
use super::state::AppState;
use super::tasks::{Done, TaskKind};
use super::update::start_answer;
use crate::gaze::metrics::gaze_agreement;
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
        let frames = features.frames();
        let points = gaze_agreement(frames.iter().map(|f| (f.time, &*f.gaze)), &track);
        Ok(Done::Agreement(points.iter().map(|p| (p.time, p.nss as f32)).collect()))
    });
}
