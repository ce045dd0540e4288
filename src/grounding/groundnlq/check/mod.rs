//! Compares the networks with a folder of reference numbers, stage by stage.
//!
//! A folder is known by its files: `meta.json` is a network (with weights and inputs in files, or made
//! from its seed by `generate`), `gaze.json` is what gaze adds, `nms.json` is suppression; other folders
//! are searched one deep.

mod gaze;
mod generate;
pub(crate) mod network;
mod suppression;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde::de::DeserializeOwned;

use super::GroundNlqError;
use crate::grounding::Window;
use crate::nn::NnError;

/// One stage beside its reference.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Folder of the case.
    pub case: String,
    pub name: String,
    /// Largest difference; infinite if shape or number differ.
    pub error: f64,
    pub tolerance: f64,
}

impl Stage {
    pub fn is_within(&self) -> bool {
        self.error <= self.tolerance
    }
}

/// Checks every case in `dir`; stages come in the order of computation, so that the first one out of
/// tolerance is where things go wrong. An empty result means that the folder holds no case.
pub fn check(dir: &Path, device: &Device) -> Result<Vec<Stage>, GroundNlqError> {
    let mut stages = Vec::new();
    for folder in &folders(dir)? {
        let mut report = Report { case: name_of(folder), stages: &mut stages };
        if folder.join("meta.json").is_file() {
            network::check(folder, device, &mut report)?;
        }
        if folder.join("gaze.json").is_file() {
            gaze::check(folder, device, &mut report)?;
        }
        if folder.join("nms.json").is_file() {
            suppression::check(folder, &mut report)?;
        }
    }
    Ok(stages)
}

/// The folder and those in it: where cases may be.
pub(crate) fn folders(dir: &Path) -> Result<Vec<PathBuf>, GroundNlqError> {
    let entries = std::fs::read_dir(dir).map_err(NnError::io(dir))?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    folders.insert(0, dir.to_owned());
    Ok(folders)
}

pub(crate) fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Gathers the stages of one case.
pub(crate) struct Report<'a> {
    pub case: String,
    pub stages: &'a mut Vec<Stage>,
}

impl Report<'_> {
    pub fn add(&mut self, name: impl Into<String>, error: f64, tolerance: f64) {
        // a number that is none is no agreement
        let error = if error.is_nan() { f64::INFINITY } else { error };
        self.stages.push(Stage { case: self.case.clone(), name: name.into(), error, tolerance });
    }
}

/// The largest difference of two lists; infinite if they differ in length or hold no numbers.
pub(crate) fn difference(found: &[f32], expected: &[f32]) -> f64 {
    if found.len() != expected.len() {
        return f64::INFINITY;
    }
    let pairs = found.iter().zip(expected).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs());
    pairs.fold(0.0, |worst, d| if d > worst || d.is_nan() { d } else { worst })
}

/// Windows whose scores differ by less may change places.
const TIE: f32 = 1e-6;

/// The largest differences of ends and of scores; windows of nearly equal score may change places.
fn window_difference(found: &[Window], expected: &[Window]) -> (f64, f64) {
    if found.len() != expected.len() {
        return (f64::INFINITY, f64::INFINITY);
    }
    let mut left: Vec<Option<&Window>> = expected.iter().map(Some).collect();
    let (mut segments, mut scores) = (0f64, 0f64);
    for (index, window) in found.iter().enumerate() {
        let near = |other: usize| other == index || (expected[other].score - window.score).abs() <= TIE;
        let nearest = (0..left.len())
            .filter(|other| near(*other))
            .filter_map(|other| {
                let candidate = left[other]?;
                let by_ends = difference(&ends(&[*window]), &ends(&[*candidate]));
                Some((other, by_ends, difference(&[window.score], &[candidate.score])))
            })
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let Some((other, by_ends, by_score)) = nearest else { return (f64::INFINITY, f64::INFINITY) };
        left[other] = None;
        (segments, scores) = (segments.max(by_ends), scores.max(by_score));
    }
    (segments, scores)
}

fn ends(windows: &[Window]) -> Vec<f32> {
    windows.iter().flat_map(|w| [w.start, w.end]).collect()
}

pub(crate) type Tensors = HashMap<String, Tensor>;

pub(crate) fn tensors(path: &Path) -> Result<Tensors, GroundNlqError> {
    let bytes = std::fs::read(path).map_err(NnError::io(path))?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu);
    Ok(tensors.map_err(|error| NnError::format(path, format!("not a safetensors file: {error}")))?)
}

pub(crate) fn values(tensor: &Tensor) -> Result<Vec<f32>, GroundNlqError> {
    Ok(tensor.to_device(&Device::Cpu)?.to_dtype(candle_core::DType::F32)?.flatten_all()?.to_vec1()?)
}

pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, GroundNlqError> {
    let bytes = std::fs::read(path).map_err(NnError::io(path))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| NnError::format(path, format!("unexpected content: {error}")).into())
}

/// A tensor of a fixture by name.
pub(crate) fn named<'a>(tensors: &'a Tensors, name: &str, path: &Path) -> Result<&'a Tensor, GroundNlqError> {
    let missing = || NnError::format(path, format!("the fixture has no tensor `{name}`")).into();
    tensors.get(name).ok_or_else(missing)
}
