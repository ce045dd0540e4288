//! The panels: session on the left, answers on the right, time at the bottom, picture in the middle.

mod dataset;
mod overlays;
mod performance;
mod player;
mod results;
mod session;
mod start;
mod status;
mod timeline;

use egui::Ui;

use super::command::Command;
use super::menu;
use super::state::AppState;
use super::view_state::ViewState;

pub fn show(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    egui::Panel::top("menu").show(ui, |ui| menu::menu_ui(ui, state, out));
    egui::Panel::bottom("status").show(ui, |ui| status::status_ui(ui, state, view, out));
    if let Some(set) = &state.dataset {
        dataset::show(ui, state, set, view, out);
    } else if state.player.is_some() {
        egui::Panel::top("query").show(ui, |ui| results::query_box_ui(ui, state, view, out));
        let settings = &state.settings;
        if settings.is_timeline_open {
            egui::Panel::bottom("timeline")
                .resizable(true)
                .default_size(252.0)
                .size_range(120.0..=420.0)
                .show(ui, |ui| {
                    timeline::timeline_panel_ui(ui, state, view, out);
                });
        }
        if settings.is_session_panel_open {
            egui::Panel::left("session").resizable(true).default_size(240.0).size_range(180.0..=420.0).show(
                ui,
                |ui| {
                    session::session_ui(ui, state, view, out);
                },
            );
        }
        if settings.is_results_panel_open {
            egui::Panel::right("results").resizable(true).default_size(352.0).size_range(220.0..=480.0).show(
                ui,
                |ui| {
                    results::results_ui(ui, state, view, out);
                },
            );
        }
        egui::CentralPanel::default()
            .frame(egui::Frame::NONE)
            .show(ui, |ui| player::player_ui(ui, state, view, out));
    } else {
        egui::CentralPanel::default().show(ui, |ui| start::start_ui(ui, state, out));
    }
    overlays::overlays_ui(ui, state, view, out);
    performance::performance_window_ui(ui, state, view);
}
