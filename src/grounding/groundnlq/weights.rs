//! Checkpoints: read from PyTorch or safetensors files, compared with what a configuration needs.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};

use super::{Config, GroundNlq, GroundNlqError};
use crate::nn::{NnError, TorchFile};

/// Which of the weights in a training checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StateDict {
    /// `state_dict`, which the reference evaluates.
    #[default]
    Raw,
    /// `state_dict_ema`, their moving average.
    Ema,
}

impl StateDict {
    fn key(self) -> &'static str {
        match self {
            Self::Raw => "state_dict",
            Self::Ema => "state_dict_ema",
        }
    }
}

/// Named tensors in f32, names as the reference has them.
pub type Tensors = BTreeMap<String, Tensor>;

/// Reads `.pth.tar`, `.pth`, `.pt` or `.safetensors`. No code in a pickle is ever run; optimizer
/// states and the other weights are passed over unread, `module.` before names is taken off, half
/// precision is widened. A weight that is no number is an error.
pub fn read_checkpoint(path: &Path, which: StateDict) -> Result<Tensors, GroundNlqError> {
    let is_safetensors = path.extension().is_some_and(|e| e == "safetensors");
    let named: Vec<(String, Tensor)> = if is_safetensors {
        let bytes = std::fs::read(path).map_err(NnError::io(path))?;
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu);
        tensors
            .map_err(|e| NnError::format(path, format!("not a safetensors file: {e}")))?
            .into_iter()
            .collect()
    } else {
        let file = TorchFile::open(path)?;
        let wrappers = ["state_dict.", "state_dict_ema."];
        let is_wrapped = file.names().any(|name| wrappers.iter().any(|w| name.starts_with(w)));
        let prefix =
            if is_wrapped || which == StateDict::Ema { format!("{}.", which.key()) } else { String::new() };
        let mut named = Vec::new();
        for full in file.names() {
            let Some(name) = full.strip_prefix(&prefix) else { continue };
            let tensor = file.tensor(full).map_err(|what| NnError::format(path, what))?;
            named.extend(tensor.map(|tensor| (name.to_owned(), tensor)));
        }
        named
    };
    if named.is_empty() {
        let what = format!("the file holds no `{}`", which.key());
        return Err(NnError::format(path, what).into());
    }
    let plain = |(name, tensor): (String, Tensor)| {
        let name = name.strip_prefix("module.").unwrap_or(&name).to_owned();
        let tensor = tensor.to_dtype(DType::F32)?;
        // a sum is a number only if all that it is made of are
        if !tensor.sum_all()?.to_scalar::<f32>()?.is_finite() {
            let values = tensor.flatten_all()?.to_vec1::<f32>()?;
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                let what = format!("value {at} of weight `{name}` is {}, expected a number", values[at]);
                return Err(NnError::format(path, what).into());
            }
        }
        Ok((name, tensor))
    };
    named.into_iter().map(plain).collect()
}

/// A tensor's name and shape.
pub type NamedShape = (String, Vec<usize>);

/// What a checkpoint lacks, has too much, or has in another shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mismatch {
    pub missing: Vec<NamedShape>,
    pub unexpected: Vec<NamedShape>,
    /// Name, expected, found.
    pub misshapen: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl Mismatch {
    pub fn of(config: &Config, tensors: &Tensors) -> Result<Self, GroundNlqError> {
        let mut mismatch = Self::default();
        let expected = expected_tensors(config)?;
        for (name, shape) in &expected {
            match tensors.get(name) {
                None => mismatch.missing.push((name.clone(), shape.clone())),
                Some(tensor) if tensor.dims() != shape => {
                    mismatch.misshapen.push((name.clone(), shape.clone(), tensor.dims().to_vec()));
                }
                Some(_) => {}
            }
        }
        let is_known = |name: &String| expected.iter().any(|(known, _)| known == name);
        let unexpected = tensors.iter().filter(|(name, _)| !is_known(name));
        mismatch.unexpected =
            unexpected.map(|(name, tensor)| (name.clone(), tensor.dims().to_vec())).collect();
        Ok(mismatch)
    }

    /// The network can be built; tensors too many do not hinder it.
    pub fn is_usable(&self) -> bool {
        self.missing.is_empty() && self.misshapen.is_empty()
    }

    pub fn is_exact(&self) -> bool {
        *self == Self::default()
    }
}

/// One sentence with the first of each kind.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some((name, expected, found)) = self.misshapen.first() {
            let count = self.misshapen.len();
            parts
                .push(format!("{count} in another shape (`{name}`: expected {expected:?}, found {found:?})"));
        }
        for (what, list) in [("missing", &self.missing), ("unexpected", &self.unexpected)] {
            if let Some((name, shape)) = list.first() {
                parts.push(format!("{} {what} (`{name}` {shape:?})", list.len()));
            }
        }
        write!(f, "tensors: {}", parts.join(", "))
    }
}

/// Every tensor that a network of this configuration reads, in the order in which it reads them.
pub fn expected_tensors(config: &Config) -> Result<Vec<NamedShape>, GroundNlqError> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let backend = Box::new(Recorder(Arc::clone(&seen)));
    let weights = VarBuilder::from_backend(backend, DType::F32, Device::Cpu);
    GroundNlq::from_weights(&weights, config.clone())?;
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(seen)
}

/// Gives zeros and remembers what was asked for: the network's code is the one list of its tensors.
struct Recorder(Arc<Mutex<Vec<NamedShape>>>);

impl SimpleBackend for Recorder {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _: Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        let asked = (name.to_owned(), shape.dims().to_vec());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        Tensor::zeros(shape, dtype, device)
    }

    fn get_unchecked(&self, name: &str, _: DType, _: &Device) -> candle_core::Result<Tensor> {
        candle_core::bail!("{name}: a shape is needed")
    }

    fn contains_tensor(&self, _: &str) -> bool {
        true
    }
}

/// The tensors as candle wants them.
pub(super) fn builder(tensors: &Tensors, device: &Device) -> VarBuilder<'static> {
    let tensors: HashMap<String, Tensor> = tensors.iter().map(|(n, t)| (n.clone(), t.clone())).collect();
    VarBuilder::from_tensors(tensors, DType::F32, device)
}
