//! Which of the files and folders a user names is the clip, its gaze, its annotations.

use std::path::{Path, PathBuf};

use super::ego4d::AnnotationFile;
use crate::gaze::recording;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Session {
    pub video: Option<PathBuf>,
    pub gaze: Option<PathBuf>,
    pub annotations: Option<PathBuf>,
    /// A table that may hold gaze, once its columns are mapped by hand.
    pub unknown_table: Option<PathBuf>,
    /// Named by the user but of no use, with the reason.
    pub others: Vec<(PathBuf, String)>,
}

const VIDEO_EXTENSIONS: [&str; 16] = [
    "mp4", "mov", "mkv", "webm", "avi", "m4v", "mpg", "mpeg", "ts", "mts", "flv", "3gp", "wmv", "ogv",
    "mjpeg", "vrs",
];

const UNKNOWN_COLUMNS: &str = "no gaze columns were recognised in it";

/// Recognises by content. In folders what is not recognised is passed over in silence.
pub fn recognise(paths: &[PathBuf]) -> Session {
    let mut session = Session::default();
    for path in paths {
        if path.is_dir() {
            add_folder(&mut session, path);
        } else {
            let is_table = recording::unknown_table(path).is_some();
            let reason = add_file(&mut session, path);
            if reason.as_deref() == Some(UNKNOWN_COLUMNS) && is_table && session.unknown_table.is_none() {
                session.unknown_table = Some(path.clone());
                continue;
            }
            session.others.extend(reason.map(|r| (path.clone(), r)));
        }
    }
    session
}

fn add_folder(session: &mut Session, dir: &Path) {
    if session.gaze.is_none() && recording::sniff(dir).is_some() {
        session.gaze = Some(dir.to_path_buf());
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_file())
        .collect();
    files.sort();
    for file in files {
        add_file(session, &file);
    }
}

/// The reason why a file is of no use.
fn add_file(session: &mut Session, path: &Path) -> Option<String> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    if VIDEO_EXTENSIONS.contains(&extension.as_str()) {
        return put(&mut session.video, path, "a second video");
    }
    if matches!(extension.as_str(), "json" | "jsonl") {
        return match AnnotationFile::load(path) {
            Ok(_) => put(&mut session.annotations, path, "a second annotation file"),
            Err(error) => Some(error.to_string()),
        };
    }
    match extension.as_str() {
        "csv" | "tsv" | "txt" if recording::sniff(path).is_some() => {
            put(&mut session.gaze, path, "a second gaze recording")
        }
        "csv" | "tsv" | "txt" => Some(UNKNOWN_COLUMNS.into()),
        // a video under a foreign name still opens when it is all there is
        _ if session.video.is_none() && extension.is_empty() => put(&mut session.video, path, ""),
        _ => Some("not a video, gaze recording or annotation file".into()),
    }
}

fn put(place: &mut Option<PathBuf>, path: &Path, otherwise: &str) -> Option<String> {
    if place.is_some() {
        return Some(otherwise.to_owned());
    }
    *place = Some(path.to_path_buf());
    None
}
