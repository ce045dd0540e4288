//! A data set's network over all of its queries, to a file of predictions that joins the others: with
//! its own gaze mode, or with another one to see what gaze does.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::{DataSet, OpenedModel, recorded_maps};
use crate::eval::Provenance;
use crate::grounding::groundnlq::{GazeMode, GroundNlq, StateDict, TextPadding};
use crate::job::JobCtx;
use crate::nn;
use crate::split::{SplitConfig, SplitReport, localize_split};

/// Windows kept of each query: enough for the analysis.
const KEEP: usize = 50;

/// What a network is told about gaze.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GazeUse {
    /// What it predicts, used in this way.
    Predicted(GazeMode),
    /// What was recorded, in the network's own mode. Clips without a recording are left out.
    Recorded,
}

/// Queries without features are left out and reported. A file of the same run is continued.
pub fn predict_split(data: &DataSet, gaze: GazeUse, output: &Path, ctx: &JobCtx) -> Result<SplitReport> {
    let (Some(model), Some(mut inputs)) = (&data.model, data.inputs()) else {
        anyhow::bail!("{}", data.hindrance().unwrap_or("nothing to ask"));
    };
    let mode = match gaze {
        GazeUse::Predicted(mode) => mode,
        GazeUse::Recorded => {
            anyhow::ensure!(
                model.network.estimator().is_some(),
                "this network has no gaze path, so recorded gaze means nothing to it: {}",
                model.files.weights.display()
            );
            anyhow::ensure!(!data.recordings.is_empty(), "open a folder of gaze recordings first");
            inputs.recorded = Some(recorded_maps(Arc::clone(&data.recordings)));
            model.network.config().gaze.mode
        }
    };
    let other = match mode == model.network.config().gaze.mode {
        true => None,
        false => Some(with_mode(model, mode).context("this network cannot be run with that gaze mode")?),
    };
    let network = other.as_ref().unwrap_or(&model.network);
    let config = SplitConfig {
        shard: (1, 1),
        only: Vec::new(),
        keep: KEEP,
        text_batch: 1,
        text_padding: TextPadding::None,
        skip_absent: true,
    };
    let path = |store: &Option<super::OpenedStore>| {
        store.as_ref().map_or_else(String::new, |store| store.path.display().to_string())
    };
    let provenance = Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: model.name.clone(),
        model_sha256: model.sha256.clone(),
        config: serde_json::to_value(network.config())?,
        video_features: path(&data.stores.video),
        text_features: path(&data.stores.text),
        settings: config.settings(&inputs),
    };
    Ok(localize_split(network, &data.annotations, &inputs, &config, &provenance, output, ctx)?)
}

fn with_mode(model: &OpenedModel, mode: GazeMode) -> Result<GroundNlq> {
    let mut located = model.files.locate()?;
    located.config.gaze.mode = mode;
    Ok(GroundNlq::load(&located.weights, StateDict::Raw, located.config, &nn::device())?)
}
