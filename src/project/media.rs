//! Files that a project is about: told again by size and content when they have moved, and found
//! again together with their neighbours.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::document::{Fingerprint, Project, Source};
use super::{Edit, Id};

/// Read at the beginning and at the end: enough to tell recordings apart, and quick on a network.
const END_BYTES: u64 = 1 << 20;

/// `None` for a folder; of files up to 2 MiB every byte counts.
pub fn fingerprint(path: &Path) -> std::io::Result<Option<Fingerprint>> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let size = metadata.len();
    let mut bytes = Vec::new();
    file.by_ref().take(END_BYTES).read_to_end(&mut bytes)?;
    file.seek(SeekFrom::Start(size.saturating_sub(END_BYTES).max(bytes.len() as u64)))?;
    file.take(END_BYTES).read_to_end(&mut bytes)?;
    let ends_sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Some(Fingerprint { size, ends_sha256 }))
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaState {
    Here,
    /// Something else lies at its place.
    Changed,
    Absent,
}

/// Whether a source is where the project says. Reads at most 2 MiB.
pub fn state_of(source: &Source) -> MediaState {
    match (&source.fingerprint, fingerprint(&source.path)) {
        (_, Err(_)) => MediaState::Absent,
        (Some(expected), Ok(Some(found))) if *expected != found => MediaState::Changed,
        (Some(_), Ok(None)) => MediaState::Changed,
        _ => MediaState::Here,
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RelinkError {
    #[error("there is no source {0} in the project")]
    NoSource(Id),
    #[error("cannot read the file: {reason}: {}", path.display())]
    Unreadable { reason: String, path: PathBuf },
    #[error(
        "this is another file ({found} bytes, expected {expected} with the recorded content); choose the one that was moved: {}",
        path.display()
    )]
    OtherFile { found: u64, expected: u64, path: PathBuf },
}

/// The edits that put a source to its new place, and every other absent source that moved the same
/// way: from the old folder to the new one, at the same path below them.
pub fn relink(project: &Project, id: Id, new: &Path) -> Result<Vec<Edit>, RelinkError> {
    let source = project.sources.get(&id).ok_or(RelinkError::NoSource(id))?;
    let new = std::path::absolute(new).unwrap_or_else(|_| new.to_path_buf());
    let found = fingerprint(&new)
        .map_err(|e| RelinkError::Unreadable { reason: e.to_string(), path: new.clone() })?;
    if let Some(expected) = &source.fingerprint
        && found.as_ref() != Some(expected)
    {
        let found = found.map_or(0, |f| f.size);
        return Err(RelinkError::OtherFile { found, expected: expected.size, path: new });
    }
    let (old_root, new_root) = roots(&source.path, &new);
    let mut edits = vec![Edit::PutSource(Source { path: new.clone(), ..source.clone() })];
    for other in project.sources.iter().filter(|s| s.id != id) {
        let Ok(below) = other.path.strip_prefix(&old_root) else { continue };
        let moved = Source { path: new_root.join(below), ..other.clone() };
        if state_of(other) == MediaState::Absent && state_of(&moved) == MediaState::Here {
            edits.push(Edit::PutSource(moved));
        }
    }
    Ok(edits)
}

/// The highest folders that differ: what follows them is the same in both paths.
fn roots(old: &Path, new: &Path) -> (PathBuf, PathBuf) {
    let (mut old, mut new) = (old.to_path_buf(), new.to_path_buf());
    // a renamed file tells its folder only
    let mut is_first = true;
    while is_first || (old.file_name() == new.file_name() && old != new) {
        is_first = false;
        if !(old.pop() && new.pop()) {
            break;
        }
    }
    (old, new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::SourceKind;

    fn source(id: u64, path: PathBuf) -> Source {
        let fingerprint = fingerprint(&path).expect("readable");
        Source { id: Id(id), kind: SourceKind::Video, path, fingerprint, clip: None }
    }

    #[test]
    fn a_change_at_either_end_of_a_large_file_is_seen() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("v.mp4");
        let mut bytes = vec![7; 3 << 20];
        let print = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("written");
            fingerprint(&path).expect("readable")
        };
        let first = print(&bytes);
        *bytes.last_mut().expect("bytes") = 8;
        let second = print(&bytes);
        bytes[0] = 8;
        let third = print(&bytes);
        assert!(first != second && second != third);
        assert_eq!(fingerprint(dir.path()).expect("readable"), None);
    }

    #[test]
    fn one_relink_finds_what_moved_with_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let old = dir.path().join("old");
        std::fs::create_dir_all(old.join("sub")).expect("made");
        let names = ["a.mp4", "sub/b.mp4", "c.mp4"];
        let mut project = Project::new("x");
        for (i, name) in names.iter().enumerate() {
            std::fs::write(old.join(name), name).expect("written");
            project.sources.put(source(i as u64, old.join(name)));
        }
        let new = dir.path().join("new");
        std::fs::rename(&old, &new).expect("moved");
        // in the meantime somebody has put another file in the place of the third
        std::fs::write(new.join("c.mp4"), "other").expect("written");
        for edit in relink(&project, Id(0), &new.join("a.mp4")).expect("relinks") {
            project.apply(&edit).expect("fits");
        }
        let states: Vec<MediaState> = project.sources.iter().map(state_of).collect();
        assert_eq!(states, [MediaState::Here, MediaState::Here, MediaState::Absent]);
        let error = relink(&project, Id(2), &new.join("c.mp4")).expect_err("another file").to_string();
        assert!(error.starts_with("this is another file (5 bytes, expected 5"), "{error}");
    }
}
