//! Decoding against the ffmpeg program, and stepping back through a long group of pictures.
//!
//! `cargo bench --bench decode`. Makes its clips with the ffmpeg program; skipped without it.
#![allow(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use gazenlq::time::FrameIdx;
use gazenlq::video::VideoReader;

fn main() -> anyhow::Result<()> {
    let dir = std::env::temp_dir().join(format!("gazenlq-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    let (hd, full) = (dir.join("720p.mp4"), dir.join("1080p_gop250.mp4"));
    if !make(&hd, "1280x720", "60") || !make(&full, "1920x1080", "250") {
        println!("skipped: no ffmpeg program on this machine");
        return Ok(());
    }
    for _ in 0..3 {
        let ours = decode_fps(&hd)?;
        let theirs = ffmpeg_fps(&hd)?;
        println!("720p decode: {ours:.0} fps, ffmpeg to null {theirs:.0} fps, ratio {:.2}", ours / theirs);
    }
    step_back(&full)?;
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

fn make(path: &Path, size: &str, gop: &str) -> bool {
    Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i"])
        .arg(format!("testsrc2=size={size}:rate=30:duration=20"))
        .args(["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", gop])
        .arg(path)
        .status()
        .is_ok_and(|s| s.success())
}

fn decode_fps(path: &Path) -> anyhow::Result<f64> {
    let mut reader = VideoReader::open(path)?;
    let started = Instant::now();
    let mut frames = 0;
    while reader.skip_frame()?.is_some() {
        frames += 1;
    }
    Ok(f64::from(frames) / started.elapsed().as_secs_f64())
}

fn ffmpeg_fps(path: &Path) -> anyhow::Result<f64> {
    let started = Instant::now();
    Command::new("ffmpeg")
        .args(["-v", "error", "-threads", "2", "-i"])
        .arg(path)
        .args(["-f", "null", "-"])
        .status()?;
    Ok(600.0 / started.elapsed().as_secs_f64())
}

/// Cold: every step decodes from its key frame. The player keeps what it decodes on the way, so
/// that only the first step of a run is cold.
fn step_back(path: &Path) -> anyhow::Result<()> {
    let mut reader = VideoReader::open(path)?;
    let mut millis: Vec<f64> = (0..40u32)
        .map(|i| {
            let started = Instant::now();
            reader.frame_at(FrameIdx(590 - i * 13))?;
            Ok(started.elapsed().as_secs_f64() * 1e3)
        })
        .collect::<anyhow::Result<_>>()?;
    millis.sort_by(f64::total_cmp);
    println!("1080p, one key frame in 250, cold seek: median {:.0} ms, p95 {:.0} ms", millis[20], millis[37]);
    Ok(())
}
