//! The folder of a run: its configuration, its metrics, a checkpoint to go on from, and models to use.
//!
//! A checkpoint is one safetensors file, written beside the last one and put in its place in one
//! step, so that a kill at any moment leaves a whole one. With the seed it holds everything that the
//! next step depends on: parameters, moments, moving average, normaliser and the number of the step.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor, Var};
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::ema::Ema;
use super::lock::RunLock;
use super::optimiser::AdamW;
use super::settings::difference;
use super::weights::Weights;
use crate::grounding::groundnlq::{Config, Tensors, write_model};
use crate::project::write_whole;

const CONFIG: &str = "config.toml";
const CHECKPOINT: &str = "checkpoint.safetensors";
const METRICS: &str = "metrics.jsonl";
const EXAMPLES: &str = "examples.safetensors";
/// Of the checkpoint's layout.
const VERSION: u32 = 1;

/// What a run knows besides tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// Epochs that have been validated, or passed over.
    pub validated: u64,
    pub normaliser: f64,
    /// Epoch and merit of the best validation.
    pub best: Option<(u64, f64)>,
}

/// What stands in the file's head.
#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    state: State,
    optimiser_steps: u64,
    config: String,
}

/// The folder of a run.
#[derive(Clone, Debug)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn config(&self) -> PathBuf {
        self.0.join(CONFIG)
    }

    /// Maps of the last validation.
    pub fn examples(&self) -> PathBuf {
        self.0.join(EXAMPLES)
    }

    pub fn metrics(&self) -> PathBuf {
        self.0.join(METRICS)
    }

    /// What was predicted after an epoch.
    pub fn predictions(&self, epoch: u64) -> PathBuf {
        self.0.join(format!("predictions-epoch{epoch:03}.jsonl"))
    }

    /// Whether there is something to go on from.
    pub fn has_checkpoint(&self) -> bool {
        self.0.join(CHECKPOINT).is_file()
    }

    /// The last weights are written at the very end.
    pub fn is_done(&self) -> bool {
        self.0.join("last").join("import.toml").is_file()
    }

    /// Starts a run, which is nobody else's while the lock lives; one that is there already is not
    /// overwritten.
    pub fn begin(&self, config: &str) -> Result<RunLock, TrainError> {
        let lock = self.lock()?;
        if self.has_checkpoint() {
            let what = "there is a run here; go on with --resume, or name another folder".to_owned();
            return Err(TrainError::Checkpoint { what, path: self.0.clone() });
        }
        let path = self.config();
        write_whole(&path, config.as_bytes()).map_err(TrainError::io(&path))?;
        Ok(lock)
    }

    pub fn save(
        &self,
        config: &str,
        state: &State,
        weights: &Weights,
        optimiser: &AdamW,
        ema: Option<&Ema>,
    ) -> Result<(), TrainError> {
        let mut tensors = HashMap::new();
        let mut add = |kind: &str, vars: &BTreeMap<String, Var>| {
            for (name, var) in vars {
                tensors.insert(format!("{kind}/{name}"), var.as_detached_tensor().to_device(&Device::Cpu)?);
            }
            Ok::<_, candle_core::Error>(())
        };
        add("model", &weights.learned)?;
        add("first", &optimiser.first)?;
        add("second", &optimiser.second)?;
        if let Some(ema) = ema {
            add("ema", &ema.average)?;
        }
        let head = Head {
            version: VERSION,
            state: state.clone(),
            optimiser_steps: optimiser.steps,
            config: config.to_owned(),
        };
        let head = serde_json::to_string(&head).unwrap_or_default();
        let path = self.0.join(CHECKPOINT);
        let fail = |what: String| TrainError::Checkpoint { what, path: path.clone() };
        let bytes = safetensors::serialize(&tensors, Some(HashMap::from([("gazenlq".to_owned(), head)])))
            .map_err(|error| fail(error.to_string()))?;
        write_whole(&path, &bytes).map_err(TrainError::io(&path))
    }

    /// Puts the checkpoint's numbers into what was built anew. The run is nobody else's while the lock
    /// lives.
    pub fn restore(
        &self,
        config: &str,
        weights: &Weights,
        optimiser: &mut AdamW,
        ema: Option<&Ema>,
    ) -> Result<(State, RunLock), TrainError> {
        let path = self.0.join(CHECKPOINT);
        let fail = |what: String| TrainError::Checkpoint { what, path: path.clone() };
        if !path.is_file() {
            return Err(fail("there is none; start the run without --resume".to_owned()));
        }
        let lock = self.lock()?;
        let bytes = std::fs::read(&path).map_err(TrainError::io(&path))?;
        let broken =
            |error: safetensors::SafeTensorError| fail(format!("not a whole safetensors file: {error}"));
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
        let head = metadata.metadata().as_ref().and_then(|map| map.get("gazenlq"));
        let head: Head = head
            .and_then(|head| serde_json::from_str(head).ok())
            .ok_or_else(|| fail("it is none of ours".to_owned()))?;
        if head.version != VERSION {
            return Err(fail(format!("its version is {}, expected {VERSION}", head.version)));
        }
        if let Some(change) = difference(&head.config, config) {
            return Err(fail(format!("the run was started with another configuration: {change}")));
        }
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
        let restore = |kind: &str, vars: &BTreeMap<String, Var>| {
            for (name, var) in vars {
                let key = format!("{kind}/{name}");
                let tensor = tensors.get(&key).ok_or_else(|| fail(format!("it has no `{key}`")))?;
                var.set(&tensor.to_device(var.device())?)?;
            }
            Ok::<_, TrainError>(())
        };
        restore("model", &weights.learned)?;
        restore("first", &optimiser.first)?;
        restore("second", &optimiser.second)?;
        if let Some(ema) = ema {
            restore("ema", &ema.average)?;
        }
        optimiser.steps = head.optimiser_steps;
        Ok((head.state, lock))
    }

    /// Writes weights under the reference's names as a model that every command takes; returns its folder.
    pub fn export(
        &self,
        name: &str,
        tensors: &Tensors,
        config: &Config,
        epoch: u64,
    ) -> Result<PathBuf, TrainError> {
        let folder = self.0.join(name);
        let source = format!("{}, epoch {epoch}", self.0.file_name().unwrap_or_default().to_string_lossy());
        let on_cpu = |(name, tensor): (&String, &Tensor)| Ok((name.clone(), tensor.to_device(&Device::Cpu)?));
        let tensors = tensors.iter().map(on_cpu).collect::<candle_core::Result<Tensors>>()?;
        write_model(&folder, &tensors, config, &source)?;
        Ok(folder)
    }
}
