//! Every step of data and layout, in order; a click goes to the state after it.

use egui::{RichText, Ui};

use crate::app::command::Command;
use crate::app::state::AppState;
use crate::app::work::WorkCommand;
use crate::view::controls::note_ui;
use crate::view::theme;

pub fn history_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let colours = theme::of(ui);
    ui.add_space(4.0);
    let steps = &state.work.steps;
    let names = steps.names(state.work.workspace().history());
    ui.horizontal(|ui| {
        for (text, hint, is_enabled, command) in [
            ("Undo", "Ctrl+Z", steps.can_undo(), WorkCommand::Undo),
            ("Redo", "Ctrl+Shift+Z", steps.can_redo(), WorkCommand::Redo),
        ] {
            if ui.add_enabled(is_enabled, egui::Button::new(text)).on_hover_text(hint).clicked() {
                out.push(command.into());
            }
        }
        let count = format!("{} steps", names.len());
        ui.label(RichText::new(count).color(colours.faint).small());
    });
    if names.is_empty() {
        note_ui(
            ui,
            "Nothing has been changed yet. What you do to moments, tags, gaze and panels is listed here.",
        );
    }
    ui.separator();
    let position = steps.position();
    egui::ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true).show_rows(
        ui,
        22.0,
        names.len() + 1,
        |ui, rows| {
            for row in rows {
                let is_now = row == position;
                let name = match row {
                    0 => "As it was opened".to_owned(),
                    row => format!("{row}. {}", names[row - 1]),
                };
                let ink = if row > position { colours.faint } else { ui.visuals().text_color() };
                let text = RichText::new(if row > position { format!("{name}   (undone)") } else { name })
                    .color(ink);
                let response = ui.add(egui::Button::selectable(is_now, text).truncate());
                if response.on_hover_text("Go to the state after this step").clicked() && !is_now {
                    out.push(WorkCommand::JumpTo(row).into());
                }
            }
        },
    );
}
