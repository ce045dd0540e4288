//! One entry's array: from NumPy, PyTorch and safetensors bytes.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::Path;

use candle_core::{Device, Tensor};

use super::tensor_of;
use crate::nn::npy::parse_npy;
use crate::nn::torch_file;

type Result<T> = std::result::Result<T, String>;

/// Values a compressed entry may unfold to: a day of the widest features.
const MAX_BYTES: u64 = 4 << 30;

pub fn from_file(path: &Path, names: &[&str]) -> Result<Tensor> {
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let within = |what| format!("{name}: {what}");
    match path.extension().and_then(|e| e.to_str()) {
        Some("safetensors") => {
            let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu);
            let tensors = tensors.map_err(|e| format!("{name}: not a safetensors file: {e}"))?;
            chosen(tensors.into_iter().collect(), names).map_err(within)
        }
        Some("pt" | "pth") => {
            torch_file::from_bytes(&bytes).and_then(|all| chosen(all, names)).map_err(within)
        }
        _ => from_bytes(&bytes, names).map_err(within),
    }
}

/// `.npy` or `.npz`.
pub fn from_bytes(bytes: &[u8], names: &[&str]) -> Result<Tensor> {
    if bytes.starts_with(b"PK") { npz(bytes, names) } else { npy(bytes) }
}

fn npy(bytes: &[u8]) -> Result<Tensor> {
    let array = parse_npy(bytes).map_err(|e| e.to_string())?;
    tensor_of(array.values.iter().map(|v| *v as f32).collect(), &array.shape)
}

/// Entries with other names are passed over: NumPy's writer has left an `allow_pickle` beside the
/// features.
fn npz(bytes: &[u8], names: &[&str]) -> Result<Tensor> {
    let mut archive =
        zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| format!("damaged archive: {e}"))?;
    for name in names {
        let Ok(entry) = archive.by_name(&format!("{name}.npy")) else { continue };
        let mut inside = Vec::new();
        entry.take(MAX_BYTES).read_to_end(&mut inside).map_err(|e| format!("`{name}`: {e}"))?;
        return npy(&inside).map_err(|what| format!("`{name}`: {what}"));
    }
    let found: Vec<String> = archive.file_names().flatten().map(|name| name.into_owned()).collect();
    Err(format!("it holds {}, expected {}", found.join(", "), names.join(" or ")))
}

/// A bare tensor, the one of that name, or the only one.
fn chosen(mut tensors: BTreeMap<String, Tensor>, names: &[&str]) -> Result<Tensor> {
    for name in [""].iter().chain(names) {
        if let Some(tensor) = tensors.remove(*name) {
            return Ok(tensor);
        }
    }
    if tensors.len() > 1 {
        let found: Vec<&str> = tensors.keys().map(String::as_str).take(5).collect();
        return Err(format!(
            "it holds {} tensors ({}, …), expected {}",
            tensors.len(),
            found.join(", "),
            names.join(" or ")
        ));
    }
    tensors.into_values().next().ok_or_else(|| "it holds no tensors".to_owned())
}
