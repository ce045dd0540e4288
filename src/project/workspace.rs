//! A project being worked on: its history, its file, and the record of what is not saved yet.
//!
//! Every completed gesture is on the disk before [`Workspace::apply`] returns. Opening after a crash
//! gives what the record holds beside what was saved, and a person chooses.

use std::path::{Path, PathBuf};

use super::file::{ProjectFileError, parse, text_of};
use super::history::Change;
use super::journal::{self, Journal, Recorded};
use super::{Edit, EditError, History, Project, write_whole};

#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    #[error(transparent)]
    Edit(#[from] EditError),
    #[error(transparent)]
    File(#[from] ProjectFileError),
    #[error(
        "the change is done but not yet on the disk ({reason}); save the project elsewhere before going on: {}",
        path.display()
    )]
    Unrecorded { reason: String, path: PathBuf },
}

#[derive(Debug)]
pub struct Workspace {
    history: History,
    /// Where it is saved; nothing lies there before the first save.
    path: Option<PathBuf>,
    /// `None` while there is no place to keep it.
    journal: Option<Journal>,
    is_saved: bool,
}

/// What was found beside a project after a crash.
#[derive(Debug)]
pub struct Recovery {
    /// The project with everything that was recorded.
    history: History,
    recorded: Recorded,
    /// Completed gestures that the saved file does not hold.
    pub gestures: usize,
    /// A gesture was being written when the program ended.
    pub was_torn: bool,
}

impl Recovery {
    pub fn project(&self) -> &Project {
        self.history.project()
    }

    /// What was done, oldest first.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.history.steps()
    }
}

/// The record beside a project file.
pub fn journal_path(project: &Path) -> PathBuf {
    let mut name = project.file_name().unwrap_or_default().to_owned();
    name.push(".journal");
    project.with_file_name(name)
}

fn in_use_or_unwritable(error: &std::io::Error, path: &Path) -> ProjectFileError {
    let path = path.to_path_buf();
    if error.kind() == std::io::ErrorKind::WouldBlock {
        return ProjectFileError::InUse { path };
    }
    ProjectFileError::Unwritable { reason: error.to_string(), path }
}

impl Workspace {
    /// A project that is kept nowhere until it is saved.
    pub fn in_memory(project: Project) -> Self {
        Self { history: History::new(project), path: None, journal: None, is_saved: true }
    }

    /// Opens a saved project. With a recovery, nothing is written until [`Self::recover`] or
    /// [`Self::discard`] has been chosen.
    pub fn open(path: &Path) -> Result<(Self, Option<Recovery>), WorkspaceError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        // before a record is made for a file that is not there
        std::fs::metadata(&path)
            .map_err(|e| ProjectFileError::Unreadable { reason: e.to_string(), path: path.clone() })?;
        Self::open_with(path, |path| {
            let bytes = std::fs::read(path).map_err(|e| ProjectFileError::Unreadable {
                reason: e.to_string(),
                path: path.to_path_buf(),
            })?;
            Ok((parse(&bytes, path)?, journal::sha256_of(&bytes)))
        })
    }

    /// Opens a saved project, or begins one that will be saved there; its record lies there from now on.
    pub fn open_or_begin(
        path: &Path,
        new: impl FnOnce() -> Project,
    ) -> Result<(Self, Option<Recovery>), WorkspaceError> {
        if std::fs::exists(path).unwrap_or(true) {
            return Self::open(path);
        }
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        Self::open_with(path, |_| Ok((new(), String::new())))
    }

    fn open_with(
        path: PathBuf,
        read: impl FnOnce(&Path) -> Result<(Project, String), ProjectFileError>,
    ) -> Result<(Self, Option<Recovery>), WorkspaceError> {
        let record_path = journal_path(&path);
        let (record, recorded) = Journal::open(&record_path).map_err(|e| in_use_or_unwritable(&e, &path))?;
        let (project, base) = read(&path)?;
        let recovery = recorded.and_then(|recorded| {
            if recorded.changes_after(&base).is_none() {
                set_aside(&record_path);
            }
            recovery_of(&project, &base, recorded)
        });
        let history = History::new(project);
        let mut workspace = Self { history, path: Some(path), journal: Some(record), is_saved: true };
        if recovery.is_none() {
            workspace.restart_journal(&base)?;
        }
        Ok((workspace, recovery))
    }

    /// Goes on from what the crash left.
    pub fn recover(&mut self, recovery: Recovery) -> Result<(), WorkspaceError> {
        if let Some(journal) = &mut self.journal {
            let resumed = journal.resume(&recovery.recorded);
            resumed.map_err(|e| in_use_or_unwritable(&e, journal.path()))?;
        }
        self.history = recovery.history;
        self.is_saved = false;
        Ok(())
    }

    /// Goes on from the saved file; the record is kept beside it under another name.
    pub fn discard(&mut self, _: Recovery) -> Result<(), WorkspaceError> {
        if let Some(journal) = &self.journal {
            set_aside(journal.path());
        }
        let base = match &self.path {
            Some(path) => std::fs::read(path).map(|bytes| journal::sha256_of(&bytes)).unwrap_or_default(),
            None => String::new(),
        };
        self.restart_journal(&base)
    }

    pub fn project(&self) -> &Project {
        self.history.project()
    }

    pub fn history(&self) -> &History {
        &self.history
    }

    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Where the record of unsaved changes lies, to be shown; `None` while nothing is kept.
    pub fn journal_path(&self) -> Option<&Path> {
        self.journal.as_ref().map(Journal::path)
    }

    /// Nothing was changed since the last save.
    pub fn is_saved(&self) -> bool {
        self.is_saved
    }

    /// One edit; recorded at once unless a gesture is open. Whether that made a step of the history.
    pub fn apply(&mut self, edit: Edit) -> Result<bool, WorkspaceError> {
        let change = self.history.apply(edit)?;
        self.record(change)
    }

    /// Several edits as one step, all or none.
    pub fn apply_all(&mut self, name: impl Into<String>, edits: Vec<Edit>) -> Result<bool, WorkspaceError> {
        let change = self.history.apply_all(name, edits)?;
        self.record(change)
    }

    pub fn begin_gesture(&mut self, name: impl Into<String>) {
        self.history.begin_gesture(name);
    }

    pub fn end_gesture(&mut self) -> Result<bool, WorkspaceError> {
        let change = self.history.end_gesture();
        self.record(change)
    }

    pub fn cancel_gesture(&mut self) {
        self.history.cancel_gesture();
    }

    /// False when there is nothing to undo.
    pub fn undo(&mut self) -> Result<bool, WorkspaceError> {
        let is_done = self.history.undo();
        self.record(is_done.then_some(Change::Undid))?;
        Ok(is_done)
    }

    pub fn redo(&mut self) -> Result<bool, WorkspaceError> {
        let is_done = self.history.redo();
        self.record(is_done.then_some(Change::Redid))?;
        Ok(is_done)
    }

    /// Whether there was a change.
    fn record(&mut self, change: Option<Change>) -> Result<bool, WorkspaceError> {
        let Some(change) = change else { return Ok(false) };
        self.is_saved = false;
        let Some(journal) = &mut self.journal else { return Ok(true) };
        let added = journal.add(change, self.history.project());
        added.map(|()| true).map_err(|e| WorkspaceError::Unrecorded {
            reason: e.to_string(),
            path: journal.path().to_path_buf(),
        })
    }

    /// Saves where the project was opened; `false` when it has no place yet.
    pub fn save(&mut self) -> Result<bool, WorkspaceError> {
        let Some(path) = self.path.clone() else { return Ok(false) };
        let text = text_of(self.project(), &path);
        let sha256 = journal::sha256_of(text.as_bytes());
        // a crash between the two renames below must not make the record look like another file's
        let unwritable = |e: std::io::Error| in_use_or_unwritable(&e, &path);
        if let Some(journal) = &mut self.journal {
            journal.saving(&sha256).map_err(unwritable)?;
        }
        write_whole(&path, text.as_bytes()).map_err(unwritable)?;
        self.restart_journal(&sha256)?;
        self.is_saved = true;
        Ok(true)
    }

    /// Saves at another place and goes on there.
    pub fn save_as(&mut self, path: &Path) -> Result<(), WorkspaceError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        if self.path.as_deref() == Some(&path) {
            self.save()?;
            return Ok(());
        }
        let unwritable = |e: std::io::Error| in_use_or_unwritable(&e, &path);
        let text = text_of(self.project(), &path);
        let record_path = journal_path(&path);
        let (mut journal, recorded) = Journal::open(&record_path).map_err(unwritable)?;
        if recorded.is_some_and(|recorded| !recorded.changes.is_empty()) {
            // what somebody did to the file that is replaced and never saved
            set_aside(&record_path);
        }
        write_whole(&path, text.as_bytes()).map_err(unwritable)?;
        journal.restart(&journal::sha256_of(text.as_bytes()), &path).map_err(unwritable)?;
        // all that the old record holds is in the new file
        if let Some(old) = self.journal.replace(journal) {
            let _ = old.remove();
        }
        self.path = Some(path);
        self.is_saved = true;
        Ok(())
    }

    /// Ends the work. The record of a saved project holds nothing, so it goes.
    pub fn close(self) {
        if let (true, Some(journal)) = (self.is_saved, self.journal) {
            let _ = journal.remove();
        }
    }

    /// Ends the work without what was not saved; its record is kept beside under another name.
    pub fn close_unsaved(mut self) {
        if let (false, Some(journal)) = (self.is_saved, &self.journal) {
            set_aside(journal.path());
        }
        self.is_saved = true;
        self.close();
    }

    fn restart_journal(&mut self, base: &str) -> Result<(), WorkspaceError> {
        let project = self.path.clone().unwrap_or_default();
        if let Some(journal) = &mut self.journal {
            let restarted = journal.restart(base, &project);
            restarted.map_err(|e| in_use_or_unwritable(&e, journal.path()))?;
        }
        Ok(())
    }
}

/// `None` when there is nothing that the saved project lacks.
fn recovery_of(project: &Project, base: &str, recorded: Recorded) -> Option<Recovery> {
    let mut history = History::new(project.clone());
    let mut gestures = 0;
    for change in recorded.changes_after(base)? {
        // a change that does not fit would be a fault of ours; what came before it is still good
        if history.replay(change.clone()).is_err() {
            break;
        }
        gestures += 1;
    }
    let was_torn = recorded.torn_bytes > 0;
    (gestures > 0).then_some(Recovery { history, recorded, gestures, was_torn })
}

/// Keeps a record that is not wanted now: nobody's work is deleted unasked.
fn set_aside(path: &Path) {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".old");
    if let Err(error) = std::fs::copy(path, path.with_file_name(name)) {
        tracing::warn!("cannot keep the record of an earlier session ({error}): {}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::document::Tag;

    fn tag(name: &str) -> Edit {
        Edit::PutTag(Tag { name: name.into(), key: None })
    }

    fn names(project: &Project) -> Vec<String> {
        project.tags.iter().skip(8).map(|t| t.name.clone()).collect()
    }

    /// As after a kill: nothing is closed or saved.
    fn crash(workspace: Workspace) {
        drop(workspace);
    }

    #[test]
    fn what_was_done_after_the_last_save_is_offered_after_a_crash() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("p.gazenlq.json");
        let (mut work, none) = Workspace::open_or_begin(&path, || Project::new("a")).expect("starts");
        assert!(none.is_none() && work.is_saved());
        work.apply(tag("one")).expect("fits");
        assert!(!work.is_saved() && !path.exists());
        work.save().expect("saves");
        assert!(path.exists() && work.is_saved());
        for name in ["two", "three"] {
            work.apply(tag(name)).expect("fits");
        }
        // back to before the save
        for _ in 0..3 {
            assert!(work.undo().expect("records"));
        }
        assert!(work.redo().expect("records"));
        work.apply(tag("four")).expect("fits");
        let expected = names(work.project());
        assert_eq!(expected, ["one", "four"]);
        crash(work);

        let (mut work, recovery) = Workspace::open(&path).expect("opens");
        assert_eq!(names(work.project()), ["one"], "the saved file until the person has chosen");
        let recovery = recovery.expect("something to recover");
        assert_eq!((names(recovery.project()), recovery.was_torn), (expected.clone(), false));
        work.recover(recovery).expect("goes on");
        work.apply(tag("five")).expect("fits");
        crash(work);

        let (mut work, recovery) = Workspace::open(&path).expect("opens");
        assert_eq!(names(recovery.as_ref().expect("more").project()), ["one", "four", "five"]);
        work.discard(recovery.expect("more")).expect("goes on");
        assert_eq!(names(work.project()), ["one"]);
        assert!(dir.path().join("p.gazenlq.json.journal.old").exists());
        work.close();
        let (work, recovery) = Workspace::open(&path).expect("opens");
        assert!(recovery.is_none() && names(work.project()) == ["one"]);
    }

    #[test]
    fn a_crash_between_saving_and_forgetting_loses_and_repeats_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("p.gazenlq.json");
        let mut work = Workspace::in_memory(Project::new("a"));
        work.save_as(&path).expect("saves");
        work.apply(tag("one")).expect("fits");
        // what `save` does up to the second rename
        let text = text_of(work.project(), &path);
        let record = work.journal.as_mut().expect("is kept");
        record.saving(&journal::sha256_of(text.as_bytes())).expect("writes");
        crash(work);
        let (work, recovery) = Workspace::open(&path).expect("opens");
        assert_eq!(names(recovery.expect("not saved yet").project()), ["one"]);
        crash(work);
        write_whole(&path, text.as_bytes()).expect("writes");
        let (work, recovery) = Workspace::open(&path).expect("opens");
        assert!(recovery.is_none() && names(work.project()) == ["one"]);
    }

    #[test]
    fn a_record_of_another_file_is_kept_aside() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("p.gazenlq.json");
        let mut work = Workspace::in_memory(Project::new("a"));
        work.save_as(&path).expect("saves");
        work.apply(tag("one")).expect("fits");
        crash(work);
        super::super::file::save(&Project::new("somebody else"), &path).expect("saves");
        let (work, recovery) = Workspace::open(&path).expect("opens");
        assert!(recovery.is_none());
        assert_eq!(work.project().author, "somebody else");
        assert!(dir.path().join("p.gazenlq.json.journal.old").exists());
    }

    #[test]
    fn what_was_begun_and_never_saved_is_offered_and_nothing_is_left_of_what_was_only_looked_at() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("new.gazenlq.json");
        let begin = || Workspace::open_or_begin(&path, || Project::new("a")).expect("starts");
        begin().0.close();
        assert_eq!(std::fs::read_dir(dir.path()).expect("is there").count(), 0);
        let (mut work, _) = begin();
        work.apply(tag("one")).expect("fits");
        crash(work);
        let (mut work, recovery) = begin();
        work.recover(recovery.expect("something to recover")).expect("goes on");
        assert_eq!(names(work.project()), ["one"]);
        work.close_unsaved();
        let (work, recovery) = begin();
        assert!(recovery.is_none() && names(work.project()).is_empty());
        assert!(dir.path().join("new.gazenlq.json.journal.old").exists());
    }

    #[test]
    fn a_project_is_open_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("p.gazenlq.json");
        let mut work = Workspace::in_memory(Project::new("a"));
        work.save_as(&path).expect("saves");
        let error = Workspace::open(&path).expect_err("is open").to_string();
        assert!(error.starts_with("the project is open in another window"), "{error}");
    }
}
