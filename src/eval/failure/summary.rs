//! Counts over one model's findings: classes, sub-classes, recoverability, flags, and where the right
//! moment stands when only the order is wrong.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{BoundaryKind, Class, FailureConfig, Finding, Flag, QuerySet, Ranked, Recovery};

/// How often something is found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Count<T> {
    pub what: T,
    pub count: usize,
    /// Of all queries.
    pub share: f64,
}

/// The figures above everything else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Header {
    /// Queries with a true moment: what the classes add up to.
    pub queries: usize,
    /// Of these without a prediction.
    pub missing: usize,
    /// Of these with a truth that cannot be used.
    pub invalid: usize,
    /// Recall at 1 and at K over every query, where a missing prediction is wrong.
    pub r1: f64,
    pub r_k: f64,
    /// The same as the official script has it: over the queries with a prediction.
    pub official_r1: f64,
    pub official_r_k: f64,
    /// Mean IoU of the first windows over every query; an undefined IoU counts as 0.
    pub mean_iou: f64,
    /// Queries of class 1 and 2; differs from `r_k` times `queries` by what is right about an invalid
    /// truth.
    pub correct_or_ranking: usize,
    pub right_of_invalid: usize,
}

pub fn header(set: &QuerySet, ranked: &Ranked, findings: &[Finding], config: &FailureConfig) -> Header {
    let n = set.len() as f64;
    let is_right = |query: usize, k: usize| ranked.ious(query).iter().take(k).any(|iou| *iou > config.theta);
    let right = |k: usize| (0..set.len()).filter(|q| is_right(*q, k)).count() as f64;
    let (right_1, right_k) = (right(1), right(config.top_k));
    let missing = (0..set.len()).filter(|q| ranked.windows(*q).is_empty()).count();
    let invalid = set.queries.iter().filter(|q| q.fault.is_some()).count();
    let ious = (0..set.len()).map(|q| ranked.first_iou(q)).filter(|iou| !iou.is_nan());
    let predicted = n - missing as f64;
    Header {
        queries: set.len(),
        missing,
        invalid,
        r1: right_1 / n,
        r_k: right_k / n,
        official_r1: right_1 / predicted,
        official_r_k: right_k / predicted,
        mean_iou: ious.sum::<f64>() / n,
        correct_or_ranking: findings
            .iter()
            .filter(|f| matches!(f.class, Class::Correct | Class::Ranking))
            .count(),
        right_of_invalid: (0..set.len())
            .filter(|q| set.queries[*q].fault.is_some() && is_right(*q, config.top_k))
            .count(),
    }
}

/// One entry a class, in the taxonomy's order; the counts add up to the number of queries.
pub fn class_counts(findings: &[Finding]) -> [usize; 9] {
    let mut counts = [0; 9];
    findings.iter().for_each(|f| counts[f.class.number()] += 1);
    counts
}

fn counts<T: Copy + PartialEq>(
    all: &[T],
    findings: &[Finding],
    is: impl Fn(&Finding, T) -> bool,
) -> Vec<Count<T>> {
    all.iter()
        .map(|what| {
            let count = findings.iter().filter(|f| is(f, *what)).count();
            Count { what: *what, count, share: count as f64 / findings.len() as f64 }
        })
        .collect()
}

pub fn classes(findings: &[Finding]) -> Vec<Count<Class>> {
    counts(&Class::ALL, findings, |f, class| f.class == class)
}

pub fn boundaries(findings: &[Finding]) -> Vec<Count<BoundaryKind>> {
    counts(&BoundaryKind::ALL, findings, |f, kind| f.boundary == Some(kind))
}

pub fn recoveries(findings: &[Finding]) -> Vec<Count<Recovery>> {
    counts(&Recovery::ALL, findings, |f, recovery| f.recovery == Some(recovery))
}

pub fn flags(findings: &[Finding]) -> Vec<Count<Flag>> {
    counts(&Flag::ALL, findings, |f, flag| f.flags.has(flag))
}

/// The ranking panel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RankingPanel {
    /// How many right moments stand at each rank from 2 to K.
    pub by_rank: BTreeMap<usize, usize>,
    /// How many duplicates of the first window stand before it, itself included.
    pub by_crowding: BTreeMap<usize, usize>,
    /// c1 − c_r* of each case with scores, ascending.
    pub score_gaps: Vec<f64>,
    /// Recall at 1 if the top K stood in the best order.
    pub reranked_r1: f64,
}

pub fn ranking_panel(findings: &[Finding]) -> RankingPanel {
    let (mut by_rank, mut by_crowding) = (BTreeMap::new(), BTreeMap::new());
    let mut score_gaps = Vec::new();
    for finding in findings.iter().filter(|f| f.class == Class::Ranking) {
        *by_rank.entry(finding.right_rank.unwrap_or_default()).or_default() += 1;
        *by_crowding.entry(finding.crowding).or_default() += 1;
        score_gaps.extend(finding.score_gap);
    }
    score_gaps.sort_unstable_by(f64::total_cmp);
    let right = findings.iter().filter(|f| matches!(f.class, Class::Correct | Class::Ranking)).count();
    RankingPanel { by_rank, by_crowding, score_gaps, reranked_r1: right as f64 / findings.len() as f64 }
}
