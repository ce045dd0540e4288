//! Keeps where a person was in the open clip: read when it opens, saved in the background.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;

use super::recent;
use super::state::AppState;
use super::tasks::{Done, TaskKind};
use crate::project::write_whole;
use crate::project::{ClipNotes, NotesError, OldMarker};
use crate::time::MediaTime;
use crate::video::Thumbnail;

/// Folders of the user; without them nothing is kept.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// One file a clip: where the person was in it.
    pub notes: Option<PathBuf>,
    /// Projects without a name of their own, one for each clip and data set.
    pub projects: Option<PathBuf>,
    /// One small picture for each recent clip.
    pub pictures: Option<PathBuf>,
    /// What the program logged in its last runs.
    pub logs: Option<PathBuf>,
}

impl Places {
    pub fn of_user() -> Self {
        let Some(dirs) = directories::ProjectDirs::from("", "", "gazenlq") else { return Self::default() };
        Self::in_folders(dirs.data_dir(), dirs.cache_dir())
    }

    pub fn in_folders(data: &Path, cache: &Path) -> Self {
        Self {
            notes: Some(data.join("clips")),
            projects: Some(data.join("projects")),
            pictures: Some(cache.join("recent")),
            logs: Some(data.join("logs")),
        }
    }

    /// Nothing where there is nothing yet.
    pub fn notes_of(&self, content_id: &str) -> Option<Result<ClipNotes, NotesError>> {
        ClipNotes::load(&self.notes_file(content_id)?).transpose()
    }

    fn notes_file(&self, content_id: &str) -> Option<PathBuf> {
        Some(self.notes.as_ref()?.join(format!("{content_id}.json")))
    }
}

/// What has changed since it was saved.
#[derive(Default)]
pub struct NotesKeeper {
    is_touched: bool,
    /// Notes that could not be read are not written over.
    is_locked: bool,
    /// Markers of before there were projects, while no project has taken them.
    pub old_markers: Vec<OldMarker>,
    /// Number of the newest save that was started, and of the newest that was written.
    started: u64,
    written: Arc<Mutex<u64>>,
}

impl NotesKeeper {
    pub fn touch(&mut self) {
        self.is_touched = true;
    }

    pub fn lock(&mut self, is_locked: bool) {
        (self.is_locked, self.is_touched) = (is_locked, false);
        self.old_markers.clear();
    }
}

/// One save, on its way to a job.
struct Save {
    number: u64,
    written: Arc<Mutex<u64>>,
    notes: Option<(PathBuf, Vec<u8>)>,
    picture: Option<(PathBuf, Thumbnail)>,
}

impl Save {
    fn run(self) -> anyhow::Result<()> {
        // an older save that comes late must not win
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if *written > self.number {
            return Ok(());
        }
        *written = self.number;
        if let Some((path, bytes)) = self.notes {
            make_room(&path)?;
            write_whole(&path, &bytes)
                .with_context(|| format!("the notes on this clip cannot be saved: {}", path.display()))?;
        }
        if let Some((path, picture)) = self.picture {
            make_room(&path)?;
            recent::write_picture(&path, &picture)?;
        }
        Ok(())
    }
}

fn make_room(path: &Path) -> anyhow::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))
}

fn save_of(state: &mut AppState) -> Option<Save> {
    // a row of a data set is not a session of its own
    let player = state.player.as_ref().filter(|_| state.dataset.is_none())?;
    let info = player.info();
    let places = &state.places;
    let notes = places.notes_file(&info.content_id).filter(|_| !state.notes.is_locked);
    let picture = places.pictures.as_ref().map(|dir| recent::picture_file(dir, &info.content_id));
    let save = Save {
        number: state.notes.started + 1,
        written: Arc::clone(&state.notes.written),
        notes: notes.map(|path| (path, notes_of(state).to_json())),
        picture: picture.zip(picture_here(state)),
    };
    state.notes.started += 1;
    state.notes.is_touched = false;
    Some(save)
}

fn picture_here(state: &AppState) -> Option<Thumbnail> {
    let strip = state.thumbnails.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
    let now = state.now();
    strip.iter().min_by_key(|picture| picture.time.distance(now)).cloned()
}

/// What there is to keep of the open clip.
pub fn notes_of(state: &AppState) -> ClipNotes {
    let name = state.player.as_ref().map(|p| p.info().path.file_name().unwrap_or_default().to_owned());
    let questions: Vec<String> = state.queries.iter().map(|q| q.text.clone()).collect();
    let chosen = state.queries.selected().and_then(|s| questions.iter().position(|q| *q == s.text));
    ClipNotes {
        clip_name: name.unwrap_or_default().to_string_lossy().into_owned(),
        playhead: state.now(),
        visible: state.timeline_visible,
        range: state.marks.range,
        old_markers: state.notes.old_markers.clone(),
        chosen_question: chosen,
        questions,
        gaze_offset: state.gaze.as_ref().map_or(MediaTime::ZERO, |g| g.offset()),
        ..ClipNotes::default()
    }
}

/// Saves in the background when something was noted; called once a frame.
pub fn refresh(state: &mut AppState) {
    if state.notes.is_touched && !state.tasks.is_running(TaskKind::Keep) {
        save(state);
    }
}

/// Saves in the background now.
pub fn save(state: &mut AppState) {
    if let Some(save) = save_of(state) {
        state.tasks.start_also(TaskKind::Keep, move |_| {
            save.run()?;
            Ok(Done::Kept)
        });
    }
}

/// Saves before the window goes; nobody is waiting for a picture any more.
pub fn save_and_wait(state: &mut AppState) {
    if let Some(Err(error)) = save_of(state).map(Save::run) {
        tracing::warn!("{error:#}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_save_does_not_overwrite_a_newer_one() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("new/notes.json");
        let written = Arc::new(Mutex::new(0));
        let save = |number, text: &str| Save {
            number,
            written: Arc::clone(&written),
            notes: Some((path.clone(), text.as_bytes().to_vec())),
            picture: None,
        };
        save(2, "newer").run().expect("saved");
        save(1, "older").run().expect("left out");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "newer");
    }
}
