//! The network of a data set: a checkpoint with its configuration, or an imported model.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::grounding::groundnlq::{Config, GroundNlq, Imported, StateDict};
use crate::nn::{Device, ModelDir, sha256_of};

/// Where a network is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFiles {
    /// A checkpoint, an imported model's folder, or its name.
    pub weights: PathBuf,
    pub config: Option<PathBuf>,
}

/// What `ModelFiles` lead to.
pub struct Located {
    pub weights: PathBuf,
    pub config: Config,
    /// Of the weights, lower-case hex.
    pub sha256: String,
}

impl ModelFiles {
    /// Finds weights and configuration. Without a named one a checkpoint's configuration is the only
    /// one that lies beside it.
    pub fn locate(&self) -> Result<Located> {
        let named = ModelDir::from_env().path().join(&self.weights);
        if let Some(folder) = [&self.weights, &named].into_iter().find(|path| path.is_dir()) {
            ensure!(
                self.config.is_none(),
                "an imported model has its own configuration: leave the other one out"
            );
            let model = Imported::open(folder)?;
            return Ok(Located { weights: model.weights(), config: model.config, sha256: model.sha256 });
        }
        let path = self.config.clone().or_else(|| beside(&self.weights)).with_context(|| {
            format!(
                "the checkpoint's configuration is needed as well: the reference's .yaml or .json, or our .toml: {}",
                self.weights.display()
            )
        })?;
        let config = Config::read(&path)?;
        Ok(Located { sha256: sha256_of(&self.weights)?, weights: self.weights.clone(), config })
    }
}

/// The only configuration in a checkpoint's folder; of the same one in two layouts the yaml.
fn beside(checkpoint: &Path) -> Option<PathBuf> {
    let found = |extensions: &[&str]| {
        let entries = std::fs::read_dir(checkpoint.parent()?).ok()?;
        let is_config = |path: &PathBuf| {
            path.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e))
        };
        let mut paths = entries.flatten().map(|entry| entry.path()).filter(is_config);
        paths.next().filter(|_| paths.next().is_none())
    };
    found(&["yaml", "yml"]).or_else(|| found(&["toml"]))
}

/// A network with where it came from.
pub struct OpenedModel {
    pub files: ModelFiles,
    /// The file's or folder's name.
    pub name: String,
    pub sha256: String,
    pub network: GroundNlq,
}

impl OpenedModel {
    pub fn open(files: &ModelFiles, device: &Device) -> Result<Self> {
        let located = files.locate()?;
        let network = GroundNlq::load(&located.weights, StateDict::Raw, located.config, device)?;
        let name = files.weights.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { files: files.clone(), name, sha256: located.sha256, network })
    }
}
