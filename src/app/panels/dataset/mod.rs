//! A data set: why its queries fail, or what it consists of, on the left; its queries in the middle
//! (below the video, where there is one), the chosen query's case on the right, and its clip's time at
//! the bottom. An open case takes the place of the table.

mod bar;
mod case;
mod case_page;
mod colours;
mod sources;
mod table;
mod timeline;
mod why;

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
    let width = ui.available_width();
    egui::Panel::top("search").show(ui, |ui| bar::bar_ui(ui, state, set, view, out));
    if settings.is_timeline_open {
        // without a network there are fewer lanes
        let height = if set.data.model.is_some() { 272.0 } else { 176.0 };
        egui::Panel::bottom("set-timeline")
            .resizable(true)
            .default_size(height)
            .size_range(120.0..=520.0)
            .show(ui, |ui| timeline::timeline_panel_ui(ui, state, set, view, out));
    }
    if settings.is_session_panel_open && !set.is_case_open {
        let has_reasons = !set.data.predictions.is_empty();
        let (name, size) =
            if has_reasons { ("why", (width * 0.3).clamp(340.0, 760.0)) } else { ("sources", 248.0) };
        let panel = egui::Panel::left(name).resizable(true).default_size(size);
        panel.size_range(200.0..=(width * 0.6).max(420.0)).show(ui, |ui| {
            if has_reasons {
                why::why_ui(ui, state, set, &mut view.dataset, out);
            } else {
                sources::sources_ui(ui, set, &mut view.dataset, out);
            }
        });
    }
    if settings.is_results_panel_open {
        let panel = egui::Panel::right("case").resizable(true);
        let panel = panel.default_size((width * 0.22).clamp(280.0, 400.0)).size_range(240.0..=520.0);
        panel.show(ui, |ui| {
            annotate::side_ui(ui, state, view, out, "Case", |ui, _, _, out| case::case_ui(ui, set, out));
        });
    }
    if set.is_case_open && set.selected.is_some() {
        let frame = egui::Frame::central_panel(ui.style());
        egui::CentralPanel::default()
            .frame(frame)
            .show(ui, |ui| case_page::case_page_ui(ui, state, set, view, out));
    } else if state.player.is_some() {
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
