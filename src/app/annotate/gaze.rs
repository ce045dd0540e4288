//! Correcting recorded gaze: points set by hand, spans that mean nothing. The recording itself stays as
//! it is; what is drawn and measured is a corrected copy, made in the background.

use std::sync::Arc;

use super::AnnotateCommand;
use crate::app::gaze_session::GazeSession;
use crate::app::state::AppState;
use crate::app::tasks::{Done, TaskKind};
use crate::app::work;
use crate::project::{Edit, GazeFix, GazeFixKind, Id};
use crate::time::{MediaTime, TimeRange};

/// A correction this near to the playhead is of the picture that is shown.
const HERE: MediaTime = MediaTime::from_millis(17);

/// Which version of the project the shown recording was compared with.
#[derive(Default)]
pub struct Shown {
    version: u64,
}

/// Corrections of the open recording, in the order in which they were made.
fn fixes(state: &AppState) -> impl Iterator<Item = &GazeFix> + Clone {
    let source = state.work.gaze_source();
    state.work.project().gaze_fixes.iter().filter(move |fix| Some(fix.source) == source)
}

/// The recording's own time of a clip time.
fn recorded_time(state: &AppState, time: MediaTime) -> MediaTime {
    time - state.gaze.as_ref().map_or(MediaTime::ZERO, GazeSession::offset)
}

/// Corrections at the playhead: points of this picture, and spans around it.
pub fn fixes_here(state: &AppState) -> Vec<&GazeFix> {
    let now = recorded_time(state, shown_time(state));
    let is_here = |fix: &&GazeFix| match fix.what {
        GazeFixKind::Point { time, .. } => time.distance(now) <= HERE,
        GazeFixKind::Invalid { range } => range.contains(now),
    };
    fixes(state).filter(is_here).collect()
}

/// Where corrections are, on the clip's clock: points and spans.
pub fn edges_of_fixes(state: &AppState) -> Vec<TimeRange> {
    let offset = state.gaze.as_ref().map_or(MediaTime::ZERO, GazeSession::offset);
    let range = |fix: &GazeFix| match fix.what {
        GazeFixKind::Point { time, .. } => TimeRange::new(time + offset, time + offset),
        GazeFixKind::Invalid { range } => TimeRange::new(range.start() + offset, range.end() + offset),
    };
    fixes(state).map(range).collect()
}

/// The time of the picture on screen; corrections belong to pictures.
fn shown_time(state: &AppState) -> MediaTime {
    let shown = state.player.as_ref().and_then(|player| player.shown());
    shown.map_or_else(|| state.now(), |frame| frame.time)
}

pub fn apply(state: &mut AppState, command: AnnotateCommand) {
    match command {
        AnnotateCommand::ToggleGazeTool => state.annotate.is_gaze_tool ^= true,
        AnnotateCommand::PointGaze(pos) => point(state, pos),
        AnnotateCommand::DropGaze => {
            state.annotate.dragged_fix = None;
            work::end_gesture(state);
        }
        AnnotateCommand::InvalidateRange => {
            let (Some(source), Some(range)) = (state.work.gaze_source(), state.range_or_moment()) else {
                return;
            };
            let [start, end] = [range.start(), range.end()].map(|time| recorded_time(state, time));
            let what = GazeFixKind::Invalid { range: TimeRange::new(start, end) };
            let author = state.work.author().to_owned();
            let fix = GazeFix { id: Id::fresh(), source, author, what };
            work::change(state, "mark gaze invalid", vec![Edit::PutGazeFix(fix)]);
        }
        AnnotateCommand::RemoveFix(id) => {
            work::change(state, "delete gaze correction", vec![Edit::RemoveGazeFix(id)]);
        }
        AnnotateCommand::RemoveFixesHere => {
            let edits: Vec<Edit> = fixes_here(state).iter().map(|fix| Edit::RemoveGazeFix(fix.id)).collect();
            if !edits.is_empty() {
                work::change(state, "delete gaze correction", edits);
            }
        }
        _ => {}
    }
}

/// The gaze of the picture on screen is here. A picture has one such point: a second one moves it.
fn point(state: &mut AppState, pos: [f32; 2]) {
    let Some(source) = state.work.gaze_source().filter(|_| state.gaze.is_some()) else { return };
    let time = recorded_time(state, shown_time(state));
    let is_point = |fix: &&&GazeFix| matches!(fix.what, GazeFixKind::Point { .. });
    let known = fixes_here(state).iter().find(is_point).map(|fix| fix.id);
    let id = state.annotate.dragged_fix.or(known).unwrap_or_else(Id::fresh);
    state.annotate.dragged_fix = Some(id);
    let author = state.work.author().to_owned();
    let pos = pos.map(|p| p.clamp(0.0, 1.0));
    let fix = GazeFix { id, source, author, what: GazeFixKind::Point { time, pos } };
    work::drag(state, "correct gaze", Edit::PutGazeFix(fix));
}

/// Called once a frame: when the corrections have changed, the corrected recording is made again.
pub fn refresh(state: &mut AppState) {
    let version = state.work.version();
    if version == state.annotate.gaze.version || state.tasks.is_running(TaskKind::CorrectGaze) {
        return;
    }
    state.annotate.gaze.version = version;
    let wanted: Vec<GazeFix> = fixes(state).cloned().collect();
    let Some(gaze) = &state.gaze else { return };
    if gaze.fixes() == wanted.as_slice() {
        return;
    }
    let (original, offset) = (Arc::clone(gaze.original()), gaze.offset());
    state.tasks.start(TaskKind::CorrectGaze, move |_| {
        Ok(Done::GazeCorrected(Box::new(GazeSession::corrected(original, wanted, offset))))
    });
}
