//! What happened since the project was saved, one checksummed line a gesture, on the disk before the
//! gesture counts as done: a crash loses at most the gesture in progress.
//!
//! The first line says which saved file the record continues. A line that is torn, and whatever
//! follows it, does not count.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::history::{Change, MAX_STEPS};
use super::write_whole;

const VERSION: u64 = 1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// First line: SHA-256 of the project file that the record continues; empty when there is none.
    Continues {
        version: u64,
        base: String,
        project: PathBuf,
    },
    Change(Change),
    /// The project is about to be saved with this SHA-256.
    Saving {
        sha256: String,
    },
}

/// An open record, locked against other programs.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Steps that a replay could undo and redo; beyond them a state is written as a whole.
    undoable: usize,
    redoable: usize,
}

/// What a record holds.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The project file that it was of.
    pub project: PathBuf,
    pub base: String,
    pub changes: Vec<Change>,
    /// SHA-256 of a save that began, and how many changes it contains.
    saving: Option<(String, usize)>,
    /// Bytes of whole lines.
    whole_bytes: u64,
    /// Bytes after them, of a line that was being written.
    pub torn_bytes: u64,
}

impl Recorded {
    /// The changes that a project file with this SHA-256 does not hold; `None` when the record is of
    /// another file.
    pub fn changes_after(&self, sha256: &str) -> Option<&[Change]> {
        match &self.saving {
            Some((saved, count)) if saved == sha256 => Some(&self.changes[*count..]),
            _ if self.base == sha256 => Some(&self.changes),
            _ => None,
        }
    }
}

/// Of a project file's bytes.
pub fn sha256_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn line_of(line: &Line) -> String {
    let json = serde_json::to_string(line).unwrap_or_default();
    format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()))
}

/// Reads whole lines and stops at the first that is not one. `None` when there is no first line.
pub fn parse(bytes: &[u8]) -> Option<Recorded> {
    let mut recorded = Recorded::default();
    let mut is_begun = false;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let Some(parsed) = parse_line(line) else { break };
        match parsed {
            Line::Continues { version, base, project } if !is_begun && version <= VERSION => {
                is_begun = true;
                (recorded.base, recorded.project) = (base, project);
            }
            Line::Change(change) if is_begun => recorded.changes.push(change),
            Line::Saving { sha256 } if is_begun => recorded.saving = Some((sha256, recorded.changes.len())),
            _ => break,
        }
        recorded.whole_bytes += line.len() as u64;
    }
    recorded.torn_bytes = bytes.len() as u64 - recorded.whole_bytes;
    is_begun.then_some(recorded)
}

fn parse_line(line: &[u8]) -> Option<Line> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = (line.get(..8)?, line.get(9..)?);
    let sum = u32::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    if line[8] != b' ' || sum != crc32fast::hash(json) {
        return None;
    }
    serde_json::from_slice(json).ok()
}

impl Journal {
    /// Opens the file, or makes it; fails with [`std::io::ErrorKind::WouldBlock`] when another program
    /// has it open.
    pub fn open(path: &Path) -> std::io::Result<(Self, Option<Recorded>)> {
        loop {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
            file.try_lock().map_err(std::io::Error::from)?;
            let bytes = std::fs::read(path)?;
            // another program may have replaced the file between opening and locking it
            if is_at(&file, path)? {
                let journal = Self { path: path.to_path_buf(), file, undoable: 0, redoable: 0 };
                return Ok((journal, parse(&bytes)));
            }
        }
    }

    /// Forgets what was recorded: the project file with this SHA-256 holds all of it.
    pub fn restart(&mut self, base: &str, project: &Path) -> std::io::Result<()> {
        let line =
            Line::Continues { version: VERSION, base: base.to_owned(), project: project.to_path_buf() };
        write_whole(&self.path, line_of(&line).as_bytes())?;
        let file = OpenOptions::new().read(true).write(true).open(&self.path)?;
        file.try_lock().map_err(std::io::Error::from)?;
        self.file = file;
        self.file.seek(SeekFrom::End(0))?;
        (self.undoable, self.redoable) = (0, 0);
        Ok(())
    }

    /// Goes on after what was recorded, of which a torn end is cut away.
    pub fn resume(&mut self, recorded: &Recorded) -> std::io::Result<()> {
        self.file.set_len(recorded.whole_bytes)?;
        self.file.seek(SeekFrom::End(0))?;
        // a state from before this start is written as a whole
        (self.undoable, self.redoable) = (0, 0);
        Ok(())
    }

    /// On the disk when it returns. `now` is the project after the change.
    pub fn add(&mut self, change: Change, now: &super::Project) -> std::io::Result<()> {
        let change = match change {
            Change::Undid if self.undoable == 0 => Change::Became(Box::new(now.clone())),
            Change::Redid if self.redoable == 0 => Change::Became(Box::new(now.clone())),
            other => other,
        };
        let (undoable, redoable) = match &change {
            Change::Did { .. } => (self.undoable + 1, 0),
            Change::Undid => (self.undoable - 1, self.redoable + 1),
            Change::Redid => (self.undoable + 1, self.redoable - 1),
            // a replay does not know what lay before
            Change::Became(_) => (0, 0),
        };
        self.append(&Line::Change(change))?;
        (self.undoable, self.redoable) = (undoable.min(MAX_STEPS), redoable);
        Ok(())
    }

    /// Says that the project is about to be saved with this SHA-256.
    pub fn saving(&mut self, sha256: &str) -> std::io::Result<()> {
        self.append(&Line::Saving { sha256: sha256.to_owned() })
    }

    fn append(&mut self, line: &Line) -> std::io::Result<()> {
        let before = self.file.metadata()?.len();
        let result = self.file.write_all(line_of(line).as_bytes()).and_then(|()| self.file.sync_data());
        if result.is_err() {
            // a full disk must not leave half a line that hides the next one
            let _ = self.file.set_len(before);
            let _ = self.file.seek(SeekFrom::End(0));
        }
        result
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the file: nothing is left to recover.
    pub fn remove(self) -> std::io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let (open, named) = (file.metadata()?, std::fs::metadata(path)?);
    Ok((open.dev(), open.ino()) == (named.dev(), named.ino()))
}

/// Elsewhere an open file cannot be replaced.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> std::io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::testing::edits;
    use crate::project::{History, Project};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// A record of edits, undos and redos, cut anywhere, leads to the project after the last
        /// whole line.
        #[test]
        fn a_torn_record_leads_to_the_last_whole_gesture(
            edits in edits(25), turns in proptest::collection::vec(0u8..4, 25), restart_at in 0usize..25, cut in 0usize..400
        ) {
            let dir = tempfile::tempdir().expect("a folder");
            let path = dir.path().join("p.journal");
            let (mut journal, none) = Journal::open(&path).expect("opens");
            prop_assert!(none.is_none());
            let mut history = History::new(Project::new("a"));
            journal.restart("", Path::new("p")).expect("starts");
            let mut base = history.project().clone();
            // the length of the file and the project after each line
            let mut states = vec![(std::fs::metadata(&path).expect("is there").len(), base.clone())];
            for (i, (edit, turn)) in edits.into_iter().zip(turns).enumerate() {
                if i == restart_at {
                    base = history.project().clone();
                    journal.restart("saved", Path::new("p")).expect("starts");
                    states = vec![(std::fs::metadata(&path).expect("is there").len(), base.clone())];
                }
                let change = match turn {
                    0 => history.undo().then_some(Change::Undid),
                    1 => history.redo().then_some(Change::Redid),
                    _ => history.apply(edit).ok().flatten(),
                };
                if let Some(change) = change {
                    journal.add(change, history.project()).expect("writes");
                    states.push((std::fs::metadata(&path).expect("is there").len(), history.project().clone()));
                }
            }
            let mut bytes = std::fs::read(&path).expect("readable");
            bytes.truncate(bytes.len().saturating_sub(cut).max(states[0].0 as usize));
            let expected = &states.iter().rev().find(|(length, _)| *length <= bytes.len() as u64).expect("the start").1;
            let recorded = parse(&bytes).expect("begins");
            let mut again = History::new(base);
            for change in recorded.changes {
                again.replay(change).expect("fits");
            }
            prop_assert_eq!(again.project(), expected);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }
    }

    #[test]
    fn two_programs_cannot_write_one_record() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("p.journal");
        let (mut first, _) = Journal::open(&path).expect("opens");
        first.restart("", Path::new("p")).expect("starts");
        let error = Journal::open(&path).expect_err("is locked");
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    }
}
