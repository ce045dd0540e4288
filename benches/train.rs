//! One training step of GroundNLQ's finetune configuration: batch 2, 900 steps a clip, 12 tokens a
//! question. `scripts/bench_train_torch.py` times the same step in PyTorch; run both in the same minutes.
//!
//! cargo bench --bench train

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench says what it measured")]

use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use gazenlq::grounding::groundnlq::{Chance, Config, GroundNlq, Pass, expected_tensors};
use gazenlq::nn::ops::Precision;
use gazenlq::train::grounding::{LossConfig, Sample, backward};
use gazenlq::train::init::fresh;
use gazenlq::train::labels::{CENTRE_RADIUS, RANGES};
use gazenlq::train::losses::Normaliser;
use gazenlq::train::optimiser::{AdamConfig, AdamW};
use gazenlq::train::weights::Weights;

const STEPS: usize = 900;
const TOKENS: usize = 12;
const BATCH: usize = 2;
const RUNS: usize = 7;

fn main() {
    gazenlq::nn::ops::keep_freed_memory();
    let device = Device::Cpu;
    let config = Config::default();
    let tensors = fresh(&config, &expected_tensors(&config).unwrap(), 1).unwrap();
    let weights = Weights::new(tensors, |_| true, &device).unwrap();
    let batch: Vec<Sample> = (0..BATCH)
        .map(|i| Sample {
            video: Tensor::randn(0f32, 1.0, (STEPS, config.features.video_dim), &device).unwrap(),
            gaze: None,
            text: Tensor::randn(0f32, 1.0, (TOKENS, config.features.text_dim), &device).unwrap(),
            segments: vec![[100.0 + 300.0 * i as f64, 120.0 + 310.0 * i as f64]],
        })
        .collect();
    let loss = LossConfig {
        ranges: RANGES.to_vec(),
        centre_radius: CENTRE_RADIUS,
        label_smoothing: 0.1,
        regression_weight: 1.0,
    };
    let mut optimiser = AdamW::new(AdamConfig::default(), &weights.learned).unwrap();
    let mut normaliser = Normaliser { value: 200.0, momentum: 0.9 };
    // nothing is dropped, as in the peer: a dropped branch is work saved
    let pass = |_| {
        let chance = Chance { drop_path: 0.0, dropout: 0.0, uniform: Box::new(|| 0.5) };
        Pass::training(chance, Precision::Single)
    };
    let mut times = Vec::new();
    for run in 0..=RUNS {
        let start = Instant::now();
        let network = GroundNlq::from_tensors(&weights.tracked(), config.clone(), &device).unwrap();
        let built = start.elapsed();
        let (_, gradients) =
            backward(&network, &weights.learned, &batch, &loss, &mut normaliser, pass).unwrap();
        let learned = start.elapsed();
        optimiser.step(&weights.learned, &gradients, |_| 1e-5).unwrap();
        if run > 0 {
            times.push([start.elapsed(), built, learned - built, start.elapsed() - learned]);
        }
    }
    times.sort();
    let line = |what: &str, times: &[Duration; 4]| {
        let [all, build, pass, step] = times.map(|time| time.as_secs_f64() * 1e3);
        println!(
            "{what:8} {all:8.0} ms: build {build:.0}, forward and backward {pass:.0}, optimiser {step:.0}"
        );
    };
    println!("{} threads, batch {BATCH}, {STEPS} steps", rayon::current_num_threads());
    line("best", &times[0]);
    line("median", &times[RUNS / 2]);
}
