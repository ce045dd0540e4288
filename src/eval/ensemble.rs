//! Several models' predictions → one: GroundNLQ's rule, for any number of files.
//!
//! Top windows that lie close together become one more candidate between their best and their
//! middle; then the best candidates that overlap little are kept.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{EvalError, Prediction, Window, hull_iou};
use crate::project::QueryKey;

/// Top windows whose centres are nearer than this belong together, seconds.
const CLUSTER_SECS: f64 = 2.0;
/// Windows taken of each model.
const TAKEN: usize = 4;
/// A candidate that overlaps a kept one by more is left out.
const OVERLAP: f64 = 0.5;
/// Windows in the result; the last is repeated when there are fewer.
pub const KEPT: usize = 5;

/// What a cluster's window is ranked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScoreRule {
    /// The mean of its best and its middle score, as the reference does: that models agree does
    /// not raise the rank.
    #[default]
    Reference,
    /// The sum of its scores: agreement counts.
    ClusterSum,
}

impl ScoreRule {
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::ClusterSum => "cluster_sum",
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct EnsembleConfig {
    pub rule: ScoreRule,
    /// Factors on the models' scores; empty is 1 for all.
    pub weights: Vec<f64>,
}

impl EnsembleConfig {
    /// As a file of ours records it.
    pub fn settings(&self) -> Value {
        json!({ "rule": self.rule.name(), "weights": self.weights })
    }
}

/// The window that stands for a cluster.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Merged {
    pub start: f64,
    pub end: f64,
    pub score: f64,
    /// Sum of the cluster's scores.
    pub total: f64,
}

/// One query's merged windows.
#[derive(Clone, Debug)]
pub struct Ensembled {
    /// One a cluster, the greatest sum of scores first.
    pub clusters: Vec<Merged>,
    pub prediction: Prediction,
}

/// Scores for files without any: they fall with the rank, so that order is kept.
pub fn pseudo_score(rank: usize) -> f64 {
    0.5 * 0.7f64.powi(i32::try_from(rank).unwrap_or(i32::MAX))
}

/// Merges files by query, in the order of their first appearance; a model that lacks a query is
/// left out for it, and so is a query that no model has a window for.
pub fn ensemble(
    models: &[Vec<Prediction>],
    config: &EnsembleConfig,
) -> Result<(Vec<Ensembled>, Vec<QueryKey>), EvalError> {
    if !config.weights.is_empty() && config.weights.len() != models.len() {
        return Err(EvalError::Weights { found: config.weights.len(), expected: models.len() });
    }
    let mut order: Vec<&QueryKey> = Vec::new();
    let mut by_key: HashMap<&QueryKey, Vec<Vec<Window>>> = HashMap::new();
    for (i, model) in models.iter().enumerate() {
        let weight = config.weights.get(i).copied().unwrap_or(1.0);
        for prediction in model {
            let lists = by_key.entry(&prediction.key).or_insert_with(|| {
                order.push(&prediction.key);
                Vec::new()
            });
            if !prediction.windows.is_empty() {
                lists.push(scored(&prediction.windows, weight));
            }
        }
    }
    let (full, empty): (Vec<_>, Vec<_>) = order.into_iter().partition(|key| !by_key[key].is_empty());
    let merged = full.into_iter().map(|key| {
        let (clusters, windows) = merge(&by_key[key], config.rule);
        Ensembled { clusters, prediction: Prediction { key: key.clone(), query: None, windows } }
    });
    Ok((merged.collect(), empty.into_iter().cloned().collect()))
}

/// IoU over the hull; two equal windows of no length do not overlap, unlike in the evaluation, where
/// theirs is undefined.
pub fn overlap(a: [f64; 2], b: [f64; 2]) -> f64 {
    let iou = hull_iou(a, b);
    if iou.is_nan() { 0.0 } else { iou }
}

fn scored(windows: &[Window], weight: f64) -> Vec<Window> {
    let with_score = |(rank, w): (usize, &Window)| {
        let score = w.score.unwrap_or_else(|| pseudo_score(rank)) * weight;
        Window { score: Some(score), ..*w }
    };
    windows.iter().enumerate().map(with_score).collect()
}

fn score_of(window: &Window) -> f64 {
    window.score.unwrap_or_default()
}

fn merge(lists: &[Vec<Window>], rule: ScoreRule) -> (Vec<Merged>, Vec<Window>) {
    let mut clusters: Vec<Merged> = clusters_of(lists).iter().filter_map(|c| merged(c)).collect();
    clusters.sort_by(|a, b| b.total.total_cmp(&a.total));
    let own = lists.iter().flat_map(|list| list.iter().take(TAKEN).copied());
    let new = clusters.iter().map(|m| {
        let score = if rule == ScoreRule::ClusterSum { m.total } else { m.score };
        Window { start: m.start, end: m.end, score: Some(score) }
    });
    let mut candidates: Vec<Window> = own.chain(new).collect();
    candidates.sort_by(|a, b| score_of(b).total_cmp(&score_of(a)));
    let mut kept: Vec<Window> = Vec::with_capacity(KEPT);
    for candidate in candidates {
        let overlaps = |k: &Window| overlap([k.start, k.end], [candidate.start, candidate.end]) > OVERLAP;
        if kept.len() < KEPT && !kept.iter().any(overlaps) {
            kept.push(candidate);
        }
    }
    if let Some(last) = kept.last().copied() {
        kept.resize(KEPT, last);
    }
    (clusters, kept)
}

/// The models' top windows by centre, in chains of near neighbours. Of equal centres the last
/// model's counts, as in the reference.
fn clusters_of(lists: &[Vec<Window>]) -> Vec<Vec<Window>> {
    let centre = |w: &Window| (w.start + w.end) / 2.0;
    let mut tops: Vec<Window> = Vec::new();
    for top in lists.iter().filter_map(|list| list.first()) {
        match tops.iter_mut().find(|t| centre(t) == centre(top)) {
            Some(same) => *same = *top,
            None => tops.push(*top),
        }
    }
    tops.sort_by(|a, b| centre(a).total_cmp(&centre(b)));
    let mut clusters: Vec<Vec<Window>> = Vec::new();
    for top in tops {
        match clusters.last_mut() {
            Some(cluster) if cluster.last().is_some_and(|l| centre(&top) - centre(l) < CLUSTER_SECS) => {
                cluster.push(top);
            }
            _ => clusters.push(vec![top]),
        }
    }
    clusters
}

/// Half way between the best and the middle window of a cluster.
fn merged(cluster: &[Window]) -> Option<Merged> {
    let mut best = cluster.first()?;
    for window in cluster {
        if score_of(window) > score_of(best) {
            best = window;
        }
    }
    let half = cluster.len() / 2;
    let mut middle = &cluster[half];
    // of two middle ones the better
    if cluster.len().is_multiple_of(2) && score_of(&cluster[half - 1]) >= score_of(middle) {
        middle = &cluster[half - 1];
    }
    let mean = |a: f64, b: f64| (a + b) / 2.0;
    Some(Merged {
        start: mean(middle.start, best.start),
        end: mean(middle.end, best.end),
        score: mean(score_of(middle), score_of(best)),
        total: cluster.iter().map(score_of).sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(windows: &[[f64; 3]]) -> Prediction {
        let key = QueryKey { clip_uid: "c".into(), annotation_uid: "a".into(), query_idx: 0 };
        let windows = windows
            .iter()
            .map(|[start, end, s]| Window { start: *start, end: *end, score: Some(*s) })
            .collect();
        Prediction { key, query: None, windows }
    }

    #[test]
    fn agreement_raises_a_rank_only_under_the_cluster_sum() {
        let models = [
            vec![prediction(&[[10.0, 12.0, 0.4]])],
            vec![prediction(&[[10.5, 12.5, 0.4]])],
            vec![prediction(&[[50.0, 60.0, 0.6]])],
        ];
        let first = |rule| {
            let config = EnsembleConfig { rule, weights: Vec::new() };
            ensemble(&models, &config).expect("merges").0[0].prediction.windows[0].start
        };
        assert_eq!((first(ScoreRule::Reference), first(ScoreRule::ClusterSum)), (50.0, 10.0));
    }

    #[test]
    fn weights_must_fit_the_files() {
        let config = EnsembleConfig { weights: vec![1.0, 2.0], ..EnsembleConfig::default() };
        let error = ensemble(&[vec![prediction(&[])]], &config).expect_err("do not fit");
        assert_eq!(error.to_string(), "2 weights for 1 prediction files; give one each");
    }
}
