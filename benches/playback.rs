//! Stepping, seeking and playing as a person does it, against the wall clock.
//!
//! `cargo bench --bench playback [-- CLIP]`. Without a clip, one of 1080p with a key frame every 250
//! pictures and one of 720p at 30 a second are made by the ffmpeg program.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints its result")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gazenlq::job::no_wake;
use gazenlq::playback::{PlaybackCommand, Player};
use gazenlq::time::FrameIdx;

/// A window draws sixty times a second.
const REFRESH: Duration = Duration::from_micros(16_667);

struct Driver {
    player: Player,
    since: Instant,
}

impl Driver {
    fn open(path: &Path) -> Self {
        Self { player: Player::open(path, no_wake()).unwrap(), since: Instant::now() }
    }

    fn now(&self) -> f64 {
        self.since.elapsed().as_secs_f64()
    }

    fn is_there(&mut self) -> bool {
        let now = self.now();
        self.player.tick(now);
        self.player.shown().is_some_and(|f| f.index == self.player.frame())
    }

    /// Milliseconds until the picture that the command asks for is on screen.
    fn time(&mut self, command: PlaybackCommand) -> f64 {
        let started = Instant::now();
        let now = self.now();
        self.player.apply(command, now);
        while !self.is_there() {
            std::thread::sleep(Duration::from_millis(1));
        }
        started.elapsed().as_secs_f64() * 1e3
    }

    fn rest(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.is_there();
            std::thread::sleep(Duration::from_millis(4));
        }
    }
}

fn main() {
    let given = std::env::args().skip(1).find(|a| !a.starts_with('-')).map(PathBuf::from);
    let folder = std::env::temp_dir().join("gazenlq-bench-playback");
    std::fs::create_dir_all(&folder).unwrap();
    let long_groups = given.clone().unwrap_or_else(|| make(&folder, "gop250.mp4", "1920x1080", 250));
    let plain = given.unwrap_or_else(|| make(&folder, "plain.mp4", "1280x720", 60));
    steps(&long_groups);
    plays(&plain);
}

fn make(folder: &Path, name: &str, size: &str, group: u32) -> PathBuf {
    let path = folder.join(name);
    if !path.exists() {
        // moving detail, so that there is something to decode
        let source = format!("mandelbrot=s={size}:r=30:start_scale=0.6:end_scale=0.05");
        let status = std::process::Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-f", "lavfi", "-i", &source, "-t", "30", "-c:v", "libx264"])
            .args(["-preset", "veryfast", "-bf", "3", "-sc_threshold", "0", "-g", &group.to_string()])
            .args(["-pix_fmt", "yuv420p"])
            .arg(&path)
            .status()
            .unwrap();
        assert!(status.success(), "ffmpeg made {}", path.display());
    }
    path
}

fn steps(clip: &Path) {
    println!("{}", clip.display());
    let mut driver = Driver::open(clip);
    driver.time(PlaybackCommand::SeekFrame(FrameIdx(0)));
    let last = driver.player.table().last().0;
    // a stride that visits all parts of all groups
    let places: Vec<FrameIdx> = (0..40u32).map(|i| FrameIdx((i * 463 + 211) % last)).collect();
    let (mut seeks, mut cold, mut warm, mut program) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (i, target) in places.iter().enumerate() {
        seeks.push(driver.time(PlaybackCommand::SeekFrame(*target)));
        cold.push(driver.time(PlaybackCommand::Step(-1)));
        if i % 4 == 0 {
            program.extend(ffmpeg_seek(clip, driver.player.table().time(*target).secs()));
        }
    }
    for target in places.iter().step_by(4) {
        driver.time(PlaybackCommand::SeekFrame(*target));
        driver.rest(Duration::from_millis(2000));
        for _ in 0..10 {
            warm.push(driver.time(PlaybackCommand::Step(-1)));
        }
    }
    report("exact seek, nothing there", seeks);
    report("the ffmpeg program for one", program);
    report("first step back after it", cold);
    report("step back, two seconds later", warm);
    for (what, rest_ms) in [("key held, half a second later", 500), ("key held, at once", 0)] {
        driver.time(PlaybackCommand::SeekFrame(FrameIdx(last.min(700))));
        driver.rest(Duration::from_millis(rest_ms));
        let steps = 650.min(last);
        report(what, (0..steps).map(|_| held_step(&mut driver)).collect());
    }
    for rate in [-1.0, -2.0, -4.0] {
        reverse(&mut driver, last.min(700), rate);
    }
}

/// One of thirty steps a second; a late one is counted whole.
fn held_step(driver: &mut Driver) -> f64 {
    let next = Instant::now() + Duration::from_millis(33);
    let millis = driver.time(PlaybackCommand::Step(-1));
    driver.rest(next.saturating_duration_since(Instant::now()));
    millis
}

/// Plays backwards and says how fast it really was.
fn reverse(driver: &mut Driver, from: u32, rate: f64) {
    driver.time(PlaybackCommand::SeekFrame(FrameIdx(from)));
    driver.rest(Duration::from_millis(1000));
    let (start, before) = (driver.player.time(), *driver.player.stats());
    let now = driver.now();
    driver.player.apply(PlaybackCommand::SetRate(rate), now);
    driver.player.apply(PlaybackCommand::Play, now);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs_f64(16.0 / rate.abs()) && driver.player.is_playing() {
        driver.rest(REFRESH);
    }
    let played = (start - driver.player.time()).secs() / began.elapsed().as_secs_f64();
    let stats = driver.player.stats();
    println!(
        "  playing at {rate:4.1}x            {played:6.2} x reached, {} pictures shown, {} late",
        stats.shown - before.shown,
        stats.late - before.late
    );
    let now = driver.now();
    driver.player.apply(PlaybackCommand::Shuttle(0), now);
}

/// What the ffmpeg program needs for the same picture, in milliseconds.
fn ffmpeg_seek(clip: &Path, secs: f64) -> Option<f64> {
    let started = Instant::now();
    let status = std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-ss", &format!("{secs:.4}"), "-i"])
        .arg(clip)
        .args(["-frames:v", "1", "-f", "null", "-"])
        .status();
    status.is_ok_and(|s| s.success()).then(|| started.elapsed().as_secs_f64() * 1e3)
}

fn plays(clip: &Path) {
    println!("{}", clip.display());
    let mut driver = Driver::open(clip);
    driver.time(PlaybackCommand::SeekFrame(FrameIdx(0)));
    let now = driver.now();
    driver.player.apply(PlaybackCommand::Play, now);
    let (mut shown, mut dropped, mut longest) = (Vec::new(), 0, 0.0f64);
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(10) {
        let next = Instant::now() + REFRESH;
        let now = driver.now();
        let tick = Instant::now();
        driver.player.tick(now);
        longest = longest.max(tick.elapsed().as_secs_f64() * 1e3);
        let index = driver.player.shown().map_or(0, |f| f.index.0);
        if shown.last() != Some(&index) {
            dropped += shown.last().map_or(0, |before| index.saturating_sub(before + 1));
            shown.push(index);
        }
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    println!(
        "  playing 10 s: {} pictures shown, {dropped} dropped, longest tick {longest:.2} ms",
        shown.len()
    );
}

fn report(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    if times.is_empty() {
        return;
    }
    println!("  {what:30} median {:6.1} ms  p95 {:6.1} ms  worst {:6.1} ms", at(0.5), at(0.95), at(1.0));
}
