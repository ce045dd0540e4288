//! What predicts gaze from a frame.

use super::Heatmap;
use crate::features::RgbImage8;
use crate::nn::NnError;

/// Predicts where the wearer looks. Implementations are loaded once and shared between threads.
pub trait GazeEstimator: Send + Sync {
    /// Says what it is, for labels and cache keys.
    fn name(&self) -> &str;

    /// A map over the whole picture.
    fn estimate(&self, image: &RgbImage8) -> Result<Heatmap, NnError>;
}

/// A fixed two-dimensional Gaussian: the habit of looking near the middle of what the head faces.
///
/// Positions and widths are fractions of the frame's width and height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CentrePrior {
    pub centre: [f32; 2],
    pub sigma: [f32; 2],
}

impl Default for CentrePrior {
    /// A plain choice, not fitted to any data set: the middle of the frame, and a fifth of each
    /// side, which keeps all of the frame possible and halves what lies a quarter off. Scores of
    /// egocentric gaze depend on this width, so say it beside them.
    fn default() -> Self {
        Self { centre: [0.5, 0.5], sigma: [0.2, 0.2] }
    }
}

impl CentrePrior {
    pub fn map(&self) -> Heatmap {
        Heatmap::from_cells(self.cells().collect())
    }

    /// The map times the prior, normalised again.
    pub fn weigh(&self, cells: &[f32]) -> Heatmap {
        Heatmap::from_cells(cells.iter().zip(self.cells()).map(|(cell, prior)| cell * prior).collect())
    }

    fn cells(&self) -> impl Iterator<Item = f32> {
        let side = super::GRID;
        let distance = move |axis: usize, cell: usize| {
            ((cell as f32 + 0.5) / side as f32 - self.centre[axis]) / self.sigma[axis].max(1e-3)
        };
        (0..side * side).map(move |cell| {
            let (x, y) = (distance(0, cell % side), distance(1, cell / side));
            (-(x * x + y * y) / 2.0).exp()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prior_peaks_at_its_centre() {
        let prior = CentrePrior { centre: [0.25, 0.75], sigma: [0.1, 0.1] };
        let map = prior.map();
        assert!(map.at([0.25, 0.75]) > 0.9 * map.max());
        assert!(map.at([0.75, 0.25]) < 1e-3 * map.max());
    }
}
