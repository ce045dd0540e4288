//! UNISAL from its authors' checkpoint: what the static path of the DHF1K branch needs, with every batch
//! normalisation folded into the convolution before it.

use std::collections::BTreeMap;

use candle_core::{D, DType, Device, Result, Tensor};

use super::Tensors;

/// PyTorch's default, which every normalisation of UNISAL has.
const EPS: f64 = 1e-5;
/// Size of the prior maps: 1/32 of the input.
const MAP: [usize; 2] = [8, 13];
/// Peak of the prior maps, `scaling` in the authors' code.
const PEAK: f64 = 6.0;
const GAUSSIANS: &str = "coarse_gaussians_dhf1k";

pub fn folded(tensors: &BTreeMap<String, Tensor>) -> std::result::Result<Tensors, String> {
    let gaussians = tensors.get(GAUSSIANS).ok_or_else(|| format!("there is no tensor {GAUSSIANS}"))?;
    fold(tensors, gaussians).map_err(|error| error.to_string())
}

fn fold(tensors: &BTreeMap<String, Tensor>, gaussians: &Tensor) -> Result<Tensors> {
    let mut folded = Tensors::from([("expand_2".to_owned(), prior_maps(gaussians)?)]);
    for (name, weight) in tensors {
        let Some(conv) = name.strip_suffix(".weight").filter(|_| weight.rank() == 4) else { continue };
        let bias = tensors.get(&format!("{conv}.bias"));
        let Some(norm) = norm_after(conv, tensors) else {
            folded.insert(name.clone(), weight.clone());
            folded.extend(bias.map(|bias| (format!("{conv}.bias"), bias.clone())));
            continue;
        };
        let part = |part: &str| {
            let name = format!("{norm}.{part}");
            let tensor = tensors.get(&name);
            tensor
                .ok_or_else(|| candle_core::Error::Msg(format!("there is no tensor {name}")))?
                .to_dtype(DType::F64)
        };
        let scale = (part("weight")? / (part("running_var")? + EPS)?.sqrt()?)?;
        let mean = match bias {
            Some(bias) => (part("running_mean")? - bias.to_dtype(DType::F64)?)?,
            None => part("running_mean")?,
        };
        let weight = weight.to_dtype(DType::F64)?.broadcast_mul(&scale.reshape(((), 1, 1, 1))?)?;
        let bias = (part("bias")? - (mean * scale)?)?;
        folded.insert(name.clone(), weight.to_dtype(DType::F32)?);
        folded.insert(format!("{conv}.bias"), bias.to_dtype(DType::F32)?);
    }
    Ok(folded)
}

/// The normalisation that follows a convolution: the next one in its sequence, for one data set of
/// several where they have their own.
fn norm_after(conv: &str, tensors: &BTreeMap<String, Tensor>) -> Option<String> {
    let (sequence, index) = conv.rsplit_once('.')?;
    let next = format!("{sequence}.{}", index.parse::<usize>().ok()? + 1);
    [next.clone(), format!("{next}.bn_DHF1K")]
        .into_iter()
        .find(|norm| tensors.contains_key(&format!("{norm}.running_var")))
}

/// Maps of the learned Gaussians, given by mean and logarithm of the deviation along y and x, in units
/// of the picture's sides.
///
/// # Shapes
/// [maps, 2, 2] → [1, maps, 8, 13]
fn prior_maps(gaussians: &Tensor) -> Result<Tensor> {
    let count = gaussians.dim(0)?;
    let mut maps = Tensor::full(PEAK, (1, count, MAP[0], MAP[1]), &Device::Cpu)?;
    for (axis, side) in MAP.into_iter().enumerate() {
        let along = |what: usize| {
            gaussians.narrow(1, axis, 1)?.narrow(2, what, 1)?.to_dtype(DType::F64)?.reshape((count, 1))
        };
        let places = (0..side).map(|i| i as f64 / (side - 1) as f64);
        let places = Tensor::from_iter(places, &Device::Cpu)?.reshape((1, side))?;
        let far = places.broadcast_sub(&along(0)?)?.broadcast_div(&along(1)?.exp()?)?;
        let profile = (far.sqr()? * -0.5)?.exp()?;
        let profile = profile.unsqueeze(if axis == 0 { D::Minus1 } else { D::Minus2 })?;
        maps = maps.broadcast_mul(&profile.unsqueeze(0)?)?;
    }
    maps.to_dtype(DType::F32)
}
