//! Messages in the corner: read, then dismissed.

use egui::{Rect, RichText, Ui, vec2};

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

/// The newest are shown; older ones wait in the history.
const MAX_SHOWN: usize = 4;
const WIDTH: f32 = 400.0;

/// Draws notices at the bottom right; returns the one that was dismissed.
pub fn notices_ui(ui: &mut Ui, notices: &[Notice]) -> Option<u64> {
    let mut dismissed = None;
    if notices.is_empty() {
        return None;
    }
    let corner = egui::Area::new(egui::Id::unique("notices"))
        .anchor(egui::Align2::RIGHT_BOTTOM, vec2(-16.0, -36.0))
        .order(egui::Order::Foreground);
    corner.show(ui.ctx(), |ui| {
        let hidden = notices.len().saturating_sub(MAX_SHOWN);
        for notice in &notices[hidden..] {
            if notice_ui(ui, notice) {
                dismissed = Some(notice.id);
            }
        }
        if hidden > 0 {
            ui.weak(format!("and {hidden} more in the list of notices"));
        }
    });
    dismissed
}

/// One card; true when it was dismissed.
fn notice_ui(ui: &mut Ui, notice: &Notice) -> bool {
    let (_, colour) = words(ui, notice.severity);
    let mut is_dismissed = false;
    let card = egui::Frame::popup(ui.style()).inner_margin(egui::Margin {
        left: 16,
        right: 10,
        top: 10,
        bottom: 10,
    });
    let shown = card.show(ui, |ui| {
        ui.set_width(WIDTH);
        ui.horizontal_top(|ui| {
            ui.vertical(|ui| {
                ui.set_width(WIDTH - 76.0);
                severity_ui(ui, notice.severity);
                ui.add(egui::Label::new(&notice.text).wrap());
            });
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                is_dismissed = ui.button("Dismiss").clicked();
            });
        });
    });
    let area = shown.response.rect;
    let stripe = Rect::from_min_size(area.min + vec2(6.0, 8.0), vec2(3.0, area.height() - 16.0));
    ui.painter().rect_filled(stripe, 2.0, colour);
    is_dismissed
}

pub fn severity_ui(ui: &mut Ui, severity: Severity) {
    let (text, colour) = words(ui, severity);
    ui.label(RichText::new(text).color(colour).strong());
}

fn words(ui: &Ui, severity: Severity) -> (&'static str, egui::Color32) {
    let colours = theme::of(ui);
    match severity {
        Severity::Info => ("Done", colours.accent),
        Severity::Warning => ("Please note", colours.warning),
        Severity::Error => ("This did not work", colours.error),
    }
}
