//! The model card: which networks and weights made a number.

use egui::{RichText, Ui};

use super::window;
use crate::app::command::{AppCommand, Command};
use crate::app::state::AppState;
use crate::app::view_state::ViewState;
use crate::view::controls::note_ui;
use crate::view::theme;

pub fn model_card_ui(ui: &mut Ui, state: &AppState, view: &mut ViewState, out: &mut Vec<Command>) {
    let window = window(ui.ctx(), "Which model is this?", [580.0, 480.0]);
    window.open(&mut view.is_model_card_open).show(ui.ctx(), |ui| {
        let Some(card) = &state.model_card else {
            ui.spinner();
            return;
        };
        egui::ScrollArea::vertical().auto_shrink([false, true]).show(ui, |ui| {
            ui.label(RichText::new(&card.title).strong().size(16.0));
            ui.add(egui::Label::new(&card.training).wrap());
            ui.add_space(4.0);
            ui.strong("What to expect");
            ui.add(egui::Label::new(&card.expected).wrap());
            ui.add_space(4.0);
            ui.strong("Networks");
            for row in &card.rows {
                ui.separator();
                ui.horizontal_wrapped(|ui| {
                    if row.page.is_empty() {
                        ui.label(&row.title);
                    } else {
                        ui.hyperlink_to(&row.title, &row.page).on_hover_text(&row.page);
                    }
                    ui.colored_label(theme::of(ui).faint, &row.purpose);
                    if !row.is_here {
                        ui.colored_label(theme::of(ui).warning, "not on this machine");
                    }
                });
                note_ui(ui, format!("{}; licence: {}", row.source, row.licence));
                if !row.sha256.is_empty() {
                    let short = format!("SHA-256 {}…", &row.sha256[..row.sha256.len().min(16)]);
                    let response = note_ui(ui, short).interact(egui::Sense::click());
                    if response.on_hover_text(format!("{}\nClick to copy", row.sha256)).clicked() {
                        out.push(AppCommand::CopyText(row.sha256.clone()).into());
                    }
                }
            }
        });
    });
}
