//! The start page: what can be done first.

use egui::{RichText, Ui};

use crate::app::command::{AppCommand, Command, QueryCommand, SessionCommand};
use crate::app::state::AppState;
use crate::app::tasks::TaskKind;
use crate::view::theme;

pub fn start_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() * 0.16);
        ui.label(RichText::new("GazeNLQ").size(40.0).strong());
        ui.label(
            "Ask an egocentric clip a question. See where the wearer looked and when the answer happened.",
        );
        ui.add_space(18.0);
        if let Some(progress) = state.tasks.progress(TaskKind::Open) {
            ui.spinner();
            ui.label(progress.stage);
            if ui.button("Cancel").clicked() {
                out.push(QueryCommand::CancelWork.into());
            }
            return;
        }
        let wide = egui::vec2(240.0, 34.0);
        if ui.add_sized(wide, egui::Button::new("Open a clip…")).clicked() {
            out.push(SessionCommand::OpenDialog.into());
        }
        if ui.add_sized(wide, egui::Button::new("Open the demo clip")).clicked() {
            out.push(SessionCommand::OpenDemo.into());
        }
        ui.add_space(8.0);
        let faint = theme::of(ui).faint;
        ui.colored_label(faint, "Or drop a video here, together with its gaze recording and annotations.");
        ui.colored_label(
            faint,
            "Or a data set: an annotation file with feature stores, a checkpoint, predictions, a folder of videos.",
        );
        ui.add_space(18.0);
        recent_ui(ui, state, out);
        if ui.link("Download the default models").clicked() {
            out.push(AppCommand::FetchModels.into());
        }
    });
}

fn recent_ui(ui: &mut Ui, state: &AppState, out: &mut Vec<Command>) {
    if state.settings.recent.is_empty() {
        return;
    }
    ui.label(RichText::new("Recent").strong());
    for recent in state.settings.recent.iter().take(6) {
        let Some(first) = recent.files.first() else { continue };
        let name = first.file_name().unwrap_or(first.as_os_str()).to_string_lossy();
        let button = egui::Button::new(name).frame(false);
        if ui.add_enabled(first.exists(), button).on_hover_text(first.display().to_string()).clicked() {
            out.push(SessionCommand::Open(recent.files.clone()).into());
        }
    }
}
