//! Recall at k and mean IoU as the official Ego4D script counts them, and counted over every query.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::bootstrap::{self, Interval, Tally};
use super::{EvalError, Prediction};
use crate::project::{AnnotationFile, QueryKey};

/// What is measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measures {
    /// A window is right when its IoU is above this.
    pub thresholds: Vec<f64>,
    /// Windows looked at.
    pub top_k: Vec<usize>,
    /// Draws of the bootstrap; 0 leaves the intervals out.
    pub resamples: usize,
    pub seed: u64,
}

impl Default for Measures {
    fn default() -> Self {
        Self { thresholds: vec![0.3, 0.5], top_k: vec![1, 3, 5], resamples: 1000, seed: 1 }
    }
}

/// Fractions, over one denominator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// Queries or predictions averaged over.
    pub denominator: usize,
    /// By name, `R1@0.3`.
    pub recall: BTreeMap<String, f64>,
    #[serde(rename = "mIoU")]
    pub miou: f64,
    /// Mean of recall at 1 over the thresholds 0.3 and 0.5: the leaderboard's figure.
    #[serde(rename = "mean_R1")]
    pub mean_r1: Option<f64>,
    /// 95 % intervals by the same names, resampled by clip.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub intervals: BTreeMap<String, Interval>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub thresholds: Vec<f64>,
    #[serde(rename = "topK")]
    pub top_k: Vec<usize>,
    /// Predictions in the file: the official denominator.
    pub num_predictions: usize,
    /// Queries listed in the annotations, whether or not they can be asked.
    pub num_gt_queries: usize,
    /// Queries with words and times: the honest denominator.
    pub num_answerable: usize,
    /// Answerable queries without a prediction: free in the official figures, wrong in the honest.
    pub missing: usize,
    /// Predictions beyond the first of a query: counted twice in the official figures.
    pub duplicates: usize,
    /// Predictions of entries that have no words.
    pub of_unasked: usize,
    /// Predictions without any window: wrong in both.
    pub without_windows: usize,
    /// Top windows whose IoU is 0/0: they make the official mean IoU NaN, written as null.
    pub undefined_ious: usize,
    pub official: Scores,
    pub honest: Scores,
    /// IoU of every window, in the order of the file; null is 0/0.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub per_query_iou: Vec<Vec<f64>>,
    #[serde(skip)]
    pub first_missing: Option<QueryKey>,
}

/// Intersection over the hull of both windows, as the official script divides; 0/0 is NaN.
pub fn hull_iou(a: [f64; 2], b: [f64; 2]) -> f64 {
    let inner = (a[1].min(b[1]) - a[0].max(b[0])).max(0.0);
    let hull = (a[1].max(b[1]) - a[0].min(b[0])).max(0.0);
    inner / hull
}

/// A query's truth.
struct Truth<'a> {
    windows: &'a [[f64; 2]],
    is_asked: bool,
    clip: usize,
}

/// Scores predictions against annotations. A query with several annotated windows takes, for each
/// predicted one, the best of them.
pub fn evaluate(
    annotations: &AnnotationFile,
    predictions: &[Prediction],
    measures: &Measures,
) -> Result<Report, EvalError> {
    if predictions.is_empty() {
        return Err(EvalError::Empty);
    }
    let truths = truths_of(annotations);
    check_known(&truths, predictions)?;
    let mut official = Vec::with_capacity(predictions.len());
    let mut honest = Vec::with_capacity(truths.len());
    let mut per_query_iou = Vec::with_capacity(predictions.len());
    let mut seen = HashSet::new();
    let (mut duplicates, mut of_unasked) = (0, 0);
    for prediction in predictions {
        let truth = &truths[&prediction.key];
        let ious: Vec<f64> =
            prediction.windows.iter().map(|w| best_iou([w.start, w.end], truth.windows)).collect();
        let tally = tally_of(&ious, measures, truth.clip);
        let is_first = seen.insert(&prediction.key);
        duplicates += usize::from(!is_first);
        of_unasked += usize::from(!truth.is_asked);
        if is_first && truth.is_asked {
            let miou = if tally.iou.is_nan() { 0.0 } else { tally.iou };
            honest.push(Tally { iou: miou, ..tally.clone() });
        }
        official.push(tally);
        per_query_iou.push(ious);
    }
    let mut missing = HashSet::new();
    let mut first_missing = None;
    for (clip, query) in annotations.queries() {
        let key = clip.key_of(query);
        if query.windows.is_empty() || seen.contains(&key) || missing.contains(&key) {
            continue;
        }
        honest.push(tally_of(&[], measures, truths[&key].clip));
        first_missing.get_or_insert_with(|| key.clone());
        missing.insert(key);
    }
    Ok(Report {
        thresholds: measures.thresholds.clone(),
        top_k: measures.top_k.clone(),
        num_predictions: predictions.len(),
        num_gt_queries: annotations.listed(),
        num_answerable: honest.len(),
        missing: missing.len(),
        duplicates,
        of_unasked,
        without_windows: predictions.iter().filter(|p| p.windows.is_empty()).count(),
        undefined_ious: official.iter().filter(|t| t.iou.is_nan()).count(),
        official: scores_of(&official, measures),
        honest: scores_of(&honest, measures),
        per_query_iou,
        first_missing,
    })
}

fn truths_of(annotations: &AnnotationFile) -> HashMap<QueryKey, Truth<'_>> {
    let mut truths = HashMap::new();
    for (place, clip) in annotations.clips.iter().enumerate() {
        for query in &clip.queries {
            let truth = Truth { windows: &query.windows, is_asked: true, clip: place };
            truths.insert(clip.key_of(query), truth);
        }
        for query in &clip.unasked {
            let key = QueryKey {
                clip_uid: clip.clip_uid.clone(),
                annotation_uid: query.annotation_uid.clone(),
                query_idx: query.query_idx,
            };
            truths.insert(key, Truth { windows: &query.windows, is_asked: false, clip: place });
        }
    }
    truths
}

/// The official script aborts at a query it does not know; so do we, before any figure is shown.
fn check_known(truths: &HashMap<QueryKey, Truth<'_>>, predictions: &[Prediction]) -> Result<(), EvalError> {
    let unknown: Vec<_> = predictions.iter().filter(|p| !truths.contains_key(&p.key)).collect();
    if let [first, ..] = unknown.as_slice() {
        return Err(EvalError::UnknownQueries { count: unknown.len(), first: first.key.clone() });
    }
    let timeless: Vec<_> = predictions.iter().filter(|p| truths[&p.key].windows.is_empty()).collect();
    if let [first, ..] = timeless.as_slice() {
        return Err(EvalError::NoTruth { count: timeless.len(), first: first.key.clone() });
    }
    Ok(())
}

/// `f64::max` passes over NaN, so an undefined IoU remains only where there is nothing else.
fn best_iou(window: [f64; 2], truths: &[[f64; 2]]) -> f64 {
    truths.iter().map(|truth| hull_iou(window, *truth)).fold(f64::NAN, f64::max)
}

fn tally_of(ious: &[f64], measures: &Measures, clip: usize) -> Tally {
    let hits = measures
        .top_k
        .iter()
        .flat_map(|k| {
            measures.thresholds.iter().map(move |threshold| ious.iter().take(*k).any(|iou| iou > threshold))
        })
        .collect();
    Tally { clip, hits, iou: ious.first().copied().unwrap_or(0.0) }
}

fn scores_of(tallies: &[Tally], measures: &Measures) -> Scores {
    let n = tallies.len() as f64;
    let names: Vec<String> = measures
        .top_k
        .iter()
        .flat_map(|k| measures.thresholds.iter().map(move |threshold| format!("R{k}@{threshold}")))
        .collect();
    let hits = |i: usize| tallies.iter().filter(|t| t.hits[i]).count() as f64 / n;
    let recall: BTreeMap<String, f64> =
        names.iter().enumerate().map(|(i, name)| (name.clone(), hits(i))).collect();
    let mean_r1 = recall.get("R1@0.3").zip(recall.get("R1@0.5")).map(|(a, b)| f64::midpoint(*a, *b));
    let mut intervals = BTreeMap::new();
    if measures.resamples > 0 {
        let found = bootstrap::intervals(tallies, measures.resamples, measures.seed);
        intervals = names.into_iter().chain(["mIoU".to_owned()]).zip(found).collect();
    }
    let miou = tallies.iter().map(|t| t.iou).sum::<f64>() / n;
    Scores { denominator: tallies.len(), recall, miou, mean_r1, intervals }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::PredictionFile;

    fn annotations() -> AnnotationFile {
        AnnotationFile::parse(
            br#"{"videos":[{"video_uid":"v","clips":[{"clip_uid":"c","annotations":[{"annotation_uid":"a",
            "language_queries":[{"query":"one?","clip_start_sec":0,"clip_end_sec":10},
            {"query":null,"clip_start_sec":0,"clip_end_sec":10},
            {"query":"two?","clip_start_sec":5,"clip_end_sec":5}]}]}]}]}"#,
        )
        .expect("reads")
    }

    fn predictions(results: &str) -> Vec<Prediction> {
        PredictionFile::parse(results.as_bytes()).expect("reads").predictions
    }

    #[test]
    fn an_iou_that_equals_the_threshold_is_a_miss() {
        let found = predictions(
            r#"[{"clip_uid":"c","annotation_uid":"a","query_idx":0,"predicted_times":[[0,5],[0,5.0001]]}]"#,
        );
        let report = evaluate(&annotations(), &found, &Measures::default()).expect("scores");
        assert_eq!((report.official.recall["R1@0.5"], report.official.recall["R3@0.5"]), (0.0, 1.0));
        // the second question has no prediction, and the entry without words is nobody's question
        assert_eq!((report.num_gt_queries, report.num_answerable, report.missing), (3, 2, 1));
        assert_eq!(report.honest.recall["R3@0.5"], 0.5);
    }

    #[test]
    fn an_undefined_iou_spoils_the_official_mean_and_counts_as_wrong_in_the_honest_one() {
        let found = predictions(
            r#"[{"clip_uid":"c","annotation_uid":"a","query_idx":2,"predicted_times":[[5,5]]},
               {"clip_uid":"c","annotation_uid":"a","query_idx":0,"predicted_times":[[0,10]]}]"#,
        );
        let report = evaluate(&annotations(), &found, &Measures::default()).expect("scores");
        assert!(report.official.miou.is_nan());
        assert_eq!((report.honest.miou, report.undefined_ious), (0.5, 1));
    }

    #[test]
    fn a_query_predicted_twice_counts_twice_officially_and_once_honestly() {
        let twice = r#"{"clip_uid":"c","annotation_uid":"a","query_idx":0,"predicted_times":[[0,10]]}"#;
        let found = predictions(&format!("[{twice},{twice}]"));
        let report = evaluate(&annotations(), &found, &Measures::default()).expect("scores");
        assert_eq!((report.official.denominator, report.honest.denominator), (2, 2));
        assert_eq!((report.duplicates, report.official.miou, report.honest.miou), (1, 1.0, 0.5));
    }

    #[test]
    fn predictions_of_other_annotations_are_refused() {
        let found =
            predictions(r#"[{"clip_uid":"x","annotation_uid":"a","query_idx":0,"predicted_times":[]}]"#);
        let error = evaluate(&annotations(), &found, &Measures::default()).expect_err("unknown");
        assert!(matches!(error, EvalError::UnknownQueries { count: 1, .. }), "{error}");
    }
}
