//! Which of the named stores has the clips, which the queries, which the gaze: told by the names of
//! their entries, and between video and gaze by the length of their vectors.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::DataSetError;
use crate::grounding::groundnlq::{Config, GazeMode};
use crate::job::JobCtx;
use crate::project::AnnotationFile;
use crate::stores::{FeatureLevel, FeatureSet, FeatureStore, TEXT_ARRAYS, VIDEO_ARRAYS};

/// A store in its role.
#[derive(Clone)]
pub struct OpenedStore {
    pub path: PathBuf,
    /// Of text only the store counts.
    pub set: FeatureSet,
    /// Values of one vector.
    pub dim: usize,
    /// Clips, videos or queries of the annotations that it has, and those there are.
    pub covered: usize,
    pub wanted: usize,
    keys: Arc<BTreeSet<String>>,
}

impl OpenedStore {
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }
}

#[derive(Clone, Default)]
pub struct Stores {
    pub video: Option<OpenedStore>,
    pub text: Option<OpenedStore>,
    pub gaze: Option<OpenedStore>,
}

/// The names that entries may have.
struct Names {
    clips: BTreeSet<String>,
    videos: BTreeSet<String>,
    queries: BTreeSet<String>,
}

impl Names {
    fn of(annotations: &AnnotationFile) -> Self {
        let clips = &annotations.clips;
        Self {
            clips: clips.iter().map(|clip| clip.clip_uid.clone()).collect(),
            videos: clips.iter().map(|clip| clip.video_uid.clone()).filter(|uid| !uid.is_empty()).collect(),
            queries: annotations.queries().map(|(clip, query)| clip.key_of(query).query_id()).collect(),
        }
    }
}

enum Role {
    Text,
    Frames(FeatureLevel),
}

impl Stores {
    /// A store that cannot be used becomes a warning. Settings of a store that `before` has stay.
    pub fn open(
        paths: &[PathBuf],
        annotations: &AnnotationFile,
        config: Option<&Config>,
        before: Option<&Self>,
        warnings: &mut Vec<String>,
        ctx: &JobCtx,
    ) -> Result<Self, DataSetError> {
        let names = Names::of(annotations);
        let mut stores = Self::default();
        for (i, path) in paths.iter().enumerate() {
            ctx.step(i as u64, paths.len() as u64)?;
            match examined(path, &names, config) {
                Ok((role, store)) => {
                    let place = match role {
                        Role::Text => &mut stores.text,
                        Role::Frames(_) if is_gaze(path, store.dim, config, stores.video.is_some()) => {
                            &mut stores.gaze
                        }
                        Role::Frames(_) => &mut stores.video,
                    };
                    if let Some(other) = place {
                        warnings.push(format!(
                            "{} has the same kind of features as {}; the one named last is used",
                            other.path.display(),
                            path.display()
                        ));
                    }
                    *place = Some(store);
                }
                Err(what) => warnings.push(what),
            }
        }
        stores.settle(config, before);
        Ok(stores)
    }

    /// Rates: as they were set before, else the network's own.
    fn settle(&mut self, config: Option<&Config>, before: Option<&Self>) {
        let default = Config::default();
        let config = config.unwrap_or(&default);
        let rates = [
            (
                &mut self.video,
                before.and_then(|b| b.video.as_ref()),
                f64::from(config.features.stride_frames),
                f64::from(config.features.fps),
            ),
            (
                &mut self.gaze,
                before.and_then(|b| b.gaze.as_ref()),
                config.gaze.stride_frames,
                config.gaze.fps,
            ),
        ];
        for (store, before, stride_frames, fps) in rates {
            let Some(store) = store else { continue };
            match before.filter(|before| before.path == store.path) {
                Some(before) => {
                    let earlier = &before.set;
                    store.set = FeatureSet { store: Arc::clone(&store.set.store), ..earlier.clone() };
                }
                None => (store.set.stride_frames, store.set.fps) = (stride_frames, fps),
            }
        }
    }
}

/// What a store has of the annotations' clips, videos and queries.
fn examined(path: &Path, names: &Names, config: Option<&Config>) -> Result<(Role, OpenedStore), String> {
    let store = FeatureStore::open(path).map_err(|e| e.to_string())?;
    let keys = store.keys().map_err(|e| e.to_string())?;
    let count = |wanted: &BTreeSet<String>| wanted.intersection(&keys).count();
    let (clips, videos, queries) = (count(&names.clips), count(&names.videos), count(&names.queries));
    let Some(example) =
        [&names.queries, &names.clips, &names.videos].into_iter().find_map(|n| n.intersection(&keys).next())
    else {
        let example = keys
            .first()
            .map_or_else(|| "it is empty".to_owned(), |key| format!("its entries are named like `{key}`"));
        return Err(format!(
            "none of the annotations' clips, videos and queries is in this feature store, {example}: {}",
            path.display()
        ));
    };
    let (role, covered, wanted) = if queries > 0 && queries >= clips.max(videos) {
        (Role::Text, queries, names.queries.len())
    } else if clips >= videos {
        (Role::Frames(FeatureLevel::Clip), clips, names.clips.len())
    } else {
        (Role::Frames(FeatureLevel::Video), videos, names.videos.len())
    };
    let arrays = match role {
        Role::Text => TEXT_ARRAYS,
        Role::Frames(_) => VIDEO_ARRAYS,
    };
    let dim = store.get(example, arrays).map_err(|e| e.to_string())?.dims()[1];
    if let Some(config) = config {
        let (accepted, what): (Vec<usize>, _) = match role {
            Role::Text => (vec![config.features.text_dim], "text"),
            Role::Frames(_) => (accepted_dims(config), "video"),
        };
        if !accepted.contains(&dim) {
            let accepted: Vec<String> = accepted.iter().map(usize::to_string).collect();
            return Err(format!(
                "this store holds vectors of {dim}, and the network takes {what} features of {}: {}",
                accepted.join(" or "),
                path.display()
            ));
        }
    }
    let level = match role {
        Role::Frames(level) => level,
        Role::Text => FeatureLevel::Clip,
    };
    let set = FeatureSet {
        store: Arc::new(store),
        level,
        stride_frames: 1.0,
        fps: 1.0,
        offset_secs: 0.0,
        any_length: false,
    };
    Ok((role, OpenedStore { path: path.to_owned(), set, dim, covered, wanted, keys: Arc::new(keys) }))
}

fn accepted_dims(config: &Config) -> Vec<usize> {
    let gaze = (config.gaze.mode != GazeMode::Off).then_some(config.gaze.input_dim);
    [config.features.video_dim].into_iter().chain(gaze).collect()
}

/// By the length of the vectors; where that does not tell, by the folder's name, then by the order.
fn is_gaze(path: &Path, dim: usize, config: Option<&Config>, has_video: bool) -> bool {
    let is_named_so = || {
        let name = path.to_string_lossy().to_lowercase();
        name.contains("omnivore") || name.contains("gaze")
    };
    match config {
        Some(config) if config.gaze.mode == GazeMode::Off => false,
        Some(config) if config.gaze.input_dim != config.features.video_dim => dim == config.gaze.input_dim,
        _ => has_video || is_named_so(),
    }
}
