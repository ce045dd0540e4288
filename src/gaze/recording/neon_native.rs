//! Pupil Labs Neon and Invisible recordings as the phone wrote them: raw floats beside raw clocks.

use std::path::{Path, PathBuf};

use super::{GazeFileError, LoadContext, Loaded, state_of};
use crate::gaze::{EyeEvent, GazeFormat, GazeSample, GazeState, GazeTrack};
use crate::time::MediaTime;

/// Scene camera of a Neon when the clip is not there to ask.
const NEON_SIZE: [u32; 2] = [1600, 1200];

pub(super) fn is_recording(dir: &Path) -> bool {
    dir.join("info.json").is_file()
        && (dir.join("gaze ps1.raw").is_file() || dir.join("gaze_200hz.raw").is_file())
}

pub(super) fn load(dir: &Path, context: &LoadContext<'_>) -> Result<Loaded, GazeFileError> {
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
    let size = context.display_size.unwrap_or(NEON_SIZE).map(|n| n as f32);
    let clock = SceneClock::read(dir, context.frame_times);
    let mut samples = Vec::new();
    for [gaze, time, worn] in &parts {
        let (gaze, time) = (read(gaze)?, read(time)?);
        let worn = read(worn).unwrap_or_default();
        let positions = gaze.chunks_exact(8).map(|c| [f32_at(c, 0) / size[0], f32_at(c, 4) / size[1]]);
        let stamps = time.chunks_exact(8).map(|c| i64::from_le_bytes(c.try_into().unwrap_or_default()));
        for (i, (pos, stamp)) in positions.zip(stamps).enumerate() {
            let is_worn = worn.get(i).is_none_or(|w| *w != 0);
            let state = if is_worn { state_of(pos) } else { GazeState::Untracked };
            let time = clock.clip_time(stamp);
            samples.push(GazeSample { time, pos, state, event: EyeEvent::Unknown, confidence: 1.0 });
        }
    }
    let mut warnings = Vec::new();
    if clock.stamps.is_empty() {
        let first = samples.iter().map(|s: &GazeSample| s.time).min().unwrap_or_default();
        samples.iter_mut().for_each(|s| s.time = s.time - first);
        warnings.push(format!(
            "The scene camera's clock file is missing, the first gaze sample is taken for the clip's start ({})",
            dir.display()
        ));
    }
    Ok(Loaded { track: GazeTrack::new(samples, GazeFormat::NeonNative, dir.to_path_buf()), warnings })
}

fn f32_at(bytes: &[u8], at: usize) -> f32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(f32::NAN, f32::from_le_bytes)
}

/// The camera's true time of every picture. The mp4's own times are not when pictures were taken,
/// so a gaze sample is placed between the pictures that were taken around it.
struct SceneClock {
    stamps: Vec<i64>,
    times: Vec<MediaTime>,
}

impl SceneClock {
    fn read(dir: &Path, frame_times: Option<&[MediaTime]>) -> Self {
        let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path())
            .filter(|p| {
                let name = p.file_name().unwrap_or_default().to_string_lossy();
                name.contains("Scene Camera") && name.ends_with(".time") || name == "PI world v1 ps1.time"
            })
            .collect();
        files.sort();
        let stamps: Vec<i64> = files
            .iter()
            .filter_map(|p| std::fs::read(p).ok())
            .flat_map(|b| {
                b.chunks_exact(8)
                    .map(|c| i64::from_le_bytes(c.try_into().unwrap_or_default()))
                    .collect::<Vec<_>>()
            })
            .collect();
        let first = stamps.first().copied().unwrap_or_default();
        let times = match frame_times {
            Some(times) if !times.is_empty() => times.iter().copied().take(stamps.len()).collect(),
            _ => stamps.iter().map(|s| MediaTime::from_nanos(s.saturating_sub(first))).collect(),
        };
        Self { stamps, times }
    }

    /// Linear between the pictures around it; at the camera's own pace before and after them.
    fn clip_time(&self, stamp: i64) -> MediaTime {
        let count = self.stamps.len().min(self.times.len());
        if count == 0 {
            return MediaTime::from_nanos(stamp);
        }
        let after = self.stamps[..count].partition_point(|s| *s <= stamp);
        if after == 0 {
            return self.times[0] + MediaTime::from_nanos(stamp.saturating_sub(self.stamps[0]));
        }
        let (s0, t0) = (self.stamps[after - 1], self.times[after - 1]);
        if after == count {
            return t0 + MediaTime::from_nanos(stamp.saturating_sub(s0));
        }
        let (s1, t1) = (self.stamps[after], self.times[after]);
        let fraction = stamp.saturating_sub(s0) as f64 / s1.saturating_sub(s0).max(1) as f64;
        t0 + MediaTime::from_nanos((fraction * (t1 - t0).nanos() as f64) as i64)
    }
}
