//! What parameters start with where no checkpoint gives them.

use candle_core::{Device, Result, Tensor};
use rand::Rng as _;

use super::optimiser::decays;
use super::random::stream;
use crate::grounding::groundnlq::{Config, Tensors};

/// How often a point is positive, as the classifier believes at first (`cls_prior_prob`).
const CLASS_PRIOR: f64 = 0.01;
/// Scales of residual branches that the reference has.
const BRANCH_SCALE: f64 = 1e-4;

/// Fresh tensors of these names and shapes.
pub fn fresh(config: &Config, shapes: &[(String, Vec<usize>)], seed: u64) -> Result<Tensors> {
    shapes.iter().map(|(name, shape)| Ok((name.clone(), tensor(config, name, shape, seed)?))).collect()
}

fn tensor(config: &Config, name: &str, shape: &[usize], seed: u64) -> Result<Tensor> {
    let constant = |value: f64| Tensor::full(value as f32, shape, &Device::Cpu);
    if decays(name, shape) {
        // PyTorch's own for convolutions and linear layers
        let fan_in: usize = shape[1..].iter().product();
        let bound = 1.0 / (fan_in as f32).sqrt();
        let mut random = stream(seed, name, &[]);
        let count = shape.iter().product();
        let values: Vec<f32> = (0..count).map(|_| random.random_range(-bound..bound)).collect();
        return Tensor::from_vec(values, shape, &Device::Cpu);
    }
    if name == "cls_head.cls_head.conv.bias" {
        return constant(-((1.0 - CLASS_PRIOR) / CLASS_PRIOR).ln());
    }
    if name.ends_with(".bias") {
        return constant(0.0);
    }
    if name.starts_with("gaze_fusion.") && name.contains(".scale_") {
        return constant(config.fusion.init_scale);
    }
    if name.ends_with(".scale") && !shape.is_empty() {
        return constant(BRANCH_SCALE);
    }
    constant(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grounding::groundnlq::{GazeMode, expected_tensors};

    #[test]
    fn every_kind_of_parameter_starts_as_the_reference_has_it() {
        let mut config = Config::default();
        config.network.arch = [2, 1, 1, 0, 1];
        config.gaze.mode = GazeMode::Positive;
        let shapes = expected_tensors(&config).unwrap();
        let all = fresh(&config, &shapes, 3).unwrap();
        let values = |name: &str| all[name].flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let are = |name: &str, value: f32| assert!(values(name).iter().all(|x| *x == value), "{name}");
        are("cls_head.cls_head.conv.bias", -4.595_12);
        are("backbone.vid_stem.0.ln1.weight", 1.0);
        are("backbone.vid_stem.0.mlp.0.bias", 0.0);
        are("backbone.vid_stem.0.drop_path_mlp.scale", 1e-4);
        are("reg_head.scale.1.scale", 1.0);
        are("gaze_fusion.scale_gaze", 0.01);
        are("gaze.input_norm.weight", 1.0);
        let conv = values("backbone.vid_embd.0.conv.weight");
        let bound = 1.0 / (3.0 * 2304f32).sqrt();
        let largest = conv.iter().fold(0f32, |largest, x| largest.max(x.abs()));
        assert!(largest <= bound && largest > 0.99 * bound, "{largest} of {bound}");
    }
}
