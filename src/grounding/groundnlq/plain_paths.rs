//! The networks on the operations that a GPU takes, which are candle's own, run on the CPU: whatever is
//! wrong on a GPU and right here is a matter of its driver.

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use super::config::GazeMode;
use super::{Ask, Config, FusionPosition, GazeFeatures, GroundNlq, Tensors, check::check, expected_tensors};
use crate::grounding::Window;
use crate::nn::ops::plainly;

#[test]
fn the_reference_numbers_hold_without_fast_operations() {
    let shared = std::env::var_os("GAZENLQ_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    for case in ["tiny_groundnlq", "tiny_groundnlq_star"] {
        let folder = shared.join("reference/groundnlq").join(case);
        if !folder.is_dir() {
            println!("skipped: {} is not on this machine", folder.display());
            continue;
        }
        let stages = plainly(|| check(&folder, &Device::Cpu)).unwrap();
        assert!(stages.len() > 50);
        for stage in &stages {
            assert!(stage.is_within(), "{case}: {} is off by {}", stage.name, stage.error);
        }
    }
}

/// Numbers that depend on the name only, about -0.6..0.6.
fn made(name: &str, shape: &[usize]) -> Tensor {
    let mut state = name.bytes().fold(17u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b))) | 1;
    let values: Vec<f32> = (0..shape.iter().product::<usize>())
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state as f32 / u32::MAX as f32 - 0.5) * 1.2
        })
        .collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn answer(config: &Config, weights: &Tensors) -> Vec<Window> {
    let network = GroundNlq::from_tensors(weights, config.clone(), &Device::Cpu).unwrap();
    let gaze = GazeFeatures::new(made("omnivore", &[44, 10]), &config.gaze);
    let gaze = network.gaze_tokens(&gaze, 41).unwrap();
    let clip = network.encode_clip(&made("video", &[41, 20]), gaze.as_ref(), 30.0).unwrap();
    let ask = Ask { keep: Some(50), explain: true, ..Ask::default() };
    network
        .localize(&clip, &made("text", &[5, 12]), &ask)
        .unwrap()
        .explanation
        .unwrap()
        .pieces
        .remove(0)
        .candidates
}

#[test]
fn gaze_networks_agree_with_and_without_fast_operations() {
    for position in [FusionPosition::PreStem, FusionPosition::InStem, FusionPosition::ReplaceStem] {
        for mode in [GazeMode::Positive, GazeMode::Negate, GazeMode::Complement, GazeMode::NegAttention] {
            let mut config = Config::default();
            (config.features.video_dim, config.features.text_dim) = (20, 12);
            config.features.max_steps = 64;
            config.network.arch = [2, 1, 2, 0, 2];
            (config.network.width, config.network.head_width) = (16, 16);
            (config.gaze.input_dim, config.gaze.hidden, config.gaze.heads) = (10, 16, 2);
            (config.gaze.mode, config.fusion.position, config.fusion.gaze_window) = (mode, position, 9);
            let expected = expected_tensors(&config).unwrap().into_iter();
            let weights: Tensors =
                expected.map(|(name, shape)| (name.clone(), made(&name, &shape))).collect();
            let (fast, plain) = (answer(&config, &weights), plainly(|| answer(&config, &weights)));
            assert_eq!(fast.len(), plain.len());
            for (fast, plain) in fast.iter().zip(&plain) {
                let off = [fast.start - plain.start, fast.end - plain.end, 10.0 * (fast.score - plain.score)];
                assert!(
                    off.iter().all(|off| off.abs() < 1e-2),
                    "{mode:?} at {position:?}: {fast:?}, {plain:?}"
                );
            }
        }
    }
}
