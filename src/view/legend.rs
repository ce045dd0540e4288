//! What a heatmap's colours mean, with numbers.

use egui::{Color32, Rect, Sense, Ui, pos2, vec2};

use super::theme;
use crate::render::{Colormap, HeatMode};

/// Height of the colours in points.
const HEIGHT: f32 = 12.0;
const STEPS: usize = 64;

/// A colour scale and the numbers at its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Legend {
    pub map: Colormap,
    /// Low end, middle, high end.
    pub ticks: [&'static str; 3],
    pub meaning: &'static str,
}

impl Legend {
    /// Of what is drawn; with no heatmap, of what would be.
    pub fn of(heat: HeatMode, map: Colormap) -> Self {
        if heat == HeatMode::Difference {
            let meaning = "Predicted minus recorded gaze, each as a fraction of its peak";
            return Self { map: Colormap::Difference, ticks: ["-1", "0", "+1"], meaning };
        }
        let meaning = match heat {
            HeatMode::Predicted => "Predicted gaze, fraction of the peak",
            HeatMode::Recorded => "Recorded gaze, fraction of the peak",
            _ => "Gaze, fraction of the peak",
        };
        Self { map, ticks: ["0", "0.5", "1"], meaning }
    }
}

/// Draws the scale, `width` points wide, and its numbers below it.
pub fn legend_ui(ui: &mut Ui, legend: Legend, width: f32) {
    let number_height = ui.text_style_height(&egui::TextStyle::Small);
    let (rect, response) =
        ui.allocate_exact_size(vec2(width.max(60.0), HEIGHT + number_height + 2.0), Sense::hover());
    let painter = ui.painter();
    let step = rect.width() / STEPS as f32;
    for i in 0..STEPS {
        let [r, g, b] = legend.map.sample(i as f32 / (STEPS - 1) as f32);
        let corner = pos2(rect.left() + step * i as f32, rect.top());
        // a pixel more, so that no gap shows between two steps
        let cell = Rect::from_min_size(corner, vec2(step + 1.0, HEIGHT)).intersect(rect);
        painter.rect_filled(cell, 0.0, Color32::from_rgb(r, g, b));
    }
    let aligns = [egui::Align2::LEFT_BOTTOM, egui::Align2::CENTER_BOTTOM, egui::Align2::RIGHT_BOTTOM];
    for ((text, align), x) in
        legend.ticks.iter().zip(aligns).zip([rect.left(), rect.center().x, rect.right()])
    {
        let font = egui::TextStyle::Small.resolve(ui.style());
        painter.text(pos2(x, rect.bottom()), align, text, font, theme::of(ui).faint);
    }
    response.on_hover_text(format!("{}; nothing is drawn below the threshold", legend.meaning));
}
