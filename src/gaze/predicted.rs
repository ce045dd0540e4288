//! Gaze that some model predicted, from a file: maps or points, one a picture.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device};

use super::recording::{self, GazeFileError, LoadContext};
use super::{GRID, GazeState, Heatmap, frame_map};
use crate::job::JobCtx;
use crate::nn::npy::{NpyArray, parse_npy};
use crate::time::MediaTime;

#[derive(Debug, thiserror::Error)]
pub enum PredictionError {
    #[error("cannot read the predicted gaze: {reason}: {}", path.display())]
    Unreadable { reason: String, path: PathBuf },
    #[error("predicted maps are expected as one array of [pictures, {GRID}, {GRID}]; found {found}: {}", path.display())]
    Shape { found: String, path: PathBuf },
    #[error("the predicted maps have values below zero (the least is {least:.4}); these look like logits, apply the softmax before saving them: {}", path.display())]
    Negative { least: f64, path: PathBuf },
    #[error(transparent)]
    Points(#[from] GazeFileError),
}

/// What a file holds.
pub enum Prediction {
    /// Map `i` is of picture `i`.
    Maps(Vec<Heatmap>),
    /// A gaze table; every point becomes the map that GLC draws around recorded gaze.
    Points(super::GazeTrack),
}

impl Prediction {
    /// `.npy` and `.safetensors` hold maps; any gaze table holds points.
    pub fn load(path: &Path, context: &LoadContext<'_>, ctx: &JobCtx) -> Result<Self, PredictionError> {
        ctx.stage("Reading the predicted gaze");
        let unreadable = |reason: String| PredictionError::Unreadable { reason, path: path.to_path_buf() };
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        let array = match extension.as_str() {
            "npy" => {
                let bytes = std::fs::read(path).map_err(|e| unreadable(e.to_string()))?;
                parse_npy(&bytes).map_err(|e| unreadable(e.to_string()))?
            }
            "safetensors" => only_tensor(path)?,
            _ => return Ok(Self::Points(recording::load(path, context, ctx)?.track)),
        };
        maps_of(&array, path).map(Self::Maps)
    }

    /// One map for each of these times; `None` of those at which a table has no gaze in the frame.
    pub fn at(&self, times: &[MediaTime]) -> Vec<Option<Heatmap>> {
        let tracked = |track: &super::GazeTrack, time| {
            track.at(time).filter(|s| s.state == GazeState::Tracked).map(|s| frame_map(s.pos))
        };
        match self {
            Self::Maps(maps) => (0..times.len()).map(|i| maps.get(i).cloned()).collect(),
            Self::Points(track) => times.iter().map(|time| tracked(track, *time)).collect(),
        }
    }
}

fn only_tensor(path: &Path) -> Result<NpyArray, PredictionError> {
    let unreadable = |e: candle_core::Error| PredictionError::Unreadable {
        reason: e.to_string(),
        path: path.to_path_buf(),
    };
    let tensors = candle_core::safetensors::load(path, &Device::Cpu).map_err(unreadable)?;
    let count = tensors.len();
    let Some(tensor) = tensors.into_values().next().filter(|_| count == 1) else {
        let found = format!("{count} tensors");
        return Err(PredictionError::Shape { found, path: path.to_path_buf() });
    };
    let values = tensor.to_dtype(DType::F64).and_then(|t| t.flatten_all()?.to_vec1()).map_err(unreadable)?;
    Ok(NpyArray { shape: tensor.dims().to_vec(), values })
}

fn maps_of(array: &NpyArray, path: &Path) -> Result<Vec<Heatmap>, PredictionError> {
    // channels and batches of one are common: [pictures, 1, 64, 64], [1, 1, pictures, 64, 64]
    let is_maps = array.shape.ends_with(&[GRID, GRID]) && {
        let leading = &array.shape[..array.shape.len() - 2];
        leading.iter().filter(|n| **n != 1).count() <= 1
    };
    if !is_maps {
        return Err(PredictionError::Shape { found: format!("{:?}", array.shape), path: path.to_path_buf() });
    }
    let least = array.values.iter().copied().fold(f64::INFINITY, f64::min);
    if least < 0.0 {
        return Err(PredictionError::Negative { least, path: path.to_path_buf() });
    }
    let map = |cells: &[f64]| Heatmap::from_cells(cells.iter().map(|v| *v as f32).collect());
    Ok(array.values.chunks_exact(GRID * GRID).map(map).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_shapes_and_logits_are_refused_in_words() {
        let array = |shape: &[usize], v: f64| NpyArray {
            shape: shape.to_vec(),
            values: vec![v; shape.iter().product()],
        };
        let error = |array| maps_of(&array, Path::new("p.npy")).expect_err("refused").to_string();
        assert!(error(array(&[2, 32, 32], 1.0)).contains("[2, 32, 32]"));
        assert!(error(array(&[1, 64, 64], -1.0)).contains("softmax"));
        assert_eq!(maps_of(&array(&[3, 1, 64, 64], 1.0), Path::new("p")).expect("reads").len(), 3);
    }
}
