//! Paints the lanes with egui's painter.
//!
//! A plotting widget would bring an axis of its own for every lane; here all lanes share one, and
//! nothing is drawn that would fall on the same pixel twice.

use egui::{Align2, Color32, FontId, Mesh, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

use super::axis::Axis;
use super::lanes::{self, Block, Cover};
use crate::time::{MediaTime, TimeRange};
use crate::view::theme::Palette;

/// Blocks narrower than this are marks: drawn once a pixel, without text or a name.
const MARK_WIDTH: f32 = 3.0;

/// A word may use this much of the margin on each side.
const SPARE: f32 = 2.0;

/// The part of a row that a range covers, at least two points wide; `None` out of view.
pub fn span_rect(axis: &Axis, row: Rect, range: TimeRange) -> Option<Rect> {
    let (a, b) = (axis.x(range.start()), axis.x(range.end()));
    (b >= row.left() && a <= row.right())
        .then(|| Rect::from_x_y_ranges(a..=b.max(a + 2.0), row.top() + 2.0..=row.bottom() - 2.0))
}

/// The row of a lane that a block sits in.
fn sub_row(lane: Rect, row: usize, rows: usize) -> Rect {
    let height = lane.height() / rows as f32;
    Rect::from_min_size(pos2(lane.left(), lane.top() + row as f32 * height), vec2(lane.width(), height))
}

/// Draws the blocks in view; returns index and place of those wide enough to be pointed at.
pub fn blocks<B: std::borrow::Borrow<Block>>(
    painter: &Painter,
    axis: &Axis,
    lane: Rect,
    blocks: &[B],
    colours: &Palette,
) -> Vec<(usize, Rect)> {
    let (rows, count) = lanes::pack(blocks);
    let columns = lane.width().ceil().max(1.0) as usize;
    let mut is_marked = vec![false; columns * count];
    let visible = axis.visible();
    let area_of = |i: usize| {
        let range = blocks[i].borrow().range;
        let is_visible = range.end() >= visible.start() && range.start() <= visible.end();
        is_visible.then(|| span_rect(axis, sub_row(lane, rows[i], count), range))?
    };
    let columns_of = |area: Rect| (area.left() - lane.left(), area.right() - lane.left());
    let may_be_covered = |i: usize| rows[i] + 1 == count && lanes::may_overlap(blocks.len(), count);
    let mut cover = Cover::new(
        columns,
        (0..blocks.len()).filter(|i| may_be_covered(*i)).filter_map(|i| area_of(i).map(columns_of)),
    );
    let mut hidden = 0;
    let mut shown = Vec::new();
    for (i, block) in blocks.iter().map(std::borrow::Borrow::borrow).enumerate() {
        let Some(area) = area_of(i) else { continue };
        if area.width() < MARK_WIDTH && !block.is_chosen {
            let column = ((area.left() - lane.left()).max(0.0) as usize).min(columns - 1);
            if !std::mem::replace(&mut is_marked[rows[i] * columns + column], true) {
                painter.rect_filled(area, 0.0, block.colour);
            }
            continue;
        }
        let (left, right) = columns_of(area);
        if may_be_covered(i) && !cover.takes(left, right) && !block.is_chosen {
            hidden += 1;
            continue;
        }
        // pieces of letters between other blocks say nothing
        let has_text = !may_be_covered(i) || cover.is_alone(left, right);
        draw_block(painter, lane, area, block, has_text, colours);
        shown.push((i, area.intersect(lane)));
    }
    if hidden > 0 {
        let row = sub_row(lane, count - 1, count);
        let text = format!("{hidden} more below these: zoom in");
        pill(painter, row, row.right(), text, colours.lane, colours.faint);
    }
    // what was chosen lies on top of its neighbours
    let chosen =
        shown.iter().map(|(i, area)| (blocks[*i].borrow(), *area)).find(|(block, _)| block.is_chosen);
    if let Some((block, area)) = chosen {
        let whole = span_rect(axis, area, block.range).unwrap_or(area).union(area);
        draw_block(painter, lane, whole, block, true, colours);
    }
    shown
}

fn draw_block(painter: &Painter, lane: Rect, area: Rect, block: &Block, has_text: bool, colours: &Palette) {
    painter.rect_filled(area, 3.0, block.colour);
    if block.is_hatched {
        hatch(painter, area, colours.text_on_block.gamma_multiply(0.30));
    }
    if block.is_chosen {
        painter.rect_stroke(area, 3.0, Stroke::new(2.0, colours.playhead), egui::StrokeKind::Outside);
    }
    let room = area.intersect(lane).shrink2(vec2(5.0, 0.0));
    if has_text && room.width() > 8.0 && !block.text.is_empty() {
        let font = FontId::proportional(12.0);
        let layout =
            |text: &str| painter.layout_no_wrap(text.to_owned(), font.clone(), colours.text_on_block);
        let mut galley = layout(&block.text);
        if galley.size().x > room.width() {
            // half a number says something wrong: the first word, a rank, is enough
            galley = layout(block.text.split_whitespace().next().unwrap_or_default());
            if galley.size().x > room.width() + SPARE {
                return;
            }
        }
        // on a hatched ground letters need a plain one behind them
        let at = pos2(room.left(), room.center().y - galley.size().y / 2.0);
        let clipped = painter.with_clip_rect(room.expand2(vec2(SPARE, 0.0)).intersect(painter.clip_rect()));
        if block.is_hatched {
            let ground = Rect::from_min_size(at, galley.size()).expand2(vec2(3.0, 0.0));
            clipped.rect_filled(ground, 2.0, block.colour);
        }
        clipped.galley(at, galley, colours.text_on_block);
    }
}

/// Slanted lines: says "truth" or "gap" without colour.
pub fn hatch(painter: &Painter, area: Rect, colour: Color32) {
    let visible = area.intersect(painter.clip_rect());
    let clipped = painter.with_clip_rect(visible);
    // lines keep their place while the view moves
    let mut x = area.left() + ((visible.left() - area.left()) / 6.0).floor() * 6.0 - visible.height();
    while x < visible.right() {
        let ends = [pos2(x, visible.bottom()), pos2(x + visible.height(), visible.top())];
        clipped.line_segment(ends, Stroke::new(1.0, colour));
        x += 6.0;
    }
}

/// Maps values to heights inside a row.
pub struct CurveScale {
    low: f32,
    span: f32,
    bottom: f32,
    height: f32,
}

impl CurveScale {
    pub fn new(row: Rect, points: &[(MediaTime, f32)]) -> Self {
        let (low, high) = lanes::value_range(points);
        Self { low, span: (high - low).max(1e-6), bottom: row.bottom() - 4.0, height: row.height() - 8.0 }
    }

    pub fn y(&self, value: f32) -> f32 {
        self.bottom - ((value - self.low) / self.span).clamp(0.0, 1.0) * self.height
    }
}

/// A line over a tinted ground; values that are not numbers leave a gap.
pub fn curve(painter: &Painter, axis: &Axis, row: Rect, points: &[(MediaTime, f32)], colour: Color32) {
    let scale = CurveScale::new(row, points);
    let shown = lanes::decimate(points, axis.visible(), row.width() as usize);
    for piece in shown.split(|(_, value)| !value.is_finite()) {
        let line: Vec<Pos2> = piece.iter().map(|(t, v)| pos2(axis.x(*t), scale.y(*v))).collect();
        // a lone point is drawn as one: a mesh without a triangle is a crash in wgpu
        if let [at] = line.as_slice() {
            painter.circle_filled(*at, 1.5, colour);
        }
        if line.len() < 2 {
            continue;
        }
        let mut ground = Mesh::default();
        for (i, at) in line.iter().enumerate() {
            ground.colored_vertex(*at, colour.gamma_multiply(0.32));
            ground.colored_vertex(pos2(at.x, row.bottom() - 1.0), colour.gamma_multiply(0.04));
            if i > 0 {
                let last = i as u32 * 2;
                ground.add_triangle(last - 2, last - 1, last);
                ground.add_triangle(last - 1, last, last + 1);
            }
        }
        painter.add(Shape::mesh(ground));
        painter.add(Shape::line(line, Stroke::new(1.5, colour)));
    }
}

/// Hatched spans in which something is missing.
pub fn band(painter: &Painter, axis: &Axis, row: Rect, spans: &[(TimeRange, Color32)]) {
    let mut last_right = f32::MIN;
    for (range, colour) in spans {
        let Some(area) = span_rect(axis, row, *range) else { continue };
        // spans are in time order: those inside a pixel that is already drawn add nothing
        if area.right() <= last_right {
            continue;
        }
        last_right = area.right();
        painter.rect_filled(area, 1.0, colour.gamma_multiply(0.30));
        if area.width() > 5.0 {
            hatch(painter, area, *colour);
        } else {
            painter.rect_filled(area, 0.0, colour.gamma_multiply(0.75));
        }
    }
}

/// Pictures side by side, each the nearest in time to its place.
pub fn thumbnails(
    painter: &Painter,
    axis: &Axis,
    row: Rect,
    pictures: &[(MediaTime, egui::TextureId, egui::Vec2)],
) {
    let Some((.., size)) = pictures.first().filter(|(.., size)| size.x > 0.0 && size.y > 0.0) else { return };
    let width = (size.x / size.y * row.height()).max(8.0);
    let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    for i in 0..(row.width() / width).ceil() as usize {
        let left = row.left() + i as f32 * width;
        let time = axis.time(left + width / 2.0).min(axis.clip.end());
        if let Some((_, texture, _)) = lanes::picture_at(pictures, time) {
            let area = Rect::from_min_size(pos2(left, row.top()), vec2(width - 1.0, row.height()));
            painter.image(*texture, area, uv, Color32::WHITE);
        }
    }
}

/// Text on a filled ground, centred at `x` and kept inside `bounds`.
pub fn pill(painter: &Painter, bounds: Rect, x: f32, text: String, ground: Color32, ink: Color32) -> Rect {
    let galley = painter.layout_no_wrap(text, FontId::proportional(11.5), ink);
    let size = galley.size() + vec2(12.0, 4.0);
    let half = size.x / 2.0;
    let x = x.min(bounds.right() - half).max(bounds.left() + half);
    let area = Rect::from_center_size(pos2(x, bounds.center().y), size);
    painter.rect_filled(area, 4.0, ground);
    painter.text(area.center(), Align2::CENTER_CENTER, galley.text(), FontId::proportional(11.5), ink);
    area
}
