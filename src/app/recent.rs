//! What the start page shows: recent sessions with pictures, whether their files and the networks are
//! there. Looking is a job: a recent clip may lie on a network drive that is away.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;

use super::settings::Recent;
use super::state::AppState;
use super::tasks::{Done, TaskKind};
use crate::nn::{ModelDir, Registry};
use crate::project::write_whole;
use crate::video::Thumbnail;

/// What was found of one recent session.
#[derive(Clone, Debug)]
pub struct RecentLook {
    pub files: Vec<PathBuf>,
    pub is_there: bool,
    /// Width, height and 3 bytes a pixel.
    pub picture: Option<Arc<Thumbnail>>,
}

pub fn picture_file(folder: &Path, content_id: &str) -> PathBuf {
    folder.join(format!("{content_id}.png"))
}

pub fn write_picture(path: &Path, picture: &Thumbnail) -> anyhow::Result<()> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let (width, height) = (picture.width as u32, picture.height as u32);
    let rgb =
        image::RgbImage::from_raw(width, height, picture.rgb.clone()).context("an incomplete picture")?;
    rgb.write_to(&mut bytes, image::ImageFormat::Png)?;
    write_whole(path, bytes.get_ref()).with_context(|| format!("cannot save {}", path.display()))
}

fn read_picture(path: &Path) -> Option<Thumbnail> {
    let rgb = image::open(path).ok()?.to_rgb8();
    Some(Thumbnail {
        time: crate::time::MediaTime::ZERO,
        width: rgb.width() as usize,
        height: rgb.height() as usize,
        rgb: rgb.into_raw(),
    })
}

/// Looks at every recent session in the background.
pub fn look(state: &mut AppState) {
    let (recents, folder) = (state.settings.recent.clone(), state.places.pictures.clone());
    state.tasks.start(TaskKind::Recent, move |ctx| {
        let mut looks = Vec::new();
        for recent in &recents {
            ctx.check()?;
            looks.push(look_at(recent, folder.as_deref()));
        }
        let has_models = Registry::open(ModelDir::from_env()).is_complete();
        Ok(Done::RecentSeen(looks, has_models))
    });
}

fn look_at(recent: &Recent, folder: Option<&Path>) -> RecentLook {
    let picture = folder
        .filter(|_| !recent.content_id.is_empty())
        .and_then(|folder| read_picture(&picture_file(folder, &recent.content_id)));
    RecentLook {
        files: recent.files.clone(),
        is_there: recent.files.iter().all(|file| file.exists()),
        picture: picture.map(Arc::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recent_session_says_whether_its_files_are_there_and_shows_its_picture() {
        let dir = tempfile::tempdir().expect("a folder");
        let picture = Thumbnail {
            time: crate::time::MediaTime::ZERO,
            width: 2,
            height: 1,
            rgb: vec![255, 0, 0, 0, 0, 255],
        };
        write_picture(&picture_file(dir.path(), "abc"), &picture).expect("saved");
        let recent =
            |file: PathBuf| Recent { files: vec![file], content_id: "abc".into(), ..Recent::default() };
        let gone = look_at(&recent(dir.path().join("gone.mp4")), Some(dir.path()));
        assert!(!gone.is_there);
        assert_eq!(gone.picture.as_deref(), Some(&picture));
        assert!(look_at(&recent(dir.path().to_path_buf()), None).is_there);
    }
}
