//! The timeline's lanes of moments that people made, and what dragging in them asks for.

use super::{AnnotateCommand, chosen_query, queries_here};
use crate::app::command::Command;
use crate::app::state::AppState;
use crate::project::{Id, Moment, Query};
use crate::view::theme::Palette;
use crate::view::timeline::{Block, Lane, LaneContent, OwnEvent, Piece};

/// Label of the person's own lane, whatever they are called.
pub const MINE: &str = "Mine";
const HEIGHT: f32 = 24.0;

/// The person's own lane, one for each other author in the project, and the colleague's.
pub fn own_lanes(state: &AppState, colours: &Palette) -> Vec<Lane> {
    let Some(clip) = state.clip_name() else { return Vec::new() };
    let author = state.work.author();
    let chosen = chosen_query(state).map(|query| query.id);
    let here = queries_here(state);
    let all = here.iter().flat_map(|query| query.moments.iter().map(move |moment| (*query, moment)));
    let piece = |query: &Query, moment: &Moment, is_mine: bool| {
        let colour = if is_mine { colours.own } else { colours.colleague };
        let is_of_chosen = chosen.is_none() || chosen == Some(query.id);
        Piece {
            id: moment.id.0,
            is_mine,
            block: Block {
                range: moment.range,
                text: if query.text.is_empty() { "no question yet".to_owned() } else { query.text.clone() },
                colour: if is_of_chosen { colour } else { colour.gamma_multiply(0.55) },
                is_hatched: false,
                is_chosen: state.annotate.moment == Some(moment.id),
            },
        }
    };
    let mut lanes = vec![lane(MINE.to_owned(), Vec::new())];
    for (query, moment) in all {
        let is_mine = moment.author == author;
        let label = if is_mine { MINE.to_owned() } else { name_of(&moment.author) };
        let place = lanes.iter().position(|lane| lane.label == label).unwrap_or_else(|| {
            lanes.push(lane(label, Vec::new()));
            lanes.len() - 1
        });
        if let LaneContent::Own(pieces) = &mut lanes[place].content {
            pieces.push(piece(query, moment, is_mine));
        }
    }
    if let Some(colleague) = &state.work.colleague {
        let key = state.dataset.as_ref().and_then(|set| set.selected_view()).map(|view| view.key());
        let is_here = |query: &Query| key.is_none() || query.origin == key;
        let theirs = colleague.moments_of(&clip).filter(|(query, _)| is_here(query));
        let pieces: Vec<Piece> = theirs.map(|(query, moment)| piece(query, moment, false)).collect();
        lanes.push(lane(format!("{} (file)", name_of(&colleague.name())), pieces));
    }
    lanes
}

fn name_of(author: &str) -> String {
    if author.is_empty() { "Somebody".to_owned() } else { author.chars().take(12).collect() }
}

fn lane(label: String, pieces: Vec<Piece>) -> Lane {
    Lane { label, height: HEIGHT, content: LaneContent::Own(pieces), is_in_overview: false }
}

/// What an event in such a lane asks for.
pub fn own_events(event: OwnEvent, out: &mut Vec<Command>) {
    let command = match event {
        OwnEvent::Choose(id) => AnnotateCommand::Choose(Some(Id(id))),
        OwnEvent::Drag { id, range, edge, is_trim } => {
            AnnotateCommand::Drag { moment: Id(id), range, edge, is_trim }
        }
        OwnEvent::Drop => AnnotateCommand::Drop,
        OwnEvent::Cancel => AnnotateCommand::CancelDrag,
        OwnEvent::Create(range) => AnnotateCommand::Create(range),
    };
    out.push(command.into());
}
