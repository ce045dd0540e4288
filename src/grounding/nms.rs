//! Gaussian Soft-NMS over time (Bodla et al. 2017; GroundNLQ `nms_sigma` 0.75, `min_score` 0.001).

use super::Moment;

const SIGMA: f64 = 0.75;
const MIN_SCORE: f32 = 0.001;

/// Takes the best moment again and again, each time fading the others by how much they overlap it.
///
/// Works in place as the reference does, so that equal scores come out in the same order: the best
/// is swapped to the front, and a moment that has faded is replaced by the last.
pub fn soft_nms(mut moments: Vec<Moment>, keep: usize) -> Vec<Moment> {
    let mut front = 0;
    while front < moments.len() && front < keep {
        let mut best = front;
        for (i, moment) in moments.iter().enumerate().skip(front + 1) {
            if moment.score > moments[best].score {
                best = i;
            }
        }
        moments.swap(front, best);
        let chosen = moments[front].range;
        let mut at = front + 1;
        while at < moments.len() {
            let iou = chosen.iou(moments[at].range);
            moments[at].score *= (-iou * iou / SIGMA).exp() as f32;
            if moments[at].score < MIN_SCORE {
                moments.swap_remove(at);
            } else {
                at += 1;
            }
        }
        front += 1;
    }
    moments.truncate(keep);
    moments
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
