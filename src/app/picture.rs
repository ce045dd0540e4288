//! The state of the window as a `Scene`: what is drawn, on screen and into files.

use std::sync::Arc;

use super::state::{AppState, Overlay};
use crate::export::image::Provenance;
use crate::gaze::{GazeState, frame_map, window_map};
use crate::render::{Mark, Scene, Viewpoint};
use crate::time::{MediaTime, TimeRange};

/// A recorded heatmap shows the stretch that one window of the model sees: 32 pictures at 30 a
/// second, half before and half after the playhead.
const WINDOW: MediaTime = MediaTime::from_nanos(1_066_666_667);
const WINDOW_FRAMES: usize = 32;

pub fn model_window(now: MediaTime) -> TimeRange {
    let half = MediaTime::from_nanos(WINDOW.nanos() / 2);
    TimeRange::new(now - half, now + half)
}

/// The scene at the playhead; nothing while no picture is there.
pub fn scene(state: &AppState, viewpoint: Viewpoint, background: [f32; 3]) -> Option<Scene> {
    let player = state.player.as_ref()?;
    let frame = Arc::clone(player.shown()?);
    let time = frame.time;
    let overlay = &state.overlay;
    let recorded = state.gaze.as_ref().and_then(|gaze| {
        window_map(&gaze.track, model_window(time), WINDOW_FRAMES)
            .or_else(|| {
                gaze.track.at(time).filter(|s| s.state == GazeState::Tracked).map(|s| frame_map(s.pos))
            })
            .map(Arc::new)
    });
    Some(Scene {
        display_size: player.info().display_size,
        predicted: state.features.as_ref().and_then(|f| f.heatmap_near(time)),
        recorded,
        heat: overlay.heat,
        opacity: overlay.opacity,
        threshold: overlay.threshold,
        colormap: overlay.colormap,
        compare: overlay.compare,
        marks: marks(state, overlay, time, player.info().display_size),
        viewpoint,
        background,
        frame,
    })
}

fn marks(state: &AppState, overlay: &Overlay, time: MediaTime, size: [u32; 2]) -> Vec<Mark> {
    let Some(gaze) = &state.gaze else { return Vec::new() };
    let unit = size[0].max(size[1]) as f32 / 100.0;
    let mut marks = Vec::new();
    if overlay.has_fixations {
        let near = TimeRange::new(time - MediaTime::from_secs(2.0), time);
        for fixation in gaze.fixations.iter().filter(|f| near.contains(f.range.start())) {
            let secs = fixation.range.duration().secs() as f32;
            let radius = unit * (1.0 + secs.sqrt() * 2.0);
            marks.push(Mark { pos: fixation.pos, radius, line: unit * 0.25, rgba: [0.95, 0.75, 0.3, 0.8] });
        }
    }
    if overlay.has_trail && overlay.trail_secs > 0.0 {
        let since = TimeRange::new(time - MediaTime::from_secs(f64::from(overlay.trail_secs)), time);
        let samples = gaze.track.in_range(since);
        // a few dozen dots show the path; more would hide the picture
        let stride = (samples.len() / 40).max(1);
        for sample in samples.iter().step_by(stride).filter(|s| s.state == GazeState::Tracked) {
            let age = (time - sample.time).secs() as f32 / overlay.trail_secs;
            marks.push(Mark {
                pos: sample.pos,
                radius: unit * 0.35,
                line: 0.0,
                rgba: [0.3, 0.85, 1.0, (1.0 - age) * 0.8],
            });
        }
    }
    if overlay.has_point
        && let Some(sample) = gaze.track.at(time).filter(|s| s.state == GazeState::Tracked)
    {
        marks.push(Mark {
            pos: sample.pos,
            radius: unit * 1.5,
            line: unit * 0.35,
            rgba: [1.0, 0.25, 0.2, 1.0],
        });
        marks.push(Mark { pos: sample.pos, radius: unit * 0.3, line: 0.0, rgba: [1.0, 0.25, 0.2, 1.0] });
    }
    marks
}

/// What the gaze is at the playhead, in words, when it cannot be drawn.
pub fn gaze_badge(state: &AppState) -> Option<&'static str> {
    let gaze = state.gaze.as_ref()?;
    let time = state.player.as_ref()?.shown()?.time;
    match gaze.track.at(time).map(|s| s.state) {
        Some(GazeState::Tracked) => None,
        Some(GazeState::OutOfFrame) => Some("Gaze outside the picture"),
        Some(GazeState::Untracked) => Some("Gaze untracked"),
        None => Some("No gaze recorded here"),
    }
}

pub fn provenance(state: &AppState) -> Provenance {
    let mut facts = vec![("Software".to_owned(), concat!("GazeNLQ ", env!("CARGO_PKG_VERSION")).to_owned())];
    let mut add = |key: &str, value: String| facts.push((key.to_owned(), value));
    if let Some(player) = &state.player {
        add("Clip", player.info().path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        add("Clip id", player.info().content_id.clone());
        add("Frame", player.frame().0.to_string());
        add("Time", player.time().to_string());
    }
    let overlay = &state.overlay;
    let heat = format!(
        "{}, opacity {:.2}, from {:.2} of the peak",
        overlay.heat.label(),
        overlay.opacity,
        overlay.threshold
    );
    add("Heatmap", heat);
    if let (Some(query), Some(answer)) = (state.queries.selected(), state.queries.shown()) {
        add("Query", query.text.clone());
        add("Pipeline", answer.pipeline.clone());
        add("Gaze mode", state.queries.mode.name().to_owned());
    }
    Provenance(facts)
}
