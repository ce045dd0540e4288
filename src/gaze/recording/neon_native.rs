//! Pupil Labs Neon and Invisible recordings as the phone wrote them: raw floats beside raw clocks.

use std::path::{Path, PathBuf};

use super::clock::FrameClock;
use super::table::picture_size;
use super::{GazeFileError, LoadContext, Loaded, calibration, state_of};
use crate::gaze::{EyeEvent, GazeFormat, GazeSample, GazeState, GazeTrack, SceneCamera};
use crate::job::JobCtx;
use crate::time::MediaTime;

pub(super) fn is_recording(dir: &Path) -> bool {
    dir.join("info.json").is_file()
        && (dir.join("gaze ps1.raw").is_file() || dir.join("gaze_200hz.raw").is_file())
}

pub(super) fn load(dir: &Path, context: &LoadContext<'_>, ctx: &JobCtx) -> Result<Loaded, GazeFileError> {
    if !is_recording(dir) {
        return Err(GazeFileError::Unknown { found: "a folder".into(), path: dir.to_path_buf() });
    }
    let read = |name: &str| {
        let path = dir.join(name);
        std::fs::read(&path).map_err(|e| GazeFileError::Unreadable { reason: e.to_string(), path })
    };
    let parts: Vec<[String; 3]> = if dir.join("gaze_200hz.raw").is_file() {
        vec![["gaze_200hz.raw".into(), "gaze_200hz.time".into(), "worn_200hz.raw".into()]]
    } else {
        (1..)
            .map(|n| [format!("gaze ps{n}.raw"), format!("gaze ps{n}.time"), format!("worn ps{n}.raw")])
            .take_while(|[gaze, ..]| dir.join(gaze).is_file())
            .collect()
    };
    let size = picture_size(GazeFormat::NeonNative, context).unwrap_or(GazeFormat::NeonNative.usual_size());
    let clock = scene_clock(dir, context.frame_times);
    let (mut samples, mut first, mut lost) = (Vec::new(), None, 0u64);
    for [gaze, time, worn] in &parts {
        ctx.check()?;
        let (gaze, time) = (read(gaze)?, read(time)?);
        let worn = read(worn).unwrap_or_default();
        let scaled = |v: f32, axis: usize| (f64::from(v) / f64::from(size[axis])) as f32;
        let positions = gaze.chunks_exact(8).map(|c| [scaled(f32_at(c, 0), 0), scaled(f32_at(c, 4), 1)]);
        for (i, (pos, stamp)) in positions.zip(stamps_of(&time)).enumerate() {
            let is_worn = worn.get(i).is_none_or(|w| *w != 0);
            let state = if is_worn { state_of(pos) } else { GazeState::Untracked };
            let start = *first.get_or_insert(stamp);
            let time = match &clock {
                Some(clock) => clock.clip_time(stamp),
                None => Some(MediaTime::from_nanos(stamp.saturating_sub(start))),
            };
            match time {
                Some(time) => {
                    samples.push(GazeSample { time, pos, state, event: EyeEvent::Unknown, confidence: 1.0 });
                }
                None => lost += 1,
            }
        }
    }
    let mut warnings = Vec::new();
    if clock.is_none() {
        warnings.push(format!(
            "The scene camera's clock file is missing, the first gaze sample is taken for the clip's start ({})",
            dir.display()
        ));
    }
    if lost > 0 {
        warnings.push(format!(
            "{lost} gaze samples lie where the scene camera took no picture and were left out ({})",
            dir.display()
        ));
    }
    let mut track = GazeTrack::new(samples, GazeFormat::NeonNative, dir.to_path_buf());
    track.camera = calibration::beside(dir, size).unwrap_or(SceneCamera::usual(track.format, size));
    Ok(Loaded { track, warnings })
}

fn f32_at(bytes: &[u8], at: usize) -> f32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(f32::NAN, f32::from_le_bytes)
}

/// The camera's true time of every picture; the mp4's own times are not when pictures were taken.
fn scene_clock(dir: &Path, frame_times: Option<&[MediaTime]>) -> Option<FrameClock> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .filter(|p| {
            let name = p.file_name().unwrap_or_default().to_string_lossy();
            let is_scene = name.contains("Scene Camera") || name.starts_with("PI world");
            is_scene && name.ends_with(".time")
        })
        .collect();
    files.sort_by_key(|p| part_of(p));
    let stamps = files.iter().filter_map(|p| std::fs::read(p).ok()).flat_map(|b| stamps_of(&b)).collect();
    FrameClock::new(stamps, frame_times)
}

/// The number in `… ps12.time`.
fn part_of(path: &Path) -> u32 {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem.rsplit("ps").next().and_then(|n| n.parse().ok()).unwrap_or_default()
}

fn stamps_of(bytes: &[u8]) -> Vec<i64> {
    bytes.chunks_exact(8).map(|c| i64::from_le_bytes(c.try_into().unwrap_or_default())).collect()
}
