//! Evidence on disk, named by the clip's content: computed once, whatever the file is called.

use std::path::PathBuf;

use half::f16;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

use super::clip_features::{ClipFeatures, FrameEvidence, POOLED_GRID};
use super::clip_image::EMBED_DIM;
use crate::gaze::{GRID, Heatmap};
use crate::time::{FrameIdx, MediaTime};

/// Names networks and layout; a change makes old files unread.
const VERSION: &str = "light-1";
const PATCH_LEN: usize = POOLED_GRID * POOLED_GRID * EMBED_DIM;
const MAP_LEN: usize = GRID * GRID;

fn file_of(clip_id: &str) -> Option<PathBuf> {
    let dirs = directories::ProjectDirs::from("", "", "gazenlq")?;
    let root = std::env::var_os("GAZENLQ_CACHE").map_or_else(|| dirs.cache_dir().to_owned(), PathBuf::from);
    Some(root.join("features").join(format!("{clip_id}-{VERSION}.safetensors")))
}

/// Evidence kept earlier; empty when there is none or the file is damaged.
pub fn load(clip_id: &str) -> Vec<FrameEvidence> {
    let Some(path) = file_of(clip_id) else { return Vec::new() };
    let Ok(bytes) = std::fs::read(&path) else { return Vec::new() };
    parse(&bytes).unwrap_or_else(|| {
        tracing::warn!("cached features are damaged and will be computed again: {}", path.display());
        Vec::new()
    })
}

fn parse(bytes: &[u8]) -> Option<Vec<FrameEvidence>> {
    let file = SafeTensors::deserialize(bytes).ok()?;
    let data = |name| file.tensor(name).ok().map(|t| t.data().to_vec());
    let (frames, times) = (data("frames")?, data("times")?);
    let (whole, patches, maps) = (data("whole")?, data("patches")?, data("maps")?);
    let count = frames.len() / 4;
    let fits = times.len() == count * 8
        && whole.len() == count * EMBED_DIM * 4
        && patches.len() == count * PATCH_LEN * 2
        && maps.len() == count * MAP_LEN * 2;
    if !fits {
        return None;
    }
    let halves =
        |b: &[u8]| -> Vec<f16> { b.chunks_exact(2).map(|c| f16::from_le_bytes([c[0], c[1]])).collect() };
    let evidence = |i: usize| FrameEvidence {
        frame: FrameIdx(u32::from_le_bytes(frames[i * 4..i * 4 + 4].try_into().unwrap_or_default())),
        time: MediaTime::from_nanos(i64::from_le_bytes(
            times[i * 8..i * 8 + 8].try_into().unwrap_or_default(),
        )),
        whole: whole[i * EMBED_DIM * 4..(i + 1) * EMBED_DIM * 4]
            .chunks_exact(4)
            .map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]))
            .collect(),
        patches: halves(&patches[i * PATCH_LEN * 2..(i + 1) * PATCH_LEN * 2]),
        gaze: std::sync::Arc::new(Heatmap::from_cells(
            halves(&maps[i * MAP_LEN * 2..(i + 1) * MAP_LEN * 2]).iter().map(|v| v.to_f32()).collect(),
        )),
    };
    Some((0..count).map(evidence).collect())
}

/// Keeps what is there now. Written beside and renamed, so that a reader never sees half a file.
pub fn save(features: &ClipFeatures) -> std::io::Result<()> {
    let Some(path) = file_of(features.clip_id()) else { return Ok(()) };
    let frames = features.snapshot();
    let count = frames.len();
    let bytes_of =
        |f: &dyn Fn(&FrameEvidence) -> Vec<u8>| -> Vec<u8> { frames.iter().flat_map(|e| f(e)).collect() };
    let halves = |v: &[f16]| -> Vec<u8> { v.iter().flat_map(|h| h.to_le_bytes()).collect() };
    let peak = |m: &Heatmap| m.max().max(f32::MIN_POSITIVE);
    let index = bytes_of(&|e| e.frame.0.to_le_bytes().to_vec());
    let times = bytes_of(&|e| e.time.nanos().to_le_bytes().to_vec());
    let whole = bytes_of(&|e| e.whole.iter().flat_map(|v| v.to_le_bytes()).collect());
    let patches = bytes_of(&|e| halves(&e.patches));
    // relative to the peak, since the cells of a map that sums to 1 are small for half precision
    let maps = bytes_of(&|e| {
        let top = peak(&e.gaze);
        halves(&e.gaze.cells().iter().map(|c| f16::from_f32(c / top)).collect::<Vec<_>>())
    });
    let view =
        |dtype, shape: Vec<usize>, data| TensorView::new(dtype, shape, data).map_err(std::io::Error::other);
    let tensors = [
        ("frames", view(Dtype::U32, vec![count], &index)?),
        ("times", view(Dtype::I64, vec![count], &times)?),
        ("whole", view(Dtype::F32, vec![count, EMBED_DIM], &whole)?),
        ("patches", view(Dtype::F16, vec![count, PATCH_LEN], &patches)?),
        ("maps", view(Dtype::F16, vec![count, MAP_LEN], &maps)?),
    ];
    let bytes = safetensors::serialize(tensors, None).map_err(std::io::Error::other)?;
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let beside = path.with_extension(format!("{}.part", std::process::id()));
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, &path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_files_are_recognised() {
        assert!(parse(b"not a tensor file").is_none());
        assert!(parse(&[]).is_none());
    }
}
