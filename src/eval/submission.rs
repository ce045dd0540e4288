//! Whether predictions make a valid submission: every query once, windows that make sense.

use std::collections::HashMap;

use serde::Serialize;

use super::Prediction;
use crate::project::{AnnotationFile, QueryKey};

/// Windows a query may have in a submission.
pub const MAX_WINDOWS: usize = 10;
/// Windows may end this much after their clip: the reference rounds to single precision.
const ROUNDING_SECS: f64 = 1e-3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    UnknownQuery,
    PredictedTwice,
    NoWindows,
    ReversedWindow,
    BeforeClip,
    AfterClip,
    TooManyWindows,
}

impl Fault {
    pub fn meaning(self) -> &'static str {
        match self {
            Self::UnknownQuery => "not among the annotated queries",
            Self::PredictedTwice => "predicted more than once",
            Self::NoWindows => "without a window",
            Self::ReversedWindow => "a window ends before it starts",
            Self::BeforeClip => "a window starts before the clip",
            Self::AfterClip => "a window ends after the clip",
            Self::TooManyWindows => "more than 10 windows",
        }
    }

    /// Such a file is refused or misread; the others only waste windows.
    pub fn is_error(self) -> bool {
        matches!(self, Self::UnknownQuery | Self::PredictedTwice | Self::NoWindows)
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    pub queries: usize,
    pub predicted: usize,
    /// Annotated queries without a prediction.
    pub missing: Vec<QueryKey>,
    pub faults: Vec<(Fault, QueryKey)>,
}

impl Checked {
    pub fn has_errors(&self) -> bool {
        self.faults.iter().any(|(fault, _)| fault.is_error())
    }
}

/// Compares with the annotations of the split that is submitted.
pub fn check(annotations: &AnnotationFile, predictions: &[Prediction]) -> Checked {
    let mut expected: HashMap<QueryKey, (Option<f64>, usize)> =
        annotations.queries().map(|(clip, q)| (clip.key_of(q), (clip.duration_secs, 0))).collect();
    let mut faults = Vec::new();
    for prediction in predictions {
        let mut add = |fault| faults.push((fault, prediction.key.clone()));
        let Some((duration, times)) = expected.get_mut(&prediction.key) else {
            add(Fault::UnknownQuery);
            continue;
        };
        *times += 1;
        let windows = &prediction.windows;
        let end = duration.unwrap_or(f64::INFINITY) + ROUNDING_SECS;
        for (is_wrong, fault) in [
            (*times == 2, Fault::PredictedTwice),
            (windows.is_empty(), Fault::NoWindows),
            (windows.len() > MAX_WINDOWS, Fault::TooManyWindows),
            (windows.iter().any(|w| w.end < w.start), Fault::ReversedWindow),
            (windows.iter().any(|w| w.start < 0.0), Fault::BeforeClip),
            (windows.iter().any(|w| w.end > end), Fault::AfterClip),
        ] {
            if is_wrong {
                add(fault);
            }
        }
    }
    let missing = annotations.queries().map(|(clip, query)| clip.key_of(query));
    let missing = missing.filter(|key| expected.get(key).is_some_and(|(_, times)| *times == 0)).collect();
    Checked { queries: expected.len(), predicted: predictions.len(), missing, faults }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::PredictionFile;

    #[test]
    fn every_fault_is_named_with_its_query() {
        let annotations = AnnotationFile::parse(
            br#"{"videos":[{"video_uid":"v","clips":[{"clip_uid":"c","video_start_sec":0,"video_end_sec":9,
            "annotations":[{"annotation_uid":"a","language_queries":[{"query":"1"},{"query":"2"},{"query":"3"}]}]}]}]}"#,
        )
        .expect("reads");
        let entry = |idx: usize, times: &str| {
            format!(r#"{{"clip_uid":"c","annotation_uid":"a","query_idx":{idx},"predicted_times":{times}}}"#)
        };
        let entries = [entry(0, "[[5,4],[-1,12]]"), entry(1, "[]"), entry(1, "[[0,1]]"), entry(7, "[[0,1]]")];
        let file = PredictionFile::parse(format!("[{}]", entries.join(",")).as_bytes()).expect("reads");
        let checked = check(&annotations, &file.predictions);
        let faults: Vec<Fault> = checked.faults.iter().map(|(fault, _)| *fault).collect();
        assert_eq!(
            faults,
            [
                Fault::ReversedWindow,
                Fault::BeforeClip,
                Fault::AfterClip,
                Fault::NoWindows,
                Fault::PredictedTwice,
                Fault::UnknownQuery
            ]
        );
        assert_eq!(checked.missing.iter().map(|k| k.query_idx).collect::<Vec<_>>(), [2]);
        assert!(checked.has_errors());
    }
}
