//! Weights from a safetensors file as a candle `VarBuilder`, widened to f32 on all cores.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use candle_core::safetensors::MmapedSafetensors;
use candle_core::{DType, Device, Result, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use half::slice::HalfFloatSliceExt as _;
use rayon::prelude::*;

use super::NnError;

/// Opens the weights of the network called `title`. Tensors come out as f32, whatever the file holds.
pub fn open(
    path: &Path,
    title: &'static str,
    device: &Device,
) -> std::result::Result<VarBuilder<'static>, NnError> {
    if !path.is_file() {
        return Err(NnError::Missing { title, path: path.to_owned() });
    }
    // SAFETY: the map is read-only, and files in the models folder are replaced by renaming, which
    // leaves the mapped one as it was. Cutting such a file short from outside while it is in use
    // is the one thing this cannot survive.
    #[allow(unsafe_code)]
    let file = unsafe { MmapedSafetensors::new(path) }.map_err(|e| NnError::format(path, e.to_string()))?;
    Ok(VarBuilder::from_backend(Box::new(Mapped(file)), DType::F32, device.clone()))
}

/// Names of the tensors in a safetensors file, from its header.
pub fn safetensors_names(path: &Path) -> std::result::Result<Vec<String>, NnError> {
    let header = header(path)?;
    let header: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&header).map_err(|error| NnError::format(path, error.to_string()))?;
    Ok(header.into_iter().map(|(name, _)| name).filter(|name| name != "__metadata__").collect())
}

/// Tells weights apart: from the header of a safetensors file and the values of one of its tensors.
pub fn fingerprint(path: &Path, tensor: &str) -> std::result::Result<u32, NnError> {
    let broken = |error: String| NnError::format(path, error);
    let header = header(path)?;
    // SAFETY: as in `open`.
    #[allow(unsafe_code)]
    let file = unsafe { MmapedSafetensors::new(path) }.map_err(|error| broken(error.to_string()))?;
    let view = file.get(tensor).map_err(|error| broken(error.to_string()))?;
    let mut hash = crc32fast::Hasher::new();
    hash.update(&header);
    hash.update(view.data());
    Ok(hash.finalize())
}

fn header(path: &Path) -> std::result::Result<Vec<u8>, NnError> {
    let mut file = File::open(path).map_err(NnError::io(path))?;
    let bytes = file.metadata().map_err(NnError::io(path))?.len();
    let mut len = [0; 8];
    let read = file.read_exact(&mut len).ok().map(|()| u64::from_le_bytes(len));
    let Some(len) = read.filter(|len| *len <= bytes.saturating_sub(8)) else {
        return Err(NnError::format(path, "not a safetensors file: its header is cut short"));
    };
    let mut header = vec![0; len as usize];
    file.read_exact(&mut header).map_err(NnError::io(path))?;
    Ok(header)
}

struct Mapped(MmapedSafetensors);

impl SimpleBackend for Mapped {
    fn get(&self, shape: Shape, name: &str, _: Init, dtype: DType, device: &Device) -> Result<Tensor> {
        let tensor = self.get_unchecked(name, dtype, device)?;
        if *tensor.shape() != shape {
            candle_core::bail!("{name}: expected shape {shape:?}, found {:?}", tensor.shape());
        }
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let view = self.0.get(name)?;
        if view.dtype() != safetensors::Dtype::F16 || dtype != DType::F32 {
            return self.0.load(name, device)?.to_dtype(dtype);
        }
        let mut wide = vec![0f32; view.data().len() / 2];
        view.data().par_chunks(1 << 17).zip(wide.par_chunks_mut(1 << 16)).for_each(|(bytes, wide)| {
            let halves: Vec<half::f16> =
                bytes.as_chunks().0.iter().map(|b| half::f16::from_le_bytes(*b)).collect();
            halves.convert_to_f32_slice(wide);
        });
        Tensor::from_vec(wide, view.shape(), device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.0.get(name).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_widened_and_shapes_checked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w.safetensors");
        let tensor = Tensor::new(&[[1f32, -2.5], [0.25, 65504.0]], &Device::Cpu).unwrap();
        let half = tensor.to_dtype(DType::F16).unwrap();
        candle_core::safetensors::save(&[("a", half)].into_iter().collect(), &path).unwrap();
        let weights = open(&path, "test", &Device::Cpu).unwrap();
        let read = weights.get((2, 2), "a").unwrap();
        assert_eq!(read.to_vec2::<f32>().unwrap(), tensor.to_vec2::<f32>().unwrap());
        let error = weights.get((4, 1), "a").unwrap_err().to_string();
        assert!(error.contains("expected shape"), "{error}");
    }

    #[test]
    fn absent_weights_name_the_network_and_the_place() {
        let error = open(Path::new("/nowhere/w.safetensors"), "MiniLM", &Device::Cpu).err().unwrap();
        assert!(error.to_string().contains("MiniLM") && error.to_string().contains("/nowhere"));
    }
}
