//! The score after people have looked: without the queries whose truth they call wrong, and with the
//! answers that they accept. It stands beside the official figure and never instead of it.

use serde::Serialize;

use super::{Diagnosis, QuerySet};
use crate::project::{QueryKey, Verdict};

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Adjusted {
    /// Queries that remain.
    pub queries: usize,
    /// Left out, since their truth is wrong.
    pub removed: usize,
    /// Wrong by the truth, right since a person accepted the answer.
    pub accepted: usize,
    pub r1: f64,
    pub r_k: f64,
}

/// `verdict` is what was decided about a case, if anything.
pub fn adjusted(
    set: &QuerySet,
    model: &Diagnosis,
    verdict: impl Fn(&QueryKey) -> Option<Verdict>,
) -> Adjusted {
    let mut found = Adjusted::default();
    let (mut right_1, mut right_k) = (0, 0);
    for (place, query) in set.queries.iter().enumerate() {
        let verdict = verdict(&query.key);
        if verdict == Some(Verdict::TruthWrong) {
            found.removed += 1;
            continue;
        }
        found.queries += 1;
        let ious = model.ranked.ious(place);
        let is_right = |k: usize| ious.iter().take(k).any(|iou| *iou > model.config.theta);
        // there must be an answer to accept
        let is_accepted = verdict == Some(Verdict::BothAcceptable) && !ious.is_empty();
        found.accepted += usize::from(is_accepted && !is_right(1));
        right_1 += usize::from(is_accepted || is_right(1));
        right_k += usize::from(is_accepted || is_right(model.config.top_k));
    }
    let n = found.queries.max(1) as f64;
    (found.r1, found.r_k) = (right_1 as f64 / n, right_k as f64 / n);
    found
}
