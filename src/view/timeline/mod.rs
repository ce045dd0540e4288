//! The timeline: ruler, playhead, lanes.
//!
//! Lanes are drawn with egui's painter instead of a plotting widget: every lane shares one axis,
//! and thousands of items are culled to what is visible.

mod axis;

pub use axis::Axis;

use egui::{Align2, Color32, FontId, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::theme::{self, Palette};
use crate::time::{MediaTime, TimeRange};

const LABEL_WIDTH: f32 = 96.0;
const RULER_HEIGHT: f32 = 22.0;

/// One row below the ruler.
pub struct Lane {
    pub label: String,
    pub height: f32,
    pub content: LaneContent,
}

pub enum LaneContent {
    Moments(Vec<Block>),
    /// Values over time, drawn between their minimum and maximum.
    Curve(Vec<(MediaTime, f32)>),
    /// Spans in which something is wrong, hatched.
    Band(Vec<(TimeRange, Color32)>),
    Thumbnails(Vec<(MediaTime, egui::TextureId, egui::Vec2)>),
}

pub struct Block {
    pub range: TimeRange,
    pub text: String,
    pub colour: Color32,
    /// Truth is hatched, so that it differs from predictions without colour.
    pub is_hatched: bool,
    pub is_chosen: bool,
}

pub struct TimelineModel<'a> {
    pub clip: TimeRange,
    pub now: MediaTime,
    pub loop_range: Option<TimeRange>,
    /// The stretch that one window of the model sees around the playhead.
    pub window: Option<TimeRange>,
    pub lanes: &'a [Lane],
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TimelineEvent {
    Seek(MediaTime),
    Scrub(MediaTime),
    ScrubEnd,
    /// Lane and block that was clicked.
    Choose(usize, usize),
    Loop(TimeRange),
}

/// Zoom and pan, kept between frames.
#[derive(Default)]
pub struct TimelineView {
    visible: Option<TimeRange>,
    pending_zoom: Option<f32>,
    is_scrubbing: bool,
}

impl TimelineView {
    pub fn fit(&mut self) {
        self.visible = None;
    }

    pub fn zoom_by(&mut self, factor: f32) {
        self.pending_zoom = Some(factor);
    }

    /// Shows a span with half of its length on both sides.
    pub fn zoom_to(&mut self, range: TimeRange) {
        let margin = MediaTime::from_nanos((range.duration().nanos() / 2).max(500_000_000));
        self.visible = Some(TimeRange::new(range.start() - margin, range.end() + margin));
    }
}

pub fn timeline_ui(ui: &mut Ui, model: &TimelineModel<'_>, view: &mut TimelineView) -> Vec<TimelineEvent> {
    let mut events = Vec::new();
    let colours = theme::of(ui);
    let height = RULER_HEIGHT + model.lanes.iter().map(|l| l.height + 4.0).sum::<f32>();
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height.max(60.0)), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Slider, true, "Timeline"));
    let body = Rect::from_min_max(pos2(rect.left() + LABEL_WIDTH, rect.top()), rect.max);
    let mut axis = Axis::new(model.clip, view.visible, body.left(), body.width());
    navigate(ui, &response, &mut axis, view, model.now);

    let painter = ui.painter_at(rect);
    ruler(&painter, &axis, body, &colours);
    let mut top = rect.top() + RULER_HEIGHT;
    let pointer = response.interact_pointer_pos();
    let mut hit = None;
    for (index, lane) in model.lanes.iter().enumerate() {
        let row = Rect::from_min_max(pos2(body.left(), top), pos2(body.right(), top + lane.height));
        let label_at = pos2(rect.left() + LABEL_WIDTH - 8.0, row.center().y);
        painter.text(label_at, Align2::RIGHT_CENTER, &lane.label, FontId::proportional(12.0), colours.faint);
        painter.rect_filled(row, 2.0, colours.lane);
        let painter = painter.with_clip_rect(row.intersect(rect));
        match &lane.content {
            LaneContent::Moments(blocks) => {
                for (i, block) in blocks.iter().enumerate() {
                    let area = draw_block(&painter, &axis, row, block, &colours);
                    if pointer.is_some_and(|p| area.is_some_and(|a| a.contains(p))) {
                        hit = Some((index, i, block.range));
                    }
                }
            }
            LaneContent::Curve(points) => draw_curve(&painter, &axis, row, points, colours.curve),
            LaneContent::Band(spans) => spans.iter().for_each(|(range, colour)| {
                if let Some(area) = span_rect(&axis, row, *range) {
                    painter.rect_filled(area, 0.0, colour.gamma_multiply(0.25));
                    hatch(&painter, area, *colour);
                }
            }),
            LaneContent::Thumbnails(pictures) => draw_thumbnails(&painter, &axis, row, pictures),
        }
        top += lane.height + 4.0;
    }
    if let Some(range) = model.loop_range {
        let (a, b) = (axis.x(range.start()).max(body.left()), axis.x(range.end()).min(body.right()));
        painter.rect_filled(Rect::from_x_y_ranges(a..=b, rect.top()..=rect.top() + 4.0), 0.0, colours.accent);
    }
    playhead(&painter, &axis, rect, body, model, &colours);
    if let Some(at) = response.hover_pos().filter(|p| body.contains(*p)) {
        painter.vline(at.x, rect.y_range(), Stroke::new(1.0, colours.faint.gamma_multiply(0.6)));
        if !view.is_scrubbing {
            response.clone().on_hover_text_at_pointer(hover_text(model, &axis, at.x));
        }
    }

    match (hit, &response) {
        (Some((_, _, range)), r) if r.double_clicked() => events.push(TimelineEvent::Loop(range)),
        (Some((lane, block, range)), r) if r.clicked() => {
            events.push(TimelineEvent::Choose(lane, block));
            events.push(TimelineEvent::Seek(range.start()));
        }
        (_, r) if r.clicked() => {
            if let Some(at) = pointer.filter(|p| p.x >= body.left()) {
                events.push(TimelineEvent::Seek(model.clip.clamp(axis.time(at.x))));
            }
        }
        _ => {}
    }
    if response.dragged_by(egui::PointerButton::Primary)
        && let Some(at) = pointer
    {
        view.is_scrubbing = true;
        events.push(TimelineEvent::Scrub(model.clip.clamp(axis.time(at.x))));
    } else if view.is_scrubbing {
        view.is_scrubbing = false;
        events.push(TimelineEvent::ScrubEnd);
    }
    view.visible = (axis.visible() != model.clip).then(|| axis.visible());
    events
}

/// Ctrl+wheel zooms at the cursor; the wheel and the middle button pan.
fn navigate(ui: &Ui, response: &egui::Response, axis: &mut Axis, view: &mut TimelineView, now: MediaTime) {
    if let Some(factor) = view.pending_zoom.take() {
        axis.zoom(f64::from(factor), axis.x(now).clamp(axis.left, axis.left + axis.width));
    }
    if let Some(at) = response.hover_pos() {
        let (zoom, scroll) = ui.input(|i| (i.zoom_delta(), i.smooth_scroll_delta()));
        if zoom != 1.0 {
            axis.zoom(f64::from(zoom), at.x);
        } else if scroll != egui::Vec2::ZERO {
            axis.pan(scroll.x + scroll.y);
        }
    }
    if response.dragged_by(egui::PointerButton::Middle) {
        axis.pan(response.drag_delta().x);
    }
}

fn ruler(painter: &egui::Painter, axis: &Axis, body: Rect, colours: &Palette) {
    let step = axis.tick_secs(80.0);
    let visible = axis.visible();
    let first = (visible.start().secs() / step).floor() as i64;
    let last = (visible.end().secs() / step).ceil() as i64;
    for i in first..=last {
        let time = MediaTime::from_secs(i as f64 * step);
        let x = axis.x(time);
        if !body.x_range().contains(x) {
            continue;
        }
        painter.vline(
            x,
            body.top() + 14.0..=body.bottom(),
            Stroke::new(1.0, colours.faint.gamma_multiply(0.25)),
        );
        let text = time.to_string();
        let text = if step >= 1.0 { text.trim_end_matches(".000") } else { &text };
        painter.text(
            pos2(x + 3.0, body.top() + 2.0),
            Align2::LEFT_TOP,
            text,
            FontId::proportional(11.0),
            colours.faint,
        );
    }
}

fn span_rect(axis: &Axis, row: Rect, range: TimeRange) -> Option<Rect> {
    let (a, b) = (axis.x(range.start()), axis.x(range.end()));
    (b >= row.left() && a <= row.right())
        .then(|| Rect::from_x_y_ranges(a..=b.max(a + 2.0), row.top() + 2.0..=row.bottom() - 2.0))
}

fn draw_block(
    painter: &egui::Painter,
    axis: &Axis,
    row: Rect,
    block: &Block,
    colours: &Palette,
) -> Option<Rect> {
    let area = span_rect(axis, row, block.range)?;
    painter.rect_filled(area, 3.0, block.colour.gamma_multiply(if block.is_chosen { 1.0 } else { 0.8 }));
    if block.is_hatched {
        hatch(painter, area, colours.text_on_block.gamma_multiply(0.35));
    }
    if block.is_chosen {
        painter.rect_stroke(area, 3.0, Stroke::new(2.0, colours.playhead), egui::StrokeKind::Inside);
    }
    if area.width() > 14.0 {
        let clipped = painter.with_clip_rect(area.intersect(painter.clip_rect()));
        let at = pos2(area.left().max(row.left()) + 5.0, area.center().y);
        clipped.text(at, Align2::LEFT_CENTER, &block.text, FontId::proportional(12.0), colours.text_on_block);
    }
    Some(area)
}

fn hatch(painter: &egui::Painter, area: Rect, colour: Color32) {
    let clipped = painter.with_clip_rect(area.intersect(painter.clip_rect()));
    let visible = area.intersect(painter.clip_rect());
    let mut x = visible.left() - visible.height();
    while x < visible.right() {
        clipped.line_segment(
            [pos2(x, visible.bottom()), pos2(x + visible.height(), visible.top())],
            Stroke::new(1.0, colour),
        );
        x += 6.0;
    }
}

fn draw_curve(painter: &egui::Painter, axis: &Axis, row: Rect, points: &[(MediaTime, f32)], colour: Color32) {
    let visible = axis.visible();
    let from = points.partition_point(|(t, _)| *t < visible.start()).saturating_sub(1);
    let to = (points.partition_point(|(t, _)| *t <= visible.end()) + 1).min(points.len());
    let (low, high) = points.iter().fold((f32::MAX, f32::MIN), |(l, h), (_, v)| (l.min(*v), h.max(*v)));
    let span = (high - low).max(1e-6);
    // no more points than can be told apart
    let stride = ((to - from) / (row.width() as usize * 2).max(1)).max(1);
    let line: Vec<egui::Pos2> = points[from..to]
        .iter()
        .step_by(stride)
        .map(|(t, v)| pos2(axis.x(*t), row.bottom() - 3.0 - (v - low) / span * (row.height() - 6.0)))
        .collect();
    painter.add(egui::Shape::line(line, Stroke::new(1.5, colour)));
}

fn draw_thumbnails(
    painter: &egui::Painter,
    axis: &Axis,
    row: Rect,
    pictures: &[(MediaTime, egui::TextureId, egui::Vec2)],
) {
    let Some((.., size)) = pictures.first() else { return };
    let width = size.x / size.y * row.height();
    let count = (row.width() / width).ceil() as usize;
    for i in 0..count {
        let left = row.left() + i as f32 * width;
        let time = axis.time(left + width / 2.0);
        let Some((_, texture, _)) = pictures.iter().min_by_key(|(t, ..)| t.distance(time)) else { continue };
        let area = Rect::from_min_size(pos2(left, row.top()), vec2(width - 1.0, row.height()));
        let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(*texture, area, uv, Color32::WHITE);
    }
}

fn playhead(
    painter: &egui::Painter,
    axis: &Axis,
    rect: Rect,
    body: Rect,
    model: &TimelineModel<'_>,
    colours: &Palette,
) {
    if let Some(window) = model.window {
        let (a, b) = (axis.x(window.start()).max(body.left()), axis.x(window.end()).min(body.right()));
        let y = rect.top() + RULER_HEIGHT - 3.0;
        let stroke = Stroke::new(1.5, colours.accent);
        painter.hline(a..=b, y, stroke);
        painter.vline(a, y - 3.0..=y + 3.0, stroke);
        painter.vline(b, y - 3.0..=y + 3.0, stroke);
    }
    let x = axis.x(model.now);
    if body.x_range().contains(x) {
        painter.vline(x, rect.y_range(), Stroke::new(2.0, colours.playhead));
        let tip = pos2(x, rect.top() + RULER_HEIGHT - 2.0);
        let triangle = vec![tip, tip + vec2(-6.0, -9.0), tip + vec2(6.0, -9.0)];
        painter.add(egui::Shape::convex_polygon(triangle, colours.playhead, Stroke::NONE));
    }
}

fn hover_text(model: &TimelineModel<'_>, axis: &Axis, x: f32) -> String {
    let time = axis.time(x);
    let mut text = time.to_string();
    for lane in model.lanes {
        if let LaneContent::Curve(points) = &lane.content
            && let Some((_, value)) = points.iter().min_by_key(|(t, _)| t.distance(time))
        {
            text += &format!("\n{}: {value:.2}", lane.label);
        }
    }
    text
}
