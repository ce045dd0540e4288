//! Lists of names and what they mean to MiniLM, computed once and kept beside the list.

use std::path::Path;

use candle_core::{Device, Tensor};

use super::minilm::MiniLm;
use crate::nn::{ModelDir, NnError, open_weights};

/// The names of model `id` and a MiniLM vector for each, of the name as `spelt`. The first call
/// takes seconds.
pub fn load(
    dir: &ModelDir,
    id: &str,
    minilm: &MiniLm,
    spelt: impl Fn(&str) -> String,
) -> Result<(Vec<String>, Vec<Vec<f32>>), NnError> {
    let path = dir.file(id, "names.json");
    if !path.is_file() {
        return Err(NnError::Missing { title: "a list of names", path });
    }
    let json = std::fs::read(&path).map_err(NnError::io(&path))?;
    let names: Vec<String> =
        serde_json::from_slice(&json).map_err(|error| NnError::format(&path, error.to_string()))?;
    let texts: Vec<String> = names.iter().map(|name| spelt(name)).collect();
    let kept = format!("meanings-{:08x}.safetensors", crc32fast::hash(texts.join("\n").as_bytes()));
    let meanings = meanings(&dir.file(id, &kept), &texts, minilm)?;
    Ok((names, meanings))
}

fn meanings(path: &Path, texts: &[String], minilm: &MiniLm) -> Result<Vec<Vec<f32>>, NnError> {
    if let Ok(weights) = open_weights(path, "names", &Device::Cpu)
        && let Ok(kept) = weights.get((texts.len(), MiniLm::DIM), "meanings")
    {
        return Ok(kept.to_vec2()?);
    }
    let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
    let meanings = minilm.embed_all(&borrowed)?;
    let tensor = Tensor::from_iter(meanings.iter().flatten().copied(), &Device::Cpu)?;
    let tensor = tensor.reshape((texts.len(), MiniLm::DIM))?;
    let partial = path.with_extension("part");
    let is_kept = candle_core::safetensors::save(&[("meanings", tensor)].into(), &partial).is_ok()
        && std::fs::rename(&partial, path).is_ok();
    if !is_kept {
        tracing::debug!("cannot keep the names' vectors ({})", path.display());
    }
    Ok(meanings)
}
