//! Files that a project is about: told again by size and content when they have moved, and found
//! again together with their neighbours.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::document::{Fingerprint, Project, Source};
use super::{Edit, Id};
use crate::job::{Cancelled, JobCtx};

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

/// Files looked at in a folder that moved media are searched in.
const MOST_FILES: usize = 100_000;
/// Folders below it that are looked into.
const MOST_DEPTH: usize = 6;

/// Absent or changed sources that lie somewhere below a folder: told by name and content, or, where
/// somebody renamed them, by size and content.
pub fn find_below(sources: &[Source], folder: &Path, ctx: &JobCtx) -> Result<Vec<Source>, Cancelled> {
    let Listing { files, folders } = Listing::of(folder, ctx)?;
    let mut found = Vec::new();
    for (done, source) in sources.iter().enumerate() {
        ctx.step(done as u64, sources.len() as u64)?;
        let is_named_so = |path: &&PathBuf| path.file_name() == source.path.file_name();
        let at = |path: &Path| Source { path: path.to_path_buf(), ..source.clone() };
        let Some(print) = &source.fingerprint else {
            // a folder has its name only
            let same = folders.iter().chain(files.iter().map(|(path, _)| path)).find(is_named_so);
            found.extend(same.map(|path| at(path)));
            continue;
        };
        let same_size = || files.iter().filter(|(_, size)| *size == print.size).map(|(path, _)| path);
        let candidates = same_size().filter(is_named_so).chain(same_size().filter(|p| !is_named_so(p)));
        for path in candidates {
            ctx.check()?;
            if fingerprint(path).ok().flatten().as_ref() == Some(print) {
                found.push(at(path));
                break;
            }
        }
    }
    Ok(found)
}

/// What lies below a folder, nearest first.
struct Listing {
    /// With their sizes.
    files: Vec<(PathBuf, u64)>,
    folders: Vec<PathBuf>,
}

impl Listing {
    fn of(folder: &Path, ctx: &JobCtx) -> Result<Self, Cancelled> {
        let (mut files, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
        let mut queue = VecDeque::from([(folder.to_path_buf(), 0)]);
        while let Some((dir, depth)) = queue.pop_front() {
            ctx.check()?;
            let entries = std::fs::read_dir(&dir).into_iter().flatten().flatten();
            for entry in entries.take(MOST_FILES.saturating_sub(files.len() + folders.len())) {
                let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else { continue };
                if metadata.is_file() {
                    files.push((path, metadata.len()));
                } else if metadata.is_dir() {
                    folders.push(path.clone());
                    if depth < MOST_DEPTH {
                        queue.push_back((path, depth + 1));
                    }
                }
            }
        }
        Ok(Self { files, folders })
    }
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
    fn moved_and_renamed_files_are_found_below_a_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(&path, text).expect("written");
            path
        };
        let store = Source { fingerprint: None, ..source(9, write("old/store/a.npy", "x")) };
        let store = Source { path: dir.path().join("old/store"), ..store };
        let sources: Vec<Source> = ["a.mp4", "b.mp4", "c.mp4"]
            .iter()
            .enumerate()
            .map(|(i, name)| source(i as u64, write(&format!("old/{name}"), name)))
            .chain([store])
            .collect();
        std::fs::remove_dir_all(dir.path().join("old")).expect("removed");
        let moved = write("new/deep/a.mp4", "a.mp4");
        let renamed = write("new/other name.mp4", "b.mp4");
        // of the same name and size, but another file
        write("new/c.mp4", "C.MP4");
        write("new/store/a.npy", "x");
        let found = find_below(&sources, &dir.path().join("new"), &JobCtx::detached()).expect("not stopped");
        let places: Vec<(u64, PathBuf)> = found.into_iter().map(|s| (s.id.0, s.path)).collect();
        assert_eq!(places, [(0, moved), (1, renamed), (9, dir.path().join("new/store"))]);
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
