//! A whole recording against predicted maps, beside what two empty-headed predictors get.

use super::agreement::cell_of;
use super::glc::{self, F1Score, F1Sweep};
use super::saliency;
use crate::gaze::labels::{FrameLabel, LabelKind};
use crate::gaze::{CentrePrior, GRID, Heatmap, frame_map};
use crate::job::{Cancelled, JobCtx};

/// Width of GLC's blob for its AUC, in cells.
const GLC_SIGMA: f64 = 3.2;

/// Means over the pictures whose label is a fixation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    pub correlation: f64,
    pub similarity: f64,
    pub nss: f64,
    pub auc_judd: f64,
    /// Negatives are the other pictures' fixations; absent with one picture alone.
    pub auc_shuffled: Option<f64>,
    /// KL(truth || predicted) in nats.
    pub kl_truth_to_predicted: f64,
    /// KL(predicted || truth) over the logarithm of the number of cells, GLC's loss.
    pub kl_predicted_to_truth: f64,
    /// At the threshold that is best on these very pictures, as GLC reports it.
    pub f1: F1Score,
    pub auc_centre_of_mass: f64,
    /// Mean angle in degrees if the frame spans 60; absent where no map had a peak.
    pub angular_error_deg: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub predicted: Scores,
    /// A centred Gaussian, a fifth of the frame wide.
    pub centre: Scores,
    /// The mean of the recorded maps of these very pictures: no fixed map does much better.
    pub mean_map: Scores,
    /// Pictures that counted, of all that were given.
    pub frames_used: usize,
    pub frames_given: usize,
}

/// Scores one predicted map a picture against the pictures' labels. `None` when no picture has
/// both a map and a fixation.
pub fn compare_maps(
    predicted: &[Heatmap],
    labels: &[FrameLabel],
    ctx: &JobCtx,
) -> Result<Option<Comparison>, Cancelled> {
    let pairs: Vec<(&Heatmap, [f64; 2])> = predicted
        .iter()
        .zip(labels)
        .filter(|(_, label)| label.kind == LabelKind::Fixation)
        .map(|(map, label)| (map, label.pos))
        .collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let mut sum = vec![0.0f32; GRID * GRID];
    for (_, pos) in &pairs {
        let truth = frame_map(pos.map(|v| v as f32));
        sum.iter_mut().zip(truth.cells()).for_each(|(s, c)| *s += c);
    }
    let (centre, mean) = (CentrePrior::default().map(), Heatmap::from_cells(sum));
    let fixed = |map| pairs.iter().map(move |(_, pos)| (map, *pos)).collect::<Vec<_>>();
    ctx.stage("Scoring the predicted maps");
    let scored = scores(&pairs, ctx)?;
    ctx.stage("Scoring the baselines");
    Ok(Some(Comparison {
        predicted: scored,
        centre: scores(&fixed(&centre), ctx)?,
        mean_map: scores(&fixed(&mean), ctx)?,
        frames_used: pairs.len(),
        frames_given: predicted.len().min(labels.len()),
    }))
}

fn scores(pairs: &[(&Heatmap, [f64; 2])], ctx: &JobCtx) -> Result<Scores, Cancelled> {
    let cells: Vec<usize> = pairs.iter().map(|(_, pos)| cell_of(pos.map(|v| v as f32))).collect();
    // how often each cell was looked at in all pictures; a picture's own is taken out below
    let mut elsewhere = vec![0usize; GRID * GRID];
    cells.iter().for_each(|cell| elsewhere[*cell] += 1);
    let mut sweep = F1Sweep::default();
    let mut sums = [0.0; 7];
    let (mut shuffled, mut angles) = (Vec::new(), Vec::new());
    for (i, ((map, pos), cell)) in pairs.iter().zip(&cells).enumerate() {
        ctx.step(i as u64, pairs.len() as u64)?;
        let (map, truth) = (map.cells(), frame_map(pos.map(|v| v as f32)));
        let truth = truth.cells();
        let rescaled = glc::rescale(map);
        sweep.add(&rescaled, truth);
        let found = [
            saliency::correlation(map, truth),
            saliency::similarity(map, truth),
            saliency::nss(map, &[*cell]).unwrap_or_default(),
            saliency::auc_judd(map, &[*cell]).unwrap_or_default(),
            glc::kl_truth_to_predicted(truth, map),
            glc::kl_predicted_to_truth(map, truth),
            glc::auc_centre_of_mass(&rescaled, GRID, GLC_SIGMA, glc::truth_cell(*pos, GRID)),
        ];
        sums.iter_mut().zip(found).for_each(|(sum, v)| *sum += v);
        shuffled.extend(saliency::auc_shuffled_by_counts(map, &[*cell], &elsewhere));
        angles.extend(
            glc::centre_of_mass(&rescaled, GRID)
                .map(|centre| glc::angular_error_deg(centre, glc::truth_on_grid(*pos, GRID), GRID)),
        );
    }
    let count = pairs.len() as f64;
    let [correlation, similarity, nss, auc_judd, to_predicted, to_truth, auc_com] = sums.map(|v| v / count);
    let mean = |v: &[f64]| (!v.is_empty()).then(|| v.iter().sum::<f64>() / v.len() as f64);
    let nothing = F1Score { threshold: 0.0, f1: 0.0, recall: 0.0, precision: 0.0 };
    Ok(Scores {
        correlation,
        similarity,
        nss,
        auc_judd,
        auc_shuffled: mean(&shuffled),
        kl_truth_to_predicted: to_predicted,
        kl_predicted_to_truth: to_truth,
        f1: sweep.best().unwrap_or(nothing),
        auc_centre_of_mass: auc_com,
        angular_error_deg: mean(&angles),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(count: usize) -> Vec<FrameLabel> {
        (0..count)
            .map(|i| FrameLabel {
                pos: [0.2 + 0.6 * (i % 7) as f64 / 7.0, 0.3 + 0.4 * (i % 5) as f64 / 5.0],
                kind: if i % 9 == 8 { LabelKind::Untracked } else { LabelKind::Fixation },
            })
            .collect()
    }

    #[test]
    fn the_truth_itself_beats_both_baselines() {
        let labels = labels(40);
        let maps: Vec<_> = labels.iter().map(|l| frame_map(l.pos.map(|v| v as f32))).collect();
        let found =
            compare_maps(&maps, &labels, &JobCtx::detached()).expect("not cancelled").expect("scores");
        assert_eq!((found.frames_used, found.frames_given), (36, 40));
        assert!((found.predicted.correlation - 1.0).abs() < 1e-9);
        assert!(found.predicted.angular_error_deg.is_some_and(|a| a < 1.0));
        for baseline in [found.centre, found.mean_map] {
            assert!(found.predicted.nss > baseline.nss && found.predicted.f1.f1 > baseline.f1.f1);
        }
    }

    #[test]
    fn no_fixation_is_no_score() {
        let label = FrameLabel { pos: [0.5, 0.5], kind: LabelKind::OutOfFrame };
        let map = CentrePrior::default().map();
        assert_eq!(compare_maps(&[map], &[label], &JobCtx::detached()), Ok(None));
    }
}
