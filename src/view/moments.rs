//! Ranked moments as a list.

use egui::{Align2, FontId, Rect, RichText, Sense, Stroke, Ui, pos2, vec2};

use super::theme::{self, Palette};
use crate::grounding::Moment;
use crate::time::TimeRange;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MomentEvent {
    Jump(usize),
    Loop(usize),
}

/// Ranks up to here have a number key.
const KEYS: usize = 5;
const PICTURE_HEIGHT: f32 = 44.0;
/// Overlap with the truth from which the benchmark counts a moment as found (R@0.3).
pub const FOUND_IOU: f64 = 0.3;

/// What moments are held against.
pub struct Truths<'a> {
    pub ranges: &'a [TimeRange],
    /// A moment is right when its overlap is above this.
    pub theta: f64,
}

/// One row a moment: click jumps, double-click loops. Overlap is that with the best of `truths`. `thumbnail` gives a picture for a rank.
pub fn moments_ui(
    ui: &mut Ui,
    moments: &[Moment],
    chosen: Option<usize>,
    truths: &Truths<'_>,
    thumbnail: impl Fn(usize) -> Option<(egui::TextureId, egui::Vec2)>,
) -> Option<MomentEvent> {
    let mut event = None;
    for (rank, moment) in moments.iter().enumerate() {
        let is_chosen = chosen == Some(rank);
        let colours = theme::of(ui);
        let place = ui.painter().add(egui::Shape::Noop);
        let inside = egui::Frame::new().inner_margin(7.0).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                badge_ui(ui, rank, is_chosen, &colours);
                if let Some((texture, size)) = thumbnail(rank).filter(|(_, size)| size.y > 0.0) {
                    let shown = vec2(size.x / size.y * PICTURE_HEIGHT, PICTURE_HEIGHT);
                    ui.add(egui::Image::new((texture, shown)).corner_radius(4.0));
                }
                ui.vertical(|ui| facts_ui(ui, moment, truths, &colours));
            });
        });
        let area = inside.response.rect;
        let response = ui.interact(area, ui.scope_id().with(("moment", rank)), Sense::click());
        response.widget_info(|| {
            let (from, to) = (moment.range.start(), moment.range.end());
            let mut name = format!("Moment {}: {from} to {to}", rank + 1);
            if moment.score.is_finite() {
                name += &format!(", score {:.2}", moment.score);
            }
            egui::WidgetInfo::selected(egui::Role::Button, true, is_chosen, name)
        });
        ui.painter().set(place, ground(ui, area, &response, is_chosen, &colours));
        let key = if rank < KEYS { format!(" (key {})", rank + 1) } else { String::new() };
        let response = response
            .on_hover_cursor(egui::CursorIcon::PointingHand)
            .on_hover_text(format!("Click to jump there{key}, double-click to loop it"));
        if response.double_clicked() {
            event = Some(MomentEvent::Loop(rank));
        } else if response.clicked() {
            event = Some(MomentEvent::Jump(rank));
        }
    }
    event
}

/// What lies behind a row; the chosen one has a bar at its left as well as a fill.
fn ground(ui: &Ui, area: Rect, response: &egui::Response, is_chosen: bool, colours: &Palette) -> egui::Shape {
    let visuals = ui.visuals();
    let fill = match (is_chosen, response.hovered()) {
        (true, _) => theme::mix(visuals.panel_fill, colours.accent, 0.22),
        (false, true) => visuals.widgets.hovered.weak_bg_fill,
        (false, false) => visuals.faint_bg_color,
    };
    let mut shapes = vec![egui::Shape::rect_filled(area, 6.0, fill)];
    if is_chosen {
        let bar = Rect::from_min_max(area.left_top(), pos2(area.left() + 3.0, area.bottom()));
        shapes.push(egui::Shape::rect_filled(bar, 2.0, colours.accent));
    }
    if response.has_focus() {
        let ring = Stroke::new(2.0, colours.accent);
        shapes.push(egui::Shape::rect_stroke(area, 6.0, ring, egui::StrokeKind::Inside));
    }
    egui::Shape::Vec(shapes)
}

fn badge_ui(ui: &mut Ui, rank: usize, is_chosen: bool, colours: &Palette) {
    let (area, _) = ui.allocate_exact_size(vec2(22.0, PICTURE_HEIGHT), Sense::hover());
    let ground = Rect::from_center_size(area.center(), vec2(22.0, 22.0));
    let painter = ui.painter();
    if rank == 0 || is_chosen {
        painter.rect_filled(ground, 5.0, colours.prediction);
    } else {
        let stroke = Stroke::new(1.0, colours.prediction.gamma_multiply(0.8));
        painter.rect_stroke(ground, 5.0, stroke, egui::StrokeKind::Inside);
    }
    let ink = if rank == 0 || is_chosen { colours.text_on_block } else { ui.visuals().text_color() };
    let text = (rank + 1).to_string();
    painter.text(ground.center(), Align2::CENTER_CENTER, text, FontId::proportional(13.0), ink);
}

fn facts_ui(ui: &mut Ui, moment: &Moment, truths: &Truths<'_>, colours: &Palette) {
    ui.spacing_mut().item_spacing.y = 3.0;
    let (from, to) = (moment.range.start(), moment.range.end());
    ui.horizontal(|ui| {
        ui.label(RichText::new(format!("{from} – {to}")).strong());
        ui.label(RichText::new(format!("{:.1} s", moment.range.duration().secs())).color(colours.faint));
    });
    ui.horizontal(|ui| {
        // other people's files may have no scores
        if moment.score.is_finite() {
            score_bar_ui(ui, moment.score, colours);
            ui.label(format!("{:.2}", moment.score));
        }
        if !truths.ranges.is_empty() {
            let iou = truths.ranges.iter().map(|truth| truth.iou(moment.range)).fold(0.0, f64::max);
            let text = RichText::new(format!("IoU {iou:.2}"));
            let text = if iou > truths.theta { text.strong().underline() } else { text.color(colours.faint) };
            ui.label(text).on_hover_text(format!(
                "Overlap with the annotated moment, divided by their union; underlined above {}",
                truths.theta
            ));
        }
    });
}

fn score_bar_ui(ui: &mut Ui, score: f32, colours: &Palette) {
    let (area, _) = ui.allocate_exact_size(vec2(64.0, 6.0), Sense::hover());
    let part = score.clamp(0.0, 1.0);
    ui.painter().rect_filled(area, 3.0, ui.visuals().widgets.inactive.bg_fill);
    let filled = Rect::from_min_size(area.min, vec2(area.width() * part, area.height()));
    ui.painter().rect_filled(filled, 3.0, colours.prediction);
}
