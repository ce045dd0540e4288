//! Milliseconds a frame for every network of the light pipeline: `cargo bench --bench networks`.
//!
//! `scripts/bench_clip_torch.py` times the same image tower in PyTorch with two threads; run both
//! in the same minutes, on an idle machine.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints its result")]

use std::time::Instant;

use gazenlq::features::{ClipImageTower, ClipTextBridge, EfficientNetLite2, MiniLm, RgbImage8};
use gazenlq::gaze::{GazeEstimator as _, Unisal};
use gazenlq::nn::{Device, ModelDir, NnError, device};

const RUNS: usize = 10;

fn main() {
    if let Err(error) = run(&ModelDir::from_env(), &device()) {
        println!("skipped: {error}");
    }
}

fn run(dir: &ModelDir, device: &Device) -> Result<(), NnError> {
    println!("{} threads, best of {RUNS}", rayon::current_num_threads());
    let image = picture(1280, 720);

    let tower = timed("CLIP image tower, load", || ClipImageTower::load(dir, device))?;
    for batch in [1, 4] {
        let images = vec![image.clone(); batch];
        best(&format!("CLIP image tower, a frame in batches of {batch}"), batch, || {
            tower.forward_batch(&images)
        })?;
    }
    let network = timed("EfficientNet-Lite2, load", || EfficientNetLite2::load(dir, device))?;
    best("EfficientNet-Lite2, a frame", 1, || network.tags(&image))?;
    let unisal = timed("UNISAL, load", || Unisal::load(dir, device))?;
    best("UNISAL, a frame", 1, || unisal.estimate(&image))?;
    let minilm = timed("MiniLM, load", || MiniLm::load(dir, device))?;
    best("MiniLM, a query", 1, || minilm.embed("Where did I put the scissors?"))?;
    let bridge = timed("vocabulary bridge, load", || ClipTextBridge::load(dir, &minilm))?;
    best("vocabulary bridge, a query", 1, || bridge.words("Where did I put the scissors?", &minilm))?;

    println!("compare the image tower with: python3 scripts/bench_clip_torch.py");
    Ok(())
}

fn timed<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    println!("{:>9.1} ms  {name}", start.elapsed().as_secs_f64() * 1e3);
    result
}

fn best<T, E>(name: &str, frames: usize, work: impl Fn() -> Result<T, E>) -> Result<(), E> {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        let start = Instant::now();
        work()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    println!("{:>9.1} ms  {name}", best * 1e3 / frames as f64);
    Ok(())
}

fn picture(width: usize, height: usize) -> RgbImage8 {
    RgbImage8::new(width, height, (0..width * height * 3).map(|i| (i * 7 % 251) as u8).collect())
}
