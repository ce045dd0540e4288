//! What a run starts with: weights of earlier runs or of the reference, as far as they are wanted.

use std::path::{Path, PathBuf};

use super::TrainError;
use super::config::{GroundingRun, Start};
use crate::grounding::groundnlq::{StateDict, Tensors, read_checkpoint};

/// Weights of a checkpoint and of a gaze estimator, where named. The heads stay out unless
/// `model.fusion.pretrained_heads` is on; what the checkpoint lacks starts afresh if gaze is new to it.
pub fn read_start(config: &GroundingRun, shapes: &[(String, Vec<usize>)]) -> Result<Tensors, TrainError> {
    let mut found = Tensors::new();
    if let Some(path) = weights_file(&config.start.checkpoint)? {
        let mut tensors = read_checkpoint(&path, which(&config.start))?;
        tensors.retain(|name, _| is_wanted(config, name));
        let has_gaze = tensors.keys().any(|name| is_gaze(name));
        let expected =
            shapes.iter().filter(|(name, _)| is_wanted(config, name) && (has_gaze || !is_gaze(name)));
        take(&tensors, expected, &path, &mut found)?;
    }
    if let Some(path) = weights_file(&config.start.estimator)? {
        let tensors = read_checkpoint(&path, StateDict::Raw)?;
        take(&tensors, shapes.iter().filter(|(name, _)| name.starts_with("gaze.")), &path, &mut found)?;
    }
    Ok(found)
}

/// The same for an estimator alone.
pub fn read_estimator(start: &Start, shapes: &[(String, Vec<usize>)]) -> Result<Tensors, TrainError> {
    let mut found = Tensors::new();
    for path in [&start.checkpoint, &start.estimator] {
        if let Some(path) = weights_file(path)? {
            take(&read_checkpoint(&path, which(start))?, shapes.iter(), &path, &mut found)?;
        }
    }
    Ok(found)
}

fn which(start: &Start) -> StateDict {
    if start.ema { StateDict::Ema } else { StateDict::Raw }
}

/// The reference drops every name with "head" in it.
fn is_wanted(config: &GroundingRun, name: &str) -> bool {
    config.model.fusion.pretrained_heads || !(name.starts_with("cls_head.") || name.starts_with("reg_head."))
}

fn is_gaze(name: &str) -> bool {
    name.starts_with("gaze.") || name.starts_with("gaze_fusion.")
}

/// The file itself, or the weights in a model's folder or a run's best model.
fn weights_file(path: &Path) -> Result<Option<PathBuf>, TrainError> {
    if path.as_os_str().is_empty() {
        return Ok(None);
    }
    let inside = ["model.safetensors", "best/model.safetensors", "last/model.safetensors"];
    let found = inside.iter().map(|name| path.join(name)).find(|file| file.is_file());
    if found.is_none() && path.is_dir() {
        let what =
            format!("there are no weights in it (expected one of {}); is its run done?", inside.join(", "));
        return Err(TrainError::Checkpoint { what, path: path.to_owned() });
    }
    Ok(Some(found.unwrap_or_else(|| path.to_owned())))
}

fn take<'a>(
    from: &Tensors,
    expected: impl Iterator<Item = &'a (String, Vec<usize>)>,
    path: &Path,
    into: &mut Tensors,
) -> Result<(), TrainError> {
    for (name, shape) in expected {
        let wrong = |what: String| TrainError::Checkpoint { what, path: path.to_owned() };
        let tensor = from.get(name).ok_or_else(|| wrong(format!("it has no tensor `{name}`")))?;
        if tensor.dims() != shape {
            return Err(wrong(format!("`{name}` is {:?}, expected {shape:?}", tensor.dims())));
        }
        into.insert(name.clone(), tensor.clone());
    }
    Ok(())
}
