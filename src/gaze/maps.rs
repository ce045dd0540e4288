//! Recorded gaze as maps: one a picture as GLC makes them, one a window as GazeNLQ trains on.

use std::sync::OnceLock;

use super::labels::{FrameLabel, LabelKind};
use super::{GRID, GazeState, GazeTrack, Heatmap};
use crate::time::{MediaTime, TimeRange};

/// GLC's kernel for 64x64 maps, in cells.
const KERNEL: usize = 19;
/// A window with fewer valid pictures says too little (a quarter of 32).
const MIN_VALID: usize = 8;

/// A Gaussian around one position, pasted and cut at the edges as GLC's loader does, sum 1.
/// Uniform when nothing of it lies on the grid.
pub fn frame_map(pos: [f32; 2]) -> Heatmap {
    let mut cells = vec![0.0; GRID * GRID];
    MapShape::glc().add(&mut cells, pos.map(f64::from));
    heatmap_of(&cells)
}

/// What one window of the model sees: 32 pictures at 30 a second.
const WINDOW: MediaTime = MediaTime::from_nanos(1_066_666_667);
const WINDOW_FRAMES: usize = 32;

/// One window of the model around a time, half before and half after.
pub fn model_window(time: MediaTime) -> TimeRange {
    let half = MediaTime::from_nanos(WINDOW.nanos() / 2);
    TimeRange::new(time - half, time + half)
}

/// Where the wearer looked over one window of the model.
pub fn model_window_map(track: &GazeTrack, time: MediaTime) -> Option<Heatmap> {
    window_map(track, model_window(time), WINDOW_FRAMES)
}

/// Where the wearer looked in the picture of a time, if that was tracked.
pub fn picture_map(track: &GazeTrack, time: MediaTime) -> Option<Heatmap> {
    track.at(time).filter(|sample| sample.state == GazeState::Tracked).map(|sample| frame_map(sample.pos))
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
            MapShape::glc().add(&mut sum, sample.pos.map(f64::from));
        }
    }
    (valid >= MIN_VALID.min(count.div_ceil(4))).then(|| heatmap_of(&sum))
}

/// Which pictures of a window count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FramesUsed {
    /// Every one, as GLC's loader for Ego4D trains: those without data sit in the top-left corner.
    All,
    /// Fixations and saccades inside the frame.
    Valid,
}

/// Mean of the maps of labelled pictures, sum 1; `None` where no picture counts.
pub fn label_map(labels: &[FrameLabel], used: FramesUsed) -> Option<Heatmap> {
    let mut sum = vec![0.0; GRID * GRID];
    let mut count = 0;
    for label in labels {
        let is_valid = matches!(label.kind, LabelKind::Fixation | LabelKind::Saccade);
        if used == FramesUsed::All || is_valid {
            MapShape::glc().add(&mut sum, label.pos);
            count += 1;
        }
    }
    (count > 0).then(|| heatmap_of(&sum))
}

/// Where a position of the whole picture lies in GLC's input: the short side scaled to 256, the
/// middle 256 cut out. A position outside the cut is moved onto its border.
pub fn glc_crop(pos: [f64; 2], source_size: [u32; 2]) -> [f64; 2] {
    const SIDE: f64 = 256.0;
    let [width, height] = source_size.map(|n| f64::from(n.max(1)));
    let resized = if width < height {
        [SIDE, (height / width * SIDE).floor()]
    } else {
        [(width / height * SIDE).floor(), SIDE]
    };
    [0, 1].map(|axis| {
        let offset = ((resized[axis] - SIDE) / 2.0).ceil();
        ((pos[axis] * resized[axis] - offset) / SIDE).clamp(0.0, 1.0)
    })
}

/// A grid and the Gaussian that is pasted on it.
#[derive(Clone, Debug)]
pub struct MapShape {
    pub width: usize,
    pub height: usize,
    kernel: Vec<f32>,
}

impl MapShape {
    /// `kernel_size` is odd; the Gaussian's width follows from it by OpenCV's rule
    /// `0.3 * ((size - 1) / 2 - 1) + 0.8`.
    pub fn new(width: usize, height: usize, kernel_size: usize) -> Self {
        let radius = (kernel_size / 2) as f64;
        let sigma = 0.3 * (radius - 1.0) + 0.8;
        let raw: Vec<f64> =
            (0..kernel_size).map(|i| (-(i as f64 - radius).powi(2) / (2.0 * sigma * sigma)).exp()).collect();
        let sum: f64 = raw.iter().sum();
        Self { width, height, kernel: raw.iter().map(|v| (v / sum) as f32).collect() }
    }

    /// 64x64 cells and 19 for the kernel.
    pub fn glc() -> &'static Self {
        static SHAPE: OnceLock<MapShape> = OnceLock::new();
        SHAPE.get_or_init(|| Self::new(GRID, GRID, KERNEL))
    }

    /// The one-dimensional kernel, sum 1.
    pub fn kernel(&self) -> &[f32] {
        &self.kernel
    }

    /// Adds the part of the Gaussian around `pos` that lies on the grid, scaled to sum 1 after the
    /// cut; a uniform map where none does. `cells` are row-major, `height` rows of `width`.
    pub fn add(&self, cells: &mut [f64], pos: [f64; 2]) {
        // GLC rounds half to even and multiplies by the size, so that x = 1 is one cell past the grid
        let columns = self.overlap(pos[0], self.width);
        let rows = self.overlap(pos[1], self.height);
        let Some((columns, rows)) = columns.zip(rows) else {
            let uniform = 1.0 / (self.width * self.height) as f64;
            cells.iter_mut().for_each(|c| *c += uniform);
            return;
        };
        let sum = columns.iter().map(|(_, w)| w).sum::<f64>() * rows.iter().map(|(_, w)| w).sum::<f64>();
        for (row, row_weight) in &rows {
            for (column, column_weight) in &columns {
                cells[row * self.width + column] += row_weight * column_weight / sum;
            }
        }
    }

    /// Cells of one axis under the kernel with their weights; `None` for fewer than two, of which
    /// GLC pastes nothing.
    fn overlap(&self, at: f64, side: usize) -> Option<Vec<(usize, f64)>> {
        let radius = (self.kernel.len() / 2) as i64;
        let centre = (at * side as f64).round_ties_even() as i64;
        let first = centre.saturating_sub(radius).max(0);
        let last = centre.saturating_add(radius).min(side as i64 - 1);
        if first >= last {
            return None;
        }
        let weight = |cell: i64| f64::from(self.kernel[(cell - centre + radius) as usize]);
        Some((first..=last).map(|cell| (cell as usize, weight(cell))).collect())
    }
}

fn heatmap_of(sum: &[f64]) -> Heatmap {
    Heatmap::from_cells(sum.iter().map(|v| *v as f32).collect())
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
