//! Upright columns: histograms, each column made of coloured parts.

use egui::{Align2, Color32, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::{Pick, piece_ui, ring, text_at};
use crate::view::theme;

const AXIS: f32 = 15.0;

pub struct ColumnBar {
    /// Below the column; columns that are too narrow for it go without.
    pub label: String,
    pub name: String,
    pub parts: Vec<(usize, Color32)>,
    pub is_on: bool,
    pub hint: String,
}

/// A line between columns, in columns from the left.
pub struct ColumnMark {
    pub at: f32,
    pub text: String,
    pub colour: Color32,
}

pub fn columns_ui(ui: &mut Ui, columns: &[ColumnBar], marks: &[ColumnMark], height: f32) -> Option<Pick> {
    let (area, whole) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let colours = theme::of(ui);
    let painter = ui.painter_at(area.expand(2.0));
    let plot =
        Rect::from_min_max(pos2(area.left(), area.top() + 12.0), pos2(area.right(), area.bottom() - AXIS));
    painter.line_segment([plot.left_bottom(), plot.right_bottom()], Stroke::new(1.0, colours.grid));
    let total = |column: &ColumnBar| column.parts.iter().map(|(n, _)| n).sum::<usize>();
    let most = columns.iter().map(total).max().unwrap_or(0).max(1);
    let width = plot.width() / columns.len().max(1) as f32;
    let mut picked = None;
    let mut free_from = f32::MIN;
    for (index, column) in columns.iter().enumerate() {
        let left = plot.left() + width * index as f32;
        let place = Rect::from_min_max(pos2(left, area.top()), pos2(left + width, area.bottom()));
        let response = ui.interact(place, whole.id.with(("column", index)), Sense::click());
        if response.hovered() || column.is_on {
            let ground = if column.is_on { ui.visuals().selection.bg_fill } else { colours.lane };
            painter.rect_filled(place, 2.0, ground);
        }
        let gap = if width > 8.0 { 1.0 } else { 0.0 };
        let mut bottom = plot.bottom();
        for (count, colour) in column.parts.iter().filter(|(n, _)| *n > 0) {
            let top = bottom - plot.height() * *count as f32 / most as f32;
            let part = Rect::from_min_max(pos2(left + gap, top), pos2(left + width - gap, bottom));
            painter.rect_filled(part, 0.0, *colour);
            bottom = top;
        }
        let sum = total(column);
        if width > 24.0 && sum > 0 {
            text_at(
                &painter,
                pos2(left + width / 2.0, bottom),
                Align2::CENTER_BOTTOM,
                sum,
                10.5,
                colours.faint,
            );
        }
        // as many labels as there is room for
        let need = column.label.chars().count() as f32 * 6.0 + 4.0;
        let middle = left + width / 2.0;
        if middle - need / 2.0 >= free_from && !column.label.is_empty() {
            let at = pos2(middle, area.bottom() - 1.0);
            text_at(&painter, at, Align2::CENTER_BOTTOM, &column.label, 10.5, colours.faint);
            free_from = middle + need / 2.0;
        }
        ring(ui, &painter, place, false, response.has_focus());
        let name = format!("{}: {sum}", column.name);
        picked = piece_ui(ui, response, index, &name, &column.hint, column.is_on).or(picked);
    }
    for mark in marks {
        let x = plot.left() + width * mark.at;
        let ends = [pos2(x, area.top()), pos2(x, plot.bottom())];
        painter.extend(egui::Shape::dashed_line(&ends, Stroke::new(1.2, mark.colour), 4.0, 3.0));
        text_at(&painter, pos2(x + 3.0, area.top()), Align2::LEFT_TOP, &mark.text, 10.5, mark.colour);
    }
    picked
}
