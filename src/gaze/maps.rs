//! Recorded gaze as 64x64 maps: one a picture as GLC makes them, one a window as GazeNLQ trains on.

use std::sync::OnceLock;

use super::{GRID, GazeState, GazeTrack, Heatmap};
use crate::time::{MediaTime, TimeRange};

/// GLC's kernel: 19 cells, width by OpenCV's rule 0.3 * ((19 - 1) / 2 - 1) + 0.8.
const KERNEL: usize = 19;
const SIGMA: f32 = 3.2;
/// A window with fewer valid pictures says too little (a quarter of 32).
const MIN_VALID: usize = 8;

/// A Gaussian around one position, pasted and cut at the edges as GLC's loader does, sum 1.
/// Uniform when nothing of it lies on the grid.
pub fn frame_map(pos: [f32; 2]) -> Heatmap {
    let mut cells = vec![0.0; GRID * GRID];
    paste(&mut cells, pos);
    Heatmap::from_cells(cells)
}

/// Mean of the maps of `count` pictures spread over a span, only of those with tracked gaze;
/// `None` where fewer than a quarter have it (GazeNLQ report, section 2.1: 32 pictures a window).
pub fn window_map(track: &GazeTrack, span: TimeRange, count: usize) -> Option<Heatmap> {
    let mut sum = vec![0.0; GRID * GRID];
    let mut valid = 0;
    for i in 0..count {
        let offset = span.duration().nanos() * i as i64 / count.max(1) as i64;
        let Some(sample) = track.at(span.start() + MediaTime::from_nanos(offset)) else { continue };
        if sample.state == GazeState::Tracked {
            valid += 1;
            paste(&mut sum, sample.pos);
        }
    }
    (valid >= MIN_VALID.min(count.div_ceil(4))).then(|| Heatmap::from_cells(sum))
}

fn kernel() -> &'static [f32; KERNEL] {
    static CELLS: OnceLock<[f32; KERNEL]> = OnceLock::new();
    CELLS.get_or_init(|| {
        let raw: [f32; KERNEL] =
            std::array::from_fn(|i| (-(i as f32 - 9.0).powi(2) / (2.0 * SIGMA * SIGMA)).exp());
        let sum: f32 = raw.iter().sum();
        raw.map(|v| v / sum)
    })
}

/// Adds the part of the kernel that lies on the grid, scaled to sum 1 after the cut; a uniform map
/// where none does.
fn paste(cells: &mut [f32], [x, y]: [f32; 2]) {
    let side = GRID as i64;
    let radius = (KERNEL as i64 - 1) / 2;
    // GLC rounds half to even and multiplies by the size, so that x = 1 is one cell past the grid
    let centre = |v: f32| (f64::from(v) * GRID as f64).round_ties_even() as i64;
    let (cx, cy) = (centre(x), centre(y));
    let bounds = |c: i64| (c.saturating_sub(radius).max(0), c.saturating_add(radius).min(side - 1));
    let ((left, right), (top, bottom)) = (bounds(cx), bounds(cy));
    if left >= right || top >= bottom {
        cells.iter_mut().for_each(|c| *c += 1.0 / (GRID * GRID) as f32);
        return;
    }
    let weight = |at: i64, c: i64| f64::from(kernel()[(at - c + radius) as usize]);
    let sum_of = |from: i64, to: i64, c: i64| (from..=to).map(|at| weight(at, c)).sum::<f64>();
    let sum = sum_of(left, right, cx) * sum_of(top, bottom, cy);
    for row in top..=bottom {
        for column in left..=right {
            cells[(row * side + column) as usize] += (weight(row, cy) * weight(column, cx) / sum) as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_lies_where_the_wearer_looked() {
        let map = frame_map([0.5, 0.25]);
        assert!((map.at([0.5, 0.25]) - map.max()).abs() < 1e-9);
        // reference value of the 19-cell kernel away from the edges
        assert!((map.max() - 0.015_632).abs() < 1e-5, "{}", map.max());
    }

    #[test]
    fn a_position_far_outside_gives_a_uniform_map() {
        let map = frame_map([3.0, 0.5]);
        assert!(map.cells().iter().all(|c| (*c - 1.0 / 4096.0).abs() < 1e-9));
    }
}
