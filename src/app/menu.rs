//! The menu bar, made from the table of actions.

use egui::Ui;

use super::actions::{ACTIONS, Action};
use super::command::Command;
use super::state::AppState;
use crate::view::icons::{self, Icon};

pub fn menu_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    egui::MenuBar::new().ui(ui, |ui| {
        let mut groups: Vec<&str> = Vec::new();
        for action in ACTIONS {
            if !groups.contains(&action.group) {
                groups.push(action.group);
            }
        }
        for group in groups {
            ui.menu_button(group, |ui| {
                for action in ACTIONS.iter().filter(|a| a.group == group) {
                    action_row_ui(ui, action, state, out);
                }
            });
        }
        if state.player.is_some() {
            layouts_ui(ui, state, out);
        }
    });
}

/// The arrangements of panels, at the right.
fn layouts_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
        let settings = &state.settings;
        let has_sides = settings.is_session_panel_open && settings.is_results_panel_open;
        let has_none = !settings.is_session_panel_open && !settings.is_results_panel_open;
        let is_alone = settings.is_picture_alone;
        for (id, text, is_on) in [
            ("layout-picture", "Picture", is_alone),
            ("layout-ground", "Ground", has_sides && !is_alone),
            ("layout-watch", "Watch", has_none && !is_alone),
        ] {
            let Some(action) = Action::by_id(id) else { continue };
            let hint = format!("{} ({})", action.tooltip, action.shortcut_text(ui.ctx()));
            if ui.selectable_label(is_on, text).on_hover_text(hint).clicked() {
                out.push((action.command)(state));
            }
        }
    });
}

pub fn action_row_ui(ui: &mut Ui, action: &Action, state: &AppState, out: &mut Vec<Command>) {
    let button = egui::Button::new(action.label).shortcut_text(action.shortcut_text(ui.ctx()));
    if ui.add_enabled((action.is_enabled)(state), button).on_hover_text(action.tooltip).clicked() {
        out.push((action.command)(state));
        ui.close();
    }
}

/// A toolbar button for an action, named and explained by the table.
pub fn action_button_ui(
    ui: &mut Ui,
    id: &str,
    icon: Icon,
    is_on: bool,
    state: &AppState,
    out: &mut Vec<Command>,
) {
    let Some(action) = Action::by_id(id) else { return };
    let is_enabled = (action.is_enabled)(state);
    let button = egui::Button::new("").selected(is_on).min_size(egui::vec2(30.0, 26.0));
    let response = ui.add_enabled(is_enabled, button);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, is_enabled, action.label));
    icons::paint(ui.painter(), response.rect, icon, ui.style().interact(&response).text_color());
    let shortcut = action.shortcut_text(ui.ctx());
    let hint =
        if shortcut.is_empty() { action.label.to_owned() } else { format!("{} ({shortcut})", action.label) };
    if response.on_hover_text(format!("{hint}\n{}", action.tooltip)).clicked() {
        out.push((action.command)(state));
    }
}
