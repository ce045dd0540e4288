//! Counts and shares as pictures that can be clicked: every bar, column and cell is a widget with a
//! name and a number, so that a screen reader and a keyboard reach what a mouse does.

mod bars;
mod columns;
mod curves;
mod matrix;
mod scatter;
mod stack;

pub use bars::{Bar, bars_ui};
pub use columns::{ColumnBar, ColumnMark, columns_ui};
pub use curves::{Curve, Layers, curves_ui, history_ui, layers_ui};
pub use matrix::{Cell, Matrix, matrix_ui};
pub use scatter::{Dots, Scatter, ScatterEvent, scatter_ui};
pub use stack::{Part, stack_ui};

use egui::{
    Align2, Color32, FontId, Painter, Pos2, Rect, Response, Role, Stroke, StrokeKind, Ui, WidgetInfo,
};

use super::theme;

/// Something was clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    pub index: usize,
    /// With Ctrl or Shift: beside what is chosen already, and not instead of it.
    pub is_added: bool,
}

/// Names a piece of a chart, shows what it means while the pointer is on it, and tells a click.
fn piece_ui(ui: &Ui, response: Response, index: usize, name: &str, hint: &str, is_on: bool) -> Option<Pick> {
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_on, name));
    let text = if hint.is_empty() { name.to_owned() } else { format!("{name}\n{hint}") };
    let response = response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_text(text);
    let is_added = ui.input(|i| i.modifiers.command || i.modifiers.shift);
    response.clicked().then_some(Pick { index, is_added })
}

/// The ring around what is chosen or has the keyboard.
fn ring(ui: &Ui, painter: &Painter, area: Rect, is_on: bool, has_focus: bool) {
    let colours = theme::of(ui);
    if is_on || has_focus {
        let colour = if has_focus { colours.accent } else { ui.visuals().strong_text_color() };
        painter.rect_stroke(area, 2.0, Stroke::new(2.0, colour), StrokeKind::Inside);
    }
}

/// Text that ends with … where there is no room for it.
fn text_in(painter: &Painter, area: Rect, align: Align2, text: &str, size: f32, colour: Color32) {
    let mut job =
        egui::text::LayoutJob::simple_singleline(text.to_owned(), FontId::proportional(size), colour);
    job.wrap = egui::text::TextWrapping::truncate_at_width(area.width().max(4.0));
    let galley = painter.fonts_mut(|fonts| fonts.layout_job(job));
    let rect = align.align_size_within_rect(galley.size(), area);
    painter.galley(rect.min, galley, colour);
}

fn text_at(painter: &Painter, at: Pos2, align: Align2, text: impl ToString, size: f32, colour: Color32) {
    painter.text(at, align, text, FontId::proportional(size), colour);
}
