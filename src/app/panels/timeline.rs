//! The timeline panel: lanes made from the state.

use egui::Ui;

use crate::app::command::{Command, QueryCommand};
use crate::app::picture;
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::gaze::GazeState;
use crate::playback::PlaybackCommand;
use crate::view::theme;
use crate::view::timeline::{Block, Lane, LaneContent, TimelineEvent, TimelineModel, timeline_ui};

const MOMENTS: &str = "Moments";
/// Normalised scanpath saliency of the predicted map at the recorded gaze; 0 is chance.
const AGREEMENT: &str = "Agreement";

pub fn timeline_panel_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let Some(player) = &state.player else { return };
    let lanes = lanes(ui, state, view);
    view.timeline.set_frames(Some(player.table()));
    let model = TimelineModel {
        clip: player.table().range(),
        now: player.time(),
        loop_range: player.loop_range(),
        window: Some(picture::model_window(player.time())),
        lanes: &lanes,
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
            TimelineEvent::Choose(lane, block) if lanes[lane].label == MOMENTS => {
                out.push(QueryCommand::Jump(block).into());
            }
            TimelineEvent::Choose(..) => {}
        }
    }
}

fn lanes(ui: &Ui, state: &AppState, view: &mut ViewState) -> Vec<Lane> {
    let colours = theme::of(ui);
    let mut lanes = Vec::new();
    let mut add = |label: &str, height: f32, content: LaneContent| {
        lanes.push(Lane { label: label.to_owned(), height, content });
    };
    let pictures = view.thumbnails.update(ui.ctx(), state.thumbnails.as_ref());
    if !pictures.is_empty() {
        add("", 38.0, LaneContent::Thumbnails(pictures));
    }
    if let Some(truth) = state.truth() {
        let block = Block {
            range: truth,
            text: "annotated".into(),
            colour: colours.truth,
            is_hatched: true,
            is_chosen: false,
        };
        add("Truth", 22.0, LaneContent::Moments(vec![block]));
    }
    if let Some(answer) = state.queries.shown() {
        let blocks = answer.moments.iter().enumerate().map(|(rank, moment)| Block {
            range: moment.range,
            text: format!("{}  {:.2}", rank + 1, moment.score),
            colour: colours.prediction.gamma_multiply(1.0 - 0.12 * rank as f32),
            is_hatched: false,
            is_chosen: state.queries.moment == Some(rank),
        });
        add(MOMENTS, 24.0, LaneContent::Moments(blocks.collect()));
        add("Similarity", 40.0, LaneContent::Curve(answer.curve.clone()));
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
            add(AGREEMENT, 32.0, LaneContent::Curve(state.agreement.as_ref().clone()));
        }
        add("Gaze gaps", 16.0, LaneContent::Band(spans));
    }
    lanes
}
