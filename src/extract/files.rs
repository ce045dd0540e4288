//! Features of a data set's videos and queries as stores that training and `gazenlq localize` read:
//! one file an entry, written whole, so that what is there need not be made again.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};

use super::{ExtractError, FPS, GAZE_DIM, LightEncoder, STRIDE_FRAMES, TEXT_DIM, VIDEO_DIM};
use crate::dataset::Videos;
use crate::job::JobCtx;
use crate::project::{AnnotationFile, write_whole};

/// What stands beside the stores, so that features of different encoders do not mix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct About {
    encoder: String,
    stride_frames: f64,
    fps: f64,
    video_dim: usize,
    gaze_dim: usize,
    text_dim: usize,
}

/// What became of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ExtractReport {
    pub videos: usize,
    pub queries: usize,
    /// Entries that were there.
    pub kept: usize,
    /// Clips without a video.
    pub absent: Vec<String>,
}

/// Writes `video/`, `gaze/` and `text/` into `output`: entries named after video files and query ids.
pub fn extract_features(
    encoder: &LightEncoder,
    annotations: &[AnnotationFile],
    videos: &Videos,
    output: &Path,
    ctx: &JobCtx,
) -> Result<ExtractReport, ExtractError> {
    let stores = Stores::create(output, encoder)?;
    let mut report = ExtractReport::default();
    let clips: Vec<_> = annotations.iter().flat_map(|file| &file.clips).collect();

    ctx.stage("Questions");
    let mut texts = BTreeMap::new();
    for clip in &clips {
        for query in &clip.queries {
            texts.insert(clip.key_of(query).query_id(), query.text.as_str());
        }
    }
    // questions are repeated, across files and in narrations
    let mut known: HashMap<&str, Tensor> = HashMap::new();
    for (done, (id, text)) in texts.iter().enumerate() {
        ctx.step(done as u64, texts.len() as u64)?;
        if stores.has("text", id) {
            report.kept += 1;
            continue;
        }
        if !known.contains_key(text) {
            known.insert(text, encoder.text(text)?);
        }
        stores.write("text", id, "token_features", &known[text])?;
        report.queries += 1;
    }

    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for clip in &clips {
        match videos.of(clip) {
            Some(video) => {
                let uid = if video.start_secs > 0.0 { &clip.video_uid } else { &clip.clip_uid };
                files.insert(uid.clone(), video.path);
            }
            None if !report.absent.contains(&clip.clip_uid) => report.absent.push(clip.clip_uid.clone()),
            None => {}
        }
    }
    for (done, (uid, path)) in files.iter().enumerate() {
        ctx.stage(&format!("Video {} of {}", done + 1, files.len()));
        if stores.has("video", uid) && stores.has("gaze", uid) {
            report.kept += 1;
            continue;
        }
        let vectors = encoder.video(path, ctx)?;
        stores.write("gaze", uid, "features", &vectors.gaze)?;
        stores.write("video", uid, "features", &vectors.video)?;
        report.videos += 1;
    }
    Ok(report)
}

struct Stores<'a>(&'a Path);

impl<'a> Stores<'a> {
    fn create(output: &'a Path, encoder: &LightEncoder) -> Result<Self, ExtractError> {
        let unwritable =
            |e: std::io::Error| ExtractError::Unwritable { reason: e.to_string(), path: output.to_owned() };
        for name in ["video", "gaze", "text"] {
            std::fs::create_dir_all(output.join(name)).map_err(unwritable)?;
        }
        let about = About {
            encoder: encoder.name(),
            stride_frames: STRIDE_FRAMES,
            fps: FPS,
            video_dim: VIDEO_DIM,
            gaze_dim: GAZE_DIM,
            text_dim: TEXT_DIM,
        };
        let path = output.join("features.json");
        match std::fs::read(&path) {
            Ok(bytes) if serde_json::from_slice::<About>(&bytes).ok().as_ref() != Some(&about) => {
                return Err(ExtractError::OtherEncoder(output.to_owned()));
            }
            Ok(_) => {}
            Err(_) => {
                let text = serde_json::to_string_pretty(&about).unwrap_or_default();
                write_whole(&path, text.as_bytes()).map_err(unwritable)?;
            }
        }
        Ok(Self(output))
    }

    fn path(&self, store: &str, key: &str) -> PathBuf {
        self.0.join(store).join(format!("{key}.safetensors"))
    }

    fn has(&self, store: &str, key: &str) -> bool {
        self.path(store, key).is_file()
    }

    /// In half precision.
    fn write(&self, store: &str, key: &str, array: &str, tensor: &Tensor) -> Result<(), ExtractError> {
        let path = self.path(store, key);
        let tensor = tensor.to_dtype(DType::F16)?;
        let unwritable = |reason: String| ExtractError::Unwritable { reason, path: self.path(store, key) };
        let bytes =
            safetensors::serialize([(array, &tensor)], None).map_err(|e| unwritable(e.to_string()))?;
        // an entry that was cut off would be read as features
        let part = path.with_extension("part");
        std::fs::write(&part, bytes)
            .and_then(|()| std::fs::rename(&part, &path))
            .map_err(|e| unwritable(e.to_string()))
    }
}
