//! Files in folders that the user named, found by the uid in their names.

use std::path::{Path, PathBuf};

use crate::job::{Cancelled, JobCtx};
use crate::project::AnnotatedClip;

/// Folders below a named one that are looked into.
const MAX_DEPTH: usize = 3;

#[derive(Debug, Default)]
pub(super) struct NamedFiles {
    /// File name in lower case, and path.
    list: Vec<(String, PathBuf)>,
}

/// A file about a clip: its own, or one about the whole video that it was cut from.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipFile {
    pub path: PathBuf,
    /// Where the clip starts on the file's clock, seconds: 0 where the file is the clip's alone.
    pub start_secs: f64,
}

impl NamedFiles {
    /// The files in these places that are wanted, in the order of their names.
    pub fn list(
        places: &[PathBuf],
        is_wanted: impl Fn(&Path) -> bool,
        ctx: &JobCtx,
    ) -> Result<Self, Cancelled> {
        let mut found = Self::default();
        for place in places {
            found.add(place, 0, &is_wanted, ctx)?;
        }
        Ok(found)
    }

    fn add(
        &mut self,
        path: &Path,
        depth: usize,
        is_wanted: &impl Fn(&Path) -> bool,
        ctx: &JobCtx,
    ) -> Result<(), Cancelled> {
        ctx.check()?;
        if !path.is_dir() {
            if is_wanted(path) {
                self.list.push((lower_name(path), path.to_owned()));
            }
            return Ok(());
        }
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in entries {
            if depth < MAX_DEPTH || !entry.is_dir() {
                self.add(&entry, depth + 1, is_wanted, ctx)?;
            }
        }
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The file named after the clip, or else the one named after the video that it was cut from,
    /// among those whose name in lower case fits.
    pub fn of(&self, clip: &AnnotatedClip, fits: impl Fn(&str) -> bool) -> Option<ClipFile> {
        let named = |uid: &str| {
            let uid = uid.to_lowercase();
            let mut fitting =
                self.list.iter().filter(|(name, _)| !uid.is_empty() && name.contains(&uid) && fits(name));
            fitting.next().map(|(_, path)| path.clone())
        };
        let whole_start = clip.video_secs.map_or(0.0, |[start, _]| start.max(0.0));
        let own = named(&clip.clip_uid).map(|path| ClipFile { path, start_secs: 0.0 });
        own.or_else(|| Some(ClipFile { path: named(&clip.video_uid)?, start_secs: whole_start }))
    }
}

pub(super) fn lower_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().to_lowercase()
}
