//! Moments that a person makes: drawn with grips, moved by their body, trimmed by their edges, made by
//! dragging where there is none.
//!
//! Alt keeps a drag from sticking, Escape gives it up.

use egui::{CursorIcon, Key, Rect, Response, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use super::axis::Axis;
use super::lanes::{Block, LaneContent};
use super::snap::{Magnets, Snapped, Stop};
use super::view::{OwnDrag, Part, TimelineView};
use super::{MAX_BLOCK_WIDGETS, Row, TimelineEvent, TimelineModel, paint};
use crate::time::{MediaTime, TimeRange};
use crate::view::theme::Palette;

/// Points at each end of a block that trim it; of short blocks a third.
const GRIP: f32 = 7.0;
/// Points between the playhead and a text.
const BESIDE: f32 = 8.0;
/// A drag this short makes no moment.
const SHORTEST: f32 = 4.0;
/// A moment does not get shorter than this by dragging.
const LEAST: MediaTime = MediaTime::from_millis(10);

/// A moment with a name that lasts.
pub struct Piece {
    pub id: u64,
    pub block: Block,
    /// Others' moments are only looked at.
    pub is_mine: bool,
}

/// What was done to a person's own moments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OwnEvent {
    Choose(u64),
    /// While it is dragged: where it is now, and the edge to look at.
    Drag {
        id: u64,
        range: TimeRange,
        edge: MediaTime,
        is_trim: bool,
    },
    Drop,
    /// The drag was given up.
    Cancel,
    Create(TimeRange),
}

/// One lane in its place.
pub(super) struct Here<'a> {
    pub ui: &'a Ui,
    pub row: &'a Row<'a>,
    pub axis: &'a Axis,
    pub model: &'a TimelineModel<'a>,
}

impl Here<'_> {
    /// Where a dragged time comes to rest.
    fn stuck(&self, time: MediaTime, view: &TimelineView, magnets: &Magnets<'_>) -> Snapped {
        if self.is_free() { Snapped { time, stop: Stop::Free } } else { magnets.snap(time, self.axis, view) }
    }

    fn is_free(&self) -> bool {
        self.ui.input(|i| i.modifiers.alt)
    }
}

pub(super) fn own_ui(
    here: &Here<'_>,
    pieces: &[Piece],
    view: &mut TimelineView,
    colours: &Palette,
    events: &mut Vec<TimelineEvent>,
) {
    let Here { ui, row, axis, .. } = *here;
    let is_mine = pieces.iter().all(|piece| piece.is_mine);
    if is_mine {
        create_ui(here, view, events);
    }
    let painter = ui.painter_at(row.area);
    if pieces.is_empty() && view.own.is_none() {
        hint(&painter, here, colours);
    }
    let blocks: Vec<&Block> = pieces.iter().map(|piece| &piece.block).collect();
    let shown = paint::blocks(&painter, axis, row.area, &blocks, colours);
    for (i, area) in shown.into_iter().take(MAX_BLOCK_WIDGETS) {
        let piece = &pieces[i];
        let response = piece_ui(here, piece, area, view, events);
        let is_held = view.own.is_some_and(|drag| drag.id == Some(piece.id));
        if piece.is_mine && (response.hovered() || is_held || piece.block.is_chosen) {
            grips(&painter, area, colours);
        }
        if response.has_focus() {
            let ring = Stroke::new(2.0, colours.accent);
            painter.rect_stroke(area.expand(1.0), 4.0, ring, StrokeKind::Outside);
        }
    }
    if let Some(drag) = view.own.filter(|drag| drag.id.is_none() && drag.lane == row.index) {
        let a = axis.x(drag.range.start()).max(row.area.left());
        let b = axis.x(drag.range.end()).min(row.area.right());
        let area = Rect::from_x_y_ranges(a..=b.max(a + 1.0), row.area.y_range());
        painter.rect_filled(area, 3.0, colours.own.gamma_multiply(0.5));
        painter.rect_stroke(area, 3.0, Stroke::new(1.5, colours.own), StrokeKind::Inside);
    }
}

/// Says what the empty lane is for, beside the playhead if that would cross it.
fn hint(painter: &egui::Painter, here: &Here<'_>, colours: &Palette) {
    let ink = colours.faint.gamma_multiply(0.85);
    let text = "drag here to mark a moment".to_owned();
    let galley = painter.layout_no_wrap(text, egui::FontId::proportional(11.5), ink);
    let (area, size, playhead) = (here.row.area, galley.size(), here.axis.x(here.model.now));
    let mut at = area.center() - size / 2.0;
    let is_crossed = (at.x - BESIDE..=at.x + size.x + BESIDE).contains(&playhead);
    if is_crossed {
        at.x = playhead + BESIDE;
        if at.x + size.x > area.right() {
            at.x = playhead - BESIDE - size.x;
        }
    }
    painter.galley(at, galley, ink);
}

fn grips(painter: &egui::Painter, area: Rect, colours: &Palette) {
    if area.width() < 3.0 * GRIP {
        return;
    }
    for x in [area.left() + 3.0, area.right() - 3.0] {
        let stroke = Stroke::new(2.0, colours.text_on_block.gamma_multiply(0.8));
        let half = (area.height() * 0.28).min(8.0);
        painter.vline(x, area.center().y - half..=area.center().y + half, stroke);
    }
}

/// Dragging where nothing is makes a moment.
fn create_ui(here: &Here<'_>, view: &mut TimelineView, events: &mut Vec<TimelineEvent>) {
    let Here { ui, row, axis, model } = *here;
    let id = ui.scope_id().with(("own lane", &row.lane.label));
    let response = ui.interact(row.area, id, Sense::drag()).on_hover_cursor(CursorIcon::Crosshair);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::Group,
            true,
            format!("{}: drag to make a moment", row.lane.label),
        )
    });
    let Some(at) = response.interact_pointer_pos() else { return };
    let time = model.clip.clamp(axis.time(at.x));
    if response.drag_started_by(egui::PointerButton::Primary) {
        let origin = ui.input(|i| i.pointer.press_origin()).map_or(at.x, |p| p.x);
        let magnets = Magnets { model, playhead: model.now, except: None };
        let start = here.stuck(model.clip.clamp(axis.time(origin)), view, &magnets).time;
        let range = TimeRange::new(start, start);
        view.own = Some(OwnDrag {
            id: None,
            lane: row.index,
            part: Part::End,
            grabbed: start,
            original: range,
            playhead: model.now,
            range,
            snapped: None,
        });
    }
    let Some(drag) = view.own.filter(|drag| drag.id.is_none() && drag.lane == row.index) else { return };
    if ui.input(|i| i.key_pressed(Key::Escape)) {
        view.own = None;
        return;
    }
    if response.drag_stopped() {
        view.own = None;
        let width = axis.x(drag.range.end()) - axis.x(drag.range.start());
        if width >= SHORTEST && drag.range.duration() >= LEAST {
            events.push(TimelineEvent::Own(OwnEvent::Create(drag.range)));
        }
        return;
    }
    let magnets = Magnets { model, playhead: drag.playhead, except: None };
    let snapped = here.stuck(time, view, &magnets);
    let range = TimeRange::new(drag.grabbed, snapped.time);
    view.own = Some(OwnDrag { range, snapped: Some(snapped), ..drag });
}

fn piece_ui(
    here: &Here<'_>,
    piece: &Piece,
    area: Rect,
    view: &mut TimelineView,
    events: &mut Vec<TimelineEvent>,
) -> Response {
    let Here { ui, row, axis, model } = *here;
    // two people who started from one project have moments of one name
    let id = ui.scope_id().with(("own", &row.lane.label, piece.id));
    let sense = if piece.is_mine { Sense::click_and_drag() } else { Sense::click() };
    // a moment of one picture can still be taken hold of
    let held = Rect::from_center_size(area.center(), vec2(area.width().max(8.0), area.height()));
    let response = ui.interact(held, id, sense);
    response.widget_info(|| {
        let (from, to) = (piece.block.range.start(), piece.block.range.end());
        let name = format!("{}: {}, {from} to {to}", row.lane.label, piece.block.text);
        egui::WidgetInfo::selected(egui::Role::Button, true, piece.block.is_chosen, name)
    });
    let origin = ui.input(|i| i.pointer.press_origin());
    if response.double_clicked() {
        events.push(TimelineEvent::Loop(piece.block.range));
    } else if response.clicked() {
        let is_end = ui.input(|input| input.modifiers.shift);
        let range = piece.block.range;
        events.push(TimelineEvent::Own(OwnEvent::Choose(piece.id)));
        events.push(TimelineEvent::Seek(if is_end { range.end() } else { range.start() }));
    }
    if !piece.is_mine {
        return response;
    }
    if response.drag_started_by(egui::PointerButton::Primary)
        && let Some(origin) = origin
    {
        view.own = Some(OwnDrag {
            id: Some(piece.id),
            lane: row.index,
            part: part_at(held, origin.x),
            grabbed: axis.time(origin.x),
            original: piece.block.range,
            playhead: model.now,
            range: piece.block.range,
            snapped: None,
        });
        events.push(TimelineEvent::Own(OwnEvent::Choose(piece.id)));
    }
    drag_ui(here, piece.id, &response, view, events);
    let hovered = response.hover_pos().map(|at| part_at(held, at.x));
    let part = view.own.filter(|drag| drag.id == Some(piece.id)).map(|drag| drag.part).or(hovered);
    let cursor = match part {
        Some(Part::Start | Part::End) => CursorIcon::ResizeHorizontal,
        _ => CursorIcon::Grab,
    };
    if view.own.is_some() {
        return response.on_hover_cursor(cursor);
    }
    let (from, to) = (piece.block.range.start(), piece.block.range.end());
    response.on_hover_cursor(cursor).on_hover_text(format!(
        "{}\n{from} to {to}\nDrag: move it   Drag an edge: trim it   Alt: without sticking",
        piece.block.text
    ))
}

fn drag_ui(
    here: &Here<'_>,
    id: u64,
    response: &Response,
    view: &mut TimelineView,
    events: &mut Vec<TimelineEvent>,
) {
    let Here { ui, axis, model, .. } = *here;
    let Some(drag) = view.own.filter(|drag| drag.id == Some(id)) else { return };
    // egui ends its own drag at Escape as well, and then neither drags nor has stopped
    if ui.input(|i| i.key_pressed(Key::Escape)) {
        view.own = None;
        events.push(TimelineEvent::Own(OwnEvent::Cancel));
        return;
    }
    if response.drag_stopped() {
        view.own = None;
        events.push(TimelineEvent::Own(OwnEvent::Drop));
        return;
    }
    let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) else { return };
    let magnets = Magnets { model, playhead: drag.playhead, except: Some(id) };
    let by = axis.time(at.x) - drag.grabbed;
    let clip = model.clip;
    let (range, snapped, edge) = match drag.part {
        Part::Start => {
            let wanted = clip.clamp(drag.original.start() + by);
            let snapped = here.stuck(wanted, view, &magnets);
            // an edge does not pass the other one
            let start = snapped.time.min(drag.original.end() - LEAST);
            (TimeRange::new(start, drag.original.end()), snapped, start)
        }
        Part::End => {
            let wanted = clip.clamp(drag.original.end() + by);
            let snapped = here.stuck(wanted, view, &magnets);
            let end = snapped.time.max(drag.original.start() + LEAST);
            (TimeRange::new(drag.original.start(), end), snapped, end)
        }
        Part::Body => {
            let moved = inside(drag.original, by, clip);
            let (range, snapped) = if here.is_free() {
                (moved, Snapped { time: moved.start(), stop: Stop::Free })
            } else {
                let (range, snapped) = magnets.snap_span(moved, axis, view);
                (inside(range, MediaTime::ZERO, clip), snapped)
            };
            (range, snapped, range.start())
        }
    };
    view.own = Some(OwnDrag { range, snapped: Some(snapped), ..drag });
    if range != drag.range {
        let is_trim = drag.part != Part::Body;
        events.push(TimelineEvent::Own(OwnEvent::Drag { id, range, edge, is_trim }));
    }
}

/// A drag past the edge takes the view along.
pub(super) fn pan_ui(ui: &Ui, body: Rect, axis: &mut Axis, view: &TimelineView) {
    if view.own.is_none() || axis.is_fit() {
        return;
    }
    let Some(at) = ui.input(|i| i.pointer.interact_pos()) else { return };
    let beyond = at.x - at.x.clamp(body.left(), body.right());
    if beyond != 0.0 {
        axis.pan(-beyond * 0.15);
        ui.ctx().request_repaint();
    }
}

/// A span moved by a distance, and held inside the clip.
fn inside(span: TimeRange, by: MediaTime, clip: TimeRange) -> TimeRange {
    let longest = (clip.end() - span.duration()).max(clip.start());
    let start = (span.start() + by).max(clip.start()).min(longest);
    TimeRange::new(start, start + span.duration())
}

fn part_at(area: Rect, x: f32) -> Part {
    let grip = GRIP.min(area.width() / 3.0);
    if x <= area.left() + grip {
        Part::Start
    } else if x >= area.right() - grip {
        Part::End
    } else {
        Part::Body
    }
}

/// What a drag has come to, beside the pointer: times, length, overlap with the annotated moment.
pub(super) fn readout_ui(
    ui: &Ui,
    rows: &[Row<'_>],
    axis: &Axis,
    lanes: &[super::Lane],
    view: &TimelineView,
    colours: &Palette,
) {
    let Some(drag) = view.own else { return };
    let Some(row) = rows.iter().find(|row| row.index == drag.lane) else { return };
    let (range, scale) = (drag.range, view.scale());
    let mut text = format!(
        "{} – {}   {:.2} s",
        scale.text(range.start()),
        scale.text(range.end()),
        range.duration().secs()
    );
    let truths = lanes.iter().filter_map(|lane| match &lane.content {
        LaneContent::Moments(blocks) => Some(blocks.iter().filter(|block| block.is_hatched)),
        _ => None,
    });
    let truth = truths.flatten().map(|block| block.range).max_by(|a, b| {
        a.iou(range)
            .total_cmp(&b.iou(range))
            .then(b.start().distance(range.start()).cmp(&a.start().distance(range.start())))
    });
    if let Some(truth) = truth {
        text += &format!("\nIoU {:.2} with the annotated moment", truth.iou(range));
    }
    let edge = if drag.part == Part::End { range.end() } else { range.start() };
    let x = axis.x(edge).clamp(row.area.left(), row.area.right());
    let font = egui::FontId::proportional(12.0);
    let galley = ui.painter().layout_no_wrap(text, font, ui.visuals().strong_text_color());
    let size = galley.size() + vec2(16.0, 10.0);
    let left = (x + 10.0).min(row.area.right() - size.x).max(row.area.left());
    let place = Rect::from_min_size(pos2(left, row.area.top() - size.y - 4.0), size);
    let painter =
        ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Tooltip, ui.scope_id().with("own drag")));
    painter.rect(place, 5.0, ui.visuals().window_fill, Stroke::new(1.0, colours.own), StrokeKind::Inside);
    painter.galley(place.min + vec2(8.0, 5.0), galley, ui.visuals().strong_text_color());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_of_a_block_trim_it_and_its_middle_moves_it() {
        let area = Rect::from_min_size(pos2(100.0, 0.0), vec2(60.0, 20.0));
        let parts = [100.0, 106.0, 130.0, 154.0, 160.0].map(|x| part_at(area, x));
        assert_eq!(parts, [Part::Start, Part::Start, Part::Body, Part::End, Part::End]);
        let narrow = Rect::from_min_size(pos2(100.0, 0.0), vec2(9.0, 20.0));
        assert_eq!(part_at(narrow, 104.5), Part::Body);
    }

    proptest! {
        #[test]
        fn a_moved_moment_keeps_its_length_and_stays_in_the_clip(start in 0.0..90.0f64, length in 0.0..10.0f64, by in -200.0..200.0f64) {
            let clip = TimeRange::from_secs(0.0, 100.0);
            let span = TimeRange::from_secs(start, start + length);
            let moved = inside(span, MediaTime::from_secs(by), clip);
            prop_assert_eq!(moved.duration(), span.duration());
            prop_assert!(moved.start() >= clip.start() && moved.end() <= clip.end());
        }
    }
}
