//! Features that were computed elsewhere: an LMDB, or a folder of `.pt`, `.npy`, `.npz` or
//! `.safetensors` files, one entry a clip, video or query.
//!
//! A store is opened once and looked up by key; nothing is kept in memory between look-ups.

mod arrays;
mod grid;
mod lmdb;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};

pub use grid::{ClipPlace, ClipSteps, FeatureLevel, FeatureSet};
use lmdb::Lmdb;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("{what}: {}", path.display())]
    Unusable { what: String, path: PathBuf },
    #[error("the LMDB file {what}: {}", path.display())]
    Lmdb { what: String, path: PathBuf },
    #[error("there are no features of `{key}`{hint}: {}", path.display())]
    Absent { key: String, hint: String, path: PathBuf },
    #[error("the features of `{key}` cannot be used: {what}: {}", path.display())]
    Entry { key: String, what: String, path: PathBuf },
}

/// Names of the array inside an entry with several, in order of preference.
pub const VIDEO_ARRAYS: &[&str] = &["features"];
pub const TEXT_ARRAYS: &[&str] = &["token_features", "features"];

/// Endings of files in a folder, in the order they are looked for.
const EXTENSIONS: [&str; 5] = ["pt", "npy", "npz", "safetensors", "pth"];

enum Kind {
    Lmdb(Box<Lmdb>),
    Folder,
}

/// An open store.
pub struct FeatureStore {
    kind: Kind,
    path: PathBuf,
}

impl FeatureStore {
    /// Opens a folder with `data.mdb`, that file itself, or a folder of files.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let unusable = |what: &str| StoreError::Unusable { what: what.to_owned(), path: path.to_owned() };
        let mdb = if path.is_dir() { path.join("data.mdb") } else { path.to_owned() };
        if mdb.is_file() {
            if matches!(mdb.extension().and_then(|e| e.to_str()), Some("h5" | "hdf5")) {
                return Err(unusable(
                    "HDF5 is not read here; save each data set with `np.save(f'{clip}.npy', file[clip][:])` and name the folder",
                ));
            }
            let lmdb = Lmdb::open(&mdb).map_err(|what| StoreError::Lmdb { what, path: mdb.clone() })?;
            return Ok(Self { kind: Kind::Lmdb(Box::new(lmdb)), path: mdb });
        }
        if !path.is_dir() {
            return Err(unusable("there is no feature store; expected an LMDB folder or a folder of files"));
        }
        Ok(Self { kind: Kind::Folder, path: path.to_owned() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The features under a key, finite, in f32.
    ///
    /// # Shapes
    /// [steps, dim]; one vector alone is one step
    pub fn get(&self, key: &str, arrays: &[&str]) -> Result<Tensor, StoreError> {
        let path = self.path.clone();
        let tensor = match &self.kind {
            Kind::Lmdb(lmdb) => {
                let broken = |what| StoreError::Lmdb { what, path: path.clone() };
                match lmdb.get(key.as_bytes()).map_err(broken)? {
                    Some(bytes) => arrays::from_bytes(&bytes, arrays),
                    None => {
                        let known = lmdb.some_keys(1).unwrap_or_default();
                        let hint = match known.first() {
                            Some(first) => format!(" among {} entries such as `{first}`", lmdb.entries()),
                            None => ", the LMDB is empty".to_owned(),
                        };
                        return Err(StoreError::Absent { key: key.to_owned(), hint, path });
                    }
                }
            }
            Kind::Folder => match self.file_of(key) {
                Some(file) => arrays::from_file(&file, arrays),
                None => {
                    let hint = format!(", looked for files ending in {}", EXTENSIONS.join(", "));
                    return Err(StoreError::Absent { key: key.to_owned(), hint, path });
                }
            },
        };
        let entry = |what: String| StoreError::Entry { key: key.to_owned(), what, path: path.clone() };
        checked(tensor.map_err(entry)?).map_err(entry)
    }

    /// Names of everything inside; values are not looked at.
    pub fn keys(&self) -> Result<BTreeSet<String>, StoreError> {
        match &self.kind {
            Kind::Lmdb(lmdb) => {
                let keys = lmdb.keys();
                let keys = keys.map_err(|what| StoreError::Lmdb { what, path: self.path.clone() })?;
                Ok(keys.into_iter().collect())
            }
            Kind::Folder => {
                let unusable =
                    |e: std::io::Error| StoreError::Unusable { what: e.to_string(), path: self.path.clone() };
                let entries = std::fs::read_dir(&self.path).map_err(unusable)?;
                let paths = entries.flatten().map(|entry| entry.path());
                let is_array = |path: &PathBuf| {
                    path.extension().and_then(|e| e.to_str()).is_some_and(|e| EXTENSIONS.contains(&e))
                };
                let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_owned());
                Ok(paths.filter(is_array).filter_map(stem).collect())
            }
        }
    }

    fn file_of(&self, key: &str) -> Option<PathBuf> {
        // a key names a file in the folder and nothing outside it
        let is_name = !key.is_empty() && !key.contains(['/', '\\']) && key != "..";
        let files = EXTENSIONS.iter().map(|extension| self.path.join(format!("{key}.{extension}")));
        files.into_iter().find(|file| is_name && file.is_file())
    }
}

/// [steps, dim] in f32 with nothing but numbers.
fn checked(tensor: Tensor) -> Result<Tensor, String> {
    let tensor = match tensor.dims() {
        [dim] if *dim > 0 => tensor.reshape((1, *dim)),
        [steps, dim] if *steps > 0 && *dim > 0 => Ok(tensor.clone()),
        // some extractors keep a batch of one
        [1, steps, dim] if *steps > 0 && *dim > 0 => tensor.squeeze(0),
        other => return Err(format!("its shape is {other:?}, expected [steps, dim]")),
    };
    let tensor = tensor.and_then(|t| t.to_dtype(DType::F32)).map_err(|e| e.to_string())?;
    let dim = tensor.dims()[1];
    let values = tensor.flatten_all().and_then(|t| t.to_vec1::<f32>()).map_err(|e| e.to_string())?;
    match values.iter().position(|value| !value.is_finite()) {
        Some(at) => {
            Err(format!("value {} of step {} is {}, expected a number", at % dim, at / dim, values[at]))
        }
        None => Ok(tensor),
    }
}

/// A tensor on the CPU from values in C order.
fn tensor_of(values: Vec<f32>, shape: &[usize]) -> Result<Tensor, String> {
    Tensor::from_vec(values, shape, &Device::Cpu).map_err(|e| e.to_string())
}
