//! Transport icons drawn as shapes: no font has all of them everywhere.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    ToStart,
    StepBack,
    Play,
    Pause,
    StepForward,
    ToEnd,
    Loop,
}

/// Draws an icon in the middle of an area, 12 points high.
pub fn paint(painter: &Painter, area: Rect, icon: Icon, colour: Color32) {
    let c = area.center();
    let half = 6.0;
    let triangle = |tip: f32, base: f32| {
        let corners: Vec<Pos2> =
            vec![pos2(c.x + tip, c.y), pos2(c.x + base, c.y - half), pos2(c.x + base, c.y + half)];
        painter.add(Shape::convex_polygon(corners, colour, Stroke::NONE));
    };
    let bar = |x: f32| {
        let centre = pos2(c.x + x, c.y);
        painter.rect_filled(Rect::from_center_size(centre, egui::vec2(2.5, half * 2.0)), 0.0, colour);
    };
    match icon {
        Icon::Play => triangle(6.0, -4.5),
        Icon::Pause => {
            bar(-3.0);
            bar(3.0);
        }
        Icon::StepForward => {
            triangle(3.0, -5.0);
            bar(5.0);
        }
        Icon::StepBack => {
            triangle(-3.0, 5.0);
            bar(-5.0);
        }
        Icon::ToEnd => {
            triangle(-0.5, -6.0);
            triangle(5.0, -0.5);
            bar(6.0);
        }
        Icon::ToStart => {
            triangle(0.5, 6.0);
            triangle(-5.0, 0.5);
            bar(-6.0);
        }
        Icon::Loop => {
            let arc: Vec<Pos2> = (0..=26)
                .map(|i| {
                    let angle = (40.0 + f32::from(i as u8) * 11.0).to_radians();
                    pos2(c.x + 5.5 * angle.cos(), c.y + 5.5 * angle.sin())
                })
                .collect();
            let end = arc.last().copied().unwrap_or(c);
            painter.add(Shape::line(arc, Stroke::new(1.8, colour)));
            let head =
                vec![end + egui::vec2(3.5, 2.0), end + egui::vec2(-3.5, 1.0), end + egui::vec2(1.5, -4.0)];
            painter.add(Shape::convex_polygon(head, colour, Stroke::NONE));
        }
    }
}
