//! Messages in the corner: read, then dismissed.

use egui::Ui;

use super::theme;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Info,
    Warning,
    Error,
}

#[derive(Clone, Debug)]
pub struct Notice {
    pub id: u64,
    pub severity: Severity,
    pub text: String,
}

/// Draws notices at the bottom right; returns the one that was dismissed.
pub fn notices_ui(ui: &mut Ui, notices: &[Notice]) -> Option<u64> {
    let mut dismissed = None;
    egui::Area::new(egui::Id::unique("notices"))
        .anchor(egui::Align2::RIGHT_BOTTOM, egui::vec2(-16.0, -36.0))
        .order(egui::Order::Foreground)
        .show(ui.ctx(), |ui| {
            for notice in notices.iter().rev().take(4) {
                egui::Frame::popup(ui.style()).show(ui, |ui| {
                    ui.set_max_width(420.0);
                    ui.horizontal_top(|ui| {
                        ui.vertical(|ui| {
                            ui.set_width(360.0);
                            severity_ui(ui, notice.severity);
                            ui.add(egui::Label::new(&notice.text).wrap());
                        });
                        if ui.button("Dismiss").clicked() {
                            dismissed = Some(notice.id);
                        }
                    });
                });
            }
        });
    dismissed
}

pub fn severity_ui(ui: &mut Ui, severity: Severity) {
    let colours = theme::of(ui);
    let (text, colour) = match severity {
        Severity::Info => ("Done", colours.accent),
        Severity::Warning => ("Please note", colours.warning),
        Severity::Error => ("This did not work", colours.error),
    };
    ui.colored_label(colour, text);
}
