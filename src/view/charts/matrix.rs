//! A table of shaded cells: rows against columns.

use egui::{Align2, Color32, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::stack::ink_on;
use super::{Pick, piece_ui, ring, text_in};
use crate::view::theme;

const ROW: f32 = 20.0;
const HEAD: f32 = 18.0;

pub struct Matrix<'a> {
    pub rows: &'a [String],
    pub columns: &'a [String],
    /// What stands for a column in the head: short.
    pub heads: &'a [String],
    pub label_width: f32,
}

/// What is in a cell.
pub struct Cell {
    pub text: String,
    /// From 0, nothing, to 1.
    pub shade: f32,
    pub colour: Color32,
    pub name: String,
    pub is_on: bool,
}

/// Cells that `cell` gives nothing for stay empty. The index of a pick is row times columns plus
/// column.
pub fn matrix_ui(
    ui: &mut Ui,
    matrix: &Matrix<'_>,
    cell: impl Fn(usize, usize) -> Option<Cell>,
) -> Option<Pick> {
    let size = vec2(ui.available_width(), HEAD + ROW * matrix.rows.len() as f32);
    let (area, whole) = ui.allocate_exact_size(size, Sense::hover());
    let colours = theme::of(ui);
    let painter = ui.painter_at(area.expand(1.0));
    let left = area.left() + matrix.label_width;
    let width = (area.right() - left) / matrix.columns.len().max(1) as f32;
    for (c, head) in matrix.heads.iter().enumerate() {
        let place = Rect::from_min_size(pos2(left + width * c as f32, area.top()), vec2(width, HEAD));
        text_in(&painter, place, Align2::CENTER_CENTER, head, 11.0, colours.faint);
        let response = ui.interact(place, whole.id.with(("head", c)), Sense::hover());
        response.on_hover_text(&matrix.columns[c]);
    }
    let mut picked = None;
    for (r, label) in matrix.rows.iter().enumerate() {
        let top = area.top() + HEAD + ROW * r as f32;
        let place = Rect::from_min_max(pos2(area.left(), top), pos2(left - 4.0, top + ROW));
        text_in(&painter, place, Align2::LEFT_CENTER, label, 12.0, ui.visuals().text_color());
        for c in 0..matrix.columns.len() {
            let place =
                Rect::from_min_size(pos2(left + width * c as f32, top), vec2(width, ROW)).shrink(0.75);
            painter.rect_filled(place, 2.0, colours.lane);
            let Some(cell) = cell(r, c) else { continue };
            let fill = theme::mix(colours.lane, cell.colour, cell.shade.clamp(0.0, 1.0));
            painter.rect_filled(place, 2.0, fill);
            text_in(&painter, place, Align2::CENTER_CENTER, &cell.text, 11.0, ink_on(fill));
            let index = r * matrix.columns.len() + c;
            let response = ui.interact(place, whole.id.with(("cell", index)), Sense::click());
            if response.hovered() {
                let stroke = Stroke::new(1.0, colours.faint);
                painter.rect_stroke(place, 2.0, stroke, egui::StrokeKind::Inside);
            }
            ring(ui, &painter, place, cell.is_on, response.has_focus());
            picked = piece_ui(ui, response, index, &cell.name, "", cell.is_on).or(picked);
        }
    }
    picked
}
