//! A checkpoint converted once: a folder with safetensors and the configuration, ready to be opened.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{Config, GroundNlq, GroundNlqError, Mismatch, StateDict, Tensors, read_checkpoint};
use crate::nn::{ModelDir, NnError, sha256_of};

const WEIGHTS: &str = "model.safetensors";
const CONFIG: &str = "config.toml";
const RECORD: &str = "import.toml";

/// Where an imported model came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    /// File name of the checkpoint.
    source: String,
    source_sha256: String,
    /// Which of its weights.
    state_dict: String,
    /// Of the safetensors file beside this record.
    sha256: String,
}

/// An imported model.
#[derive(Clone, Debug)]
pub struct Imported {
    pub id: String,
    pub folder: PathBuf,
    pub config: Config,
    /// Name of the checkpoint file, and which of its weights.
    pub source: String,
    pub state_dict: String,
    /// SHA-256 of the weights, lower-case hex: names the model in files of predictions.
    pub sha256: String,
}

impl Imported {
    pub fn weights(&self) -> PathBuf {
        self.folder.join(WEIGHTS)
    }

    /// Builds the network.
    pub fn load(&self, device: &Device) -> Result<GroundNlq, GroundNlqError> {
        GroundNlq::load(&self.weights(), StateDict::Raw, self.config.clone(), device)
    }

    /// Opens the model that stands in `folder`.
    pub fn open(folder: &Path) -> Result<Self, GroundNlqError> {
        let config = Config::read(&folder.join(CONFIG))?;
        let path = folder.join(RECORD);
        let text = std::fs::read_to_string(&path).map_err(NnError::io(&path))?;
        let record: Record =
            toml::from_str(&text).map_err(|error| NnError::format(&path, error.to_string()))?;
        Ok(Self {
            id: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            folder: folder.to_owned(),
            config,
            source: record.source,
            state_dict: record.state_dict,
            sha256: record.sha256,
        })
    }
}

/// How weights are stored; they are widened when they are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    #[default]
    Single,
    /// Half the size; three decimal digits.
    Half,
}

/// Converts a checkpoint into the folder `id` of `models`. The report says what did not fit; tensors
/// that are missing or misshapen are an error, and nothing is written then.
pub fn import(
    checkpoint: &Path,
    which: StateDict,
    config: &Config,
    id: &str,
    models: &ModelDir,
    precision: Precision,
) -> Result<(Imported, Mismatch), GroundNlqError> {
    let mut tensors = read_checkpoint(checkpoint, which)?;
    let mismatch = Mismatch::of(config, &tensors)?;
    if !mismatch.is_usable() {
        return Err(GroundNlqError::Weights { mismatch: Box::new(mismatch), path: checkpoint.to_owned() });
    }
    for (name, _) in &mismatch.unexpected {
        tensors.remove(name);
    }
    let folder = models.path().join(id);
    let origin = Origin {
        source: checkpoint.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        source_sha256: sha256_of(checkpoint)?,
        state_dict: which,
    };
    if precision == Precision::Half {
        for tensor in tensors.values_mut() {
            *tensor = tensor.to_dtype(DType::F16)?;
        }
    }
    write(&folder, &tensors, config, origin)?;
    Ok((Imported::open(&folder)?, mismatch))
}

/// Writes weights of our own as a folder like an imported model's; `source` says where they are from.
pub fn write_model(
    folder: &Path,
    tensors: &Tensors,
    config: &Config,
    source: &str,
) -> Result<(), GroundNlqError> {
    let origin =
        Origin { source: source.to_owned(), source_sha256: String::new(), state_dict: StateDict::Raw };
    write(folder, tensors, config, origin)
}

/// The parts of a record that do not follow from the weights.
struct Origin {
    source: String,
    source_sha256: String,
    state_dict: StateDict,
}

fn write(folder: &Path, tensors: &Tensors, config: &Config, origin: Origin) -> Result<(), GroundNlqError> {
    std::fs::create_dir_all(folder).map_err(NnError::io(folder))?;
    let tensors: HashMap<&str, Tensor> = tensors.iter().map(|(name, t)| (name.as_str(), t.clone())).collect();
    let partial = folder.join("model.safetensors.part");
    candle_core::safetensors::save(&tensors, &partial)?;
    let weights = folder.join(WEIGHTS);
    std::fs::rename(&partial, &weights).map_err(NnError::io(&weights))?;
    let record = Record {
        source: origin.source,
        source_sha256: origin.source_sha256,
        state_dict: match origin.state_dict {
            StateDict::Raw => "state_dict",
            StateDict::Ema => "state_dict_ema",
        }
        .to_owned(),
        sha256: sha256_of(&weights)?,
    };
    let record = toml::to_string_pretty(&record).unwrap_or_default();
    for (name, text) in [(CONFIG, config.to_toml()), (RECORD, record)] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(NnError::io(&path))?;
    }
    Ok(())
}

/// Every imported model in `models`, by name.
pub fn imported(models: &ModelDir) -> Vec<Imported> {
    let entries = std::fs::read_dir(models.path()).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    folders.iter().filter(|f| f.join(RECORD).is_file()).filter_map(|f| Imported::open(f).ok()).collect()
}
