//! Markers: a flag each, with its note where there is room.

use egui::{Align2, FontId, Rect, Sense, Shape, Stroke, Ui, pos2, vec2};

use super::axis::Axis;
use super::lanes::Flag;
use super::{MAX_BLOCK_WIDGETS, Row, TimelineEvent};
use crate::view::theme::Palette;

/// Click jumps there, double-click writes the note.
pub(super) fn markers_ui(
    ui: &Ui,
    row: &Row<'_>,
    axis: &Axis,
    flags: &[Flag],
    colours: &Palette,
    events: &mut Vec<TimelineEvent>,
) {
    let painter = ui.painter_at(row.area);
    let visible = axis.visible();
    let from = flags.partition_point(|flag| flag.time < visible.start());
    let shown = flags.iter().enumerate().skip(from).take_while(|(_, flag)| flag.time <= visible.end());
    for (i, flag) in shown.take(MAX_BLOCK_WIDGETS) {
        let x = axis.x(flag.time);
        let next = flags.get(i + 1).map_or(row.area.right(), |next| axis.x(next.time).min(row.area.right()));
        let place = Rect::from_x_y_ranges(x - 5.0..=x + 9.0, row.area.y_range());
        let response = ui.interact(place, ui.scope_id().with(("marker", i)), Sense::click());
        response.widget_info(|| {
            egui::WidgetInfo::labeled(
                egui::Role::Button,
                true,
                format!("Marker {}: {}", flag.time, flag.text),
            )
        });
        let top = row.area.top() + 3.0;
        painter.vline(x, row.area.y_range(), Stroke::new(1.5, flag.colour));
        let corners = vec![pos2(x, top), pos2(x + 9.0, top + 4.5), pos2(x, top + 9.0)];
        painter.add(Shape::convex_polygon(corners, flag.colour, Stroke::NONE));
        if response.has_focus() || response.hovered() {
            let ring = Stroke::new(1.5, colours.accent);
            painter.rect_stroke(place.shrink(1.0), 3.0, ring, egui::StrokeKind::Inside);
        }
        let room = Rect::from_min_max(pos2(x + 12.0, row.area.top()), pos2(next - 6.0, row.area.bottom()));
        if room.width() > 12.0 && !flag.text.is_empty() {
            let at = pos2(room.left(), room.center().y);
            let ink = ui.visuals().text_color();
            let text = flag.text.lines().next().unwrap_or_default();
            let font = FontId::proportional(11.5);
            painter.with_clip_rect(room.intersect(painter.clip_rect())).text(
                at,
                Align2::LEFT_CENTER,
                text,
                font,
                ink,
            );
        }
        if response.double_clicked() {
            events.push(TimelineEvent::Edit(row.index, i));
        } else if response.clicked() {
            events.push(TimelineEvent::Seek(flag.time));
        }
        let note = if flag.text.is_empty() { String::new() } else { format!("{}\n", flag.text) };
        let hint = format!("{note}{}\nClick: jump there   Double-click: write its note", flag.time);
        response.on_hover_cursor(egui::CursorIcon::PointingHand).on_hover_ui(|ui| {
            ui.set_max_width(260.0);
            ui.spacing_mut().item_spacing = vec2(6.0, 3.0);
            ui.label(hint);
        });
    }
}
