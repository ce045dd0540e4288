//! A data set: its sources on the left, its queries in the middle (below the video, where there is
//! one), the chosen query's case on the right, and its clip's time at the bottom.

mod case;
mod sources;
mod table;
mod timeline;

use egui::Ui;

use super::{annotate, player};
use crate::app::command::Command;
use crate::app::dataset::DataSetSession;
use crate::app::state::AppState;
use crate::app::view_state::ViewState;

pub fn show(
    ui: &mut Ui,
    state: &AppState,
    set: &DataSetSession,
    view: &mut ViewState,
    out: &mut Vec<Command>,
) {
    let settings = &state.settings;
    egui::Panel::top("search").show(ui, |ui| table::search_ui(ui, set, view, out));
    if settings.is_timeline_open {
        egui::Panel::bottom("set-timeline")
            .resizable(true)
            .default_size(272.0)
            .size_range(120.0..=520.0)
            .show(ui, |ui| timeline::timeline_panel_ui(ui, state, set, view, out));
    }
    if settings.is_session_panel_open {
        egui::Panel::left("sources").resizable(true).default_size(248.0).size_range(200.0..=420.0).show(
            ui,
            |ui| {
                sources::sources_ui(ui, set, out);
            },
        );
    }
    if settings.is_results_panel_open {
        egui::Panel::right("case").resizable(true).default_size(320.0).size_range(240.0..=480.0).show(
            ui,
            |ui| {
                annotate::side_ui(ui, state, view, out, "Case", |ui, _, _, out| case::case_ui(ui, set, out));
            },
        );
    }
    if state.player.is_some() {
        egui::Panel::bottom("set-queries")
            .resizable(true)
            .default_size(ui.available_height() * 0.45)
            .size_range(90.0..=900.0)
            .show(ui, |ui| table::table_ui(ui, set, view, out));
        egui::CentralPanel::default()
            .frame(egui::Frame::NONE)
            .show(ui, |ui| player::player_ui(ui, state, view, out));
    } else {
        egui::CentralPanel::default().show(ui, |ui| table::table_ui(ui, set, view, out));
    }
}
