//! Videos by the uid in their names.

use std::path::{Path, PathBuf};

use crate::job::{Cancelled, JobCtx};
use crate::project::{AnnotatedClip, is_named_like_a_video};

/// Folders below a named one that are looked into.
const MAX_DEPTH: usize = 3;

/// The videos in the named folders.
#[derive(Debug, Default)]
pub struct Videos {
    /// File name in lower case, and path.
    list: Vec<(String, PathBuf)>,
}

/// The video of a clip.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipVideo {
    pub path: PathBuf,
    /// Where the clip starts in it, seconds: 0 where the file is the clip alone.
    pub start_secs: f64,
}

impl Videos {
    pub fn list(places: &[PathBuf], ctx: &JobCtx) -> Result<Self, Cancelled> {
        let mut videos = Self::default();
        for place in places {
            videos.add(place, 0, ctx)?;
        }
        Ok(videos)
    }

    fn add(&mut self, path: &Path, depth: usize, ctx: &JobCtx) -> Result<(), Cancelled> {
        ctx.check()?;
        if !path.is_dir() {
            if is_named_like_a_video(path) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
                self.list.push((name, path.to_owned()));
            }
            return Ok(());
        }
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in entries {
            if depth < MAX_DEPTH || !entry.is_dir() {
                self.add(&entry, depth + 1, ctx)?;
            }
        }
        Ok(())
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The file named after the clip, or else the one named after the video that it was cut from.
    pub fn of(&self, clip: &AnnotatedClip) -> Option<ClipVideo> {
        let named = |uid: &str| {
            let uid = uid.to_lowercase();
            self.list
                .iter()
                .find(|(name, _)| !uid.is_empty() && name.contains(&uid))
                .map(|(_, path)| path.clone())
        };
        if let Some(path) = named(&clip.clip_uid) {
            return Some(ClipVideo { path, start_secs: 0.0 });
        }
        let path = named(&clip.video_uid)?;
        Some(ClipVideo { path, start_secs: clip.video_secs.map_or(0.0, |[start, _]| start.max(0.0)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_s_own_file_goes_before_its_whole_video() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["AB-video.mp4", "clip-1.mkv", "clip-3.txt"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let videos = Videos::list(&[dir.path().to_owned()], &JobCtx::detached()).unwrap();
        assert_eq!(videos.len(), 2);
        let of = |uid: &str| {
            let clip = AnnotatedClip {
                clip_uid: uid.to_owned(),
                video_uid: "ab-video".to_owned(),
                video_secs: Some([30.0, 60.0]),
                ..AnnotatedClip::default()
            };
            videos.of(&clip).map(|v| (v.path.file_name().unwrap().to_owned(), v.start_secs)).unwrap()
        };
        assert_eq!(of("clip-1"), ("clip-1.mkv".into(), 0.0));
        assert_eq!(of("clip-3"), ("AB-video.mp4".into(), 30.0));
    }
}
