//! Scores as GLC's code (Lai et al. 2022) computes them, and the two of Huang et al. 2018 that it
//! builds on. Only pictures whose label is a fixation are given to them.
//!
//! F1 depends on how peaked a predictor is and not only on where it looks: the map is stretched to
//! 0..1 and cut at a threshold between 0 and 0.02 that is chosen on the test set itself. Keep the
//! threshold beside the score.

/// A cell counts as looked at when its truth exceeds this.
const TRUTH_THRESHOLD: f32 = 0.001;
const EPS: f32 = 1e-6;
/// GLC's softmax temperature.
const TEMPERATURE: f64 = 2.0;

/// Logits of one picture to probabilities.
pub fn softmax(logits: &[f32]) -> Vec<f32> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> =
        logits.iter().map(|l| ((f64::from(*l) - f64::from(most)) / TEMPERATURE).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|p| (p / sum) as f32).collect()
}

/// Stretches a map to 0..1. A constant one becomes all zero.
pub fn rescale(map: &[f32]) -> Vec<f32> {
    let least = map.iter().copied().fold(f32::INFINITY, f32::min);
    let most = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    map.iter().map(|v| (v - least) / (most - least + EPS)).collect()
}

/// One row of the threshold sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct F1Score {
    pub threshold: f64,
    /// Of the mean recall and mean precision, not the mean of F1.
    pub f1: f64,
    pub recall: f64,
    pub precision: f64,
}

/// Sums over pictures at the 11 thresholds 0, 0.002, ..., 0.02.
#[derive(Clone, Debug, Default)]
pub struct F1Sweep {
    recall: [f64; 11],
    precision: [f64; 11],
    count: usize,
}

impl F1Sweep {
    /// Adds one picture: the prediction stretched by [`rescale`] and the recorded gaze's map.
    pub fn add(&mut self, rescaled: &[f32], truth: &[f32]) {
        self.count += 1;
        let is_truth = |t: &f32| *t > TRUTH_THRESHOLD;
        let truths = truth.iter().filter(|t| is_truth(t)).count() as f64;
        for step in 0..11 {
            let threshold = threshold(step) as f32;
            let predicted = rescaled.iter().filter(|v| **v > threshold).count() as f64;
            let both =
                rescaled.iter().zip(truth).filter(|(v, t)| **v > threshold && is_truth(t)).count() as f64;
            self.recall[step] += both / (truths + f64::from(EPS));
            self.precision[step] += both / (predicted + f64::from(EPS));
        }
    }

    /// One row a threshold, ascending; empty without pictures.
    pub fn rows(&self) -> Vec<F1Score> {
        if self.count == 0 {
            return Vec::new();
        }
        (0..11)
            .map(|step| {
                let recall = self.recall[step] / self.count as f64;
                let precision = self.precision[step] / self.count as f64;
                let f1 = 2.0 * recall * precision / (recall + precision + f64::from(EPS));
                F1Score { threshold: threshold(step), f1, recall, precision }
            })
            .collect()
    }

    /// The row with the largest F1, the first of equals.
    pub fn best(&self) -> Option<F1Score> {
        self.rows().into_iter().reduce(|best, row| if row.f1 > best.f1 { row } else { best })
    }
}

fn threshold(step: usize) -> f64 {
    step as f64 * 0.002
}

/// Mean row and column of a map's mass; `None` for a map without mass.
pub fn centre_of_mass(map: &[f32], width: usize) -> Option<[f64; 2]> {
    let total: f64 = map.iter().map(|v| f64::from(*v)).sum();
    let (mut row_sum, mut column_sum) = (0.0, 0.0);
    for (row, cells) in map.chunks_exact(width.max(1)).enumerate() {
        for (column, v) in cells.iter().enumerate() {
            row_sum += row as f64 * f64::from(*v);
            column_sum += column as f64 * f64::from(*v);
        }
    }
    let centre = [row_sum / total, column_sum / total];
    centre.iter().all(|v| v.is_finite()).then_some(centre)
}

/// Angle in degrees between two positions (row, column) on a square grid that is taken to span 60
/// degrees (Huang et al. 2018; AAE is its mean).
pub fn angular_error_deg(a: [f64; 2], b: [f64; 2], side: usize) -> f64 {
    let half = side as f64 / 2.0;
    let depth = half / (std::f64::consts::PI / 6.0).tan();
    let ray = |p: [f64; 2]| [p[0] - half, p[1] - half, depth];
    let (a, b) = (ray(a), ray(b));
    let cross = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
    let dot: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    cross.iter().map(|v| v * v).sum::<f64>().sqrt().atan2(dot).to_degrees()
}

/// Row and column of a position on GLC's grid for [`angular_error_deg`].
pub fn truth_on_grid([x, y]: [f64; 2], side: usize) -> [f64; 2] {
    [y * side as f64, x * side as f64]
}

/// Cell of a position for [`auc_centre_of_mass`]; GLC multiplies by 63 here.
pub fn truth_cell([x, y]: [f64; 2], side: usize) -> [usize; 2] {
    let last = side.saturating_sub(1);
    [y, x].map(|v| ((v * last as f64).round_ties_even().max(0.0) as usize).min(last))
}

/// "AUC" of Huang et al. 2018: one blob on the prediction's centre of mass against the cell looked
/// at. Not a saliency AUC, and it has a floor: away from the edges the worst possible value is
/// 0.822 on GLC's grid. GLC blurs with sigma 3.2 on 64x64, Huang with 14 on 224x224.
pub fn auc_centre_of_mass(map: &[f32], side: usize, sigma: f64, [row, column]: [usize; 2]) -> f64 {
    let middle = [(side / 2) as f64; 2];
    let centre = centre_of_mass(map, side).unwrap_or(middle).map(|v| v as usize);
    let (rows, columns) = (blurred_delta(side, sigma, centre[0]), blurred_delta(side, sigma, centre[1]));
    let blob: Vec<f64> = rows.iter().flat_map(|r| columns.iter().map(move |c| r * c)).collect();
    let least = blob.iter().copied().fold(f64::INFINITY, f64::min);
    let most = blob.iter().map(|v| v - least).fold(0.0, f64::max);
    let stretched = |v: f64| (v - least) / most;
    let looked_at = stretched(blob[row * side + column]);
    let above = blob.iter().filter(|v| stretched(**v) > looked_at).count();
    1.0 - above as f64 / side as f64 / side as f64
}

/// A one at `at`, blurred with a Gaussian cut at four sigma; what leaves the grid is reflected.
///
/// Many cells of the blob are equally far from its centre and must compare equal or not as in the
/// reference, so the weights are summed in numpy's order.
fn blurred_delta(side: usize, sigma: f64, at: usize) -> Vec<f64> {
    let radius = (4.0 * sigma + 0.5) as i64;
    let scale = -0.5 / (sigma * sigma);
    let weights: Vec<f64> = (-radius..=radius).map(|d| (scale * (d * d) as f64).exp()).collect();
    let sum = pairwise_sum(&weights);
    let mut line = vec![0.0; side];
    for (cell, value) in line.iter_mut().enumerate() {
        // an edge cell is its own first mirror image
        let (cell, at, period) = (cell as i64, at as i64, 2 * side as i64);
        for d in -radius..=radius {
            let source = (cell + d).rem_euclid(period);
            let source = if source >= side as i64 { period - 1 - source } else { source };
            if source == at {
                *value += weights[(d + radius) as usize] / sum;
            }
        }
    }
    line
}

/// Numpy's sum of up to 128 values: eight interleaved partial sums.
fn pairwise_sum(values: &[f64]) -> f64 {
    if values.len() < 8 {
        return values.iter().sum();
    }
    let blocks = values.chunks_exact(8);
    let rest = blocks.remainder();
    let mut lanes = [0.0; 8];
    for block in blocks {
        lanes.iter_mut().zip(block).for_each(|(lane, v)| *lane += v);
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, v| sum + v)
}

/// GLC's training loss of one picture: KL(predicted || truth) over the logarithm of the number of
/// cells. Punishes mass where nobody looked.
pub fn kl_predicted_to_truth(predicted: &[f32], truth: &[f32]) -> f64 {
    regularised_kl(predicted, truth) / (predicted.len() as f64).ln()
}

/// KL(truth || predicted) of one picture in nats, the direction that GazeNLQ trains with.
pub fn kl_truth_to_predicted(truth: &[f32], predicted: &[f32]) -> f64 {
    regularised_kl(truth, predicted)
}

fn regularised_kl(of: &[f32], from: &[f32]) -> f64 {
    let log = |v: f64| (v + 1e-10).ln();
    of.iter().zip(from).map(|(a, b)| (f64::from(*a), f64::from(*b))).map(|(a, b)| a * (log(a) - log(b))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_auc_has_a_floor_for_the_worst_prediction() {
        let mut map = vec![0.0; 64 * 64];
        map[32 * 64 + 32] = 1.0;
        assert_eq!(auc_centre_of_mass(&map, 64, 3.2, [32, 32]), 1.0);
        let worst = auc_centre_of_mass(&map, 64, 3.2, [0, 0]);
        assert!((worst - (1.0 - 729.0 / 4096.0)).abs() < 1e-12, "{worst}");
    }

    #[test]
    fn the_middle_to_an_edge_is_half_the_assumed_field_of_view() {
        assert!((angular_error_deg([32.0, 32.0], [32.0, 64.0], 64) - 30.0).abs() < 1e-9);
    }

    #[test]
    fn a_constant_map_has_no_centre() {
        assert_eq!(centre_of_mass(&rescale(&[0.5; 16]), 4), None);
        assert_eq!(F1Sweep::default().best(), None);
    }
}
