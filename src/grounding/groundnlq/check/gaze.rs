//! What gaze adds: the estimator, the tokens' way to the grounding steps, the fusion block.
//!
//! `gaze.json` names a seed from which weights and inputs are made; `expected.safetensors` has the
//! stages. The repository's own cases are made in PyTorch by `tests/fixtures/make_gazenlq.py`.

use std::path::Path;

use candle_core::{Device, Tensor};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::network::agreement;
use super::{Report, Tensors, difference, generate, json, named, tensors, values};
use crate::grounding::groundnlq::backbone::sinusoid;
use crate::grounding::groundnlq::blocks::Sequence;
use crate::grounding::groundnlq::fusion::Fusion;
use crate::grounding::groundnlq::{
    Config, GazeAlign, GazeEstimates, GazeEstimator, GazeFeatures, GazeMode, GroundNlqError, Keep, Pass,
    StepGrid, align_tokens, expected_tensors, weights,
};
use crate::nn::ops::Extent;

#[derive(Deserialize)]
struct Meta {
    seed: String,
    /// In our own form.
    config: Config,
    windows: usize,
    steps: usize,
    /// With padding.
    rows: usize,
    text_rows: usize,
    text_valid: usize,
    clip_start_secs: f64,
    frames: u64,
    modes: Vec<GazeMode>,
    gaze_windows: Vec<i64>,
    weights_sha256: String,
    tolerance: f64,
}

pub fn check(folder: &Path, device: &Device, report: &mut Report) -> Result<(), GroundNlqError> {
    let meta: Meta = json(&folder.join("gaze.json"))?;
    let path = folder.join("expected.safetensors");
    Case { expected: tensors(&path)?, path: &path, meta, device }.check(report)
}

struct Case<'a> {
    meta: Meta,
    expected: Tensors,
    path: &'a Path,
    device: &'a Device,
}

impl Case<'_> {
    fn check(&self, report: &mut Report) -> Result<(), GroundNlqError> {
        let made = self.weights(report)?;
        let estimates = [GazeMode::Positive, GazeMode::Complement]
            .map(|mode| self.estimates(&made, mode, report))
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        let grid = StepGrid::from(&self.meta.config.features);
        for (align, name) in
            [(GazeAlign::Interp, "interp"), (GazeAlign::Nearest, "nearest"), (GazeAlign::Index, "index")]
        {
            let found = align_tokens(&estimates[0], align, &grid, self.meta.steps)?;
            self.compare(&format!("aligned.{name}"), &found, report)?;
        }
        for mode in &self.meta.modes {
            let estimates = &estimates[usize::from(*mode == GazeMode::Complement)];
            for window in &self.meta.gaze_windows {
                self.fusion(&made, *mode, *window, estimates, report)?;
            }
        }
        Ok(())
    }

    fn config(&self, mode: GazeMode) -> Config {
        let mut config = self.meta.config.clone();
        config.gaze.mode = mode;
        config
    }

    /// The gaze path's tensors, made from the seed.
    fn weights(&self, report: &mut Report) -> Result<weights::Tensors, GroundNlqError> {
        let expected = expected_tensors(&self.config(GazeMode::Positive))?.into_iter();
        let mut made = weights::Tensors::new();
        for (name, shape) in expected.filter(|(name, _)| name.starts_with("gaze")) {
            let values = generate::weight(&self.meta.seed, &name, &shape);
            made.insert(name, Tensor::from_vec(values, shape, self.device)?);
        }
        let mut hash = Sha256::new();
        for tensor in made.values() {
            hash.update(bytemuck::cast_slice(&values(tensor)?));
        }
        report.add("weights (SHA-256)", agreement(hash, &self.meta.weights_sha256), 0.0);
        Ok(made)
    }

    fn input(&self, name: &str, rows: usize, dim: usize) -> Result<Tensor, GroundNlqError> {
        let values = generate::affine(&format!("{}/in/{name}", self.meta.seed), rows * dim, 0.0, 1.0);
        Ok(Tensor::from_vec(values, (rows, dim), self.device)?)
    }

    fn compare(&self, name: &str, found: &Tensor, report: &mut Report) -> Result<(), GroundNlqError> {
        let expected = named(&self.expected, name, self.path)?;
        let error = match found.dims() == expected.dims() {
            true => difference(&values(found)?, &values(expected)?),
            false => f64::INFINITY,
        };
        report.add(name, error, self.meta.tolerance);
        Ok(())
    }

    /// The estimator's stages, as far as this mode computes them and the file has them.
    fn estimates(
        &self,
        made: &weights::Tensors,
        mode: GazeMode,
        report: &mut Report,
    ) -> Result<GazeEstimates, GroundNlqError> {
        let config = self.config(mode);
        let estimator = GazeEstimator::load(&weights::builder(made, self.device).pp("gaze"), &config)?;
        let features = self.input("gaze", self.meta.windows, config.gaze.input_dim)?;
        let input = GazeFeatures {
            clip_start_secs: self.meta.clip_start_secs,
            frames: Some(self.meta.frames),
            ..GazeFeatures::new(features, &config.gaze)
        };
        let mut pass = Pass::new(Keep::Stages);
        let estimates = estimator.estimate_in(&input, &mut pass)?;
        let tokens = match mode {
            GazeMode::Complement => "estimator.complement.tokens",
            _ => "estimator.tokens",
        };
        let mut stages: Vec<(String, Vec<Tensor>)> = Vec::new();
        for (name, part) in pass.stages {
            match stages.iter_mut().find(|(known, _)| *known == name) {
                Some((_, parts)) => parts.push(part),
                None => stages.push((name, vec![part])),
            }
        }
        stages.push(("estimator.maps".to_owned(), vec![estimates.maps.clone()]));
        stages.push((tokens.to_owned(), vec![estimates.tokens.clone()]));
        for (name, parts) in stages {
            let is_seen = report.stages.iter().any(|s| s.case == report.case && s.name == name);
            if self.expected.contains_key(&name) && !is_seen {
                self.compare(&name, &Tensor::cat(&parts, 0)?, report)?;
            }
        }
        Ok(estimates)
    }

    fn fusion(
        &self,
        made: &weights::Tensors,
        mode: GazeMode,
        window: i64,
        estimates: &GazeEstimates,
        report: &mut Report,
    ) -> Result<(), GroundNlqError> {
        let Meta { steps, rows, text_rows, text_valid, .. } = self.meta;
        let mut config = self.config(mode);
        config.fusion.gaze_window = window;
        let width = config.network.width;
        let weights = weights::builder(made, self.device);
        let fusion = Fusion::load(&weights.pp("gaze_fusion"), &config)?;
        let padded = |x: Tensor| x.pad_with_zeros(0, 0, rows - steps);
        let grid = StepGrid::from(&config.features);
        let tokens = padded(align_tokens(estimates, config.gaze.align, &grid, steps)?)?;
        let positions = padded(sinusoid(steps, width, &weights)?)?;
        let video = self.input("video", rows, width)?;
        let text = Sequence {
            x: self.input("text", text_rows, width)?,
            extent: Extent { rows: text_rows, valid: text_valid },
        };
        let mut pass = Pass::new(Keep::Stages);
        let extent = Extent { rows, valid: steps };
        let half = fusion.first_half(&video, &tokens, Some(&positions), extent, &mut pass)?;
        fusion.second_half(&half, &text, &mut pass)?;
        let mode = serde_json::to_value(mode).unwrap_or_default();
        let mode = mode.as_str().unwrap_or_default();
        for stage in ["gaze", "text", "out"] {
            let found = pass.stages.iter().find(|(name, _)| *name == format!("gaze_fusion.{stage}"));
            let Some((_, found)) = found else { continue };
            self.compare(&format!("fusion.{mode}.{window}.{stage}"), found, report)?;
        }
        Ok(())
    }
}
