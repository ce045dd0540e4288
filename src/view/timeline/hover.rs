//! What is under the pointer: a picture, the time, the values of the curves.

use egui::{Align2, Order, Rect, Stroke, Ui, pos2, vec2};

use super::axis::Axis;
use super::heat::row_at;
use super::lanes::{Block, LaneContent, nearest, picture_at};
use super::paint::CurveScale;
use super::view::TimelineView;
use super::{Lane, Row};
use crate::time::MediaTime;
use crate::view::theme::Palette;

const PICTURE_HEIGHT: f32 = 90.0;

/// A thin line through the lanes, a dot on each curve, and a card above the timeline.
pub(super) fn hover_ui(
    ui: &Ui,
    axis: &Axis,
    body: Rect,
    (rows, lanes): (&[Row<'_>], &[Lane]),
    view: &TimelineView,
    block: Option<&Block>,
    colours: &Palette,
) {
    let Some(at) = ui.input(|i| i.pointer.hover_pos()).filter(|p| body.contains(*p)) else { return };
    let time = axis.clip.clamp(axis.time(at.x));
    let painter = ui.painter_at(body);
    painter.vline(at.x, body.y_range(), Stroke::new(1.0, colours.faint.gamma_multiply(0.7)));
    let mut values = Vec::new();
    // also where the strip itself is hidden
    let picture = lanes.iter().find_map(|lane| match &lane.content {
        LaneContent::Thumbnails(pictures) => picture_at(pictures, time),
        _ => None,
    });
    for row in rows {
        match &row.lane.content {
            LaneContent::Curve(points) => {
                if let Some((t, value)) = nearest(points, time, |(t, _)| *t) {
                    let dot = pos2(axis.x(*t), CurveScale::new(row.area, points).y(*value));
                    painter.circle(dot, 3.5, colours.curve, Stroke::new(1.5, colours.lane));
                    values.push(format!("{} {value:.2}", row.lane.label));
                }
            }
            LaneContent::Heat(rows) => {
                let pointed = row_at(row.area, rows, at.y);
                let value = pointed.and_then(|r| Some((r, nearest(&r.values, time, |(t, _)| *t)?)));
                values.extend(value.map(|(row, (_, value))| format!("{} {value:.3}", row.label)));
            }
            LaneContent::Moments(_)
            | LaneContent::Own(_)
            | LaneContent::Band(_)
            | LaneContent::Markers(_)
            | LaneContent::Thumbnails(_) => {}
        }
    }
    let card = egui::Area::new(ui.scope_id().with("hover"))
        .order(Order::Tooltip)
        .interactable(false)
        .pivot(Align2::CENTER_BOTTOM)
        .fixed_pos(pos2(at.x, body.top() - 6.0));
    card.show(ui.ctx(), |ui| {
        egui::Frame::popup(ui.style()).show(ui, |ui| {
            ui.spacing_mut().item_spacing = vec2(6.0, 3.0);
            if let Some((_, texture, size)) = picture.filter(|(.., size)| size.y > 0.0) {
                ui.image((*texture, *size * (PICTURE_HEIGHT / size.y)));
            }
            ui.label(egui::RichText::new(place_text(time, view)).strong());
            if let Some(block) = block {
                let (from, to) = (block.range.start(), block.range.end());
                ui.label(format!("{}   {from} to {to}", block.text));
                ui.weak("Click: start   Shift+click: end   Double-click: loop");
            }
            for value in &values {
                ui.label(value);
            }
        });
    });
}

/// Time and, where the clip's pictures are known, the frame.
fn place_text(time: MediaTime, view: &TimelineView) -> String {
    let scale = view.scale();
    match (scale.unit, view.frames()) {
        (super::TimeUnit::Frames, Some(_)) => format!("{time}   {}", scale.text(time)),
        (_, Some(table)) => format!("{}   frame {}", scale.text(time), table.at(time).0),
        _ => scale.text(time),
    }
}
