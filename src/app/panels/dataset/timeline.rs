//! The chosen clip's time: truth, moments of every source, and what the network saw. It needs no
//! video, only the clip's length.

use egui::Ui;

use crate::app::annotate::{own_events, own_lanes};
use crate::app::command::{Command, QueryCommand};
use crate::app::dataset::{DataSetCommand, DataSetSession, MOMENTS, Source};
use crate::app::marks::MarkCommand;
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::dataset::Strip;
use crate::eval::Window;
use crate::playback::PlaybackCommand;
use crate::time::{MediaTime, TimeRange};
use crate::view::theme::{self, Palette};
use crate::view::timeline::{Block, HeatRow, Lane, LaneContent, TimelineEvent, TimelineModel, timeline_ui};

/// Height of a row of cells.
const CELLS: f32 = 12.0;
/// Moments of the other sources that are drawn.
const OTHERS: usize = 5;

pub fn timeline_panel_ui(
    ui: &mut Ui,
    state: &AppState,
    set: &DataSetSession,
    view: &mut ViewState,
    out: &mut Vec<Command>,
) {
    if set.selected.is_none() {
        return;
    }
    let colours = theme::of(ui);
    let mut lanes = lanes(set, &colours);
    // below the truth, which they are compared with
    let below = 1.min(lanes.len());
    lanes.splice(below..below, own_lanes(state, &colours));
    let start = set.video_start();
    // pictures count from the start of the video
    view.timeline.set_video_frames(state.player.as_ref().map(|player| player.table()), start);
    view.timeline.set_steps(Some(state.model_step()));
    let loop_range = state.player.as_ref().and_then(|player| player.loop_range());
    let model = TimelineModel {
        clip: set.clip_range(),
        now: state.now(),
        range: state.marks.range,
        loop_range: loop_range.map(|range| TimeRange::new(range.start() - start, range.end() - start)),
        window: None,
        lanes: &lanes,
        focused: None,
    };
    let events = egui::ScrollArea::vertical()
        .auto_shrink(false)
        .scroll_source(egui::scroll_area::ScrollSource::SCROLL_BAR)
        .show(ui, |ui| timeline_ui(ui, &model, &mut view.timeline))
        .inner;
    for event in events {
        match event {
            TimelineEvent::Seek(time) => out.push(DataSetCommand::Seek(time).into()),
            TimelineEvent::Scrub(time) => out.push(DataSetCommand::Scrub(time).into()),
            TimelineEvent::ScrubEnd => out.push(PlaybackCommand::ScrubEnd.into()),
            TimelineEvent::Loop(range) => out.push(DataSetCommand::Loop(range).into()),
            TimelineEvent::Mark(range) => out.push(MarkCommand::Range(range).into()),
            TimelineEvent::Own(event) => own_events(event, out),
            TimelineEvent::Choose(lane, block) if lanes[lane].label == MOMENTS_LANE => {
                out.push(QueryCommand::Jump(block).into());
            }
            TimelineEvent::Choose(..) | TimelineEvent::Edit(..) | TimelineEvent::Focus(_) => {}
        }
    }
}

const MOMENTS_LANE: &str = "Moments";

fn lanes(set: &DataSetSession, colours: &Palette) -> Vec<Lane> {
    let Some(row) = set.selected else { return Vec::new() };
    let mut lanes = Vec::new();
    let mut add = |label: &str, height: f32, content: LaneContent| {
        lanes.push(Lane { label: label.to_owned(), height, content, is_in_overview: true });
    };
    let truths = set.truths().into_iter().map(|range| Block {
        range,
        text: "annotated".into(),
        colour: colours.truth,
        is_hatched: true,
        is_chosen: false,
    });
    add("Truth", 22.0, LaneContent::Moments(truths.collect()));
    if let Some(windows) = set.windows(row) {
        add(MOMENTS_LANE, 24.0, LaneContent::Moments(blocks(windows, MOMENTS, set.moment, colours)));
    }
    for (file, predictions) in set.data.predictions.iter().enumerate() {
        if set.source != Source::File(file)
            && let Some(prediction) = predictions.of_row(row)
        {
            let blocks = blocks(&prediction.windows, OTHERS, None, colours);
            add(&short(&predictions.name), 20.0, LaneContent::Moments(blocks));
        }
    }
    if let Some(case) = set.selected_case() {
        if set.source != Source::Network {
            let blocks = blocks(&case.windows, OTHERS, None, colours);
            add("Network", 20.0, LaneContent::Moments(blocks));
        }
        let heat = |strips: &[Strip]| LaneContent::Heat(strips.iter().map(heat_row).collect());
        if !case.levels.is_empty() {
            add("Levels", CELLS * case.levels.len() as f32, heat(&case.levels));
        }
        if !case.words.is_empty() {
            add("Words", CELLS * case.words.len() as f32, heat(&case.words));
        }
        if let Some(gaze) = &case.gaze {
            add("Gaze seen", CELLS, heat(std::slice::from_ref(gaze)));
        }
    }
    lanes
}

/// Fits the names of lanes; files of one group differ at their ends.
fn short(name: &str) -> String {
    let stem: Vec<char> = name.split('.').next().unwrap_or(name).chars().collect();
    if stem.len() <= 13 {
        return stem.into_iter().collect();
    }
    let (head, tail) = (&stem[..5], &stem[stem.len() - 7..]);
    head.iter().chain(&['…']).chain(tail).collect()
}

fn blocks(windows: &[Window], count: usize, chosen: Option<usize>, colours: &Palette) -> Vec<Block> {
    let block = |(rank, window): (usize, &Window)| Block {
        range: TimeRange::from_secs(window.start, window.end),
        text: match window.score {
            Some(score) => format!("{}  {score:.2}", rank + 1),
            None => format!("{}", rank + 1),
        },
        colour: colours.ranked(rank),
        is_hatched: false,
        is_chosen: chosen == Some(rank),
    };
    windows.iter().take(count).enumerate().map(block).collect()
}

fn heat_row(strip: &Strip) -> HeatRow {
    let time = |secs: f32| MediaTime::from_secs(f64::from(secs));
    HeatRow {
        label: strip.label.clone(),
        step: time(strip.step_secs),
        values: strip.values.iter().map(|(secs, value)| (time(*secs), *value)).collect(),
    }
}
