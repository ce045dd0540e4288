//! What lies over everything: palette, help, go-to box, path box, notices, the drop hint.

use std::path::PathBuf;

use egui::{Key, RichText, Ui};

use crate::app::command::{ACTIONS, AppCommand, Command, SessionCommand};
use crate::app::dialogs::PathRequest;
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::playback::PlaybackCommand;
use crate::time::{FrameIdx, MediaTime};
use crate::video::FrameTable;
use crate::view::mapping_form::{MappingEvent, MappingForm, mapping_ui};
use crate::view::notices::{notices_ui, severity_ui};

pub fn overlays_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    if let Some(id) = notices_ui(ui, state.notices.shown()) {
        out.push(AppCommand::DismissNotice(id).into());
    }
    palette_ui(ui, state, view, out);
    go_to_ui(ui, state, view, out);
    path_box_ui(ui, view, out);
    mapping_window_ui(ui, state, view, out);
    help_ui(ui, view);
    history_ui(ui, state, view);
    if ui.input(|i| !i.raw.hovered_files.is_empty()) {
        let area = ui.ctx().content_rect();
        let painter =
            ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Tooltip, egui::Id::unique("drop")));
        painter.rect_filled(area, 0.0, egui::Color32::from_black_alpha(160));
        let font = egui::FontId::proportional(26.0);
        painter.text(area.center(), egui::Align2::CENTER_CENTER, "Drop to open", font, egui::Color32::WHITE);
    }
}

/// All letters of the typed text, in order, somewhere in the name.
fn is_match(name: &str, typed: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    typed.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).all(|c| letters.any(|l| l == c))
}

fn palette_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let Some(typed) = &mut view.palette else { return };
    let mut is_done = false;
    let modal = egui::Modal::new(egui::Id::unique("palette")).show(ui.ctx(), |ui| {
        ui.set_width(460.0);
        let edit = egui::TextEdit::singleline(typed).hint_text("Type a command").desired_width(f32::INFINITY);
        let response = ui.add(edit);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Command"));
        response.request_focus();
        let is_entered = ui.input(|i| i.key_pressed(Key::Enter));
        egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
            let matches = ACTIONS.iter().filter(|a| is_match(a.label, typed) && (a.is_enabled)(state));
            for (i, action) in matches.enumerate() {
                let button = egui::Button::new(format!("{}: {}", action.group, action.label))
                    .shortcut_text(action.shortcut_text(ui.ctx()))
                    .frame(i == 0)
                    .min_size(egui::vec2(ui.available_width(), 0.0));
                if ui.add(button).on_hover_text(action.tooltip).clicked() || (i == 0 && is_entered) {
                    out.push((action.command)(state));
                    is_done = true;
                }
            }
        });
    });
    if is_done || modal.should_close() {
        view.palette = None;
    }
}

fn go_to_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let (Some(text), Some(player)) = (&mut view.go_to, &state.player) else { return };
    let mut is_done = false;
    let modal = egui::Modal::new(egui::Id::unique("go-to")).show(ui.ctx(), |ui| {
        ui.label("Go to time, frame or percentage");
        let response = ui.add(egui::TextEdit::singleline(text).hint_text("1:23.4   83.4s   f2490   35%"));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Place"));
        response.request_focus();
        if ui.input(|i| i.key_pressed(Key::Enter)) {
            match place(text, player.table()) {
                Some(time) => {
                    out.push(PlaybackCommand::Seek(time).into());
                    is_done = true;
                }
                None => {
                    ui.colored_label(ui.visuals().error_fg_color, "Expected 1:23.4, 83.4s, f2490 or 35%");
                }
            }
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
        MediaTime::from_secs(table.range().end().secs() * percent.parse::<f64>().ok()? / 100.0)
    } else {
        let mut secs = 0.0;
        for part in text.trim_end_matches('s').split(':') {
            secs = secs * 60.0 + part.parse::<f64>().ok()?;
        }
        MediaTime::from_secs(secs)
    };
    Some(table.range().clamp(time))
}

fn path_box_ui(ui: &mut Ui, view: &mut ViewState, out: &mut Vec<Command>) {
    let Some(asked) = &mut view.path_box else { return };
    let mut is_done = false;
    let modal = egui::Modal::new(egui::Id::unique("path-box")).show(ui.ctx(), |ui| {
        ui.set_width(520.0);
        let (title, verb) = match asked.request {
            PathRequest::Open | PathRequest::OpenFolder => ("Path of a file or folder to open", "Open"),
            PathRequest::SaveScreenshot { .. } => ("Save the picture as", "Save"),
            PathRequest::SaveResults(..) => ("Save the results as", "Save"),
        };
        ui.label(title);
        let response = ui.add(egui::TextEdit::singleline(&mut asked.text).desired_width(f32::INFINITY));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Path"));
        response.request_focus();
        let is_entered = ui.input(|i| i.key_pressed(Key::Enter));
        ui.horizontal(|ui| {
            if (ui.button(verb).clicked() || is_entered) && !asked.text.trim().is_empty() {
                let path = PathBuf::from(asked.text.trim());
                out.push(match &asked.request {
                    PathRequest::Open | PathRequest::OpenFolder => SessionCommand::Open(vec![path]).into(),
                    PathRequest::SaveScreenshot { has_caption, .. } => {
                        AppCommand::ScreenshotTo { path, has_caption: *has_caption }.into()
                    }
                    PathRequest::SaveResults(_, format) => AppCommand::ExportResultsTo(path, *format).into(),
                });
                is_done = true;
            }
            is_done |= ui.button("Close").clicked();
        });
    });
    if is_done || modal.should_close() {
        view.path_box = None;
    }
}

/// The columns of an unknown table; the gaze is drawn on the picture while they are chosen.
fn mapping_window_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let Some(table) = &state.unknown_table else {
        view.mapping = None;
        return;
    };
    let form = view.mapping.get_or_insert_with(|| MappingForm::new(table.header.clone(), table.rows.clone()));
    let name = table.path.file_name().unwrap_or_default().to_string_lossy();
    egui::Window::new(format!("Columns of {name}"))
        .id(egui::Id::unique("mapping"))
        .default_pos([260.0, 90.0])
        .show(ui.ctx(), |ui| {
            let event = mapping_ui(ui, form);
            let mapping = Box::new(form.mapping.clone());
            match event {
                Some(MappingEvent::Changed) if form.problem().is_none() => {
                    out.push(SessionCommand::MapGaze { mapping, is_final: false }.into());
                }
                Some(MappingEvent::Apply) => {
                    out.push(SessionCommand::MapGaze { mapping, is_final: true }.into())
                }
                Some(MappingEvent::Cancel) => out.push(SessionCommand::ForgetTable.into()),
                _ => {}
            }
        });
}

fn help_ui(ui: &mut Ui, view: &mut ViewState) {
    egui::Window::new("Keyboard shortcuts")
        .open(&mut view.is_help_open)
        .default_width(560.0)
        .default_height(520.0)
        .show(ui.ctx(), |ui| {
            egui::ScrollArea::vertical().show(ui, |ui| {
                let mut group = "";
                egui::Grid::new("shortcuts").striped(true).num_columns(3).show(ui, |ui| {
                    for action in ACTIONS.iter().filter(|a| !a.shortcuts.is_empty()) {
                        if action.group != group {
                            group = action.group;
                            ui.label(RichText::new(group).strong());
                            ui.end_row();
                        }
                        ui.monospace(action.shortcut_text(ui.ctx()));
                        ui.label(action.label);
                        ui.label(action.tooltip);
                        ui.end_row();
                    }
                });
            });
        });
}

fn history_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState) {
    egui::Window::new("Notices").open(&mut view.is_history_open).default_width(460.0).show(ui.ctx(), |ui| {
        egui::ScrollArea::vertical().show(ui, |ui| {
            if state.notices.history().is_empty() {
                ui.label("Nothing so far.");
            }
            for notice in state.notices.history().iter().rev() {
                severity_ui(ui, notice.severity);
                ui.add(egui::Label::new(&notice.text).wrap());
                ui.separator();
            }
        });
    });
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
    }

    #[test]
    fn the_palette_finds_commands_by_scattered_letters() {
        assert!(is_match("Next fixation", "nxfix"));
        assert!(!is_match("Next fixation", "zoom"));
    }
}
