//! The box that takes a time, a frame or a percentage.

use egui::{Key, Ui};

use crate::app::command::Command;
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::playback::PlaybackCommand;
use crate::time::{FrameIdx, MediaTime};
use crate::video::FrameTable;
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
        let target = place(text, player.table());
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

/// `1:23.4`, `83.4s`, `f2490` or `35%` as a time of the clip.
fn place(text: &str, table: &FrameTable) -> Option<MediaTime> {
    let text = text.trim();
    let time = if let Some(frame) = text.strip_prefix('f') {
        table.time(FrameIdx(frame.parse().ok()?))
    } else if let Some(percent) = text.strip_suffix('%') {
        MediaTime::from_secs(table.range().end().secs() * number(percent)? / 100.0)
    } else {
        let mut secs = 0.0;
        for part in text.trim_end_matches('s').split(':') {
            secs = secs * 60.0 + number(part)?;
        }
        MediaTime::from_secs(secs)
    };
    Some(table.range().clamp(time))
}

/// A number, where `nan` and `inf` are none.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_in_every_spelling() {
        let table = FrameTable::uniform(3000, 30.0, 30);
        let at = |text| place(text, &table).map(|t| (t.secs() * 10.0).round() / 10.0);
        assert_eq!(at("1:03.5"), Some(63.5));
        assert_eq!(at("83.4s"), Some(83.4));
        assert_eq!(at("f300"), Some(10.0));
        assert_eq!(at("50%"), Some(50.0));
        assert_eq!(at("9999"), Some(100.0));
        assert_eq!(at("soon"), None);
        assert_eq!(at("nan"), None);
        assert_eq!(at(""), None);
    }
}
