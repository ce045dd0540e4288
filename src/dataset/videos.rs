//! Videos by the uid in their names.

use std::path::PathBuf;

use super::named_files::{ClipFile, NamedFiles};
use crate::job::{Cancelled, JobCtx};
use crate::project::{AnnotatedClip, is_named_like_a_video};

/// The videos in the named folders.
#[derive(Debug, Default)]
pub struct Videos(NamedFiles);

impl Videos {
    pub fn list(places: &[PathBuf], ctx: &JobCtx) -> Result<Self, Cancelled> {
        NamedFiles::list(places, is_named_like_a_video, ctx).map(Self)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The clip's own video, or else the one that it was cut from.
    pub fn of(&self, clip: &AnnotatedClip) -> Option<ClipFile> {
        self.0.of(clip, |_| true)
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
