//! The state of the window as a `Scene`: what is drawn, on screen and into files.

use std::cell::RefCell;
use std::sync::Arc;

use super::state::{AppState, HeatSpan, Overlay};
use crate::export::caption::{Caption, TimeBar};
use crate::export::image::Provenance;
use crate::gaze::{Fixation, GazeSample, GazeState, GazeTrack, Heatmap, model_window_map, picture_map};
use crate::render::{Label, MAX_MARKS, Mark, Scene, Viewpoint};
use crate::time::{FrameIdx, MediaTime, TimeRange};
use crate::view::legend::Legend;

const POINT_RGBA: [f32; 4] = [1.0, 0.25, 0.2, 1.0];
const CORRECTED_RGBA: [f32; 4] = [0.95, 0.55, 0.85, 1.0];
const TRAIL_RGB: [f32; 3] = [0.3, 0.85, 1.0];
const FIXATION_RGBA: [f32; 4] = [0.95, 0.75, 0.3, 0.8];

/// The scene at the playhead; nothing while no picture is there.
pub fn scene(state: &AppState, viewpoint: Viewpoint, background: [f32; 3]) -> Option<Scene> {
    let player = state.player.as_ref()?;
    let frame = Arc::clone(player.shown()?);
    let time = frame.time;
    let overlay = &state.overlay;
    let [predicted, recorded] = maps(state, time);
    Some(Scene {
        display_size: player.info().display_size,
        predicted,
        recorded,
        heat: overlay.heat,
        opacity: overlay.opacity,
        threshold: overlay.threshold,
        colormap: overlay.colormap,
        compare: overlay.compare,
        marks: marks(state, overlay, time, player.info().display_size),
        labels: labels(state, overlay, time, player.info().display_size),
        viewpoint,
        background,
        frame,
    })
}

/// Predicted and recorded, over the stretch that was chosen.
fn maps(state: &AppState, time: MediaTime) -> [Option<Arc<Heatmap>>; 2] {
    if let Some(maps) = &state.range_maps {
        return [maps.predicted.clone(), maps.recorded.clone()];
    }
    let recorded =
        state.gaze.as_ref().and_then(|gaze| state.recorded_map.at(gaze.track(), time, state.overlay.span));
    [state.features.as_ref().and_then(|f| f.heatmap_near(time)), recorded]
}

/// What the heatmap stands for, in words, when that is more than the place of the playhead.
pub fn span_text(state: &AppState) -> Option<String> {
    let maps = state.range_maps.as_ref()?;
    Some(format!("{} to {}", maps.range.start(), maps.range.end()))
}

/// Fixations that began in the last two seconds, each with its number in the recording.
fn fixations_near(state: &AppState, time: MediaTime) -> impl Iterator<Item = (usize, &Fixation)> {
    let near = TimeRange::new(time - MediaTime::from_secs(2.0), time);
    let all = state.gaze.as_ref().map_or(&[][..], |gaze| gaze.fixations());
    let from = all.partition_point(|f| f.range.start() < near.start());
    all.iter().enumerate().skip(from).take_while(move |(_, f)| f.range.start() <= near.end())
}

fn fixation_radius(fixation: &Fixation, unit: f32) -> f32 {
    unit * (1.0 + (fixation.range.duration().secs() as f32).sqrt() * 2.0)
}

/// The numbers of the fixations, counted from 1 as the recording's list of them is.
fn labels(state: &AppState, overlay: &Overlay, time: MediaTime, size: [u32; 2]) -> Vec<Label> {
    if !overlay.has_fixations {
        return Vec::new();
    }
    let unit = size[0].max(size[1]) as f32 / 100.0;
    let mut labels = Vec::new();
    for (index, fixation) in fixations_near(state, time) {
        let up = (fixation_radius(fixation, unit) + unit * 1.1) / size[1].max(1) as f32;
        let text = (index + 1).to_string();
        let [r, g, b, _] = FIXATION_RGBA;
        let pos = [fixation.pos[0], fixation.pos[1] - up];
        labels.push(Label { pos, height: unit * 1.7, text, rgba: [r, g, b, 1.0] });
    }
    labels
}

/// The recorded map of one picture, made once however often it is drawn.
#[derive(Default)]
pub struct RecordedMap(RefCell<Option<MadeOf>>);

struct MadeOf {
    track: Arc<GazeTrack>,
    time: MediaTime,
    span: HeatSpan,
    map: Option<Arc<Heatmap>>,
}

impl RecordedMap {
    fn at(&self, track: &Arc<GazeTrack>, time: MediaTime, span: HeatSpan) -> Option<Arc<Heatmap>> {
        let mut made = self.0.borrow_mut();
        let is_same =
            |made: &&MadeOf| Arc::ptr_eq(&made.track, track) && made.time == time && made.span == span;
        if let Some(made) = made.as_ref().filter(is_same) {
            return made.map.clone();
        }
        let map = match span {
            HeatSpan::Picture => picture_map(track, time),
            HeatSpan::Window | HeatSpan::Range => {
                model_window_map(track, time).or_else(|| picture_map(track, time))
            }
        };
        let map = map.map(Arc::new);
        *made = Some(MadeOf { track: Arc::clone(track), time, span, map: map.clone() });
        map
    }
}

fn marks(state: &AppState, overlay: &Overlay, time: MediaTime, size: [u32; 2]) -> Vec<Mark> {
    let Some(gaze) = &state.gaze else { return Vec::new() };
    let unit = size[0].max(size[1]) as f32 / 100.0;
    let mut fixations = Vec::new();
    if overlay.has_fixations {
        for (_, fixation) in fixations_near(state, time) {
            let radius = fixation_radius(fixation, unit);
            fixations.push(Mark { pos: fixation.pos, radius, line: unit * 0.25, rgba: FIXATION_RGBA });
        }
    }
    let mut points = Vec::new();
    if overlay.has_point {
        let samples = samples_here(state, gaze.track(), time);
        // what a person set is told from what was recorded by colour and by a second ring
        let is_corrected = samples.iter().any(|sample| gaze.is_corrected(sample));
        let rgba = if is_corrected { CORRECTED_RGBA } else { POINT_RGBA };
        for pos in overlay.aggregate.points(samples) {
            points.push(Mark { pos, radius: unit * 1.5, line: unit * 0.35, rgba });
            points.push(Mark { pos, radius: unit * 0.3, line: 0.0, rgba });
            if is_corrected {
                points.push(Mark { pos, radius: unit * 2.2, line: unit * 0.2, rgba });
            }
        }
    }
    let mut trail = Vec::new();
    if overlay.has_trail && overlay.trail_secs > 0.0 {
        let since = TimeRange::new(time - MediaTime::from_secs(f64::from(overlay.trail_secs)), time);
        let samples = gaze.track().in_range(since);
        // a few dozen dots show the path; more would hide the picture, and push the point out
        let room = MAX_MARKS.saturating_sub(fixations.len() + points.len()).clamp(1, 40);
        let stride = samples.len().div_ceil(room).max(1);
        for sample in samples.iter().step_by(stride).filter(|s| s.state == GazeState::Tracked) {
            let age = (time - sample.time).secs() as f32 / overlay.trail_secs;
            trail.push(Mark {
                pos: sample.pos,
                radius: unit * 0.35,
                line: 0.0,
                rgba: [TRAIL_RGB[0], TRAIL_RGB[1], TRAIL_RGB[2], (1.0 - age) * 0.8],
            });
        }
    }
    [fixations, trail, points].concat()
}

/// The samples of the shown picture, from its time to the next one's; where a tracker is slower than
/// the camera, the nearest.
fn samples_here<'a>(state: &AppState, track: &'a GazeTrack, time: MediaTime) -> &'a [GazeSample] {
    let next = state.player.as_ref().and_then(|player| {
        let (index, table) = (player.frame(), player.table());
        (index < table.last()).then(|| table.time(FrameIdx(index.0 + 1)))
    });
    let until = next.unwrap_or(time) - MediaTime::from_nanos(1);
    let here = track.in_range(TimeRange::new(time, until.max(time)));
    if here.is_empty() { track.at(time).map(std::slice::from_ref).unwrap_or_default() } else { here }
}

/// How many samples the gaze point stands for.
pub fn samples_at_playhead(state: &AppState) -> Option<usize> {
    let gaze = state.gaze.as_ref()?;
    let time = state.player.as_ref()?.shown()?.time;
    Some(samples_here(state, gaze.track(), time).len())
}

/// What the gaze is at the playhead, in words, when it cannot be drawn or is not the recorder's.
pub fn gaze_badge(state: &AppState) -> Option<&'static str> {
    let gaze = state.gaze.as_ref()?;
    let time = state.player.as_ref()?.shown()?.time;
    let sample = gaze.track().at(time);
    let is_corrected = sample.is_some_and(|sample| gaze.is_corrected(sample));
    match sample.map(|s| s.state) {
        Some(GazeState::Tracked) if is_corrected => Some("Gaze corrected by hand"),
        Some(GazeState::Tracked) => None,
        Some(GazeState::OutOfFrame) => Some("Gaze outside the picture"),
        Some(GazeState::Untracked) if is_corrected => Some("Gaze marked invalid by hand"),
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
    if let Some(span) = span_text(state) {
        add("Heatmap over", span);
    }
    if let (Some(query), Some(answer)) = (state.queries.selected(), state.queries.shown()) {
        add("Query", query.text.clone());
        add("Pipeline", answer.pipeline.clone());
        add("Gaze mode", state.queries.mode.name().to_owned());
    }
    Provenance(facts)
}

/// What an exported picture says of itself.
pub fn caption(state: &AppState, scene: &Scene) -> Caption {
    let Some(player) = &state.player else { return Caption::default() };
    let clip = player.info().path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let here = format!("{clip}, {}, picture {}", player.time(), player.frame().0);
    let mut lines = Vec::new();
    let title = match state.queries.selected() {
        Some(query) => {
            lines.extend(answer_lines(state));
            lines.push(here);
            query.text.clone()
        }
        None => here,
    };
    let overlay = &state.overlay;
    if let Some(span) = span_text(state).filter(|_| scene.has_heat()) {
        lines.push(format!("Heatmap: mean over {span}"));
    }
    let mut marks = Vec::new();
    if state.gaze.is_some() {
        let [r, g, b] = TRAIL_RGB;
        let has_fixes = state.gaze.as_ref().is_some_and(|gaze| !gaze.fixes().is_empty());
        let kinds = [
            (overlay.has_point, POINT_RGBA, "recorded gaze"),
            (overlay.has_point && has_fixes, CORRECTED_RGBA, "corrected by hand"),
            (overlay.has_trail && overlay.trail_secs > 0.0, [r, g, b, 1.0], "where it was before"),
            (overlay.has_fixations, FIXATION_RGBA, "fixations"),
        ];
        marks.extend(kinds.iter().filter(|(is_on, ..)| *is_on).map(|(_, rgba, meaning)| (*rgba, *meaning)));
    }
    let legend = scene.has_heat().then(|| Legend::of(scene.heat, scene.colormap));
    Caption { title, lines, legend, marks, bar: time_bar(state) }
}

/// The moment at the playhead, or else the best one, and who answered.
fn answer_lines(state: &AppState) -> Vec<String> {
    let Some(answer) = state.queries.shown() else { return Vec::new() };
    let now = state.now();
    let at = answer.moments.iter().position(|m| m.range.contains(now));
    let told = match at.or((!answer.moments.is_empty()).then_some(0)) {
        Some(rank) => {
            let moment = &answer.moments[rank];
            format!(
                "Answer {}{}: {} to {}, score {:.2}",
                rank + 1,
                if at.is_some() { " (shown)" } else { "" },
                moment.range.start(),
                moment.range.end(),
                moment.score
            )
        }
        None => "No moment stands out".to_owned(),
    };
    vec![
        told,
        format!(
            "Method: {}; question by {}; gaze: {}",
            answer.pipeline, answer.query_basis, answer.gaze_basis
        ),
    ]
}

fn time_bar(state: &AppState) -> Option<TimeBar> {
    let answer = state.queries.shown()?;
    let end = state.clip_range().end().secs().max(1e-9);
    let at = |time: MediaTime| (time.secs() / end) as f32;
    let span = |range: TimeRange| [at(range.start()), at(range.end())];
    Some(TimeBar {
        now: at(state.now()),
        moments: answer.moments.iter().map(|m| span(m.range)).collect(),
        truth: state.truth().map(span),
    })
}
