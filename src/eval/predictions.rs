//! Prediction files: the Ego4D submission layout, which GroundNLQ and GroundVQA write too (with or
//! without scores), QVHighlights lines, and our own lines, which keep every window with its score
//! and say where they come from.
//!
//! Ours begins with `{"gazenlq_predictions": 1, "provenance": {…}}`; then one query a line, so that
//! a run that was stopped can go on. A line that was cut off at the end is left out on reading. Files
//! of parts (`--shard`) put behind one another are the file of the whole.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::EvalError;
use crate::project::QueryKey;

/// Version of our own layout.
const VERSION: u64 = 1;
const VERSION_KEY: &str = "gazenlq_predictions";

/// A predicted window in clip seconds; its end may precede its start in other people's files.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    pub start: f64,
    pub end: f64,
    pub score: Option<f64>,
}

/// The windows for one query, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    pub key: QueryKey,
    /// The question, where the file says it.
    pub query: Option<String>,
    pub windows: Vec<Window>,
}

/// What a file of ours was computed from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Of the program.
    pub version: String,
    pub model: String,
    pub model_sha256: String,
    /// The network's configuration.
    pub config: Value,
    pub video_features: String,
    pub text_features: String,
    /// Everything else that decides the numbers.
    pub settings: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PredictionLayout {
    /// Ego4D's submission file, or its list of results alone.
    Submission,
    QvHighlights,
    Ours,
}

#[derive(Clone, Debug)]
pub struct PredictionFile {
    pub layout: PredictionLayout,
    pub provenance: Option<Provenance>,
    pub predictions: Vec<Prediction>,
    /// Bytes of whole lines in a file of ours; what follows was cut off.
    pub whole_bytes: u64,
}

#[derive(Deserialize)]
struct ResultEntry {
    clip_uid: String,
    annotation_uid: String,
    query_idx: usize,
    predicted_times: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct OurLine {
    #[serde(flatten)]
    key: QueryKey,
    #[serde(default)]
    query: Option<String>,
    windows: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct HighlightsLine {
    qid: Value,
    #[serde(default)]
    query: Option<String>,
    vid: String,
    pred_relevant_windows: Vec<Vec<f64>>,
}

impl PredictionFile {
    pub fn load(path: &Path) -> Result<Self, EvalError> {
        let bytes = std::fs::read(path)
            .map_err(|e| EvalError::Unreadable { reason: e.to_string(), path: path.to_owned() })?;
        Self::parse(&bytes).map_err(|reason| EvalError::NotPredictions { reason, path: path.to_owned() })
    }

    /// From a file's bytes; the error is the reason alone.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        // a line of ours that was cut off may end within a letter
        if let Err(error) = std::str::from_utf8(bytes)
            && error.error_len().is_some()
        {
            return Err(format!("it is not UTF-8 text from byte {} on", error.valid_up_to()));
        }
        let first = bytes.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty());
        let first: Option<Value> = first.and_then(|line| serde_json::from_slice(line).ok());
        match first {
            Some(header) if header.get(VERSION_KEY).is_some() => parse_ours(bytes, &header),
            Some(line) if line.get("pred_relevant_windows").is_some() => parse_highlights(bytes),
            _ => parse_submission(bytes),
        }
    }

    /// Whether every window has a score.
    pub fn has_scores(&self) -> bool {
        self.predictions.iter().flat_map(|p| &p.windows).all(|w| w.score.is_some())
    }
}

fn parse_submission(bytes: &[u8]) -> Result<PredictionFile, String> {
    let mut file: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let results =
        if file.is_array() { file } else { file.get_mut("results").map(Value::take).unwrap_or_default() };
    if !results.is_array() {
        return Err("it has no list of `results`".to_owned());
    }
    let results: Vec<ResultEntry> = serde_json::from_value(results).map_err(|e| e.to_string())?;
    let predictions = results.into_iter().map(|entry| {
        let key = QueryKey {
            clip_uid: entry.clip_uid,
            annotation_uid: entry.annotation_uid,
            query_idx: entry.query_idx,
        };
        let windows = windows_of(&entry.predicted_times).map_err(|what| format!("{key}: {what}"))?;
        Ok(Prediction { key, query: None, windows })
    });
    let predictions = predictions.collect::<Result<_, String>>()?;
    Ok(PredictionFile { layout: PredictionLayout::Submission, provenance: None, predictions, whole_bytes: 0 })
}

fn parse_highlights(bytes: &[u8]) -> Result<PredictionFile, String> {
    let mut predictions = Vec::new();
    for (number, line) in whole_lines(bytes) {
        let at = |what: String| format!("line {number}: {what}");
        let line: HighlightsLine = serde_json::from_slice(line).map_err(|e| at(e.to_string()))?;
        let id = line.qid.as_str().map_or_else(|| line.qid.to_string(), str::to_owned);
        let (annotation_uid, query_idx) = QueryKey::split_id(&id);
        let key = QueryKey { clip_uid: line.vid, annotation_uid, query_idx };
        let windows = windows_of(&line.pred_relevant_windows).map_err(at)?;
        predictions.push(Prediction { key, query: line.query, windows });
    }
    Ok(PredictionFile {
        layout: PredictionLayout::QvHighlights,
        provenance: None,
        predictions,
        whole_bytes: 0,
    })
}

fn parse_ours(bytes: &[u8], header: &Value) -> Result<PredictionFile, String> {
    let version = header[VERSION_KEY].as_u64();
    if version != Some(VERSION) {
        return Err(format!(
            "its layout has version {}, this program reads version {VERSION}",
            header[VERSION_KEY]
        ));
    }
    let provenance = serde_json::from_value(header["provenance"].clone()).map_err(|e| e.to_string())?;
    // a line without its end was being written when the run was stopped
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let mut predictions = Vec::new();
    let header = |line: &[u8]| line.starts_with(format!("{{\"{VERSION_KEY}\"").as_bytes());
    // the parts of a run may have been put behind one another, each with its header
    for (number, line) in whole_lines(&bytes[..whole]).filter(|(_, line)| !header(line)) {
        let at = |what: String| format!("line {number}: {what}");
        let line: OurLine = serde_json::from_slice(line).map_err(|e| at(e.to_string()))?;
        let windows = windows_of(&line.windows).map_err(at)?;
        predictions.push(Prediction { key: line.key, query: line.query, windows });
    }
    let layout = PredictionLayout::Ours;
    Ok(PredictionFile { layout, provenance: Some(provenance), predictions, whole_bytes: whole as u64 })
}

/// Lines that are not empty, counted from 1.
fn whole_lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let numbered = bytes.split(|b| *b == b'\n').enumerate().map(|(i, line)| (i + 1, line.trim_ascii()));
    numbered.filter(|(_, line)| !line.is_empty())
}

/// From `[start, end]` or `[start, end, score, …]`.
fn windows_of(lists: &[Vec<f64>]) -> Result<Vec<Window>, String> {
    let window = |list: &Vec<f64>| match list.as_slice() {
        [start, end, rest @ ..] => Ok(Window { start: *start, end: *end, score: rest.first().copied() }),
        _ => {
            Err(format!("a window has {} numbers, expected [start, end] or [start, end, score]", list.len()))
        }
    };
    lists.iter().map(window).collect()
}

fn window_values(windows: &[Window], keep_scores: bool) -> Vec<Vec<f64>> {
    let values = |w: &Window| [w.start, w.end].into_iter().chain(w.score.filter(|_| keep_scores)).collect();
    windows.iter().map(values).collect()
}

/// The first line of a file of ours.
pub fn our_header(provenance: &Provenance) -> Value {
    json!({ VERSION_KEY: VERSION, "provenance": provenance })
}

/// One further line.
pub fn our_line(prediction: &Prediction) -> Value {
    json!({
        "clip_uid": prediction.key.clip_uid,
        "annotation_uid": prediction.key.annotation_uid,
        "query_idx": prediction.key.query_idx,
        "query": prediction.query,
        "windows": window_values(&prediction.windows, true),
    })
}

/// A file for the Ego4D challenge, with the first `keep` windows of each query.
pub fn submission(predictions: &[Prediction], keep: usize, keep_scores: bool) -> Value {
    let results: Vec<Value> = predictions
        .iter()
        .map(|p| {
            json!({
                "query_idx": p.key.query_idx,
                "annotation_uid": p.key.annotation_uid,
                "predicted_times": window_values(&p.windows[..keep.min(p.windows.len())], keep_scores),
                "clip_uid": p.key.clip_uid,
            })
        })
        .collect();
    json!({ "version": "1.0", "challenge": "ego4d_nlq_challenge", "results": results })
}

/// Lines for QVHighlights, with the first `keep` windows of each query.
pub fn highlights_lines(predictions: &[Prediction], keep: usize) -> String {
    let line = |p: &Prediction| {
        let id = if p.key.query_idx == 0 { p.key.annotation_uid.clone() } else { p.key.query_id() };
        // the data set's own ids are numbers
        let qid = id.parse::<u64>().map_or_else(|_| json!(id), |number| json!(number));
        let windows = window_values(&p.windows[..keep.min(p.windows.len())], true);
        let line =
            json!({ "qid": qid, "query": p.query, "vid": p.key.clip_uid, "pred_relevant_windows": windows });
        format!("{line}\n")
    };
    predictions.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn prediction() -> impl Strategy<Value = Prediction> {
        let window = (-1e3..1e3f64, -1e3..1e3f64, proptest::option::of(0.0..1.0f64))
            .prop_map(|(start, end, score)| Window { start, end, score });
        let key = ("[a-f0-9]{1,8}", "[a-f0-9]{1,8}", 0usize..20).prop_map(
            |(clip_uid, annotation_uid, query_idx)| QueryKey { clip_uid, annotation_uid, query_idx },
        );
        (key, proptest::option::of("[a-z é?]{0,20}"), proptest::collection::vec(window, 0..60))
            .prop_map(|(key, query, windows)| Prediction { key, query, windows })
    }

    fn bytes_of(predictions: &[Prediction]) -> Vec<u8> {
        let mut text = format!("{}\n", our_header(&Provenance::default()));
        predictions.iter().for_each(|p| text += &format!("{}\n", our_line(p)));
        text.into_bytes()
    }

    #[test]
    fn json_of_another_kind_is_no_prediction_file() {
        for text in ["0", "\"results\"", "null", "true", "{}", "{\"results\": 1}"] {
            assert!(PredictionFile::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn our_file_comes_back_as_it_was(predictions in proptest::collection::vec(prediction(), 0..8)) {
            let bytes = bytes_of(&predictions);
            let file = PredictionFile::parse(&bytes).expect("reads");
            prop_assert_eq!(&file.predictions, &predictions);
            prop_assert_eq!(file.whole_bytes, bytes.len() as u64);
        }

        #[test]
        fn a_cut_line_is_left_out(predictions in proptest::collection::vec(prediction(), 1..5), cut in 1usize..20) {
            let bytes = bytes_of(&predictions);
            let file = PredictionFile::parse(&bytes[..bytes.len() - cut]).expect("reads");
            prop_assert_eq!(&file.predictions, &predictions[..predictions.len() - 1]);
        }

        #[test]
        fn submissions_keep_order_and_windows(predictions in proptest::collection::vec(prediction(), 0..8)) {
            let text = submission(&predictions, usize::MAX, true).to_string();
            let file = PredictionFile::parse(text.as_bytes()).expect("reads");
            prop_assert_eq!(file.predictions.len(), predictions.len());
            for (found, expected) in file.predictions.iter().zip(&predictions) {
                prop_assert_eq!((&found.key, &found.windows), (&expected.key, &expected.windows));
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = PredictionFile::parse(&bytes);
        }
    }

    #[test]
    fn lines_for_qvhighlights_are_read_back() {
        let line =
            r#"{"qid": 8737, "query": "A cat", "vid": "v_60", "pred_relevant_windows": [[0, 10, 0.5]]}"#;
        let file = PredictionFile::parse(line.as_bytes()).expect("reads");
        assert_eq!(file.layout, PredictionLayout::QvHighlights);
        let again = PredictionFile::parse(highlights_lines(&file.predictions, 5).as_bytes()).expect("reads");
        assert_eq!(again.predictions, file.predictions);
    }
}
