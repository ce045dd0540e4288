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
    /// What can be done about it, as the words on a button.
    pub offer: Option<String>,
    /// Seconds since the first notice.
    pub at_secs: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeEvent {
    Dismiss(u64),
    DismissAll,
    Take(u64),
}

/// The newest are shown; older ones wait in the history.
const MAX_SHOWN: usize = 4;
const WIDTH: f32 = 400.0;

/// Draws notices at the bottom right, the newest at the bottom.
pub fn notices_ui(ui: &mut Ui, notices: &[Notice]) -> Option<NoticeEvent> {
    let mut event = None;
    if notices.is_empty() {
        return None;
    }
    let corner = egui::Area::new(egui::Id::unique("notices"))
        .anchor(egui::Align2::RIGHT_BOTTOM, vec2(-16.0, -40.0))
        .order(egui::Order::Foreground);
    corner.show(ui.ctx(), |ui| {
        let hidden = notices.len().saturating_sub(MAX_SHOWN);
        if notices.len() > 1 {
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button("Dismiss all").clicked() {
                    event = Some(NoticeEvent::DismissAll);
                }
                if hidden > 0 {
                    ui.weak(format!("and {hidden} more in the list of notices"));
                }
            });
        }
        for notice in &notices[hidden..] {
            event = notice_ui(ui, notice).or(event);
        }
    });
    event
}

/// One card.
fn notice_ui(ui: &mut Ui, notice: &Notice) -> Option<NoticeEvent> {
    let (_, colour) = words(ui, notice.severity);
    let mut event = None;
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
                if let Some(offer) = &notice.offer
                    && ui.button(offer).clicked()
                {
                    event = Some(NoticeEvent::Take(notice.id));
                }
            });
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Min), |ui| {
                if ui.button("Dismiss").clicked() {
                    event = Some(NoticeEvent::Dismiss(notice.id));
                }
            });
        });
    });
    let area = shown.response.rect;
    let stripe = Rect::from_min_size(area.min + vec2(6.0, 8.0), vec2(3.0, area.height() - 16.0));
    ui.painter().rect_filled(stripe, 2.0, colour);
    event
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
