//! The box that takes a time, a frame or a percentage.

use egui::{Key, Ui};

use crate::app::command::Command;
use crate::app::place::place;
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::playback::PlaybackCommand;
use crate::view::theme;

pub fn go_to_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let (Some(text), Some(player)) = (&mut view.go_to, &state.player) else { return };
    let mut is_done = false;
    let modal = egui::Modal::new(egui::Id::unique("go-to")).show(ui.ctx(), |ui| {
        ui.set_width(320.0);
        ui.label("Go to time, frame or percentage");
        let edit = egui::TextEdit::singleline(text)
            .hint_text("1:23.4   83.4s   f2490   35%")
            .desired_width(f32::INFINITY);
        let response = ui.add(edit);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Place"));
        response.request_focus();
        // what Enter will do is said while typing
        let target = place(text, player.table().range(), Some(player.table()));
        match target {
            Some(time) => {
                let frame = player.table().at(time).0;
                ui.colored_label(theme::of(ui).faint, format!("{time}, frame {frame}"));
            }
            None if text.trim().is_empty() => {
                ui.colored_label(
                    theme::of(ui).faint,
                    format!("This clip ends at {}", player.table().range().end()),
                );
            }
            None => {
                ui.colored_label(theme::of(ui).warning, "Expected 1:23.4, 83.4s, f2490 or 35%");
            }
        }
        if let Some(time) = target.filter(|_| ui.input(|i| i.key_pressed(Key::Enter))) {
            out.push(PlaybackCommand::Seek(time).into());
            is_done = true;
        }
    });
    if is_done || modal.should_close() {
        view.go_to = None;
    }
}
