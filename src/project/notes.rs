//! Where a person was in one clip: playhead, view, range, the questions asked. One small file a clip,
//! found again by the clip's content. What they wrote about it is in a project.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Id, Marker, MarkerColour};
use crate::time::{MediaTime, TimeRange};

/// Of the file's layout; files of a later one are left alone.
const VERSION: u32 = 1;

#[derive(Debug, thiserror::Error)]
pub enum NotesError {
    #[error("cannot read the notes on this clip: {reason}: {}", path.display())]
    Unreadable { reason: String, path: PathBuf },
    #[error("the notes on this clip were written by a newer version (layout {found}, this one knows {VERSION}); they are left alone and nothing is saved over them: {}", path.display())]
    TooNew { found: u32, path: PathBuf },
}

/// Times are nanoseconds of the clip's own clock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClipNotes {
    pub version: u32,
    /// What the clip was called, for people who read the file.
    pub clip_name: String,
    pub playhead: MediaTime,
    /// The part of the clip that the timeline showed; none for all of it.
    pub visible: Option<TimeRange>,
    pub range: Option<TimeRange>,
    pub questions: Vec<String>,
    pub chosen_question: Option<usize>,
    /// Added to every time of the gaze recording.
    pub gaze_offset: MediaTime,
    /// Markers of before there were projects, until a project has taken them.
    #[serde(rename = "markers", skip_serializing_if = "Vec::is_empty")]
    pub old_markers: Vec<OldMarker>,
}

/// A marker as these files had it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OldMarker {
    pub time: MediaTime,
    #[serde(default)]
    pub colour: MarkerColour,
    #[serde(default)]
    pub note: String,
}

impl OldMarker {
    /// As a project has it. Its id follows from what it says, so that it is not taken over twice.
    pub fn of_clip(&self, clip: &str, author: &str) -> Marker {
        let text = format!("{clip}\n{}\n{}", self.time.nanos(), self.note);
        let mut first = [0; 8];
        first.copy_from_slice(&Sha256::digest(text)[..8]);
        Marker {
            id: Id(u64::from_be_bytes(first)),
            clip: clip.to_owned(),
            time: self.time,
            colour: self.colour,
            label: self.note.clone(),
            author: author.to_owned(),
        }
    }
}

impl Default for ClipNotes {
    fn default() -> Self {
        Self {
            version: VERSION,
            clip_name: String::new(),
            playhead: MediaTime::ZERO,
            visible: None,
            range: None,
            questions: Vec::new(),
            chosen_question: None,
            gaze_offset: MediaTime::ZERO,
            old_markers: Vec::new(),
        }
    }
}

impl ClipNotes {
    /// Nothing where there is no such file yet.
    pub fn load(path: &Path) -> Result<Option<Self>, NotesError> {
        let unreadable = |reason: String| NotesError::Unreadable { reason, path: path.to_path_buf() };
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        // the version first: the rest of a later layout need not be readable
        let value: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|e| unreadable(format!("it is no JSON ({e})")))?;
        let found = value.get("version").and_then(serde_json::Value::as_u64).unwrap_or(0) as u32;
        if found > VERSION {
            return Err(NotesError::TooNew { found, path: path.to_path_buf() });
        }
        let notes: Self = serde_json::from_value(value).map_err(|e| unreadable(e.to_string()))?;
        Ok(Some(Self { version: VERSION, ..notes }))
    }

    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("strings and numbers become JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("notes.json");
        std::fs::write(&path, text).expect("written");
        (dir, path)
    }

    #[test]
    fn a_missing_file_is_no_notes_and_a_broken_one_says_so() {
        let (dir, path) = written("{ \"markers\": 3 }");
        assert!(matches!(ClipNotes::load(&dir.path().join("none.json")), Ok(None)));
        let error = ClipNotes::load(&path).expect_err("a number is no list").to_string();
        assert!(error.contains("notes.json") && error.contains("notes on this clip"), "{error}");
    }

    #[test]
    fn notes_of_a_newer_version_are_refused() {
        let (_dir, path) = written("{ \"version\": 99, \"markers\": { \"new\": true } }");
        assert!(matches!(ClipNotes::load(&path), Err(NotesError::TooNew { found: 99, .. })));
    }

    #[test]
    fn markers_of_an_earlier_version_become_a_projects_once() {
        let (_dir, path) = written(
            r#"{"version": 1, "clip_name": "a.mp4", "markers": [{"time": 5000000000, "colour": "blue", "note": "the cat"}]}"#,
        );
        let notes = ClipNotes::load(&path).expect("reads").expect("is there");
        let marker = notes.old_markers[0].of_clip("a", "ann");
        assert_eq!((marker.time, marker.colour), (MediaTime::from_secs(5.0), MarkerColour::Blue));
        assert_eq!((marker.label.as_str(), marker.clip.as_str()), ("the cat", "a"));
        assert_eq!(notes.old_markers[0].of_clip("a", "ann"), marker);
    }

    proptest! {
        #[test]
        fn what_was_noted_comes_back(note in ".*", nanos in 0i64..1_000_000_000_000, span in 0i64..1_000_000_000) {
            let start = MediaTime::from_nanos(nanos);
            let notes = ClipNotes {
                clip_name: note.clone(),
                range: Some(TimeRange::new(start, start + MediaTime::from_nanos(span))),
                questions: vec![note.clone()],
                old_markers: vec![OldMarker { time: start, colour: MarkerColour::Blue, note }],
                ..ClipNotes::default()
            };
            let (_dir, path) = written(&String::from_utf8(notes.to_json()).expect("text"));
            prop_assert_eq!(ClipNotes::load(&path).expect("reads"), Some(notes));
        }
    }
}
