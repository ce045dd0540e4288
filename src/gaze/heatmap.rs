//! A gaze map on the 64x64 grid that GLC and GazeNLQ use.

/// Cells along each side (GLC: crop 256 / 4; GazeNLQ report, section 2.1).
pub const GRID: usize = 64;

/// Non-negative values that sum to 1, row-major, row 0 at the top.
#[derive(Clone, Debug, PartialEq)]
pub struct Heatmap(Box<[f32]>);

impl Heatmap {
    /// Normalises `GRID * GRID` cells to sum 1. Negative and non-finite cells count as zero; a
    /// map without mass becomes uniform.
    pub fn from_cells(mut cells: Vec<f32>) -> Self {
        assert_eq!(cells.len(), GRID * GRID, "a heatmap has {GRID}x{GRID} cells");
        for cell in &mut cells {
            *cell = if cell.is_finite() { cell.max(0.0) } else { 0.0 };
        }
        let sum: f64 = cells.iter().map(|c| f64::from(*c)).sum();
        if sum > 0.0 {
            cells.iter_mut().for_each(|c| *c = (f64::from(*c) / sum) as f32);
        } else {
            cells.fill(1.0 / (GRID * GRID) as f32);
        }
        Self(cells.into())
    }

    /// Cell by cell; `None` of no maps.
    pub fn mean<'a>(maps: impl Iterator<Item = &'a Self>) -> Option<Self> {
        let mut sum = vec![0.0; GRID * GRID];
        let mut count = 0;
        for map in maps {
            sum.iter_mut().zip(map.cells()).for_each(|(sum, cell)| *sum += cell);
            count += 1;
        }
        (count > 0).then(|| Self::from_cells(sum))
    }

    pub fn cells(&self) -> &[f32] {
        &self.0
    }

    /// Value at a position in 0..1 (nearest cell).
    pub fn at(&self, [x, y]: [f32; 2]) -> f32 {
        let cell = |v: f32| ((v * GRID as f32) as usize).min(GRID - 1);
        self.0[cell(y) * GRID + cell(x)]
    }

    pub fn max(&self) -> f32 {
        self.0.iter().copied().fold(0.0, f32::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_maps_has_their_mass_in_equal_parts() {
        let corner = |at: usize| {
            let mut cells = vec![0.0; GRID * GRID];
            cells[at] = 5.0;
            Heatmap::from_cells(cells)
        };
        let maps = [corner(0), corner(GRID * GRID - 1)];
        let mean = Heatmap::mean(maps.iter()).expect("two maps");
        assert_eq!((mean.at([0.0, 0.0]), mean.at([1.0, 1.0])), (0.5, 0.5));
        assert_eq!(Heatmap::mean(std::iter::empty()), None);
    }
}
