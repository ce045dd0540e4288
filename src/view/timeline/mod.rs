//! The timeline: ruler, playhead, lanes, and the whole clip in small.
//!
//! Click seeks, drag scrubs, Shift+drag marks a range, its ends can be dragged, Ctrl+wheel zooms under the cursor,
//! wheel and middle button pan. A moment: click jumps to its start, Shift+click to its end,
//! double-click loops it; a person's own can be dragged as well. Geometry is in `axis`, `ruler` and `lanes` and needs no egui.

mod axis;
mod heat;
mod hover;
mod lanes;
mod markers;
mod menu;
mod minimap;
mod own;
mod paint;
mod range;
mod ruler;
mod snap;
mod view;

pub use axis::Axis;
pub use heat::HeatRow;
pub use lanes::{Block, Flag, Lane, LaneContent};
pub use own::{OwnEvent, Piece};
pub use ruler::TimeUnit;
pub use view::{Follow, LaneSize, TimelineOptions, TimelineView};

use egui::{Align2, FontId, PointerButton, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::theme::{self, Palette};
use crate::time::{MediaTime, TimeRange};
use snap::Magnets;
use view::Drag;

const GUTTER_WIDTH: f32 = 96.0;
const RULER_HEIGHT: f32 = 24.0;
const LANE_GAP: f32 = 4.0;
/// More blocks than this in view are too thin to be pointed at.
const MAX_BLOCK_WIDGETS: usize = 200;

#[derive(Clone, Copy)]
pub struct TimelineModel<'a> {
    pub clip: TimeRange,
    pub now: MediaTime,
    /// What the reader has marked.
    pub range: Option<TimeRange>,
    pub loop_range: Option<TimeRange>,
    /// The stretch that one window of the model sees around the playhead.
    pub window: Option<TimeRange>,
    pub lanes: &'a [Lane],
    /// Label of the lane whose events are stepped through.
    pub focused: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TimelineEvent {
    Seek(MediaTime),
    Scrub(MediaTime),
    ScrubEnd,
    /// Lane and block that was clicked.
    Choose(usize, usize),
    /// A moment was double-clicked.
    Loop(TimeRange),
    /// A range was marked, or one of its ends was moved.
    Mark(TimeRange),
    /// A marker's note is to be written: lane and marker.
    Edit(usize, usize),
    /// The lane's name was clicked.
    Focus(usize),
    /// A person's own moments.
    Own(OwnEvent),
}

/// A lane in its place on screen.
struct Row<'a> {
    index: usize,
    lane: &'a Lane,
    area: Rect,
}

pub fn timeline_ui(ui: &mut Ui, model: &TimelineModel<'_>, view: &mut TimelineView) -> Vec<TimelineEvent> {
    let mut events = Vec::new();
    let colours = theme::of(ui);
    let width = ui.available_width();
    let (mut rows, height) = layout(model.lanes, &view.options, width - GUTTER_WIDTH);
    let mut pointed = None;
    let (rect, response) = ui.allocate_exact_size(vec2(width, height.max(70.0)), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::slider(true, model.now.secs(), "Timeline"));
    for row in &mut rows {
        row.area = row.area.translate(vec2(rect.left() + GUTTER_WIDTH, rect.top()));
    }
    let ruler_row = Rect::from_min_size(
        pos2(rect.left() + GUTTER_WIDTH, rect.top()),
        vec2(rect.width() - GUTTER_WIDTH, RULER_HEIGHT),
    );
    let small = Rect::from_min_size(ruler_row.left_bottom(), vec2(ruler_row.width(), minimap::HEIGHT));
    let body = Rect::from_min_max(ruler_row.min, rect.max);

    let mut axis = Axis::new(model.clip, view.visible, body.left(), body.width());
    view.follow(&mut axis, model.now);
    navigate(ui, &response, &mut axis, view, model.now);
    drag(ui, &response, body, &mut axis, view, model, &mut events);
    minimap::minimap_ui(ui, small, &mut axis, model, &colours);

    let painter = ui.painter_at(rect);
    for row in &rows {
        // a heat lane names its rows
        if !matches!(row.lane.content, LaneContent::Heat(_)) {
            label_ui(ui, rect, row, model.focused, &colours, &mut events);
        }
        painter.rect_filled(row.area, 3.0, colours.lane);
    }
    let ticks = ruler::ticks(&axis, view.scale());
    ruler::paint(&painter, &axis, ruler_row, body, &ticks, &colours);
    for row in &rows {
        if let LaneContent::Own(pieces) = &row.lane.content {
            let here = own::Here { ui, row, axis: &axis, model };
            own::own_ui(&here, pieces, view, &colours, &mut events);
            continue;
        }
        pointed = lane_ui(ui, row, &axis, &colours, &mut events).or(pointed);
    }
    if let Some(looped) = model.loop_range {
        range::paint_loop(&painter, &axis, ruler_row, looped, &colours);
    }
    if let Some(marked) = view.draft(model.range) {
        range::paint_range(&painter, &axis, body, marked, &colours);
    }
    events.extend(range::ends_ui(ui, &axis, ruler_row, model, view, &colours));
    window_bracket(&painter, &axis, body, model.window, &colours);
    playhead(&painter, &axis, rect, ruler_row, model, view, &colours);
    if let Some(snapped) = view.own.and_then(|drag| drag.snapped) {
        snap::paint_guide(&painter, &axis, ruler_row, body, snapped, view, &colours);
    }
    own::pan_ui(ui, body, &mut axis, view);
    own::readout_ui(ui, &rows, &axis, model.lanes, view, &colours);
    if !view.is_dragging() && response.contains_pointer() && !response.context_menu_opened() {
        hover::hover_ui(ui, &axis, body, (&rows, model.lanes), view, pointed, &colours);
    }
    if response.clicked()
        && let Some(at) = response.interact_pointer_pos().filter(|p| p.x >= body.left())
    {
        events.push(TimelineEvent::Seek(model.clip.clamp(axis.time(at.x))));
    }
    menu::menus_ui(ui, &response, rect, model.lanes, view);
    view.visible = (!axis.is_fit()).then(|| axis.visible());
    events
}

/// The visible lanes below ruler and minimap, relative to the body, and the height of all.
fn layout<'a>(lanes: &'a [Lane], options: &TimelineOptions, width: f32) -> (Vec<Row<'a>>, f32) {
    let mut top = RULER_HEIGHT + minimap::HEIGHT + LANE_GAP;
    let mut rows = Vec::new();
    let labels: Vec<&str> = lanes.iter().map(|lane| lane.label.as_str()).collect();
    for index in options.arranged(&labels) {
        let lane = &lanes[index];
        if !options.is_shown(&lane.label) {
            continue;
        }
        let count = match &lane.content {
            LaneContent::Moments(blocks) => lanes::pack(blocks).1,
            LaneContent::Own(pieces) => {
                let blocks: Vec<&Block> = pieces.iter().map(|piece| &piece.block).collect();
                lanes::pack(&blocks).1
            }
            _ => 1,
        };
        let height = lanes::lane_height(lane, count, options.scale());
        rows.push(Row { index, lane, area: Rect::from_min_size(pos2(0.0, top), vec2(width, height)) });
        top += height + LANE_GAP;
    }
    (rows, top)
}

/// The lane's name; a click makes its events the ones that are stepped through.
fn label_ui(
    ui: &Ui,
    rect: Rect,
    row: &Row<'_>,
    focused: Option<&str>,
    colours: &Palette,
    events: &mut Vec<TimelineEvent>,
) {
    if row.lane.label.is_empty() {
        return;
    }
    let gutter = Rect::from_x_y_ranges(rect.left()..=row.area.left() - 6.0, row.area.y_range());
    let is_on = focused == Some(row.lane.label.as_str());
    let id = ui.scope_id().with(("lane name", &row.lane.label));
    let response = ui.interact(gutter, id, Sense::click());
    response.widget_info(|| {
        let name = format!("Step through {}", row.lane.label);
        egui::WidgetInfo::selected(egui::Role::Button, true, is_on, name)
    });
    let painter = ui.painter_at(gutter);
    let ink = match (is_on, response.hovered() || response.has_focus()) {
        (true, _) => colours.accent,
        (false, true) => ui.visuals().strong_text_color(),
        (false, false) => colours.faint,
    };
    if is_on {
        let bar = Rect::from_x_y_ranges(gutter.right() - 2.0..=gutter.right(), gutter.y_range());
        painter.rect_filled(bar, 1.0, colours.accent);
    }
    let at = pos2(gutter.right() - 6.0, gutter.center().y);
    painter.text(at, Align2::RIGHT_CENTER, &row.lane.label, FontId::proportional(12.0), ink);
    let hint = "Click: Ctrl and the arrows left and right step through this lane; again for all lanes";
    if response.on_hover_text(hint).clicked() {
        events.push(TimelineEvent::Focus(row.index));
    }
}

/// Draws a lane; returns the block under the pointer.
fn lane_ui<'a>(
    ui: &Ui,
    row: &Row<'a>,
    axis: &Axis,
    colours: &Palette,
    events: &mut Vec<TimelineEvent>,
) -> Option<&'a Block> {
    let painter = ui.painter_at(row.area);
    let blocks = match &row.lane.content {
        LaneContent::Moments(blocks) => blocks,
        LaneContent::Curve(points) => {
            paint::curve(&painter, axis, row.area, points, colours.curve);
            return None;
        }
        LaneContent::Band(spans) => {
            paint::band(&painter, axis, row.area, spans);
            return None;
        }
        LaneContent::Heat(rows) => {
            heat::heat(&painter, ui.painter(), axis, row.area, rows, colours);
            return None;
        }
        LaneContent::Thumbnails(pictures) => {
            paint::thumbnails(&painter, axis, row.area, pictures);
            return None;
        }
        LaneContent::Markers(flags) => {
            markers::markers_ui(ui, row, axis, flags, colours, events);
            return None;
        }
        LaneContent::Own(_) => return None,
    };
    let shown = paint::blocks(&painter, axis, row.area, blocks, colours);
    let mut pointed = None;
    for (i, area) in shown.into_iter().take(MAX_BLOCK_WIDGETS) {
        let block = &blocks[i];
        let id = ui.scope_id().with(("block", &row.lane.label, i));
        let response = ui.interact(area, id, Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
        response.widget_info(|| {
            let (from, to) = (block.range.start(), block.range.end());
            let name = format!("{}: {}, {from} to {to}", row.lane.label, block.text);
            egui::WidgetInfo::selected(egui::Role::Button, true, block.is_chosen, name)
        });
        if response.has_focus() {
            let ring = Stroke::new(2.0, colours.accent);
            painter.rect_stroke(area.expand(1.0), 4.0, ring, egui::StrokeKind::Outside);
        }
        if response.hovered() {
            pointed = Some(block);
        }
        if response.double_clicked() {
            events.push(TimelineEvent::Loop(block.range));
        } else if response.clicked() {
            let is_end = ui.input(|input| input.modifiers.shift);
            events.push(TimelineEvent::Choose(row.index, i));
            events.push(TimelineEvent::Seek(if is_end { block.range.end() } else { block.range.start() }));
        }
    }
    pointed
}

/// Ctrl+wheel zooms at the cursor; the wheel and the middle button pan.
fn navigate(ui: &Ui, response: &egui::Response, axis: &mut Axis, view: &mut TimelineView, now: MediaTime) {
    if let Some(factor) = view.take_zoom() {
        axis.zoom(f64::from(factor), axis.x(now).clamp(axis.left, axis.left + axis.width));
    }
    if response.contains_pointer()
        && let Some(at) = ui.input(|i| i.pointer.hover_pos())
    {
        let (zoom, scroll) = ui.input(|i| (i.zoom_delta(), i.smooth_scroll_delta()));
        if zoom != 1.0 {
            axis.zoom(f64::from(zoom), at.x.max(axis.left));
        } else if scroll != egui::Vec2::ZERO {
            axis.pan(scroll.x + scroll.y);
        }
    }
    if response.dragged_by(PointerButton::Middle) {
        axis.pan(response.drag_delta().x);
    }
}

/// Scrubbing, and marking a range while Shift is held.
fn drag(
    ui: &Ui,
    response: &egui::Response,
    body: Rect,
    axis: &mut Axis,
    view: &mut TimelineView,
    model: &TimelineModel<'_>,
    events: &mut Vec<TimelineEvent>,
) {
    let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged_by(PointerButton::Primary))
    else {
        match view.end_drag() {
            Drag::Scrub => events.push(TimelineEvent::ScrubEnd),
            Drag::Range(range) if range.duration() > MediaTime::ZERO => {
                events.push(TimelineEvent::Mark(range));
            }
            Drag::Range(_) | Drag::None => {}
        }
        return;
    };
    let (modifiers, origin) = ui.input(|i| (i.modifiers, i.pointer.press_origin()));
    let origin_x = origin.map_or(at.x, |p| p.x);
    if origin_x < body.left() {
        return;
    }
    // a drag past the edge takes the view along
    let beyond = at.x - at.x.clamp(body.left(), body.right());
    if beyond != 0.0 && !axis.is_fit() {
        axis.pan(-beyond * 0.15);
        ui.ctx().request_repaint();
    }
    let time = model.clip.clamp(axis.time(at.x));
    if response.drag_started_by(PointerButton::Primary) && modifiers.shift {
        let start = model.clip.clamp(axis.time(origin_x));
        view.begin_range(if modifiers.alt { start } else { snapped(start, axis, model, view) });
    }
    if view.is_marking() {
        view.extend_range(if modifiers.alt { time } else { snapped(time, axis, model, view) });
    } else {
        view.begin_scrub();
        events.push(TimelineEvent::Scrub(time));
    }
}

/// Edges of moments and the playhead attract; elsewhere a time falls on its picture's start.
fn snapped(time: MediaTime, axis: &Axis, model: &TimelineModel<'_>, view: &TimelineView) -> MediaTime {
    let range = TimelineModel { range: None, ..*model };
    Magnets { model: &range, playhead: model.now, except: None }.snap(time, axis, view).time
}

/// The stretch one model window sees, as a bracket under the ruler.
fn window_bracket(
    painter: &egui::Painter,
    axis: &Axis,
    body: Rect,
    window: Option<TimeRange>,
    colours: &Palette,
) {
    let Some(window) = window else { return };
    let painter = painter.with_clip_rect(body.intersect(painter.clip_rect()));
    let (a, b) = (axis.x(window.start()), axis.x(window.end()));
    let y = body.top() + RULER_HEIGHT - 1.0;
    let stroke = Stroke::new(2.0, colours.accent);
    painter.hline(a..=b, y, stroke);
    painter.vline(a, y - 5.0..=y, stroke);
    painter.vline(b, y - 5.0..=y, stroke);
}

fn playhead(
    painter: &egui::Painter,
    axis: &Axis,
    rect: Rect,
    ruler_row: Rect,
    model: &TimelineModel<'_>,
    view: &TimelineView,
    colours: &Palette,
) {
    let x = axis.x(model.now);
    if !ruler_row.x_range().expand(1.0).contains(x) {
        return;
    }
    painter.vline(x, ruler_row.bottom()..=rect.bottom(), Stroke::new(2.0, colours.playhead));
    let text = view.scale().text(model.now);
    let place = ruler_row.translate(vec2(0.0, -2.0));
    paint::pill(painter, place, x, text, colours.playhead, colours.text_on_playhead);
}
