//! Predictions made elsewhere, found by query.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Row;
use crate::eval::{EvalError, Prediction, PredictionFile, Window, hull_iou};
use crate::project::{AnnotationFile, QueryKey};

/// A prediction file, row by row.
pub struct OpenedPredictions {
    pub path: PathBuf,
    /// The file's name.
    pub name: String,
    predictions: Vec<Prediction>,
    /// For each row of the data set its place in `predictions`.
    places: Vec<Option<u32>>,
    /// Rows that have a prediction.
    pub covered: usize,
    /// The same model's candidates before Soft-NMS, where a file of them was named.
    pub raw: Option<Arc<Self>>,
}

impl OpenedPredictions {
    pub fn open(
        path: &Path,
        annotations: &AnnotationFile,
        rows: &[Row],
        warnings: &mut Vec<String>,
    ) -> Result<Self, EvalError> {
        let predictions = PredictionFile::load(path)?.predictions;
        let mut by_key: HashMap<&QueryKey, u32> = HashMap::with_capacity(predictions.len());
        for (place, prediction) in predictions.iter().enumerate() {
            // the first of several, as the honest figures take it
            by_key.entry(&prediction.key).or_insert(place as u32);
        }
        let places: Vec<Option<u32>> =
            rows.iter().map(|row| by_key.remove(&row.view(annotations).key())).collect();
        if let Some(key) = by_key.keys().next() {
            warnings.push(format!(
                "{} predictions are of queries that the annotations do not have, the first is {key}: {}",
                by_key.len(),
                path.display()
            ));
        }
        let covered = places.iter().flatten().count();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { path: path.to_owned(), name, places, covered, predictions, raw: None })
    }

    pub fn with_raw(self, raw: Option<Self>) -> Self {
        Self { raw: raw.map(Arc::new), ..self }
    }

    /// A row's windows; none without a prediction.
    pub fn windows(&self, row: usize) -> &[Window] {
        self.of_row(row).map_or(&[], |prediction| &prediction.windows)
    }

    pub fn of_row(&self, row: usize) -> Option<&Prediction> {
        let place = (*self.places.get(row)?)?;
        self.predictions.get(place as usize)
    }
}

/// The file whose candidates before Soft-NMS `path` holds, by its name: `model.raw.jsonl` those of
/// `model.json` or `model.jsonl`.
pub fn owner_of_raw<'a>(path: &Path, files: &'a [PathBuf]) -> Option<&'a PathBuf> {
    let stem = path.file_stem()?.to_str()?;
    let owner = [".raw", "-raw", "_raw"].into_iter().find_map(|ending| stem.strip_suffix(ending))?;
    files.iter().find(|file| file.file_stem().is_some_and(|stem| stem == owner))
}

/// How good ranked windows are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// Of the first window, with the best of the true ones.
    pub iou: f64,
    /// Of the first window whose IoU is above the threshold, from 0.
    pub rank: Option<usize>,
}

/// A window is right when its IoU is above `theta`. `None` without truth or without windows.
pub fn verdict(windows: &[Window], truths: &[[f64; 2]], theta: f64) -> Option<Verdict> {
    let best = |w: &Window| {
        let ious = truths.iter().map(|truth| hull_iou([w.start, w.end], *truth));
        ious.fold(0.0, f64::max)
    };
    let first = windows.first().filter(|_| !truths.is_empty())?;
    Some(Verdict { iou: best(first), rank: windows.iter().position(|w| best(w) > theta) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_candidates_are_told_by_their_name() {
        let files = ["a/one.json", "a/two.jsonl", "a/one.raw.jsonl"].map(PathBuf::from);
        let owner = |path: &str| owner_of_raw(Path::new(path), &files).map(|p| p.display().to_string());
        assert_eq!(owner("b/one.raw.jsonl").as_deref(), Some("a/one.json"));
        assert_eq!(owner("two_raw.json").as_deref(), Some("a/two.jsonl"));
        assert_eq!([owner("three.raw.json"), owner("a/one.json"), owner("raw.json")], [None, None, None]);
    }

    #[test]
    fn the_rank_is_that_of_the_first_window_that_counts_as_found() {
        let window = |start, end| Window { start, end, score: None };
        let found = verdict(&[window(0.0, 1.0), window(10.0, 20.0)], &[[10.0, 18.0]], 0.3).unwrap();
        assert_eq!(found, Verdict { iou: 0.0, rank: Some(1) });
        // exactly 0.3 is not above it
        assert_eq!(verdict(&[window(0.0, 3.0)], &[[0.0, 10.0]], 0.3).unwrap().rank, None);
        assert_eq!(verdict(&[window(0.0, 3.0)], &[], 0.3), None);
        assert_eq!(verdict(&[], &[[0.0, 1.0]], 0.3), None);
    }
}
