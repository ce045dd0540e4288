//! Scores of the saliency literature. Maps are cells of one grid in row-major order; a fixation is
//! the index of its cell. All is computed in `f64`.

/// Pearson correlation of two maps. 0 where one of them is constant.
pub fn correlation(predicted: &[f32], truth: &[f32]) -> f64 {
    let (p, p_std) = standardised(predicted);
    let (q, q_std) = standardised(truth);
    if p_std == 0.0 || q_std == 0.0 {
        return 0.0;
    }
    p.iter().zip(&q).map(|(a, b)| a * b).sum::<f64>() / p.len() as f64
}

/// Sum of the smaller of both densities in each cell: 0 apart, 1 equal.
pub fn similarity(predicted: &[f32], truth: &[f32]) -> f64 {
    density(predicted, 0.0).iter().zip(density(truth, 0.0)).map(|(p, q)| p.min(q)).sum()
}

/// KL(truth || predicted) in nats; 1e-20 is added to every cell before normalising.
pub fn kl_divergence(truth: &[f32], predicted: &[f32]) -> f64 {
    let (q, p) = (density(truth, 1e-20), density(predicted, 1e-20));
    q.iter().zip(&p).map(|(q, p)| q * (q.ln() - p.ln())).sum()
}

/// KL(truth || predicted) as MIT's saliency benchmark regularises it. Far smaller than
/// [`kl_divergence`] where the prediction has exact zeros.
pub fn kl_divergence_mit(truth: &[f32], predicted: &[f32]) -> f64 {
    const EPS: f64 = 2.2204e-16;
    let (q, p) = (density(truth, 0.0), density(predicted, 0.0));
    q.iter().zip(&p).map(|(q, p)| q * (EPS + q / (p + EPS)).ln()).sum()
}

/// Normalised scanpath saliency of each fixation: how many standard deviations its cell lies above
/// the map's mean. 0 on a constant map.
pub fn nss_each(predicted: &[f32], fixations: &[usize]) -> Vec<f64> {
    let (values, std) = standardised(predicted);
    fixations.iter().filter_map(|cell| values.get(*cell)).map(|v| if std == 0.0 { 0.0 } else { *v }).collect()
}

/// Mean of [`nss_each`]; `None` without fixations.
pub fn nss(predicted: &[f32], fixations: &[usize]) -> Option<f64> {
    mean(&nss_each(predicted, fixations))
}

/// AUC with the fixated cells against all cells ("Judd" with uniform negatives); `None` without
/// fixations.
pub fn auc_judd(predicted: &[f32], fixations: &[usize]) -> Option<f64> {
    auc(predicted, fixations, predicted.iter().copied())
}

/// AUC with the fixated cells against those that nobody fixated.
pub fn auc_unfixated(predicted: &[f32], fixations: &[usize]) -> Option<f64> {
    let mut is_fixated = vec![false; predicted.len()];
    for cell in fixations {
        if let Some(flag) = is_fixated.get_mut(*cell) {
            *flag = true;
        }
    }
    auc(predicted, fixations, predicted.iter().zip(is_fixated).filter(|(_, f)| !f).map(|(v, _)| *v))
}

/// Shuffled AUC: the negatives are the cells that were fixated at other times or in other clips,
/// each as often as it was, so that a habit of looking at the middle earns nothing.
pub fn auc_shuffled(predicted: &[f32], fixations: &[usize], elsewhere: &[usize]) -> Option<f64> {
    auc(predicted, fixations, elsewhere.iter().filter_map(|cell| predicted.get(*cell).copied()))
}

/// [`auc_shuffled`] with all fixations given as counts by cell, of which `fixations` are taken out: so that
/// thousands of pictures stay affordable.
pub fn auc_shuffled_by_counts(predicted: &[f32], fixations: &[usize], everywhere: &[usize]) -> Option<f64> {
    let mut elsewhere = everywhere.to_vec();
    for cell in fixations {
        let count = elsewhere.get_mut(*cell)?;
        *count = count.saturating_sub(1);
    }
    let total: usize = elsewhere.iter().sum();
    if total == 0 {
        return None;
    }
    let each = fixations.iter().map(|cell| {
        let value = predicted[*cell];
        let twice_below = predicted
            .iter()
            .zip(&elsewhere)
            .map(|(other, count)| count * (usize::from(*other < value) + usize::from(*other <= value)));
        twice_below.sum::<usize>() as f64 / 2.0 / total as f64
    });
    mean(&each.collect::<Vec<_>>())
}

/// Share of negatives below each positive, those equal counted half, averaged.
fn auc(predicted: &[f32], fixations: &[usize], negatives: impl Iterator<Item = f32>) -> Option<f64> {
    let mut negatives: Vec<f32> = negatives.collect();
    negatives.sort_by(f32::total_cmp);
    if negatives.is_empty() {
        return None;
    }
    let each: Vec<f64> = fixations
        .iter()
        .filter_map(|cell| predicted.get(*cell))
        .map(|value| {
            let below = negatives.partition_point(|n| n < value);
            let up_to = negatives.partition_point(|n| n <= value);
            (below + up_to) as f64 / 2.0 / negatives.len() as f64
        })
        .collect();
    mean(&each)
}

/// Values minus mean over population standard deviation, and that deviation.
fn standardised(cells: &[f32]) -> (Vec<f64>, f64) {
    let is_constant = cells.windows(2).all(|pair| pair[0] == pair[1]);
    let values: Vec<f64> = cells.iter().map(|v| f64::from(*v)).collect();
    let mean = mean(&values).unwrap_or_default();
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len().max(1) as f64;
    let std = if is_constant { 0.0 } else { variance.sqrt() };
    (values.iter().map(|v| (v - mean) / std).collect(), std)
}

/// Non-negative, `floor` added to every cell, sum 1; uniform where nothing is left.
fn density(cells: &[f32], floor: f64) -> Vec<f64> {
    let least = cells.iter().copied().fold(f32::INFINITY, f32::min);
    let shift = if least < 0.0 { f64::from(least) } else { 0.0 };
    let values: Vec<f64> = cells.iter().map(|v| f64::from(*v) - shift + floor).collect();
    let sum: f64 = values.iter().sum();
    if sum > 0.0 {
        values.iter().map(|v| v / sum).collect()
    } else {
        vec![1.0 / cells.len().max(1) as f64; cells.len()]
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_give_the_shuffled_auc_of_its_definition() {
        let map: Vec<f32> = (0..30).map(|i| ((i * 7) % 11) as f32).collect();
        let all = [3usize, 4, 4, 9, 12, 20, 29, 29, 7];
        let mut counts = vec![0; map.len()];
        all.iter().for_each(|cell| counts[*cell] += 1);
        for split in 1..4 {
            let (own, others) = all.split_at(split);
            assert_eq!(auc_shuffled_by_counts(&map, own, &counts), auc_shuffled(&map, own, others));
        }
        assert_eq!(auc_shuffled_by_counts(&map, &[5], &[0; 30]), None);
    }

    #[test]
    fn a_map_equals_itself() {
        let map = [0.1, 0.4, 0.2, 0.0, 0.3];
        assert!((correlation(&map, &map) - 1.0).abs() < 1e-12);
        assert!((similarity(&map, &map) - 1.0).abs() < 1e-12);
        assert!(kl_divergence(&map, &map).abs() < 1e-12);
        assert_eq!(auc_judd(&map, &[1]), Some(0.9));
        assert_eq!(auc_unfixated(&map, &[1]), Some(1.0));
    }

    #[test]
    fn a_constant_map_knows_nothing() {
        let constant = [0.1; 6];
        assert_eq!(nss(&constant, &[2]), Some(0.0));
        assert_eq!(auc_judd(&constant, &[2]), Some(0.5));
        assert_eq!(correlation(&constant, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), 0.0);
        assert_eq!(nss(&constant, &[]), None);
        assert_eq!(auc_shuffled(&constant, &[1], &[]), None);
    }
}
