//! From a key or a click to the finished frame in the window of a data set, drawn in software.
//!
//! `cargo bench --bench workbench`. Made-up data: 25,000 queries on 2,000 clips with two prediction
//! files of five windows. Each wish is sent to the window like a person's; the clock stops when the
//! frame that shows its effect is in memory, its pixels read back. "Undrawn" is the part of the window
//! itself, without the drawing.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints its result")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use egui_wgpu::RendererOptions;
use gazenlq::app::{App, Startup, window_options};

const CLIPS: usize = 2_000;
const QUERIES: usize = 25_000;
const WINDOWS: usize = 5;
const REPEATS: usize = 40;

/// Numbers in 0..1 that are the same every time.
fn noise(seed: u64) -> f64 {
    let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ z >> 31) >> 11) as f64 / (1u64 << 53) as f64
}

fn truth(query: usize) -> [f64; 2] {
    let start = noise(query as u64) * 460.0;
    [start, start + 0.5 + noise(query as u64 + 77_777) * 15.0]
}

fn write(folder: &Path) {
    let mut text = r#"{"videos":[{"video_uid":"v","clips":["#.to_owned();
    let mut models = [String::new(), String::new()];
    for clip in 0..CLIPS {
        let comma = if clip > 0 { "," } else { "" };
        let _ = write!(
            text,
            r#"{comma}{{"clip_uid":"clip-{clip}","video_start_sec":0,"video_end_sec":480,"annotations":[{{"annotation_uid":"a{clip}","language_queries":["#
        );
        for (n, query) in (clip..QUERIES).step_by(CLIPS).enumerate() {
            let [start, end] = truth(query);
            let comma = if n > 0 { "," } else { "" };
            let _ = write!(
                text,
                r#"{comma}{{"query":"where is object {} on the table beside the door ?","template":"Objects: template {}","clip_start_sec":{start},"clip_end_sec":{end}}}"#,
                query % 900,
                query % 13
            );
            for (m, model) in models.iter_mut().enumerate() {
                let windows: Vec<String> = (0..WINDOWS)
                    .map(|k| {
                        let seed = ((m * QUERIES + query) * WINDOWS + k) as u64 * 2 + 1;
                        // every fourth answer lies near the truth
                        let near = noise(seed + 3) < 0.25;
                        let from = if near { start + noise(seed) * 4.0 - 2.0 } else { noise(seed) * 470.0 };
                        let to = if near {
                            end + noise(seed + 1) * 4.0
                        } else {
                            from + 1.0 + noise(seed + 1) * 20.0
                        };
                        format!("[{:.3},{:.3},{:.3}]", from.max(0.0), to, 0.9 - 0.15 * k as f64)
                    })
                    .collect();
                let comma = if model.is_empty() { "" } else { "," };
                let _ = write!(
                    model,
                    r#"{comma}{{"clip_uid":"clip-{clip}","annotation_uid":"a{clip}","query_idx":{n},"predicted_times":[{}]}}"#,
                    windows.join(",")
                );
            }
        }
        text += "]}]}";
    }
    std::fs::write(folder.join("val.json"), text + "]}]}").unwrap();
    for (model, results) in models.iter().enumerate() {
        let file = format!(r#"{{"version":"1.0","challenge":"ego4d_nlq_challenge","results":[{results}]}}"#);
        std::fs::write(folder.join(format!("model-{model}.json")), file).unwrap();
    }
}

fn wait(harness: &mut Harness<'static, App>, label: &str) {
    for _ in 0..3_000 {
        harness.step();
        if harness.query_all_by_label_contains(label).next().is_some() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{label} did not come");
}

/// Milliseconds until the frame was there, and of them what the window itself took.
struct Times(Vec<(f64, f64)>);

impl Times {
    /// A wish, and the two frames in which it is taken and shown.
    fn measure(
        &mut self,
        harness: &mut Harness<'static, App>,
        wish: impl FnOnce(&mut Harness<'static, App>),
    ) {
        let start = Instant::now();
        wish(harness);
        for _ in 0..2 {
            harness.step();
        }
        let ours = start.elapsed().as_secs_f64() * 1e3;
        harness.render().expect("draws");
        self.0.push((start.elapsed().as_secs_f64() * 1e3, ours));
    }

    fn print(&self, what: &str) {
        let sorted = |part: fn(&(f64, f64)) -> f64| {
            let mut times: Vec<f64> = self.0.iter().map(part).collect();
            times.sort_by(f64::total_cmp);
            times
        };
        let (all, ours) = (sorted(|t| t.0), sorted(|t| t.1));
        let at = |times: &[f64], q: f64| times[((times.len() - 1) as f64 * q).round() as usize];
        println!(
            "  {what:<30} median {:6.1} ms, p99 {:6.1} ms, worst {:6.1} ms; undrawn {:5.1}, {:5.1}, {:5.1}",
            at(&all, 0.5),
            at(&all, 0.99),
            at(&all, 1.0),
            at(&ours, 0.5),
            at(&ours, 0.99),
            at(&ours, 1.0)
        );
    }
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    for size in [egui::vec2(1280.0, 800.0), egui::vec2(2560.0, 1440.0)] {
        println!("{} x {}, {QUERIES} rows", size.x, size.y);
        let files = ["val.json", "model-0.json", "model-1.json"].map(|name| folder.path().join(name));
        let startup = Startup { files: files.to_vec(), ..Startup::default() };
        let start = Instant::now();
        // as the window draws, and not as snapshots are drawn to be the same everywhere
        let options = RendererOptions { dithering: window_options().dithering, ..RendererOptions::default() };
        let mut harness: Harness<'static, App> = Harness::builder()
            .with_render_options(options)
            .wgpu()
            .with_size(size)
            .build_eframe(move |cc| App::new(cc, startup));
        wait(&mut harness, "2 ranking: ");
        println!("  opened in {:.2} s", start.elapsed().as_secs_f64());
        let mut all = Times(Vec::new());
        let mut run = |name: &str,
                       harness: &mut Harness<'static, App>,
                       wish: &dyn Fn(&mut Harness<'static, App>, usize)| {
            let mut times = Times(Vec::new());
            for i in 0..REPEATS {
                times.measure(harness, |harness| wish(harness, i));
            }
            all.0.extend_from_slice(&times.0);
            times.print(name);
        };
        run("next row (key)", &mut harness, &|h, _| h.key_press(Key::ArrowDown));
        run("ten rows on (key)", &mut harness, &|h, _| h.key_press(Key::PageDown));
        run("next failure (key)", &mut harness, &|h, _| h.key_press(Key::N));
        run("case opened and closed (key)", &mut harness, &|h, _| h.key_press(Key::Enter));
        run("class clicked", &mut harness, &|h, _| h.get_by_label_contains("2 ranking: ").click());
        let columns = ["Sort by IoU", "Sort by Query", "Sort by Error class"];
        run("column sorted (click)", &mut harness, &|h, i| h.get_by_label(columns[i % 3]).click());
        run("threshold changed (click)", &mut harness, &|h, i| h.get_by_label(["0.5", "0.3"][i % 2]).click());
        harness.key_press_modifiers(Modifiers::COMMAND, Key::F);
        harness.run_steps(2);
        run("letter typed into the search", &mut harness, &|h, i| {
            let letters = ["t", "a", "b", "l", "e", " "];
            h.get_by_label("Search the queries").type_text(letters[i % letters.len()]);
        });
        all.print("all of them");
    }
}
