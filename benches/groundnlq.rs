//! Seconds a question for GroundNLQ's finetune configuration, a 12-token question and a clip of 900
//! steps: `RAYON_NUM_THREADS=2 cargo bench --bench groundnlq`.
//!
//! `scripts/bench_groundnlq_torch.py` times the same architecture in PyTorch, padded to 2560 as the
//! reference does; run both in the same minutes. Weights are made up: they change no time.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints its result")]

use std::time::Instant;

use gazenlq::grounding::groundnlq::{Ask, Config, GroundNlq, GroundNlqError, Tensors, expected_tensors};
use gazenlq::nn::{Tensor, device};

const STEPS: usize = 900;
const TOKENS: usize = 12;
const RUNS: usize = 7;
/// Multiply-adds for one row of level 0 with all that follows from it, counted in the architecture:
/// embedding 3.0 M; a video block 2.06 M each; pyramid 1.8 M; heads 3.5 M.
const FIRST_GFLOP: f64 = STEPS as f64 * 33.3e-3;
const FURTHER_GFLOP: f64 = STEPS as f64 * 25.6e-3;

fn main() {
    run().unwrap();
}

fn run() -> Result<(), GroundNlqError> {
    let device = device();
    println!("{} threads, best and median of {RUNS}", rayon::current_num_threads());
    let config = Config::default();
    let mut tensors = Tensors::new();
    for (index, (name, shape)) in expected_tensors(&config)?.into_iter().enumerate() {
        tensors.insert(name, noise(&shape, index as u32, 0.05));
    }
    let network = GroundNlq::from_tensors(&tensors, config, &device)?;
    drop(tensors);
    let video = noise(&[STEPS, 2304], 1, 1.0).to_device(&device)?;
    let text = noise(&[TOKENS, 512], 2, 1.0).to_device(&device)?;
    let clip = network.encode_clip(&video, None, 480.0)?;
    println!("a clip that is kept takes {:.1} MiB", clip.bytes() as f64 / (1 << 20) as f64);
    time("first question on a clip", FIRST_GFLOP, || {
        let clip = network.encode_clip(&video, None, 480.0)?;
        network.localize(&clip, &text, &Ask::default())
    })?;
    time("further question", FURTHER_GFLOP, || network.localize(&clip, &text, &Ask::default()))?;

    let (a, b) = (noise(&[1024, 1024], 3, 1.0), noise(&[1024, 1024], 4, 1.0));
    time("matrix product 1024 (candle)", 2.0 * 1.024f64.powi(3), || Ok(a.matmul(&b)?))?;
    let layer = gazenlq::nn::layers::Linear::from_weight(b)?;
    time("matrix product 1024 (packed)", 2.0 * 1.024f64.powi(3), || Ok(layer.forward(&a)?))?;
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status
            .lines()
            .filter(|line| line.starts_with("VmHWM"))
            .for_each(|line| println!("peak memory: {line}"));
    }
    println!("compare with: python3 scripts/bench_groundnlq_torch.py");
    Ok(())
}

fn time<T>(
    name: &str,
    gflop: f64,
    work: impl Fn() -> Result<T, GroundNlqError>,
) -> Result<(), GroundNlqError> {
    work()?;
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let (best, median) = (times[0], times[RUNS / 2]);
    println!("{:>8.1} ms  {:>8.1} ms  {:>6.0} GFLOP/s  {name}", best * 1e3, median * 1e3, gflop / best);
    Ok(())
}

fn noise(shape: &[usize], seed: u32, size: f32) -> Tensor {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let values: Vec<f32> = (0..shape.iter().product::<usize>())
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state as f32 / u32::MAX as f32 - 0.5) * 2.0 * size
        })
        .collect();
    Tensor::from_vec(values, shape, &candle_core::Device::Cpu).unwrap()
}
