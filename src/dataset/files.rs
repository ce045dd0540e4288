//! Which files make up a data set.

use std::path::{Path, PathBuf};

use super::{DataSetError, ModelFiles};
use crate::project::Session;

/// What the user named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataSetFiles {
    pub annotations: PathBuf,
    pub model: Option<ModelFiles>,
    pub stores: Vec<PathBuf>,
    pub predictions: Vec<PathBuf>,
    /// Folders with videos, and single videos.
    pub videos: Vec<PathBuf>,
    /// Folders with gaze recordings and predicted maps, and single recordings.
    pub gaze: Vec<PathBuf>,
}

/// The training split's annotations beside those of another split, if their names differ in that word
/// alone.
pub fn train_beside(annotations: &Path) -> Option<PathBuf> {
    let name = annotations.file_name()?.to_str()?;
    let names = ["val", "test_unannotated", "test"].into_iter().filter(|split| name.contains(split));
    let paths = names.map(|split| annotations.with_file_name(name.replacen(split, "train", 1)));
    paths.into_iter().find(|path| path.is_file())
}

impl DataSetFiles {
    /// A data set of what was found, or what was found added to an open one.
    pub fn of(found: &Session, open: Option<&Self>) -> Result<Self, DataSetError> {
        let mut files = match (&found.annotations, open) {
            (Some(annotations), _) if found.is_data_set() => {
                Self { annotations: annotations.clone(), ..Self::default() }
            }
            (_, Some(open)) => open.clone(),
            _ => {
                let all =
                    found.stores.iter().chain(&found.predictions).chain(&found.model).chain(&found.config);
                return Err(DataSetError::NoAnnotations(all.into_iter().next().cloned().unwrap_or_default()));
            }
        };
        match (&found.model, &found.config) {
            (Some(weights), config) => {
                files.model = Some(ModelFiles { weights: weights.clone(), config: config.clone() });
            }
            (None, Some(config)) => {
                if let Some(model) = &mut files.model {
                    model.config = Some(config.clone());
                }
            }
            (None, None) => {}
        }
        let add = |list: &mut Vec<PathBuf>, found: &[PathBuf]| {
            list.retain(|path| !found.contains(path));
            list.extend_from_slice(found);
        };
        add(&mut files.stores, &found.stores);
        add(&mut files.predictions, &found.predictions);
        if found.video_folders.is_empty() {
            add(&mut files.videos, found.video.as_slice());
        } else {
            add(&mut files.videos, &found.video_folders);
        }
        if found.gaze_folders.is_empty() {
            add(&mut files.gaze, found.gaze.as_slice());
        } else {
            add(&mut files.gaze, &found.gaze_folders);
        }
        Ok(files)
    }

    /// All of them, as one would name them to open the same again.
    pub fn paths(&self) -> Vec<PathBuf> {
        let mut paths = vec![self.annotations.clone()];
        if let Some(model) = &self.model {
            paths.push(model.weights.clone());
            paths.extend(model.config.clone());
        }
        let lists = [&self.stores, &self.predictions, &self.videos, &self.gaze];
        for path in lists.into_iter().flatten() {
            if !paths.contains(path) {
                paths.push(path.clone());
            }
        }
        paths
    }
}
