//! A CLIP checkpoint that somebody has: both towers of ViT-B/16, in the layout of CLIP's authors
//! (`ViT-B-16.pt`) or of Hugging Face, become the model `clip-vit-b16`.

use std::path::Path;

use candle_core::Device;

use super::{ClipImageTower, ClipTextTower};
use crate::nn::{Manifest, ModelDir, NnError, Provenance, Source, clip_checkpoint, sha256_of};

const ID: &str = "clip-vit-b16";

/// What was imported.
#[derive(Clone, Debug)]
pub struct ClipImport {
    pub id: &'static str,
    /// Of the checkpoint.
    pub sha256: String,
    /// It is the file that its authors hand out.
    pub is_official: bool,
}

/// Converts the checkpoint into `models`, where it takes the place of what stands in for it. `None` if
/// the file is a checkpoint of another network; nothing is changed then, or after an error.
pub fn import_clip(checkpoint: &Path, models: &ModelDir) -> Result<Option<ClipImport>, NnError> {
    let Some(tensors) = clip_checkpoint(checkpoint)? else { return Ok(None) };
    let folder = models.path().join(ID);
    let partial = models.path().join(format!("{ID}.part"));
    let _ = std::fs::remove_dir_all(&partial); // what an interrupted run may have left
    std::fs::create_dir_all(&partial).map_err(NnError::io(&partial))?;
    let weights = partial.join("model.safetensors");
    let checked = candle_core::safetensors::save(&tensors, &weights).map_err(NnError::from).and_then(|()| {
        drop(tensors);
        ClipTextTower::open(&weights, &Device::Cpu)?;
        ClipImageTower::open(&weights, &Device::Cpu)
    });
    if let Err(error) = checked {
        let _ = std::fs::remove_dir_all(&partial);
        return Err(NnError::format(
            checkpoint,
            format!("this is CLIP, but not ViT-B/16: {}", one_line(&error)),
        ));
    }
    let sha256 = sha256_of(checkpoint)?;
    let source = checkpoint.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Provenance { source, sha256: sha256.clone() }.write(&partial)?;
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::rename(&partial, &folder).map_err(NnError::io(&folder))?;
    let is_official = official_sha256().is_some_and(|official| official == sha256);
    Ok(Some(ClipImport { id: ID, sha256, is_official }))
}

/// candle adds a stack trace where one is asked for in the environment.
fn one_line(error: &NnError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn official_sha256() -> Option<String> {
    let manifest = Manifest::built_in();
    let entry = manifest.models.into_iter().find(|entry| entry.id == ID)?;
    entry.sources.into_iter().find_map(|source| match source {
        Source::Files(source) => Some(source.files.into_iter().next()?.sha256),
        Source::Package(_) => None,
    })
}
