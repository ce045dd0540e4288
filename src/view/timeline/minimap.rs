//! The whole clip on one thin strip: a moment of four seconds is lost in eight minutes without it.

use egui::{Painter, Rect, Sense, Stroke, Ui, vec2};

use super::axis::Axis;
use super::lanes::LaneContent;
use super::paint::span_rect;
use super::{Lane, TimelineModel};
use crate::view::theme::Palette;

pub const HEIGHT: f32 = 14.0;

/// Draws the strip; dragging or clicking in it moves the view.
pub fn minimap_ui(ui: &Ui, area: Rect, axis: &mut Axis, model: &TimelineModel<'_>, colours: &Palette) {
    let whole = Axis::new(model.clip, None, area.left(), area.width());
    let response = ui.interact(area, ui.scope_id().with("minimap"), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ScrollBar, true, "Whole clip"));
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
        axis.reveal(whole.time(at.x), 0.5);
    }
    let painter = ui.painter_at(area);
    painter.rect_filled(area, 3.0, colours.lane);
    for lane in model.lanes.iter().filter(|lane| lane.is_in_overview) {
        marks(&painter, &whole, area, lane);
    }
    if !axis.is_fit() {
        let visible = axis.visible();
        let (a, b) = (whole.x(visible.start()), whole.x(visible.end()));
        let window = Rect::from_x_y_ranges(a..=b.max(a + 4.0), area.y_range());
        let shade = colours.window.gamma_multiply(if response.hovered() { 0.24 } else { 0.13 });
        painter.rect_filled(window, 3.0, shade);
        painter.rect_stroke(window, 3.0, Stroke::new(1.0, colours.faint), egui::StrokeKind::Inside);
    }
    let x = whole.x(model.now);
    painter.vline(x, area.y_range(), Stroke::new(1.5, colours.playhead));
    response.on_hover_text("The whole clip. Drag to move the part that is shown.");
}

/// Truth in the upper half, predictions in the lower.
fn marks(painter: &Painter, whole: &Axis, area: Rect, lane: &Lane) {
    let LaneContent::Moments(blocks) = &lane.content else { return };
    let half = vec2(area.width(), area.height() / 2.0);
    let mut last = [f32::MIN; 2];
    for block in blocks {
        let place = usize::from(!block.is_hatched);
        let row = Rect::from_min_size(area.min + vec2(0.0, place as f32 * half.y), half);
        let Some(mark) = span_rect(whole, row.expand2(vec2(0.0, 0.5)), block.range) else { continue };
        // one mark a pixel is all that can be seen
        if (mark.right() - last[place]).abs() >= 1.0 || mark.width() > 3.0 {
            last[place] = mark.right();
            painter.rect_filled(mark, 1.0, block.colour);
        }
    }
}
