//! The marked range: shade over the lanes, ends that can be dragged; and what is being looped.

use egui::{Align2, CursorIcon, FontId, Painter, Rect, Sense, Stroke, Ui, pos2};

use super::axis::Axis;
use super::view::TimelineView;
use super::{TimelineEvent, TimelineModel, snapped};
use crate::time::TimeRange;
use crate::view::theme::Palette;

/// Points around an end in which the mouse takes hold of it.
const GRIP: f32 = 5.0;

pub fn paint_range(painter: &Painter, axis: &Axis, body: Rect, range: TimeRange, colours: &Palette) {
    let painter = painter.with_clip_rect(body.intersect(painter.clip_rect()));
    let (a, b) = (axis.x(range.start()), axis.x(range.end()));
    let shade = colours.accent.gamma_multiply(0.10);
    painter.rect_filled(Rect::from_x_y_ranges(a..=b, body.y_range()), 0.0, shade);
    painter.rect_filled(Rect::from_x_y_ranges(a..=b, body.top()..=body.top() + 3.0), 0.0, colours.accent);
    for x in [a, b] {
        painter.vline(x, body.y_range(), Stroke::new(1.0, colours.accent));
    }
    let font = FontId::proportional(10.0);
    let y = body.top() + 9.0;
    painter.text(pos2(a - 3.0, y), Align2::RIGHT_CENTER, "In", font.clone(), colours.accent);
    painter.text(pos2(b + 3.0, y), Align2::LEFT_CENTER, "Out", font, colours.accent);
}

/// A line with two arrowheads at the bottom of the ruler.
pub fn paint_loop(painter: &Painter, axis: &Axis, ruler: Rect, range: TimeRange, colours: &Palette) {
    let painter = painter.with_clip_rect(ruler.intersect(painter.clip_rect()));
    let (a, b) = (axis.x(range.start()), axis.x(range.end()));
    let y = ruler.top() + 3.0;
    let stroke = Stroke::new(2.0, colours.truth);
    painter.hline(a..=b, y, stroke);
    for (x, way) in [(a, 5.0), (b, -5.0)] {
        painter.line_segment([pos2(x, y), pos2(x + way, y - 3.0)], stroke);
        painter.line_segment([pos2(x, y), pos2(x + way, y + 3.0)], stroke);
    }
}

/// Both ends on the ruler, to be dragged; Alt keeps them from sticking to edges.
pub fn ends_ui(
    ui: &Ui,
    axis: &Axis,
    ruler: Rect,
    model: &TimelineModel<'_>,
    view: &TimelineView,
    colours: &Palette,
) -> Option<TimelineEvent> {
    let range = model.range.filter(|_| !view.is_dragging())?;
    let mut event = None;
    let ends = [("Start of the range", range.start()), ("End of the range", range.end())];
    for (i, (name, time)) in ends.into_iter().enumerate() {
        let x = axis.x(time);
        if !ruler.x_range().expand(1.0).contains(x) {
            continue;
        }
        let grip = Rect::from_x_y_ranges(x - GRIP..=x + GRIP, ruler.y_range());
        let response = ui.interact(grip, ui.scope_id().with(("range end", i)), Sense::drag());
        response.widget_info(|| egui::WidgetInfo::slider(true, time.secs(), name));
        if response.hovered() || response.dragged() || response.has_focus() {
            ui.painter_at(ruler).rect_filled(grip.shrink2(egui::vec2(3.0, 0.0)), 1.0, colours.accent);
        }
        if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) {
            let time = model.clip.clamp(axis.time(at.x.clamp(ruler.left(), ruler.right())));
            let is_free = ui.input(|input| input.modifiers.alt);
            let time = if is_free { time } else { snapped(time, axis, model, view) };
            let other = if i == 0 { range.end() } else { range.start() };
            // an end does not pass the other one
            let time = if i == 0 { time.min(other) } else { time.max(other) };
            event = Some(TimelineEvent::Mark(TimeRange::new(time, other)));
        }
        response
            .on_hover_cursor(CursorIcon::ResizeHorizontal)
            .on_hover_text(format!("{name}: drag to move it"));
    }
    event
}
