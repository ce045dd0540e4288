//! What every network here needs: a device, fast operations on the CPU, weight files, fetching.
//!
//! The networks themselves live where they are used, in `features` and `gaze`. This module knows
//! tensors and files, and nothing of videos or queries.

mod convert;
mod download;
mod fetch;
pub mod layers;
mod models;
pub mod npy;
pub mod onnx;
pub mod ops;
mod pickle;
pub mod torch_file;
mod weights;

use std::path::{Path, PathBuf};

pub use candle_core::{Device, Tensor};
pub use fetch::{FetchError, downloads_dir};
pub use models::{
    Convert, Manifest, ModelDir, ModelEntry, ModelState, ModelStatus, PackageRegistry, Registry, Source,
};
pub use torch_file::read_tensors as read_torch_file;
pub use weights::open as open_weights;

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

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing { .. } => Some("Fetch the weights in Models, or run `gazenlq models fetch`."),
            Self::Format { .. } => Some("The file may be damaged: remove it and fetch it again."),
            _ => None,
        }
    }
}

/// The device networks run on: an NVIDIA GPU when this build and machine have one, else the CPU.
pub fn device() -> Device {
    ops::keep_freed_memory();
    #[cfg(feature = "cuda")]
    match std::panic::catch_unwind(|| Device::new_cuda(0)) {
        Ok(Ok(device)) => return device,
        Ok(Err(error)) => tracing::info!("no usable NVIDIA GPU, using the CPU: {error}"),
        // The CUDA bindings panic when the driver's library is absent.
        Err(_) => tracing::info!("no NVIDIA driver, using the CPU"),
    }
    Device::Cpu
}
