//! One model's stored windows beside the queries, with the IoU of each: computed once, so that a
//! new threshold only compares.

use serde::Serialize;

use super::QuerySet;
use super::geometry::best_iou;
use crate::eval::{EvalError, Prediction, Window};

/// Where the network's head said the first window from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Origin {
    /// Pyramid level, from 0.
    pub level: usize,
    /// Time of the point, clip seconds.
    pub secs: f64,
}

/// Windows of all queries in one list, best first within a query.
#[derive(Clone, Debug)]
pub struct Ranked {
    pub name: String,
    /// Where each query's windows begin; one more than queries.
    offsets: Vec<usize>,
    windows: Vec<Window>,
    /// The IoU of each window with the best of its query's truths; NaN is 0/0.
    ious: Vec<f64>,
    /// Highest IoU among all candidates before Soft-NMS, where they are known.
    pub raw_best: Option<Vec<f64>>,
    /// Point of the first window, where known.
    pub origins: Option<Vec<Option<Origin>>>,
    /// IoU of the first window with that of a rerun with other words, where there was one.
    pub rerun_iou: Option<Vec<Option<f64>>>,
    /// Windows that a person has marked as right as well, by query.
    pub accepted: Option<Vec<Vec<[f64; 2]>>>,
    pub notes: RankedNotes,
}

/// What was left out while lining up predictions and queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RankedNotes {
    pub predictions: usize,
    /// Predictions beyond a query's first.
    pub repeated: usize,
    /// Windows beyond those that are looked at.
    pub beyond_kept: usize,
    /// Windows without a score.
    pub without_score: usize,
}

impl Ranked {
    /// Lines the predictions up with the queries and keeps the first `kept` windows of each.
    pub fn new(
        name: impl Into<String>,
        set: &QuerySet,
        predictions: &[Prediction],
        kept: usize,
    ) -> Result<Self, EvalError> {
        if predictions.is_empty() {
            return Err(EvalError::Empty);
        }
        let found = set.align(predictions)?;
        let mut notes = RankedNotes { predictions: predictions.len(), ..RankedNotes::default() };
        notes.repeated = predictions.len() - found.iter().flatten().count();
        let lists = found.iter().map(|at| {
            let windows = at.map_or(&[][..], |at| &predictions[at].windows);
            notes.beyond_kept += windows.len().saturating_sub(kept);
            &windows[..windows.len().min(kept)]
        });
        let mut ranked = Self::from_lists(name, set, lists);
        notes.without_score = ranked.windows.iter().filter(|w| w.score.is_none()).count();
        ranked.notes = notes;
        Ok(ranked)
    }

    /// From one list of windows a query, in the queries' order.
    pub fn from_lists<'a>(
        name: impl Into<String>,
        set: &QuerySet,
        lists: impl Iterator<Item = &'a [Window]>,
    ) -> Self {
        let mut ranked = Self {
            name: name.into(),
            offsets: vec![0],
            windows: Vec::new(),
            ious: Vec::new(),
            raw_best: None,
            origins: None,
            rerun_iou: None,
            accepted: None,
            notes: RankedNotes::default(),
        };
        for (query, list) in set.queries.iter().zip(lists) {
            ranked.windows.extend_from_slice(list);
            ranked.ious.extend(list.iter().map(|w| best_iou([w.start, w.end], &query.truths)));
            ranked.offsets.push(ranked.windows.len());
        }
        ranked
    }

    /// Takes the candidates before Soft-NMS from a prediction file that kept them all.
    pub fn with_raw(self, set: &QuerySet, raw: &[Prediction]) -> Result<Self, EvalError> {
        let found = set.align(raw)?;
        Ok(self.with_raw_lists(set, found.iter().map(|at| at.map_or(&[][..], |at| &raw[at].windows))))
    }

    /// The same from one list a query, in the queries' order.
    pub fn with_raw_lists<'a>(mut self, set: &QuerySet, lists: impl Iterator<Item = &'a [Window]>) -> Self {
        let best = set.queries.iter().zip(lists).map(|(query, windows)| {
            windows.iter().map(|w| best_iou([w.start, w.end], &query.truths)).fold(0.0, f64::max)
        });
        self.raw_best = Some(best.collect());
        self
    }

    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn windows(&self, query: usize) -> &[Window] {
        &self.windows[self.offsets[query]..self.offsets[query + 1]]
    }

    pub fn ious(&self, query: usize) -> &[f64] {
        &self.ious[self.offsets[query]..self.offsets[query + 1]]
    }

    /// IoU of the first window; 0 without one, NaN for 0/0.
    pub fn first_iou(&self, query: usize) -> f64 {
        self.ious(query).first().copied().unwrap_or(0.0)
    }

    pub fn first(&self, query: usize) -> Option<&Window> {
        self.windows(query).first()
    }
}
