//! Ranked moments as a list.

use egui::{RichText, Ui};

use super::theme;
use crate::grounding::Moment;
use crate::time::TimeRange;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentEvent {
    Jump(usize),
    Loop(usize),
}

/// One row a moment: click jumps, double-click loops. `thumbnail` gives a picture for a rank.
pub fn moments_ui(
    ui: &mut Ui,
    moments: &[Moment],
    chosen: Option<usize>,
    truth: Option<TimeRange>,
    thumbnail: impl Fn(usize) -> Option<(egui::TextureId, egui::Vec2)>,
) -> Option<MomentEvent> {
    let mut event = None;
    for (rank, moment) in moments.iter().enumerate() {
        let text = format!("{} to {}", moment.range.start(), moment.range.end());
        let name = format!("Moment {}: {text}, score {:.2}", rank + 1, moment.score);
        let is_chosen = chosen == Some(rank);
        let colours = theme::of(ui);
        let fill = if is_chosen { ui.visuals().selection.bg_fill } else { ui.visuals().faint_bg_color };
        let row = egui::Frame::new().fill(fill).corner_radius(4.0).inner_margin(6.0).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                ui.label(RichText::new((rank + 1).to_string()).strong().size(18.0).color(colours.prediction));
                if let Some((texture, size)) = thumbnail(rank) {
                    let height = 40.0;
                    ui.image((texture, egui::vec2(size.x / size.y * height, height)));
                }
                ui.vertical(|ui| {
                    ui.label(RichText::new(&text).monospace());
                    ui.horizontal(|ui| {
                        score_bar_ui(ui, moment.score);
                        ui.label(format!("{:.2}", moment.score));
                        if let Some(truth) = truth {
                            let iou = truth.iou(moment.range);
                            let colour = if iou > 0.3 { colours.truth } else { colours.faint };
                            ui.colored_label(colour, format!("IoU {iou:.2}"));
                        }
                    });
                });
            });
        });
        let response =
            ui.interact(row.response.rect, ui.scope_id().with(("moment", rank)), egui::Sense::click());
        response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_chosen, &name));
        let response = response.on_hover_text("Click to jump there, double-click to loop it");
        if response.double_clicked() {
            event = Some(MomentEvent::Loop(rank));
        } else if response.clicked() {
            event = Some(MomentEvent::Jump(rank));
        }
    }
    event
}

fn score_bar_ui(ui: &mut Ui, score: f32) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(70.0, 8.0), egui::Sense::hover());
    let colours = theme::of(ui);
    ui.painter().rect_filled(rect, 3.0, ui.visuals().extreme_bg_color);
    let filled =
        egui::Rect::from_min_size(rect.min, egui::vec2(rect.width() * score.clamp(0.0, 1.0), rect.height()));
    ui.painter().rect_filled(filled, 3.0, colours.prediction);
}
