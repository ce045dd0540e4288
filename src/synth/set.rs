//! A set of clips in a folder, resumable: a clip is whole when its truth file is there.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::SynthError;
use super::clip::{Clip, Truth};
use super::config::SynthConfig;
use super::files::{
    boxes_jsonl, deeds_json, gaze_csv, narration_line, official_file, official_query, official_video,
};
use crate::job::JobCtx;
use crate::render::Gpu;
use crate::render::world::WorldRenderer;

/// What became of a run.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct SetReport {
    pub made: usize,
    /// There from an earlier run.
    pub kept: usize,
    pub wanted: usize,
    pub train_queries: usize,
    pub val_queries: usize,
    pub gaze_only_queries: usize,
    pub frames: usize,
    /// Seconds that drawing and encoding took.
    pub secs: f64,
}

/// Makes what is missing of `count` clips, then writes the annotation files over all that are
/// whole. A cancel ends after the clip's current picture, and the annotation files are still written.
pub fn make_set(
    config: &SynthConfig,
    seed: u64,
    count: u64,
    out: &Path,
    ctx: &JobCtx,
) -> Result<SetReport, SynthError> {
    config.check()?;
    let folder = Folder::create(out, config, seed)?;
    let start = std::time::Instant::now();
    let mut done = Vec::new();
    let mut made = 0;
    let mut frames = 0;
    let outcome = (|| -> Result<(), SynthError> {
        let mut missing = Vec::new();
        for index in 0..count {
            ctx.check()?;
            let clip = Clip::new(config, seed, index);
            match folder.whole(&clip.uid)? {
                Some(record) => done.push((index, record)),
                None => missing.push((index, clip)),
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        ctx.stage("Rendering synthetic clips");
        let work = Work {
            missing: &missing,
            next: AtomicUsize::new(0),
            drawn: AtomicU64::new(0),
            total: missing.iter().map(|(_, clip)| clip.frames as u64).sum(),
        };
        let results = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..WORKERS.min(missing.len()))
                .map(|_| scope.spawn(|| work.make(&folder, config, ctx)))
                .collect();
            workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
        });
        let mut first_error = None;
        for result in results {
            let (records, ended) = result.map_err(|_| SynthError::Broken("drawing clips"))?;
            made += records.len();
            done.extend(records);
            first_error = first_error.or(ended.err());
        }
        frames = made * missing[0].1.frames;
        if let Some(error) = first_error {
            return Err(error);
        }
        Ok(())
    })();
    done.sort_by_key(|(index, _)| *index);
    let records: Vec<Value> = done.into_iter().map(|(_, record)| record).collect();
    let counts = folder.write_lists(&records, count)?;
    outcome?;
    Ok(SetReport {
        made,
        kept: records.len() - made,
        wanted: count as usize,
        train_queries: counts[0],
        val_queries: counts[1],
        gaze_only_queries: counts[2],
        frames,
        secs: start.elapsed().as_secs_f64(),
    })
}

/// Clips that are drawn at a time: while one waits for its pictures, another is drawn.
const WORKERS: usize = 2;

/// Clips to be made, by several threads, each with a graphics device of its own.
struct Work<'a> {
    missing: &'a [(u64, Clip)],
    next: AtomicUsize,
    /// Pictures of all clips.
    drawn: AtomicU64,
    total: u64,
}

impl Work<'_> {
    /// Makes one clip after the other; what is whole is given back with the error that ended it.
    fn make(
        &self,
        folder: &Folder<'_>,
        config: &SynthConfig,
        ctx: &JobCtx,
    ) -> (Vec<(u64, Value)>, Result<(), SynthError>) {
        let mut records = Vec::new();
        let ended = self.make_into(&mut records, folder, config, ctx);
        (records, ended)
    }

    fn make_into(
        &self,
        records: &mut Vec<(u64, Value)>,
        folder: &Folder<'_>,
        config: &SynthConfig,
        ctx: &JobCtx,
    ) -> Result<(), SynthError> {
        let gpu = Gpu::headless()?;
        let mut renderer: Option<WorldRenderer<'_>> = None;
        while let Some((index, clip)) = self.missing.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let renderer = renderer
                .get_or_insert_with(|| WorldRenderer::new(&gpu, [config.clip.size; 2], &clip.stage.mesh));
            let path = folder.video(&clip.uid);
            let part = path.with_extension("mp4.part");
            let step = |_, ctx: &JobCtx| ctx.step(self.drawn.fetch_add(1, Ordering::Relaxed), self.total);
            let rendered = clip.render(renderer, &part, ctx, step);
            let (truth, encoder) = rendered.inspect_err(|_| {
                let _ = std::fs::remove_file(&part); // what is left of it is no clip
            })?;
            std::fs::rename(&part, &path).map_err(|e| unwritable(&e, &path))?;
            records.push((*index, folder.store(clip, &truth, encoder, split_of(*index, config))?));
        }
        Ok(())
    }
}

/// Clips of the validation split are spread evenly.
fn split_of(index: u64, config: &SynthConfig) -> &'static str {
    let share = config.clip.val_share;
    let before = (index as f64 * share).floor();
    if ((index + 1) as f64 * share).floor() > before { "val" } else { "train" }
}

fn unwritable(error: &std::io::Error, path: &Path) -> SynthError {
    SynthError::Unwritable { reason: error.to_string(), path: path.to_path_buf() }
}

/// Whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> Result<String, SynthError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".part");
    let part = path.with_file_name(name);
    std::fs::write(&part, bytes)
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|e| unwritable(&e, path))?;
    Ok(hex(&Sha256::digest(bytes)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn sha_of(path: &Path) -> Result<String, SynthError> {
    let bytes = std::fs::read(path).map_err(|e| unwritable(&e, path))?;
    Ok(hex(&Sha256::digest(bytes)))
}

struct Folder<'a> {
    out: PathBuf,
    config: &'a SynthConfig,
    seed: u64,
    /// Of version, seed and configuration.
    run: String,
}

impl<'a> Folder<'a> {
    fn create(out: &Path, config: &'a SynthConfig, seed: u64) -> Result<Self, SynthError> {
        for name in ["clips", "gaze", "boxes", "truth"] {
            let dir = out.join(name);
            std::fs::create_dir_all(&dir).map_err(|e| unwritable(&e, &dir))?;
        }
        let text = toml::to_string(config).unwrap_or_default();
        let run = hex(&Sha256::digest(format!("{} {seed}\n{text}", env!("CARGO_PKG_VERSION"))));
        let folder = Self { out: out.to_path_buf(), config, seed, run };
        // sets do not mix, also where the one before was ended by force
        let about = out.join("synth.json");
        match std::fs::read(&about) {
            Ok(bytes) => folder.check_run(&bytes, &about).map(drop)?,
            Err(_) => drop(folder.write_lists(&[], 0)?),
        }
        Ok(folder)
    }

    /// What a file of this run says; another run's file is refused.
    fn check_run(&self, bytes: &[u8], path: &Path) -> Result<Value, SynthError> {
        let record: Value = serde_json::from_slice(bytes)
            .map_err(|e| SynthError::Damaged { reason: e.to_string(), path: path.to_path_buf() })?;
        if record["run"] != self.run.as_str() {
            return Err(SynthError::OtherRun(self.out.clone()));
        }
        Ok(record)
    }

    fn video(&self, uid: &str) -> PathBuf {
        self.out.join("clips").join(format!("{uid}.mp4"))
    }

    fn truth_path(&self, uid: &str) -> PathBuf {
        self.out.join("truth").join(format!("{uid}.json"))
    }

    /// The record of a clip that is whole.
    fn whole(&self, uid: &str) -> Result<Option<Value>, SynthError> {
        let path = self.truth_path(uid);
        if !path.exists() || !self.video(uid).exists() {
            return Ok(None);
        }
        let bytes = std::fs::read(&path).map_err(|e| unwritable(&e, &path))?;
        self.check_run(&bytes, &path).map(Some)
    }

    fn store(&self, clip: &Clip, truth: &Truth, encoder: &str, split: &str) -> Result<Value, SynthError> {
        let (uid, fps, secs) = (&clip.uid, clip.fps, clip.secs());
        let gaze = self.out.join("gaze").join(format!("{uid}.csv"));
        let boxes = self.out.join("boxes").join(format!("{uid}.jsonl"));
        let gaze_sha = write(&gaze, gaze_csv(&truth.samples, fps).as_bytes())?;
        let boxes_sha = write(&boxes, boxes_jsonl(&truth.frames, &clip.stage.actors, fps).as_bytes())?;
        let actors: Vec<Value> =
            clip.stage.actors.iter().map(|a| json!({ "id": a.id, "name": a.name, "kind": a.kind })).collect();
        let annotation = &clip.annotation_uid;
        let queries: Vec<Value> = truth
            .questions
            .iter()
            .enumerate()
            .map(|(index, question)| {
                json!({
                    "query_id": format!("{annotation}_{index}"),
                    "official": official_query(question, fps),
                    "deed": question.deed,
                    "needs_gaze": question.needs_gaze,
                    "is_ambiguous": question.is_ambiguous,
                })
            })
            .collect();
        let narrations: Vec<Value> =
            truth.narrations.iter().enumerate().map(|(i, n)| narration_line(uid, i, secs, n)).collect();
        let record = json!({
            "synthetic": true,
            "run": self.run,
            "clip_uid": uid,
            "annotation_uid": annotation,
            "split": split,
            "room": clip.room,
            "duration_secs": secs,
            "fps": fps,
            "size": self.config.clip.size,
            "encoder": encoder,
            "sha256": { "video": sha_of(&self.video(uid))?, "gaze": gaze_sha, "boxes": boxes_sha },
            "actors": actors,
            "deeds": deeds_json(&clip.stage.script),
            "queries": queries,
            "narrations": narrations,
        });
        write(&self.truth_path(uid), &pretty(&record))?;
        Ok(record)
    }

    /// The files over all clips; numbers of train, validation and gaze-only questions.
    fn write_lists(&self, records: &[Value], wanted: u64) -> Result<[usize; 3], SynthError> {
        let mut counts = [0; 3];
        for (slot, split) in ["train", "val"].into_iter().enumerate() {
            let mut videos = Vec::new();
            for record in records.iter().filter(|r| r["split"] == split) {
                let queries = record["queries"].as_array().map_or(&[][..], Vec::as_slice);
                let asked: Vec<Value> = queries.iter().map(|q| q["official"].clone()).collect();
                counts[slot] += asked.len();
                counts[2] += queries.iter().filter(|q| q["needs_gaze"] == true).count();
                let text = |key: &str| record[key].as_str().unwrap_or_default();
                let number = |key: &str| record[key].as_f64().unwrap_or_default();
                videos.push(official_video(
                    text("clip_uid"),
                    text("annotation_uid"),
                    split,
                    number("duration_secs"),
                    number("fps"),
                    &asked,
                ));
            }
            let path = self.out.join(format!("nlq_{split}.json"));
            write(&path, &pretty(&official_file(split, &videos)))?;
            let uids: String = videos
                .iter()
                .map(|video| format!("{}\n", video["video_uid"].as_str().unwrap_or_default()))
                .collect();
            write(&self.out.join(format!("videos_{split}.txt")), uids.as_bytes())?;
            let lines: String = records
                .iter()
                .filter(|r| r["split"] == split)
                .flat_map(|r| r["narrations"].as_array().into_iter().flatten())
                .map(|line| format!("{line}\n"))
                .collect();
            write(&self.out.join(format!("narrations_{split}.jsonl")), lines.as_bytes())?;
        }
        let questions: String = records
            .iter()
            .flat_map(|r| r["queries"].as_array().into_iter().flatten().map(move |q| (r, q)))
            .map(|(r, q)| {
                let line = json!({
                    "query_id": q["query_id"],
                    "clip_uid": r["clip_uid"],
                    "split": r["split"],
                    "needs_gaze": q["needs_gaze"],
                    "is_ambiguous": q["is_ambiguous"],
                    "synthetic": true,
                });
                format!("{line}\n")
            })
            .collect();
        write(&self.out.join("queries.jsonl"), questions.as_bytes())?;
        let gaze_only: String = records
            .iter()
            .flat_map(|r| r["queries"].as_array().into_iter().flatten())
            .filter(|q| q["needs_gaze"] == true)
            .map(|q| format!("{}\n", q["query_id"].as_str().unwrap_or_default()))
            .collect();
        write(&self.out.join("queries_gaze_only.txt"), gaze_only.as_bytes())?;
        let clips: Vec<Value> = records
            .iter()
            .map(|r| json!({ "clip_uid": r["clip_uid"], "split": r["split"], "room": r["room"], "sha256": r["sha256"] }))
            .collect();
        let about = json!({
            "synthetic": true,
            "generator": "gazenlq synth",
            "version": env!("CARGO_PKG_VERSION"),
            "seed": self.seed,
            "run": self.run,
            "clips_wanted": wanted,
            "clips_made": records.len(),
            "config": self.config,
            "clips": clips,
        });
        write(&self.out.join("synth.json"), &pretty(&about))?;
        Ok(counts)
    }
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text.into_bytes()
}
