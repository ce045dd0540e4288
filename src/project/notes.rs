//! What a person noted about one clip outside of any data set's file: markers, a range, the questions
//! asked, and where they were. One small file a clip, found again by the clip's content.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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

/// Colours have names, so that a file can be read and colours can be told by word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkerColour {
    #[default]
    Yellow,
    Red,
    Green,
    Blue,
    Purple,
    Grey,
}

impl MarkerColour {
    pub const ALL: [Self; 6] = [Self::Yellow, Self::Red, Self::Green, Self::Blue, Self::Purple, Self::Grey];

    pub fn name(self) -> &'static str {
        match self {
            Self::Yellow => "yellow",
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Purple => "purple",
            Self::Grey => "grey",
        }
    }
}

/// A place in the clip worth coming back to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Marker {
    pub time: MediaTime,
    #[serde(default)]
    pub colour: MarkerColour,
    #[serde(default)]
    pub note: String,
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
    pub markers: Vec<Marker>,
    pub questions: Vec<String>,
    pub chosen_question: Option<usize>,
    /// Added to every time of the gaze recording.
    pub gaze_offset: MediaTime,
}

impl Default for ClipNotes {
    fn default() -> Self {
        Self {
            version: VERSION,
            clip_name: String::new(),
            playhead: MediaTime::ZERO,
            visible: None,
            range: None,
            markers: Vec::new(),
            questions: Vec::new(),
            chosen_question: None,
            gaze_offset: MediaTime::ZERO,
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

    proptest! {
        #[test]
        fn what_was_noted_comes_back(note in ".*", nanos in 0i64..1_000_000_000_000, span in 0i64..1_000_000_000) {
            let start = MediaTime::from_nanos(nanos);
            let notes = ClipNotes {
                clip_name: note.clone(),
                range: Some(TimeRange::new(start, start + MediaTime::from_nanos(span))),
                markers: vec![Marker { time: start, colour: MarkerColour::Blue, note }],
                ..ClipNotes::default()
            };
            let (_dir, path) = written(&String::from_utf8(notes.to_json()).expect("text"));
            prop_assert_eq!(ClipNotes::load(&path).expect("reads"), Some(notes));
        }
    }
}
