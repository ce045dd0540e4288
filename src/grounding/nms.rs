//! Gaussian Soft-NMS over time (Bodla et al. 2017; GroundNLQ `nms_sigma` 0.75, `min_score` 0.001).

use super::Moment;

const SIGMA: f64 = 0.75;
const MIN_SCORE: f32 = 0.001;

/// Takes the best moment again and again, each time fading the others by how much they overlap it.
pub fn soft_nms(mut moments: Vec<Moment>, keep: usize) -> Vec<Moment> {
    let mut kept = Vec::new();
    while kept.len() < keep {
        // the first of equals, as the reference does
        let best = moments.iter().enumerate().fold(None::<usize>, |best, (i, m)| match best {
            Some(b) if moments[b].score >= m.score => Some(b),
            _ => Some(i),
        });
        let Some(best) = best else { break };
        let chosen = moments.swap_remove(best);
        for other in &mut moments {
            let iou = chosen.range.iou(other.range);
            other.score *= (-iou * iou / SIGMA).exp() as f32;
        }
        moments.retain(|m| m.score >= MIN_SCORE);
        kept.push(chosen);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::TimeRange;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn scores_never_rise_and_nothing_is_invented(
            raw in proptest::collection::vec((0.0..100.0f64, 0.1..20.0f64, 0.01..1.0f32), 0..60)
        ) {
            let moments: Vec<Moment> = raw
                .iter()
                .map(|(s, d, score)| Moment { range: TimeRange::from_secs(*s, s + d), score: *score })
                .collect();
            let kept = soft_nms(moments.clone(), 5);
            prop_assert!(kept.len() <= 5 && kept.len() <= moments.len());
            prop_assert!(kept.windows(2).all(|w| w[0].score >= w[1].score));
            prop_assert!(kept.iter().all(|k| moments.iter().any(|m| m.range == k.range)));
        }
    }
}
