//! The bottom line: what is under the cursor, what runs, what was said.

use egui::Ui;

use crate::app::command::{AppCommand, Command};
use crate::app::state::AppState;
use crate::app::tasks::TaskKind;
use crate::app::view_state::ViewState;
use crate::view::theme;

pub fn status_ui(ui: &mut Ui, state: &AppState, view: &ViewState, out: &mut Vec<Command>) {
    let faint = theme::of(ui).faint;
    ui.horizontal(|ui| {
        if let Some(hover) = view.hover {
            let mut text = format!("pixel {}, {}", hover.pixel[0], hover.pixel[1]);
            let mut add = |name: &str, value: Option<f32>| {
                if let Some(value) = value {
                    text += &format!("   {name} {value:.2}");
                }
            };
            add("predicted", hover.predicted);
            add("recorded", hover.recorded);
            ui.colored_label(faint, text);
        } else if state.tasks.is_running(TaskKind::LoadModels) {
            ui.colored_label(faint, "Loading the networks…");
        } else {
            ui.colored_label(faint, "Ready");
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let count = state.notices.history().len();
            if ui.small_button(format!("Notices ({count})")).clicked() {
                out.push(AppCommand::ToggleNotices.into());
            }
            if let Some(player) = &state.player {
                ui.colored_label(faint, format!("{} MiB of frames kept", player.cached_bytes() >> 20));
                if player.has_sound() {
                    ui.colored_label(faint, "sound on");
                }
            }
        });
    });
}
