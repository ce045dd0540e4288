//! How often the quick search is right, on real clips beside the project (skipped without them).
//!
//! `cargo bench --bench retrieval`. Prints, for each clip and gaze mode, how often the curve's peak
//! lies in the right moment (within a second), and recall at IoU > 0.3 of the returned moments.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints its result")]

use std::path::{Path, PathBuf};

use gazenlq::grounding::{GazeMode, Localization, Localizer as _};
use gazenlq::job::JobCtx;
use gazenlq::pipeline::LightPipeline;
use gazenlq::time::{MediaTime, TimeRange};
use gazenlq::video::VideoReader;

struct Case {
    query: String,
    truth: TimeRange,
}

fn main() -> anyhow::Result<()> {
    let root = std::env::var_os("GAZENLQ_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from)
        .join("data/ego_restricted");
    if !root.exists() {
        println!("skipped: the real clips are not on this machine");
        return Ok(());
    }
    let ctx = JobCtx::detached();
    let pipeline = LightPipeline::load_default(&ctx)?;
    let fps: f32 = std::env::var("FPS").ok().and_then(|v| v.parse().ok()).unwrap_or(1.0);
    for (clip, cases) in clips(&root)? {
        let reader = VideoReader::open(&clip)?;
        let features = LightPipeline::features_for(reader.info(), reader.table());
        let started = std::time::Instant::now();
        pipeline.extract(&clip, &features, fps, &ctx)?;
        let name = clip.file_name().unwrap_or_default().to_string_lossy().into_owned();
        println!(
            "{name}: {} questions, {} pictures, extracted in {:.1} s",
            cases.len(),
            features.version(),
            started.elapsed().as_secs_f64()
        );
        for mode in [GazeMode::Off, GazeMode::Predicted, GazeMode::Negative] {
            let mut counts = [0usize; 4];
            let mut slowest = 0.0f64;
            for case in &cases {
                let answer = pipeline.localize(&features, &case.query, mode, None)?;
                slowest = slowest.max(answer.elapsed_secs);
                let hits = [
                    peak_hits(&answer, case.truth, 1),
                    peak_hits(&answer, case.truth, 5),
                    recall(&answer, case.truth, 1),
                    recall(&answer, case.truth, 5),
                ];
                counts.iter_mut().zip(hits).for_each(|(c, hit)| *c += usize::from(hit));
                if std::env::var_os("SHOW").is_some() {
                    println!("    {:?} {:?} {}", mode, hits, case.query);
                }
            }
            let [p1, p5, r1, r5] = counts.map(|c| c as f64 / cases.len() as f64);
            println!(
                "  gaze {:9}  peak first {p1:.2}  in five {p5:.2}  R1@0.3 {r1:.2}  R5@0.3 {r5:.2}  slowest {:.0} ms",
                mode.name(),
                slowest * 1e3
            );
        }
    }
    Ok(())
}

/// A peak of the curve within a second of the truth, among the first `k` that are 2 s apart.
fn peak_hits(answer: &Localization, truth: TimeRange, k: usize) -> bool {
    let slack = MediaTime::from_secs(1.0);
    let wide = TimeRange::new(truth.start() - slack, truth.end() + slack);
    let mut points = answer.curve.clone();
    points.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut peaks: Vec<MediaTime> = Vec::new();
    for (time, _) in points {
        if peaks.iter().all(|p| p.distance(time).secs() > 2.0) {
            peaks.push(time);
        }
    }
    peaks.iter().take(k).any(|p| wide.contains(*p))
}

fn recall(answer: &Localization, truth: TimeRange, k: usize) -> bool {
    answer.moments.iter().take(k).any(|m| m.range.iou(truth) > 0.3)
}

fn clips(root: &Path) -> anyhow::Result<Vec<(PathBuf, Vec<Case>)>> {
    let read = |path: PathBuf| -> anyhow::Result<serde_json::Value> {
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    };
    let case = |v: &serde_json::Value, query: &str, start: &str, end: &str| {
        Some(Case {
            query: v[query].as_str()?.to_owned(),
            truth: TimeRange::from_secs(v[start].as_f64()?, v[end].as_f64()?),
        })
    };
    let list = |v: &serde_json::Value| -> Vec<Case> {
        v.as_array().into_iter().flatten().filter_map(|m| case(m, "query", "start_sec", "end_sec")).collect()
    };
    let mut clips = Vec::new();
    let haystack = read(root.join("ego4d_nlq_clips/haystack_gt.json"))?;
    let targets = list(&haystack["moments"]);
    clips.push((root.join("ego4d_nlq_clips/haystack.mp4"), targets));
    let egolife = read(root.join("egolife/own_labels.json"))?;
    for (name, value) in egolife.as_object().into_iter().flatten() {
        clips.push((root.join("egolife").join(name), list(value)));
    }
    let homes = read(root.join("homes/stitched_gt.json"))?;
    clips.push((root.join("homes/stitched.mp4"), list(&homes["moments"])));
    Ok(clips)
}
