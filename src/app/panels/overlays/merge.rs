//! Merging somebody's project into this one: what both have changed, and whose counts.

use egui::{RichText, Ui};

use super::window;
use crate::app::command::Command;
use crate::app::state::AppState;
use crate::app::work::WorkCommand;
use crate::project::{Conflict, Side};
use crate::view::controls::{choices_ui, note_ui};

/// Conflicts drawn in one frame are those in view; each takes this much room.
const ROW: f32 = 78.0;

pub fn merge_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let Some(merging) = &state.work.merging else { return };
    let mut is_open = true;
    let name = merging.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let window = window(ui.ctx(), "Merge projects", [560.0, 460.0]).open(&mut is_open);
    window.show(ui.ctx(), |ui| {
        ui.label(RichText::new(format!("{name} into \u{201c}{}\u{201d}", state.work.title())).strong());
        ui.horizontal_wrapped(|ui| {
            match &merging.base {
                Some((path, _)) => {
                    let base = path.file_name().unwrap_or_default().to_string_lossy();
                    note_ui(ui, format!("Compared with {base}, from which both started."));
                }
                None => {
                    note_ui(
                        ui,
                        "Without the project that both started from, what only one has counts as added.",
                    );
                }
            }
            if ui.small_button("Both started from…").clicked() {
                out.push(WorkCommand::MergeBaseDialog.into());
            }
        });
        ui.separator();
        let Some((_, conflicts)) = &merging.conflicts else {
            ui.spinner();
            return;
        };
        if conflicts.is_empty() {
            ui.label("No conflict: nothing was changed differently by both.");
        } else {
            ui.horizontal(|ui| {
                let count = conflicts.len();
                let things =
                    if count == 1 { "1 thing was".to_owned() } else { format!("{count} things were") };
                ui.label(format!("{things} changed differently by both:"));
                if ui.small_button("All mine").clicked() {
                    out.push(WorkCommand::ChooseAll(Side::First).into());
                }
                if ui.small_button("All theirs").clicked() {
                    out.push(WorkCommand::ChooseAll(Side::Second).into());
                }
            });
        }
        let room = (ui.available_height() - 46.0).max(60.0);
        egui::ScrollArea::vertical().max_height(room).auto_shrink([false, true]).show_rows(
            ui,
            ROW,
            conflicts.len(),
            |ui, rows| {
                for place in rows {
                    let (conflict, side) = &conflicts[place];
                    ui.push_id(place, |ui| conflict_ui(ui, place, conflict, *side, out));
                }
            },
        );
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            if ui.button("Merge").on_hover_text("One step that Ctrl+Z takes back").clicked() {
                out.push(WorkCommand::ApplyMerge.into());
            }
            if ui.button("Leave it").clicked() {
                out.push(WorkCommand::ForgetMerge.into());
            }
        });
    });
    if !is_open {
        out.push(WorkCommand::ForgetMerge.into());
    }
}

fn conflict_ui(ui: &mut Ui, place: usize, conflict: &Conflict, side: Side, out: &mut Vec<Command>) {
    ui.allocate_ui(egui::vec2(ui.available_width(), ROW), |ui| {
        ui.vertical(|ui| {
            ui.set_height(ROW);
            ui.add(egui::Label::new(RichText::new(&conflict.what).strong()).truncate());
            let shown = |text: &str| if text.is_empty() { "deleted".to_owned() } else { text.to_owned() };
            let (mine, theirs) = (shown(&conflict.first), shown(&conflict.second));
            let (mine, theirs) = (format!("Mine: {mine}"), format!("Theirs: {theirs}"));
            let choices = [
                (Side::First, mine.as_str(), mine.as_str(), true),
                (Side::Second, theirs.as_str(), theirs.as_str(), true),
            ];
            if let Some(side) = choices_ui(ui, Some(side), &choices) {
                out.push(WorkCommand::ChooseSide(place, side).into());
            }
        });
    });
}
