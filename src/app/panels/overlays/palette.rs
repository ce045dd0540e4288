//! The list of all commands, searched while typing.

use egui::{Key, RichText, Ui, vec2};

use crate::app::actions::{ACTIONS, Action};
use crate::app::command::Command;
use crate::app::state::AppState;
use crate::app::view_state::{PaletteText, ViewState};
use crate::view::fuzzy;
use crate::view::theme;

pub fn palette_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let Some(typed) = &mut view.palette else { return };
    let mut is_done = false;
    let modal = super::list("palette").show(ui.ctx(), |ui| {
        ui.set_width(560.0);
        search_ui(ui, typed, "Command", "Type a command");
        let found = found(state, &typed.text);
        typed.chosen = typed.chosen.min(found.len().saturating_sub(1));
        let is_entered = ui.input(|i| i.key_pressed(Key::Enter));
        if found.is_empty() {
            ui.weak("No command is called like this.");
        }
        egui::ScrollArea::vertical().max_height(360.0).auto_shrink([false, true]).show(ui, |ui| {
            for (i, action) in found.iter().enumerate() {
                let is_enabled = (action.is_enabled)(state);
                let is_chosen = i == typed.chosen;
                let button = egui::Button::selectable(is_chosen, action.label)
                    .shortcut_text(RichText::new(action.shortcut_text(ui.ctx())).color(theme::of(ui).faint))
                    .min_size(vec2(ui.available_width(), 0.0));
                let response = ui.add_enabled(is_enabled, button).on_hover_text(action.tooltip);
                if is_chosen && typed_moved(ui) {
                    response.scroll_to_me(None);
                }
                if is_enabled && (response.clicked() || (is_chosen && is_entered)) {
                    out.push((action.command)(state));
                    is_done = true;
                }
            }
        });
        if let Some(action) = found.get(typed.chosen) {
            ui.separator();
            ui.colored_label(theme::of(ui).faint, format!("{}: {}", action.group, action.tooltip));
        }
    });
    if is_done || modal.should_close() {
        view.palette = None;
    }
}

/// Best first; what cannot be done now comes last.
fn found(state: &AppState, typed: &str) -> Vec<&'static Action> {
    let mut found: Vec<(bool, u32, &Action)> = ACTIONS
        .iter()
        .filter_map(|action| {
            let in_label = fuzzy::fit(action.label, typed);
            // a group's name finds its commands, after those that are called like this
            let cost = in_label.or_else(|| {
                fuzzy::fit(&format!("{} {}", action.group, action.label), typed).map(|c| c + 20)
            })?;
            Some((!(action.is_enabled)(state), cost, action))
        })
        .collect();
    found.sort_by_key(|(is_disabled, cost, _)| (*is_disabled, *cost));
    found.into_iter().map(|(.., action)| action).collect()
}

/// The text box over a list; arrows move the choice, which the list keeps within its lines.
pub fn search_ui(ui: &mut Ui, typed: &mut PaletteText, name: &str, hint: &str) {
    let edit = egui::TextEdit::singleline(&mut typed.text)
        .hint_text(hint)
        .margin(egui::Margin::symmetric(10, 6))
        .font(egui::FontId::proportional(15.0))
        .desired_width(f32::INFINITY);
    let response = ui.add(edit);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, name));
    response.request_focus();
    if response.changed() {
        typed.chosen = 0;
    }
    let (down, up) = ui.input(|i| (i.key_pressed(Key::ArrowDown), i.key_pressed(Key::ArrowUp)));
    typed.chosen = match (down, up) {
        (true, _) => typed.chosen + 1,
        (_, true) => typed.chosen.saturating_sub(1),
        _ => typed.chosen,
    };
}

pub fn typed_moved(ui: &Ui) -> bool {
    ui.input(|i| i.key_pressed(Key::ArrowDown) || i.key_pressed(Key::ArrowUp))
}
