//! One bar made of parts: what a whole consists of.

use egui::{Align2, Color32, Rect, Sense, Ui, pos2, vec2};

use super::{Pick, piece_ui, ring, text_in};
use crate::view::theme;

pub struct Part {
    pub label: String,
    pub count: usize,
    pub colour: Color32,
    pub is_on: bool,
    pub hint: String,
}

/// The parts side by side over the whole width; `total` is the whole.
pub fn stack_ui(ui: &mut Ui, parts: &[Part], total: usize, height: f32) -> Option<Pick> {
    let (area, whole) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let painter = ui.painter_at(area.expand(1.0));
    painter.rect_filled(area, 3.0, theme::of(ui).lane);
    let mut picked = None;
    let mut before = 0;
    let x = |count: usize| area.left() + area.width() * count as f32 / total.max(1) as f32;
    for (index, part) in parts.iter().enumerate() {
        if part.count == 0 {
            continue;
        }
        let piece = Rect::from_min_max(
            pos2(x(before), area.top()),
            pos2(x(before + part.count).max(x(before) + 1.0), area.bottom()),
        );
        before += part.count;
        let response = ui.interact(piece, whole.id.with(("part", index)), Sense::click());
        let fill = if response.hovered() { part.colour.gamma_multiply(0.85) } else { part.colour };
        let inside = Rect::from_min_max(
            piece.min,
            pos2((piece.right() - 1.0).max(piece.left() + 1.0), piece.bottom()),
        );
        painter.rect_filled(inside, 1.0, fill);
        let share = 100.0 * part.count as f64 / total.max(1) as f64;
        if piece.width() > 34.0 {
            let ink = ink_on(part.colour);
            text_in(
                &painter,
                piece.shrink2(vec2(3.0, 0.0)),
                Align2::CENTER_CENTER,
                &format!("{share:.1}"),
                11.5,
                ink,
            );
        }
        ring(ui, &painter, piece, part.is_on, response.has_focus());
        let name = format!("{}: {} of {total}, {share:.1} %", part.label, part.count);
        picked = piece_ui(ui, response, index, &name, &part.hint, part.is_on).or(picked);
    }
    picked
}

/// Black or white, whichever can be read better.
pub fn ink_on(ground: Color32) -> Color32 {
    let light = 0.299 * f32::from(ground.r()) + 0.587 * f32::from(ground.g()) + 0.114 * f32::from(ground.b());
    if light > 120.0 { Color32::from_gray(12) } else { Color32::from_gray(250) }
}
