//! What every network here needs: a device, fast operations on the CPU, weight files, fetching.
//!
//! The networks themselves live where they are used, in `features` and `gaze`. This module knows
//! tensors and files, and nothing of videos or queries.

mod convert;
mod devices;
mod download;
mod fetch;
pub mod layers;
mod models;
pub mod npy;
pub mod onnx;
pub mod ops;
mod pickle;
mod random_access;
mod sha256;
pub mod torch_file;
mod torch_zip;
mod weights;

use std::path::{Path, PathBuf};

pub use candle_core::{Device, Tensor};
pub use convert::clip_checkpoint;
pub use devices::{device, device_name};
pub use fetch::{FetchError, downloads_dir};
pub use models::{
    Convert, FileSource, Manifest, ModelDir, ModelEntry, ModelState, ModelStatus, PackageRegistry,
    PackageSource, Provenance, Registry, RemoteFile, Source,
};
pub use sha256::sha256_of;
pub use torch_file::{TorchFile, read_tensors as read_torch_file};
pub use weights::{fingerprint, open as open_weights, safetensors_names};

/// Why a network cannot be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum NnError {
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    #[error("the weights of {title} are not on this machine; fetch them first ({path})")]
    Missing { title: &'static str, path: PathBuf },
    #[error("{what} ({path})")]
    Format { what: String, path: PathBuf },
    #[error("{error} ({path})")]
    Io { error: std::io::Error, path: PathBuf },
    #[error("tokenizer: {0}")]
    Tokenizer(String),
}

impl NnError {
    pub(crate) fn format(path: &Path, what: impl Into<String>) -> Self {
        Self::Format { what: what.into(), path: path.to_owned() }
    }

    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::Io { error, path: path.to_owned() }
    }
}
