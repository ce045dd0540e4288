//! The menu bar, made from the table of actions.

use egui::Ui;

use super::command::{ACTIONS, Action, Command};
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
    });
}

fn action_row_ui(ui: &mut Ui, action: &Action, state: &AppState, out: &mut Vec<Command>) {
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
