//! Where the time goes: figures, and the last frames as columns.

use egui::{Rect, Sense, Stroke, Ui, pos2, vec2};

use super::theme;

/// A frame that keeps the window busy for longer than this is felt.
pub const LIMIT_MS: f32 = 16.0;
const HEIGHT: f32 = 48.0;
const COLUMNS: usize = 240;

pub struct Figures {
    /// Name and value.
    pub rows: Vec<(&'static str, String)>,
    /// Milliseconds of each of the last frames, oldest first.
    pub frames_ms: Vec<f32>,
}

pub fn performance_ui(ui: &mut Ui, figures: &Figures) {
    let colours = theme::of(ui);
    egui::Grid::new("figures").num_columns(2).spacing(vec2(16.0, 4.0)).show(ui, |ui| {
        for (name, value) in &figures.rows {
            ui.colored_label(colours.faint, *name);
            ui.monospace(value);
            ui.end_row();
        }
    });
    let (area, response) = ui.allocate_exact_size(vec2(COLUMNS as f32, HEIGHT), Sense::hover());
    let painter = ui.painter_at(area);
    painter.rect_filled(area, 3.0, colours.lane);
    // the limit stands at half the height
    let y = |ms: f32| area.bottom() - (ms / (LIMIT_MS * 2.0)).min(1.0) * area.height();
    let skipped = figures.frames_ms.len().saturating_sub(COLUMNS);
    for (column, ms) in figures.frames_ms[skipped..].iter().enumerate() {
        let left = area.left() + column as f32;
        let bar = Rect::from_min_max(pos2(left, y(*ms)), pos2(left + 1.0, area.bottom()));
        painter.rect_filled(bar, 0.0, if *ms > LIMIT_MS { colours.error } else { colours.curve });
    }
    painter.hline(area.x_range(), y(LIMIT_MS), Stroke::new(1.0, colours.faint));
    response.on_hover_text(format!("Our own work in each of the last frames; the line is {LIMIT_MS} ms"));
}
