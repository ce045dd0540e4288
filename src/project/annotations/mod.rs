//! Annotated questions about clips, whichever data set's file they come from.
//!
//! No entry of a file is dropped: what cannot be asked is kept apart, with the reason.

mod ego4d;
mod egoclip;
mod jsonl;
mod lint;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::time::TimeRange;

pub use egoclip::{NarrationCounts, narration_lines};
pub use jsonl::groundnlq_line;
pub use lint::{Finding, LintReport, Oddity, lint};

#[derive(Debug, thiserror::Error)]
pub enum AnnotationError {
    #[error("cannot read the annotations: {reason}: {}", path.display())]
    Unreadable { reason: String, path: PathBuf },
    #[error("this is no annotation file ({reason}); expected Ego4D NLQ JSON (`videos`, `clips`, `annotations`, `language_queries`), or GroundNLQ or QVHighlights JSON lines: {}", path.display())]
    NotAnnotations { reason: String, path: PathBuf },
}

/// What the `description` of an official file says when nobody recorded its clips. In lines the field
/// `"synthetic": true` says it.
pub const SYNTHETIC_MARK: &str = "SYNTHETIC: rendered by gazenlq synth, not Ego4D";

/// Stands beside every figure that is of such clips.
pub const SYNTHETIC_NOTE: &str = "Synthetic: made-up clips, says nothing about real recordings.";

/// Seconds between two video features of GroundNLQ on Ego4D: 16.043 pictures at 30 a second. Windows
/// that are shorter may lie between two.
pub const FEATURE_STEP_SECS: f64 = 16.043 / 30.0;

/// Whose layout a file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnnotationLayout {
    #[default]
    Ego4d,
    GroundNlq,
    QvHighlights,
}

impl AnnotationLayout {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ego4d => "Ego4D NLQ",
            Self::GroundNlq => "GroundNLQ",
            Self::QvHighlights => "QVHighlights",
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct AnnotationFile {
    pub layout: AnnotationLayout,
    pub clips: Vec<AnnotatedClip>,
    /// Says of itself that its clips were made up, or some of them.
    pub is_synthetic: bool,
}

#[derive(Clone, Debug, Default)]
pub struct AnnotatedClip {
    pub clip_uid: String,
    pub video_uid: String,
    /// Where the clip starts and ends in its video, seconds.
    pub video_secs: Option<[f64; 2]>,
    /// The clip's length in seconds, as GroundNLQ takes it: from the clip's place in its video.
    pub duration_secs: Option<f64>,
    pub queries: Vec<AnnotatedQuery>,
    /// Listed in the file, but without words to ask.
    pub unasked: Vec<UnaskedQuery>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnnotatedQuery {
    pub annotation_uid: String,
    /// Position in its annotation, as submissions count it.
    pub query_idx: usize,
    pub text: String,
    pub template: Option<String>,
    pub slots: Slots,
    /// Start and end in clip seconds, as written; none in the test split, several in QVHighlights.
    pub windows: Vec<[f64; 2]>,
}

/// The words that fill a template, as Ego4D's file names them; as written, often with outer spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Slots {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot_x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verb_x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot_y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verb_y: Option<String>,
}

/// A query that the reference leaves out: its `query` is missing, null or empty.
#[derive(Clone, Debug, PartialEq)]
pub struct UnaskedQuery {
    pub annotation_uid: String,
    pub query_idx: usize,
    pub windows: Vec<[f64; 2]>,
}

/// Names one query of a data set.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueryKey {
    pub clip_uid: String,
    pub annotation_uid: String,
    pub query_idx: usize,
}

impl QueryKey {
    /// As text features are named: `{annotation_uid}_{query_idx}`.
    pub fn query_id(&self) -> String {
        query_id(&self.annotation_uid, self.query_idx)
    }

    /// The two parts of a query id; an id without a number is its annotation's only query.
    pub fn split_id(query_id: &str) -> (String, usize) {
        match query_id.rsplit_once('_').and_then(|(uid, idx)| Some((uid, idx.parse().ok()?))) {
            Some((uid, idx)) => (uid.to_owned(), idx),
            None => (query_id.to_owned(), 0),
        }
    }
}

fn query_id(annotation_uid: &str, query_idx: usize) -> String {
    format!("{annotation_uid}_{query_idx}")
}

impl std::fmt::Display for QueryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "query {} of annotation {}, clip {}", self.query_idx, self.annotation_uid, self.clip_uid)
    }
}

impl AnnotatedQuery {
    /// The first annotated window.
    pub fn range(&self) -> Option<TimeRange> {
        self.windows.first().map(|[start, end]| TimeRange::from_secs(*start, *end))
    }
}

impl AnnotationFile {
    pub fn load(path: &Path) -> Result<Self, AnnotationError> {
        let bytes = std::fs::read(path)
            .map_err(|e| AnnotationError::Unreadable { reason: e.to_string(), path: path.to_path_buf() })?;
        Self::parse(&bytes)
            .map_err(|reason| AnnotationError::NotAnnotations { reason, path: path.to_path_buf() })
    }

    /// From a file's bytes; the error is the reason alone.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if let Err(error) = std::str::from_utf8(bytes) {
            return Err(format!("it is not UTF-8 text from byte {} on", error.valid_up_to()));
        }
        if jsonl::layout_of(bytes).is_some() {
            return jsonl::parse(bytes);
        }
        ego4d::parse(bytes).map_err(|e| e.to_string())
    }

    /// The annotated clip that a video file is named after; a file with one clip needs no name.
    pub fn clip_of(&self, video: &Path) -> Option<&AnnotatedClip> {
        let stem = video.file_stem()?.to_string_lossy();
        let is_named = |c: &&AnnotatedClip| {
            [&c.clip_uid, &c.video_uid].iter().any(|uid| !uid.is_empty() && stem.starts_with(uid.as_str()))
        };
        self.clips.iter().find(is_named).or(if self.clips.len() == 1 { self.clips.first() } else { None })
    }

    /// Every query that can be asked, in the file's order.
    pub fn queries(&self) -> impl Iterator<Item = (&AnnotatedClip, &AnnotatedQuery)> {
        self.clips.iter().flat_map(|clip| clip.queries.iter().map(move |query| (clip, query)))
    }

    /// Leaves only the queries of these ids in.
    pub fn retain(&mut self, ids: &HashSet<String>) {
        for clip in &mut self.clips {
            let is_wanted = |uid: &str, idx| ids.contains(&query_id(uid, idx));
            clip.queries.retain(|query| is_wanted(&query.annotation_uid, query.query_idx));
            clip.unasked.retain(|query| is_wanted(&query.annotation_uid, query.query_idx));
        }
    }

    /// Queries that can be asked and those that cannot.
    pub fn listed(&self) -> usize {
        self.clips.iter().map(|c| c.queries.len() + c.unasked.len()).sum()
    }
}

/// Ids of queries from a file, one a line.
pub fn query_ids(path: &Path) -> Result<HashSet<String>, AnnotationError> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| AnnotationError::Unreadable { reason: e.to_string(), path: path.to_path_buf() })?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

impl AnnotatedClip {
    pub fn key_of(&self, query: &AnnotatedQuery) -> QueryKey {
        QueryKey {
            clip_uid: self.clip_uid.clone(),
            annotation_uid: query.annotation_uid.clone(),
            query_idx: query.query_idx,
        }
    }
}

/// A number, or a number in quotes: clip ids and query ids are written either way.
fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Clips by their uid, in order of first appearance.
#[derive(Default)]
pub(super) struct ClipList {
    pub(super) clips: Vec<AnnotatedClip>,
    places: HashMap<String, usize>,
}

impl ClipList {
    pub(super) fn clip(&mut self, uid: &str) -> &mut AnnotatedClip {
        let place = self.place(uid);
        &mut self.clips[place]
    }

    pub(super) fn place(&mut self, uid: &str) -> usize {
        *self.places.entry(uid.to_owned()).or_insert_with(|| {
            self.clips.push(AnnotatedClip { clip_uid: uid.to_owned(), ..AnnotatedClip::default() });
            self.clips.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn query_ids_split_at_their_last_underscore() {
        assert_eq!(QueryKey::split_id("a-b_12"), ("a-b".to_owned(), 12));
        assert_eq!(QueryKey::split_id("c_narrator-1_3"), ("c_narrator-1".to_owned(), 3));
        assert_eq!(QueryKey::split_id("plain"), ("plain".to_owned(), 0));
    }

    #[test]
    fn files_of_made_up_clips_are_known_by_their_marks() {
        let official = |description: &str| format!(r#"{{"description": {description}, "videos": []}}"#);
        let line = |field: &str| format!(r#"{{"query_id": "a_0", "video_id": "c", "query": "q"{field}}}"#);
        let marked = official(&format!("\"NLQ Annotations (val), {SYNTHETIC_MARK}\""));
        for (text, expected) in [
            (marked, true),
            (official("\"NLQ Annotations (val)\""), false),
            (official("null"), false),
            (r#"{"videos": []}"#.to_owned(), false),
            (line(r#", "synthetic": true"#), true),
            (format!("{}\n{}", line(""), line(r#", "synthetic": true"#)), true),
            (line(""), false),
        ] {
            let file = AnnotationFile::parse(text.as_bytes()).expect("reads");
            assert_eq!(file.is_synthetic, expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = AnnotationFile::parse(&bytes);
        }
    }
}
