//! What the reference's configuration files say about training.

use std::path::Path;

use serde::Deserialize;

use super::labels::{CENTRE_RADIUS, RANGES};

/// The parts that decide what a step computes; all else has no effect here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReferenceFile {
    pub model: Model,
    pub train_cfg: Training,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Model {
    pub regression_range: Vec<[f64; 2]>,
}

impl Default for Model {
    fn default() -> Self {
        Self { regression_range: RANGES.to_vec() }
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Training {
    pub init_loss_norm: f64,
    pub center_sample_radius: f64,
    pub label_smoothing: f64,
    pub loss_weight: f64,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            init_loss_norm: 200.0,
            center_sample_radius: CENTRE_RADIUS,
            label_smoothing: 0.1,
            loss_weight: 1.0,
        }
    }
}

impl ReferenceFile {
    /// Reads yaml or json; the error does not name the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        serde_saphyr::from_str(&text).map_err(|error| error.to_string())
    }
}
