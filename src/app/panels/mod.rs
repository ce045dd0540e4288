//! The panels: session on the left, answers on the right, time at the bottom, picture in the middle.

mod annotate;
mod dataset;
mod overlays;
mod performance;
mod player;
mod results;
mod session;
mod sizes;
mod start;
mod status;
mod timeline;
mod training;

pub use training::MapTextures;

pub use annotate::Typed;
pub use sizes::PanelSizes;

use egui::{Frame, Margin, Sense, Stroke, StrokeKind, Ui};

use super::command::{Command, LayoutPreset, PanelId};
use super::menu;
use super::settings::Settings;
use super::state::AppState;
use super::view_state::ViewState;
use crate::view::theme;

pub fn show(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    egui::Panel::top("menu").show(ui, |ui| menu::menu_ui(ui, state, out));
    egui::Panel::bottom("status").show(ui, |ui| status::status_ui(ui, state, view, out));
    if !view.has_begun {
        // letters and buffers that are made for the first time take longer than one frame may
        view.has_begun = true;
        ui.ctx().request_repaint();
        return;
    }
    if let Some(session) = &state.training {
        egui::CentralPanel::default().show(ui, |ui| training::training_ui(ui, state, session, view, out));
    } else if let Some(set) = &state.dataset {
        dataset::show(ui, state, set, view, out);
    } else if state.player.is_some() {
        let settings = &state.settings;
        if is_open(settings, PanelId::Question) {
            let frame = Frame::side_top_panel(ui.style()).inner_margin(Margin::symmetric(10, 8));
            egui::Panel::top("query").frame(frame).show(ui, |ui| {
                focus_ui(ui, view, PanelId::Question);
                results::query_box_ui(ui, state, view, out);
            });
        }
        if is_open(settings, PanelId::Timeline) {
            egui::Panel::bottom("timeline")
                .resizable(true)
                .default_size(246.0)
                .size_range(120.0..=460.0)
                .show(ui, |ui| {
                    focus_ui(ui, view, PanelId::Timeline);
                    timeline::timeline_panel_ui(ui, state, view, out);
                });
        }
        if is_open(settings, PanelId::Session) {
            let panel = egui::Panel::left("session").resizable(true).default_size(260.0);
            panel.size_range(200.0..=420.0).show(ui, |ui| {
                focus_ui(ui, view, PanelId::Session);
                session::session_ui(ui, state, view, out);
            });
        }
        if is_open(settings, PanelId::Results) {
            let panel = egui::Panel::right("results").resizable(true).default_size(344.0);
            panel.size_range(240.0..=520.0).show(ui, |ui| {
                focus_ui(ui, view, PanelId::Results);
                annotate::side_ui(ui, state, view, out, "Answer", results::results_ui);
            });
        }
        egui::CentralPanel::default()
            .frame(Frame::NONE)
            .show(ui, |ui| player::player_ui(ui, state, view, out));
    } else {
        egui::CentralPanel::default().show(ui, |ui| start::start_ui(ui, state, view, out));
    }
    overlays::overlays_ui(ui, state, view, out);
    performance::performance_window_ui(ui, state, view);
}

fn is_open(settings: &Settings, panel: PanelId) -> bool {
    let is_wanted = match panel {
        PanelId::Question => true,
        PanelId::Session => settings.is_session_panel_open,
        PanelId::Results => settings.is_results_panel_open,
        PanelId::Timeline => settings.is_timeline_open,
    };
    is_wanted && !settings.is_picture_alone
}

/// A panel can have the keyboard's focus itself, so that Tab goes on inside it.
fn focus_ui(ui: &Ui, view: &mut ViewState, panel: PanelId) {
    let area = ui.max_rect();
    let response = ui.interact(area, ui.scope_id().with("panel focus"), Sense::focusable_noninteractive());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Group, true, panel.label()));
    if view.wants_panel == Some(panel) {
        view.wants_panel = None;
        response.request_focus();
    }
    if response.has_focus() {
        let ring = Stroke::new(2.0, theme::of(ui).accent);
        ui.painter().rect_stroke(area.expand(4.0), 4.0, ring, StrokeKind::Inside);
    }
}

/// The open panel after or before one.
pub fn neighbour(settings: &Settings, from: PanelId, by: i32) -> PanelId {
    let open: Vec<PanelId> = PanelId::ALL.into_iter().filter(|p| is_open(settings, *p)).collect();
    let Some(at) = open.iter().position(|p| *p == from) else {
        return open.first().copied().unwrap_or_default();
    };
    open[(at as i32 + by).rem_euclid(open.len() as i32) as usize]
}

/// Opens and closes panels as an arrangement says.
pub fn arrange(settings: &mut Settings, ctx: &egui::Context, preset: LayoutPreset) {
    let has_sides = match preset {
        LayoutPreset::Picture => {
            settings.is_picture_alone ^= true;
            return;
        }
        LayoutPreset::Watch => false,
        LayoutPreset::Ground => true,
        LayoutPreset::Annotate => {
            settings.is_picture_alone = false;
            (settings.is_session_panel_open, settings.is_results_panel_open) = (false, true);
            settings.is_timeline_open = true;
            return;
        }
        LayoutPreset::Reset => {
            ctx.data_mut(|data| data.remove_by_type::<egui::PanelState>());
            true
        }
    };
    settings.is_picture_alone = false;
    settings.is_session_panel_open = has_sides;
    settings.is_results_panel_open = has_sides;
    settings.is_timeline_open = true;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_focus_goes_round_the_open_panels() {
        let mut settings = Settings { is_session_panel_open: false, ..Settings::default() };
        assert_eq!(neighbour(&settings, PanelId::Question, 1), PanelId::Results);
        assert_eq!(neighbour(&settings, PanelId::Question, -1), PanelId::Timeline);
        assert_eq!(neighbour(&settings, PanelId::Session, 1), PanelId::Question);
        settings.is_picture_alone = true;
        assert_eq!(neighbour(&settings, PanelId::Session, 1), PanelId::Question);
    }
}
