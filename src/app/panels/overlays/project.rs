//! What the project has to ask: about what a crash left, unsaved changes, media that have moved.

use egui::{RichText, Ui};

use crate::app::command::Command;
use crate::app::state::AppState;
use crate::app::tasks::TaskKind;
use crate::app::work::{Missing, WorkCommand};
use crate::view::controls::note_ui;
use crate::view::theme;

/// Steps of a recovery that are listed.
const LISTED: usize = 12;

pub fn project_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    if state.work.recovery.is_some() {
        recovery_ui(ui, state, out);
    } else if state.work.leaving.is_some() {
        leaving_ui(ui, state, out);
    } else if let Some(missing) = &state.work.missing {
        missing_ui(ui, state, missing, out);
    }
}

fn recovery_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let Some(recovery) = &state.work.recovery else { return };
    // no click beside it decides
    egui::Modal::new(egui::Id::unique("recovery")).show(ui.ctx(), |ui| {
        ui.set_width(460.0);
        ui.label(RichText::new("Work that was never saved").size(16.0).strong());
        let count = recovery.gestures;
        let changes = if count == 1 { "1 change".to_owned() } else { format!("{count} changes") };
        ui.add(
            egui::Label::new(format!(
                "The window ended without closing last time. {changes} to \u{201c}{}\u{201d} that the saved file does not hold are still here:",
                state.work.title()
            ))
            .wrap(),
        );
        let steps: Vec<&str> = recovery.steps().collect();
        let first = steps.len().saturating_sub(LISTED);
        egui::Frame::new().fill(ui.visuals().extreme_bg_color).corner_radius(4.0).inner_margin(8.0).show(ui, |ui| {
            ui.set_width(ui.available_width());
            if first > 0 {
                note_ui(ui, format!("… {first} earlier ones"));
            }
            for (i, step) in steps.iter().enumerate().skip(first) {
                ui.label(format!("{}. {step}", i + 1));
            }
        });
        if recovery.was_torn {
            note_ui(ui, "One more was being written down when the window ended; it is lost.");
        }
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            let accent = theme::of(ui).accent;
            let text = RichText::new("Recover").color(theme::of(ui).text_on_accent).strong();
            let recover = ui.add(egui::Button::new(text).fill(accent));
            if recover.on_hover_text("Go on with these changes").clicked() {
                out.push(WorkCommand::Recover.into());
            }
            let discard = ui.button("Go on without them");
            if discard.on_hover_text("They stay beside the project in a file that ends in .journal.old").clicked() {
                out.push(WorkCommand::DiscardRecovered.into());
            }
        });
    });
}

fn leaving_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    let modal = egui::Modal::new(egui::Id::unique("unsaved")).show(ui.ctx(), |ui| {
        ui.set_width(400.0);
        let name = state.work.title();
        ui.label(RichText::new(format!("Save the changes to \u{201c}{name}\u{201d}?")).size(16.0).strong());
        note_ui(ui, "Without saving, the record of them stays beside the project in a file that ends in .journal.old.");
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            let text = RichText::new("Save them").color(theme::of(ui).text_on_accent).strong();
            if ui.add(egui::Button::new(text).fill(theme::of(ui).accent)).clicked() {
                out.push(WorkCommand::SaveAndLeave.into());
            }
            if ui.button("Leave without saving").clicked() {
                out.push(WorkCommand::LeaveUnsaved.into());
            }
            if ui.button("Stay").on_hover_text("Esc").clicked() {
                out.push(WorkCommand::Stay.into());
            }
        });
    });
    if modal.should_close() {
        out.push(WorkCommand::Stay.into());
    }
}

fn missing_ui(ui: &mut Ui, state: &AppState, missing: &Missing, out: &mut Vec<Command>) {
    let modal = egui::Modal::new(egui::Id::unique("missing media")).show(ui.ctx(), |ui| {
        ui.set_width(560.0);
        let colours = theme::of(ui);
        let (count, found) = (missing.sources.len(), missing.found.len());
        ui.label(RichText::new("Media that have moved").size(16.0).strong());
        let files = if count == 1 {
            "1 file or folder of this project is"
        } else {
            "files and folders of this project are"
        };
        let lead = if count == 1 { files.to_owned() } else { format!("{count} {files}") };
        ui.add(
            egui::Label::new(format!(
                "{lead} not where the project says. What you wrote about them is here all the same."
            ))
            .wrap(),
        );
        egui::ScrollArea::vertical().max_height(260.0).show(ui, |ui| {
            for source in &missing.sources {
                let name = source.path.file_name().unwrap_or_default().to_string_lossy();
                ui.horizontal(|ui| {
                    let place = missing.place_of(source);
                    let (sign, ink) =
                        if place.is_some() { ("found", colours.truth) } else { ("missing", colours.warning) };
                    ui.add_sized([58.0, 18.0], egui::Label::new(RichText::new(sign).color(ink).small()));
                    ui.vertical(|ui| {
                        ui.spacing_mut().item_spacing.y = 1.0;
                        ui.add(egui::Label::new(RichText::new(&*name).strong()).truncate());
                        let was = format!("was at {}", source.path.display());
                        ui.add(egui::Label::new(RichText::new(was).color(colours.faint).small()).truncate());
                        if let Some(place) = place {
                            let now = format!("now at {}", place.path.display());
                            ui.add(egui::Label::new(RichText::new(now).small()).truncate());
                        }
                    });
                });
            }
        });
        if state.tasks.is_running(TaskKind::FindMedia) {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label("Looking…");
            });
        } else if let Some(folder) = &missing.folder {
            note_ui(ui, format!("{found} of {count} found below {}", folder.display()));
        }
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            if ui
                .button("Choose a folder…")
                .on_hover_text("Looks below it for files of the same name and content")
                .clicked()
            {
                out.push(WorkCommand::FindMediaDialog.into());
            }
            let text = if found == count { "Use them".to_owned() } else { format!("Use the {found} found") };
            if ui.add_enabled(found > 0, egui::Button::new(text)).clicked() {
                out.push(WorkCommand::UseFoundMedia.into());
            }
            if ui.button("Go on without").clicked() {
                out.push(WorkCommand::CloseMissing.into());
            }
        });
    });
    if modal.should_close() {
        out.push(WorkCommand::CloseMissing.into());
    }
}
