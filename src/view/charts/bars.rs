//! Horizontal bars, one a line, with names at the left and numbers at the right.

use egui::{Align2, Color32, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::{Pick, piece_ui, ring, text_in};
use crate::view::theme;

const ROW: f32 = 19.0;

pub struct Bar {
    pub label: String,
    /// Length as a part of the whole width, 0..1.
    pub value: f64,
    /// What stands at the right.
    pub text: String,
    /// Ends of an interval, on the scale of `value`.
    pub interval: Option<[f64; 2]>,
    /// Where it was before, on the same scale.
    pub before: Option<f64>,
    pub colour: Color32,
    pub is_on: bool,
    /// Steps back: too little to be compared.
    pub is_faint: bool,
    pub hint: String,
}

impl Bar {
    pub fn new(label: impl Into<String>, value: f64, text: impl Into<String>, colour: Color32) -> Self {
        Self {
            label: label.into(),
            value,
            text: text.into(),
            interval: None,
            before: None,
            colour,
            is_on: false,
            is_faint: false,
            hint: String::new(),
        }
    }
}

/// `line` is drawn over all bars, on their scale. Labels and texts get the widths that are given.
pub fn bars_ui(
    ui: &mut Ui,
    bars: &[Bar],
    line: Option<f64>,
    [label_width, text_width]: [f32; 2],
) -> Option<Pick> {
    let size = vec2(ui.available_width(), ROW * bars.len() as f32);
    let (area, whole) = ui.allocate_exact_size(size, Sense::hover());
    let colours = theme::of(ui);
    let painter = ui.painter_at(area.expand(2.0));
    let (left, right) = (area.left() + label_width + 6.0, area.right() - text_width - 6.0);
    let x = |value: f64| left + (right - left).max(10.0) * value.clamp(0.0, 1.0) as f32;
    let mut picked = None;
    for (index, bar) in bars.iter().enumerate() {
        let top = area.top() + ROW * index as f32;
        let row = Rect::from_min_max(pos2(area.left(), top), pos2(area.right(), top + ROW));
        let response = ui.interact(row, whole.id.with(("bar", index)), Sense::click());
        if response.hovered() || bar.is_on {
            let ground = ui.visuals().widgets.hovered.weak_bg_fill;
            painter.rect_filled(row, 3.0, if bar.is_on { ui.visuals().selection.bg_fill } else { ground });
        }
        let ink = match (bar.is_on, bar.is_faint) {
            (true, _) => ui.visuals().strong_text_color(),
            (false, true) => colours.faint,
            (false, false) => ui.visuals().text_color(),
        };
        let label = Rect::from_min_max(row.min, pos2(left - 6.0, row.bottom())).shrink2(vec2(3.0, 0.0));
        text_in(&painter, label, Align2::LEFT_CENTER, &bar.label, 12.5, ink);
        let track = Rect::from_min_max(pos2(left, row.top() + 4.0), pos2(x(1.0), row.bottom() - 4.0));
        painter.rect_filled(track, 2.0, colours.lane);
        let filled = Rect::from_min_max(track.min, pos2(x(bar.value).max(left), track.bottom()));
        let fill = if bar.is_faint { bar.colour.gamma_multiply(0.45) } else { bar.colour };
        painter.rect_filled(filled, 2.0, fill);
        if let Some(before) = bar.before {
            let tick = [pos2(x(before), track.top() - 2.0), pos2(x(before), track.bottom() + 2.0)];
            painter.line_segment(tick, Stroke::new(2.0, ui.visuals().strong_text_color()));
        }
        if let Some([low, high]) = bar.interval {
            let stroke = Stroke::new(1.2, ui.visuals().text_color());
            let y = track.center().y;
            painter.line_segment([pos2(x(low), y), pos2(x(high), y)], stroke);
            for end in [low, high] {
                painter.line_segment([pos2(x(end), y - 3.0), pos2(x(end), y + 3.0)], stroke);
            }
        }
        let text = Rect::from_min_max(pos2(right + 6.0, row.top()), row.max).shrink2(vec2(2.0, 0.0));
        text_in(&painter, text, Align2::RIGHT_CENTER, &bar.text, 12.0, ink);
        ring(ui, &painter, row, false, response.has_focus());
        let name = format!("{}: {}", bar.label, bar.text);
        picked = piece_ui(ui, response, index, &name, &bar.hint, bar.is_on).or(picked);
    }
    if let Some(line) = line {
        let ends = [pos2(x(line), area.top()), pos2(x(line), area.bottom())];
        painter.extend(egui::Shape::dashed_line(&ends, Stroke::new(1.0, colours.accent), 4.0, 3.0));
    }
    picked
}
