//! A marker's note and colour.

use egui::{Key, Ui, vec2};

use crate::app::command::Command;
use crate::app::marks::MarkCommand;
use crate::app::state::AppState;
use crate::project::MarkerColour;
use crate::view::theme;

pub fn marker_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let markers = &state.work.project().markers;
    let Some(marker) = state.marks.edited.and_then(|id| markers.get(&id)) else { return };
    let id = marker.id;
    let (mut note, mut colour) = (marker.label.clone(), marker.colour);
    let mut is_done = false;
    let modal = egui::Modal::new(egui::Id::unique("marker")).show(ui.ctx(), |ui| {
        ui.set_width(360.0);
        ui.strong(format!("Marker at {}", marker.time));
        let edit = egui::TextEdit::multiline(&mut note)
            .id(egui::Id::unique("marker note"))
            .hint_text("What is there?")
            .desired_rows(2)
            .desired_width(f32::INFINITY)
            .return_key(egui::KeyboardShortcut::new(egui::Modifiers::SHIFT, Key::Enter));
        let response = ui.add(edit);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Note"));
        response.request_focus();
        ui.horizontal(|ui| {
            for choice in MarkerColour::ALL {
                let is_on = choice == colour;
                let button = egui::Button::new("").selected(is_on).min_size(vec2(28.0, 24.0));
                let response = ui.add(button);
                let name = format!("Colour {}", choice.name());
                response
                    .widget_info(|| egui::WidgetInfo::selected(egui::Role::RadioButton, true, is_on, &name));
                ui.painter().circle_filled(response.rect.center(), 6.0, theme::marker(ui, choice));
                if response.on_hover_text(choice.name()).clicked() {
                    colour = choice;
                }
            }
        });
        ui.horizontal(|ui| {
            let is_entered = ui.input(|i| i.key_pressed(Key::Enter) && !i.modifiers.shift);
            is_done |= ui.button("Done").on_hover_text("Enter; Shift+Enter begins a new line").clicked()
                || is_entered;
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button("Remove the marker").clicked() {
                    out.push(MarkCommand::Remove(id).into());
                }
            });
        });
    });
    if note != marker.label || colour != marker.colour {
        out.push(MarkCommand::Change { id, colour, note }.into());
    }
    if is_done || modal.should_close() {
        out.push(MarkCommand::CloseNote.into());
    }
}
