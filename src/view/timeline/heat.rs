//! Rows of cells over time, the darker or brighter the more: for values that belong together, such as
//! the levels of a pyramid or the words of a question.

use egui::{Align2, Color32, FontId, Mesh, Painter, Rect, Shape, pos2};

use super::axis::Axis;
use crate::time::MediaTime;
use crate::view::theme::{self, Palette};

/// Shades that are told apart: neighbours of one shade are drawn as one.
const SHADES: f32 = 24.0;

pub struct HeatRow {
    pub label: String,
    /// What a value stands for: half before and half after its time.
    pub step: MediaTime,
    /// In time order.
    pub values: Vec<(MediaTime, f32)>,
}

/// The row of a heat lane at this height.
pub fn row_at(area: Rect, rows: &[HeatRow], y: f32) -> Option<&HeatRow> {
    let part = (y - area.top()) / area.height();
    (0.0..1.0).contains(&part).then(|| rows.get((part * rows.len() as f32) as usize)).flatten()
}

/// Paints the rows; all share one scale, from the smallest value to the largest. Names stand left of
/// the lane.
pub fn heat(
    painter: &Painter,
    names: &Painter,
    axis: &Axis,
    area: Rect,
    rows: &[HeatRow],
    colours: &Palette,
) {
    let scale = Scale::of(rows);
    let height = area.height() / rows.len().max(1) as f32;
    let mut mesh = Mesh::default();
    for (i, row) in rows.iter().enumerate() {
        let top = area.top() + i as f32 * height;
        let line = Rect::from_min_max(pos2(area.left(), top), pos2(area.right(), top + height - 1.0));
        let columns = columns(row, axis, line.width().ceil().max(1.0) as usize);
        let mut from = 0;
        while from < columns.len() {
            let shade = scale.shade(columns[from]);
            let same = columns[from..].iter().take_while(|value| scale.shade(**value) == shade).count();
            if shade > 0 {
                let cells = Rect::from_x_y_ranges(
                    line.left() + from as f32..=(line.left() + (from + same) as f32).min(line.right()),
                    line.y_range(),
                );
                mesh.add_colored_rect(cells, colour_of(shade, colours));
            }
            from += same;
        }
        if height >= 8.0 {
            let at = pos2(area.left() - 10.0, line.center().y);
            let font = FontId::proportional((height - 0.5).min(11.0));
            names.text(at, Align2::RIGHT_CENTER, &row.label, font, colours.faint);
        }
    }
    if !mesh.is_empty() {
        painter.add(Shape::mesh(mesh));
    }
}

/// From values to shades.
struct Scale {
    lowest: f32,
    span: f32,
}

impl Scale {
    fn of(rows: &[HeatRow]) -> Self {
        let all = rows.iter().flat_map(|row| &row.values).map(|(_, value)| *value);
        let finite = all.filter(|value| value.is_finite());
        let (lowest, highest) = finite.fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
        Self { lowest, span: (highest - lowest).max(1e-9) }
    }

    /// 0 is nothing; what is there has at least 1.
    fn shade(&self, value: f32) -> u32 {
        match value.is_finite() {
            true => 1 + ((value - self.lowest) / self.span * SHADES).round() as u32,
            false => 0,
        }
    }
}

/// The largest value of each column of pixels, so that no peak is lost at any zoom; NaN where there is
/// none.
fn columns(row: &HeatRow, axis: &Axis, count: usize) -> Vec<f32> {
    let mut columns = vec![f32::NAN; count];
    let half = MediaTime::from_nanos(row.step.nanos() / 2);
    let visible = axis.visible();
    let first = row.values.partition_point(|(time, _)| *time + half < visible.start());
    for (time, value) in &row.values[first..] {
        if *time - half > visible.end() {
            break;
        }
        let column = |time: MediaTime| (axis.x(time) - axis.left).clamp(0.0, count as f32);
        let from = (column(*time - half) as usize).min(count - 1);
        let to = (column(*time + half).ceil() as usize).max(from + 1).min(count);
        for cell in &mut columns[from..to] {
            *cell = cell.max(*value);
        }
    }
    columns
}

fn colour_of(shade: u32, colours: &Palette) -> Color32 {
    theme::mix(colours.lane, colours.prediction, (shade - 1) as f32 / SHADES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::TimeRange;

    #[test]
    fn a_peak_narrower_than_a_pixel_is_seen_and_values_stand_round_their_time() {
        let values =
            (0..10_000).map(|i| (MediaTime::from_millis(i * 100), if i == 7_777 { 1.0 } else { 0.1 }));
        let values = values.collect();
        let row = HeatRow { label: String::new(), step: MediaTime::from_millis(100), values };
        let axis = Axis::new(TimeRange::from_secs(0.0, 1000.0), None, 50.0, 500.0);
        let found = columns(&row, &axis, 500);
        assert_eq!(found.iter().filter(|value| **value == 1.0).count(), 1);
        assert_eq!(found[388], 1.0);
        let wide = HeatRow {
            step: MediaTime::from_secs(20.0),
            values: vec![(MediaTime::from_secs(100.0), 1.0)],
            ..row
        };
        let found = columns(&wide, &axis, 500);
        let lit: Vec<usize> = (0..500).filter(|i| found[*i] > 0.0).collect();
        assert!(found[300].is_nan());
        assert_eq!((lit[0], lit[lit.len() - 1]), (45, 54));
    }
}
