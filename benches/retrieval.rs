//! How often the quick search is right, on real clips beside the project (skipped without them).
//!
//! `cargo bench --bench retrieval`. Prints, for each clip and gaze mode, how often the curve's peak
//! lies in the right moment (within a second), and recall at IoU > 0.3 of the returned moments.
//! With `SYNTH=FOLDER`, a folder of `gazenlq synth`, also of its validation clips, which come with gaze
//! recordings: the only ones here that have both gaze and moments.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints its result")]

use std::path::{Path, PathBuf};

use gazenlq::grounding::{GazeMode, Localization, Localizer as _};
use gazenlq::job::JobCtx;
use gazenlq::pipeline::{ClipPipeline as _, LightPipeline};
use gazenlq::project::{AnnotatedClip, AnnotationFile};
use gazenlq::session;
use gazenlq::time::{MediaTime, TimeRange};
use gazenlq::video::VideoReader;

struct Clip {
    video: PathBuf,
    recording: Option<PathBuf>,
    cases: Vec<Case>,
}

impl Clip {
    fn without_gaze(video: PathBuf, list: &serde_json::Value) -> Self {
        Self { video, recording: None, cases: cases(list) }
    }
}

struct Case {
    query: String,
    truth: TimeRange,
}

/// Rows: peak first, peak in five, R1 and R5 at IoU > 0.3.
type Counts = [f64; 4];

fn main() -> anyhow::Result<()> {
    let root = std::env::var_os("GAZENLQ_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from)
        .join("data/ego_restricted");
    let synthetic = std::env::var_os("SYNTH").map(PathBuf::from);
    if !root.exists() && synthetic.is_none() {
        println!("skipped: the real clips are not on this machine");
        return Ok(());
    }
    let folder = std::env::temp_dir().join(format!("gazenlq-retrieval-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let ctx = JobCtx::detached();
    let pipeline = LightPipeline::load_default(&ctx)?;
    let fps: f32 = std::env::var("FPS").ok().and_then(|v| v.parse().ok()).unwrap_or(1.0);
    let sets = match &synthetic {
        Some(folder) => vec![("Synthetic clips", made_up(folder)?)],
        None => vec![("Annotated clips", annotated(&root)?), ("Honest questions", honest(&root, &folder)?)],
    };
    for (set, clips) in sets {
        println!("\n{set}");
        let mut totals = [[0.0; 4]; 5];
        let mut questions = 0;
        for clip in clips {
            let found = measure(&pipeline, &clip, fps, &ctx)?;
            questions += clip.cases.len();
            for (total, counts) in totals.iter_mut().zip(found) {
                total.iter_mut().zip(counts).for_each(|(t, c)| *t += c);
            }
        }
        println!("all {questions} questions");
        let has_recorded = synthetic.is_some();
        for (name, total) in ROWS.iter().zip(totals).filter(|(name, _)| has_recorded || **name != "recorded")
        {
            print_row(name, total, questions);
        }
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

const ROWS: [&str; 5] = ["off", "predicted", "recorded", "negative", "chance"];
const MODES: [GazeMode; 4] = [GazeMode::Off, GazeMode::Predicted, GazeMode::Recorded, GazeMode::Negative];

fn print_row(name: &str, counts: Counts, questions: usize) {
    let [p1, p5, r1, r5] = counts.map(|c| c / questions as f64);
    println!("  {name:9}  peak first {p1:.2}  in five {p5:.2}  R1@0.3 {r1:.2}  R5@0.3 {r5:.2}");
}

fn measure(
    pipeline: &LightPipeline,
    Clip { video, recording, cases }: &Clip,
    fps: f32,
    ctx: &JobCtx,
) -> anyhow::Result<[Counts; 5]> {
    let reader = VideoReader::open(video)?;
    let features = gazenlq::pipeline::features_for(reader.info(), reader.table());
    let found =
        session::recognise(&[video.clone()].into_iter().chain(recording.clone()).collect::<Vec<_>>())?.0;
    let gaze = session::load_companions(&found, reader.info(), reader.table(), ctx)?.gaze;
    let started = std::time::Instant::now();
    pipeline.extract(video, &features, fps, ctx)?;
    println!(
        "{}: {} questions, {} pictures in {:.1} s",
        video.file_name().unwrap_or_default().to_string_lossy(),
        cases.len(),
        features.frames().len(),
        started.elapsed().as_secs_f64()
    );
    let mut rows = [[0.0; 4]; 5];
    let mut slowest = 0.0f64;
    for (row, mode) in rows.iter_mut().zip(MODES) {
        for case in cases.iter().filter(|_| mode != GazeMode::Recorded || gaze.is_some()) {
            let answer = pipeline.localize(&features, &case.query, mode, gaze.as_ref(), 5)?;
            slowest = slowest.max(answer.elapsed_secs);
            let hits = hits(&answer, case.truth);
            row.iter_mut().zip(hits).for_each(|(c, hit)| *c += f64::from(u8::from(hit)));
            if std::env::var_os("SHOW").is_some() {
                println!("    {:9} {hits:?} {}", mode.name(), case.query);
            }
        }
    }
    rows[4] = chance(pipeline, &features, cases)?;
    for (name, counts) in ROWS.iter().zip(rows).filter(|(name, _)| gaze.is_some() || **name != "recorded") {
        print_row(name, counts, cases.len());
    }
    println!("  slowest answer {:.0} ms", slowest * 1e3);
    Ok(rows)
}

/// The same answers against truths moved round the clip: what luck finds.
fn chance(
    pipeline: &LightPipeline,
    features: &gazenlq::features::ClipFeatures,
    cases: &[Case],
) -> anyhow::Result<Counts> {
    const TURNS: u32 = 97;
    let duration = features.duration().secs();
    let mut counts = [0.0; 4];
    for case in cases {
        let answer = pipeline.localize(features, &case.query, GazeMode::Off, None, 5)?;
        for turn in 0..TURNS {
            let shift = duration * f64::from(turn) / f64::from(TURNS);
            let length = case.truth.duration().secs();
            let start = (case.truth.start().secs() + shift) % duration;
            let start = if start + length > duration { start + length - duration } else { start };
            let hits = hits(&answer, TimeRange::from_secs(start, start + length));
            counts.iter_mut().zip(hits).for_each(|(c, h)| *c += f64::from(u8::from(h)) / f64::from(TURNS));
        }
    }
    Ok(counts)
}

fn hits(answer: &Localization, truth: TimeRange) -> [bool; 4] {
    [
        peak_hits(answer, truth, 1),
        peak_hits(answer, truth, 5),
        recall(answer, truth, 1),
        recall(answer, truth, 5),
    ]
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

/// Clips with the moments that others marked, or that we marked before there was anything to measure.
fn annotated(root: &Path) -> anyhow::Result<Vec<Clip>> {
    let mut clips = Vec::new();
    let haystack = read(&root.join("ego4d_nlq_clips/haystack_gt.json"))?;
    clips.push(Clip::without_gaze(root.join("ego4d_nlq_clips/haystack.mp4"), &haystack["moments"]));
    let egolife = read(&root.join("egolife/own_labels.json"))?;
    for (name, value) in egolife.as_object().into_iter().flatten() {
        clips.push(Clip::without_gaze(root.join("egolife").join(name), value));
    }
    let homes = read(&root.join("homes/stitched_gt.json"))?;
    clips.push(Clip::without_gaze(root.join("homes/stitched.mp4"), &homes["moments"]));
    Ok(clips)
}

/// Questions written from the pictures before any answer was looked at.
fn honest(root: &Path, folder: &Path) -> anyhow::Result<Vec<Clip>> {
    let list = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/honest_queries.json"))?;
    let mut clips = Vec::new();
    for (at, clip) in list["clips"].as_array().into_iter().flatten().enumerate() {
        let files: Vec<PathBuf> = clip["files"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|f| Some(root.join(f.as_str()?)))
            .collect();
        let path = match files.as_slice() {
            [one] => one.clone(),
            many => join(many, &folder.join(format!("joined{at}.mp4")))?,
        };
        clips.push(Clip::without_gaze(path, &clip["queries"]));
    }
    Ok(clips)
}

/// The validation clips of a folder of `gazenlq synth`.
fn made_up(folder: &Path) -> anyhow::Result<Vec<Clip>> {
    let annotations = AnnotationFile::load(&folder.join("nlq_val.json"))?;
    let clip = |clip: &AnnotatedClip| Clip {
        video: folder.join("clips").join(format!("{}.mp4", clip.clip_uid)),
        recording: Some(folder.join("gaze").join(format!("{}.csv", clip.video_uid))),
        cases: clip
            .queries
            .iter()
            .filter_map(|query| Some(Case { query: query.text.clone(), truth: query.range()? }))
            .collect(),
    };
    Ok(annotations.clips.iter().map(clip).collect())
}

/// Several clips as one, by the ffmpeg program.
fn join(files: &[PathBuf], to: &Path) -> anyhow::Result<PathBuf> {
    let mut command = std::process::Command::new("ffmpeg");
    command.args(["-v", "error", "-y"]);
    files.iter().for_each(|file| {
        command.arg("-i").arg(file);
    });
    let scaled: String = (0..files.len())
        .map(|i| {
            format!(
                "[{i}:v]scale=640:480:force_original_aspect_ratio=decrease,pad=640:480:-1:-1,setsar=1,fps=30[v{i}];"
            )
        })
        .collect();
    let inputs: String = (0..files.len()).map(|i| format!("[v{i}]")).collect();
    command.args(["-filter_complex", &format!("{scaled}{inputs}concat=n={}:v=1[v]", files.len())]);
    command.args(["-map", "[v]", "-c:v", "libx264", "-crf", "18"]).arg(to);
    anyhow::ensure!(command.status()?.success(), "ffmpeg could not join the clips");
    Ok(to.to_owned())
}

fn read(path: &Path) -> anyhow::Result<serde_json::Value> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

fn cases(list: &serde_json::Value) -> Vec<Case> {
    let case = |v: &serde_json::Value| {
        Some(Case {
            query: v["query"].as_str()?.to_owned(),
            truth: TimeRange::from_secs(v["start_sec"].as_f64()?, v["end_sec"].as_f64()?),
        })
    };
    list.as_array().into_iter().flatten().filter_map(case).collect()
}
