//! The real window: pictures shown and dropped while playing, what our own work takes in a frame, and
//! whether memory stays where it is.
//!
//! `cargo bench --bench window [-- FILES]`, on a display or under `xvfb-run`. Without files it plays the
//! demo clip with its gaze. Redraws are bounded by what the system presents; the last lines say how
//! many those were.

#![allow(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use gazenlq::app::{App, FrameCost, Spread, Startup, window_options};
use gazenlq::playback::PlaybackStats;

const PART: Duration = Duration::from_secs(20);

/// What the window is asked to do, one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Opening,
    Playing,
    /// Nothing moves, and it is drawn again and again.
    Redrawing,
}

struct Measured {
    app: App,
    part: Part,
    since: Instant,
    costs: Vec<FrameCost>,
    frames: u64,
    stats: PlaybackStats,
    bytes: u64,
    /// With a clip, opening ends when its evidence is there.
    has_clip: bool,
}

impl Measured {
    fn begin(&mut self, part: Part) {
        self.part = part;
        self.since = Instant::now();
        self.costs.clear();
        self.stats = self.app.playback_stats().unwrap_or_default();
        self.bytes = resident_bytes();
    }

    fn report(&self) {
        let secs = self.since.elapsed().as_secs_f64();
        let frames = self.costs.len();
        let own = Spread::of(self.costs.iter().map(FrameCost::own_ms));
        let over = self.costs.iter().filter(|c| c.own_ms() > 16.0).count();
        let stats = self.app.playback_stats().unwrap_or_default();
        println!("{:?}, {secs:.1} s: {frames} frames drawn, {:.1} a second", self.part, frames as f64 / secs);
        println!(
            "  our own work in a frame: median {:.2} ms, p95 {:.2} ms, worst {:.2} ms; {over} over 16 ms",
            own.median, own.p95, own.worst
        );
        for (at, cost) in self.costs.iter().enumerate().filter(|(_, c)| c.own_ms() > 16.0) {
            println!(
                "    frame {at}: logic {:.1} ms, panels {:.1} ms, upload {:.1} ms",
                cost.logic_ms, cost.ui_ms, cost.upload_ms
            );
        }
        for (name, part) in [("logic", 0), ("panels", 1), ("upload", 2)] {
            let of = |c: &FrameCost| [c.logic_ms, c.ui_ms, c.upload_ms][part];
            let spread = Spread::of(self.costs.iter().map(of));
            println!(
                "    {name:7} median {:.2} ms, p95 {:.2} ms, worst {:.2} ms",
                spread.median, spread.p95, spread.worst
            );
        }
        if self.part == Part::Playing {
            println!(
                "  {} pictures shown, {} passed between two redraws, {} late from the decoder",
                stats.shown - self.stats.shown,
                stats.dropped - self.stats.dropped,
                stats.late - self.stats.late
            );
        }
        let (before, after) = (self.bytes as f64 / 1e6, resident_bytes() as f64 / 1e6);
        println!(
            "  resident {before:.0} MB before, {after:.0} MB after: {:.3} MB a redraw",
            (after - before) / frames.max(1) as f64
        );
    }

    /// The next part, once this one is over.
    fn go_on(&mut self, ctx: &egui::Context) {
        let is_long = self.since.elapsed() >= PART;
        match self.part {
            Part::Opening => {
                ctx.request_repaint_after(Duration::from_millis(100)); // to look again
                let is_shown = self.app.playback_stats().is_some();
                if self.app.is_idle() && (is_shown || !self.has_clip) && self.since.elapsed().as_secs() >= 2 {
                    self.report();
                    self.app.act("start");
                    self.app.act("toggle-play");
                    self.begin(if self.has_clip { Part::Playing } else { Part::Redrawing });
                }
            }
            Part::Playing if is_long => {
                self.report();
                self.app.act("pause");
                self.begin(Part::Redrawing);
            }
            Part::Redrawing if is_long => {
                self.report();
                ctx.send_viewport_cmd(egui::ViewportCommand::Close);
            }
            Part::Playing => {}
            Part::Redrawing => ctx.request_repaint(),
        }
    }
}

impl eframe::App for Measured {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        self.app.logic(ctx, frame);
        self.go_on(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        self.app.ui(ui, frame);
        let performance = self.app.performance();
        // the upload of the newest frame is known with the next one
        if let Some(cost) = performance.frames().rev().nth(1).filter(|_| performance.count() > self.frames) {
            self.costs.push(*cost);
        }
        self.frames = performance.count();
    }
}

/// Bytes of this process in memory; 0 where the system does not say.
fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|text| text.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()));
    pages.unwrap_or(0) * 4096
}

fn main() {
    gazenlq::nn::ops::keep_freed_memory();
    let mut files: Vec<PathBuf> =
        std::env::args().skip(1).filter(|a| !a.starts_with('-')).map(PathBuf::from).collect();
    let is_empty = std::env::args().any(|a| a == "--empty");
    if files.is_empty() && !is_empty {
        files.push(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/demo"));
    }
    let has_clip = !files.is_empty();
    let startup = Startup { files, ..Startup::default() };
    let options = eframe::NativeOptions { persist_window: false, ..window_options() };
    let result = eframe::run_native(
        "gazenlq-bench",
        options,
        Box::new(move |cc| {
            Ok(Box::new(Measured {
                app: App::new(cc, startup),
                part: Part::Opening,
                since: Instant::now(),
                costs: Vec::new(),
                frames: 0,
                stats: PlaybackStats::default(),
                bytes: resident_bytes(),
                has_clip,
            }))
        }),
    );
    if let Err(error) = result {
        println!("skipped: no window could be opened: {error}");
    }
}
