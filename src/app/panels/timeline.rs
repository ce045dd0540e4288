//! The timeline panel: lanes made from the state.

use egui::Ui;

use crate::app::annotate::{edges_of_fixes, own_events, own_lanes};
use crate::app::command::{AppCommand, Command, QueryCommand};
use crate::app::events::lane;
use crate::app::marks::MarkCommand;
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::gaze::GazeState;
use crate::gaze::model_window;
use crate::grounding::{GazeMode, Localization};
use crate::playback::PlaybackCommand;
use crate::time::{MediaTime, TimeRange};
use crate::view::theme::{self, Palette};
use crate::view::timeline::{Block, Flag, Lane, LaneContent, TimelineEvent, TimelineModel, timeline_ui};

pub fn timeline_panel_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let Some(player) = &state.player else { return };
    let lanes = lanes(ui, state, view);
    view.timeline.set_frames(Some(player.table()));
    view.timeline.set_source_start(state.source_start);
    view.timeline.set_steps(Some(state.model_step()));
    let model = TimelineModel {
        clip: player.table().range(),
        now: player.time(),
        range: state.marks.range,
        loop_range: player.loop_range(),
        window: Some(model_window(player.time())),
        lanes: &lanes,
        focused: state.focused_lane.as_deref(),
    };
    let events = egui::ScrollArea::vertical()
        .auto_shrink(false)
        .scroll_source(egui::scroll_area::ScrollSource::SCROLL_BAR)
        .show(ui, |ui| timeline_ui(ui, &model, &mut view.timeline))
        .inner;
    for event in events {
        match event {
            TimelineEvent::Seek(time) => out.push(PlaybackCommand::Seek(time).into()),
            TimelineEvent::Scrub(time) => out.push(PlaybackCommand::Scrub(time).into()),
            TimelineEvent::ScrubEnd => out.push(PlaybackCommand::ScrubEnd.into()),
            TimelineEvent::Loop(range) => {
                out.push(PlaybackCommand::Loop(Some(range)).into());
                out.push(PlaybackCommand::Seek(range.start()).into());
                out.push(PlaybackCommand::Play.into());
            }
            TimelineEvent::Mark(range) => out.push(MarkCommand::Range(range).into()),
            TimelineEvent::Edit(_, marker) => {
                out.extend(state.markers().get(marker).map(|m| MarkCommand::Edit(m.id).into()));
            }
            TimelineEvent::Focus(index) => {
                let label = &lanes[index].label;
                let is_on = state.focused_lane.as_ref() == Some(label);
                out.push(AppCommand::FocusLane((!is_on).then(|| label.clone())).into());
            }
            TimelineEvent::Choose(index, block) if lanes[index].label == lane::MOMENTS => {
                out.push(QueryCommand::Jump(block).into());
            }
            TimelineEvent::Choose(..) => {}
            TimelineEvent::Own(event) => own_events(event, out),
        }
    }
}

fn lanes(ui: &Ui, state: &AppState, view: &mut ViewState) -> Vec<Lane> {
    let colours = theme::of(ui);
    let mut lanes = Vec::new();
    let mut add = |label: &str, height: f32, content: LaneContent| {
        let is_in_overview = matches!(label, lane::TRUTH | lane::MOMENTS);
        lanes.push(Lane { label: label.to_owned(), height, content, is_in_overview });
    };
    let pictures = view.thumbnails.update(ui.ctx(), state.thumbnails.as_ref());
    if !pictures.is_empty() {
        add("", 38.0, LaneContent::Thumbnails(pictures));
    }
    let markers = state.markers();
    if !markers.is_empty() {
        let flags = markers.iter().map(|marker| Flag {
            time: marker.time,
            text: marker.label.clone(),
            colour: theme::marker(ui, marker.colour),
        });
        add(lane::MARKERS, 18.0, LaneContent::Markers(flags.collect()));
    }
    if let Some(truth) = state.truth() {
        let block = Block {
            range: truth,
            text: "annotated".into(),
            colour: colours.truth,
            is_hatched: true,
            is_chosen: false,
        };
        add(lane::TRUTH, 22.0, LaneContent::Moments(vec![block]));
    }
    for own in own_lanes(state, &colours) {
        add(&own.label, own.height, own.content);
    }
    if let Some(answer) = state.queries.shown() {
        let blocks = blocks(answer, state.queries.moment, &colours);
        add(lane::MOMENTS, 24.0, LaneContent::Moments(blocks));
    }
    if let Some(query) = state.queries.selected().filter(|_| state.settings.has_mode_lanes) {
        for (mode, answer) in &query.answers {
            add(mode_lane(*mode), 20.0, LaneContent::Moments(blocks(answer, None, &colours)));
        }
    }
    if let Some(answer) = state.queries.shown() {
        add(lane::SIMILARITY, 40.0, LaneContent::Curve(answer.curve.clone()));
    }
    if let Some(gaze) = &state.gaze {
        let spans = gaze
            .invalid_spans()
            .iter()
            .map(|(range, state)| {
                let is_outside = *state == GazeState::OutOfFrame;
                (*range, if is_outside { colours.warning } else { colours.error })
            })
            .collect();
        if !state.agreement.is_empty() {
            add(lane::AGREEMENT, 32.0, LaneContent::Curve(state.agreement.as_ref().clone()));
        }
        if state.overlay.has_fixations {
            add(lane::FIXATIONS, 16.0, LaneContent::Moments(fixations(state, &colours)));
        }
        add(lane::GAPS, 16.0, LaneContent::Band(spans));
        let fixes = edges_of_fixes(state);
        if !fixes.is_empty() {
            // a point is as wide as its picture
            let half = MediaTime::from_millis(17);
            let wide = |range: TimeRange| match range.duration() {
                MediaTime::ZERO => TimeRange::new(range.start() - half, range.end() + half),
                _ => range,
            };
            let spans = fixes.into_iter().map(|range| (wide(range), colours.own)).collect();
            add(lane::FIXES, 14.0, LaneContent::Band(spans));
        }
    }
    lanes
}

fn mode_lane(mode: GazeMode) -> &'static str {
    match mode {
        GazeMode::Off => "gaze off",
        GazeMode::Predicted => "predicted",
        GazeMode::Recorded => "recorded",
        GazeMode::Negative => "negative",
    }
}

fn blocks(answer: &Localization, chosen: Option<usize>, colours: &Palette) -> Vec<Block> {
    let block = |(rank, moment): (usize, &crate::grounding::Moment)| Block {
        range: moment.range,
        text: format!("{}  {:.2}", rank + 1, moment.score),
        colour: colours.ranked(rank),
        is_hatched: false,
        is_chosen: chosen == Some(rank),
    };
    answer.moments.iter().enumerate().map(block).collect()
}

/// With the numbers that stand in the picture.
fn fixations(state: &AppState, colours: &Palette) -> Vec<Block> {
    let all = state.gaze.as_ref().map_or(&[][..], |gaze| gaze.fixations());
    let block = |(index, fixation): (usize, &crate::gaze::Fixation)| Block {
        range: fixation.range,
        text: (index + 1).to_string(),
        colour: colours.fixation,
        is_hatched: false,
        is_chosen: false,
    };
    all.iter().enumerate().map(block).collect()
}
