//! Letters over the picture: the numbers of fixations. Drawn alike in the window and into files.

use egui::{Align2, Color32, FontId, Painter, Rect, pos2, vec2};

use crate::render::{Compare, Scene};

/// Smaller letters cannot be read on a screen.
const MIN_POINTS: f32 = 12.0;

/// Draws the labels of a scene whose picture fills `area`, as its viewpoint has it.
pub fn paint_labels(painter: &Painter, area: Rect, scene: &Scene) {
    let picture = scene.display_size.map(|n| n as f32);
    let viewports: Vec<Rect> = if scene.compare == Compare::SideBySide {
        // as the shader has them: half as large, in the middle of their halves
        let half = area.size() / 2.0;
        [0.0, half.x].map(|x| Rect::from_min_size(area.min + vec2(x, half.y / 2.0), half)).to_vec()
    } else {
        vec![area]
    };
    for viewport in viewports {
        let [x, y, w, h] = scene.viewpoint.window(picture, [viewport.width(), viewport.height()]);
        let painter = painter.with_clip_rect(viewport.intersect(painter.clip_rect()));
        let points_a_pixel = viewport.height() / (h * picture[1]).max(1e-6);
        for label in &scene.labels {
            let part = vec2((label.pos[0] - x) / w, (label.pos[1] - y) / h);
            let at = pos2(
                viewport.left() + part.x * viewport.width(),
                viewport.top() + part.y * viewport.height(),
            );
            let font = FontId::proportional((label.height * points_a_pixel).max(MIN_POINTS));
            let [r, g, b, a] = label.rgba.map(|c| (c.clamp(0.0, 1.0) * 255.0).round() as u8);
            let ink = Color32::from_rgba_unmultiplied(r, g, b, a);
            let shade = Color32::from_rgba_unmultiplied(0, 0, 0, a);
            let rim = (font.size / 12.0).max(1.0);
            // a dark rim all around, as the marks have it
            for (dx, dy) in [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0)] {
                let place = at + vec2(dx, dy) * rim;
                painter.text(place, Align2::CENTER_CENTER, &label.text, font.clone(), shade);
            }
            painter.text(at, Align2::CENTER_CENTER, &label.text, font, ink);
        }
    }
}
