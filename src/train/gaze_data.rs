//! Features of whole videos and recorded gaze as batches of runs of windows (GazeNLQ report, section
//! 2.1; labels and maps as GLC makes them).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use super::TrainError;
use super::config::GazeRun;
use super::data::{order, set};
use super::run::Source;
use crate::gaze::labels::{FrameLabel, LabelKind, ego4d_frame_labels};
use crate::gaze::metrics::glc::truth_cell;
use crate::gaze::recording::{LoadContext, load};
use crate::gaze::{FramesUsed, GRID, GazeFormat, GazeState, GazeTrack, label_map};
use crate::grounding::groundnlq::GazeConfig;
use crate::job::JobCtx;
use crate::stores::{FeatureSet, VIDEO_ARRAYS};
use crate::time::MediaTime;

/// A video with where its wearer looked.
struct GazeVideo {
    /// [windows, input_dim]
    features: Tensor,
    labels: Vec<FrameLabel>,
}

/// A run of consecutive windows of one video.
#[derive(Clone, Debug)]
pub struct Run {
    pub video: usize,
    pub first: usize,
    /// [windows, input_dim]
    pub features: Tensor,
    /// Where the wearer looked: [windows, side, side]. Uniform where nothing is known.
    pub maps: Tensor,
    /// Whether enough is known of a window.
    pub is_valid: Vec<bool>,
}

pub struct GazeSource {
    videos: Vec<GazeVideo>,
    /// Video and first window of each run.
    runs: Vec<(usize, usize)>,
    config: GazeConfig,
    batch_size: usize,
    seed: u64,
    device: Device,
}

impl GazeSource {
    /// The videos of some lists; `key` names them in an error.
    pub fn open(
        run: &GazeRun,
        lists: &[PathBuf],
        key: &str,
        device: &Device,
        ctx: &JobCtx,
    ) -> Result<Self, TrainError> {
        let config = run.model.gaze.clone();
        let names = names(lists)?;
        if names.is_empty() {
            return Err(TrainError::Setting(format!("`{key}` names no list of videos")));
        }
        if run.data.features.path.as_os_str().is_empty() || run.data.recordings.as_os_str().is_empty() {
            let what = "`data.features.path` and `data.recordings` are needed: features of whole videos, and a folder of gaze recordings";
            return Err(TrainError::Setting(what.to_owned()));
        }
        let store = set(&run.data.features, config.stride_frames, config.fps)?;
        let untracked = untracked(&run.data.untracked)?;
        let mut videos = Vec::new();
        for (i, name) in names.iter().enumerate() {
            ctx.step(i as u64, names.len() as u64)?;
            let none = Vec::new();
            let times = untracked.get(name).unwrap_or(&none);
            videos.push(video(name, &store, &run.data.recordings, &config, times, ctx)?);
        }
        let mut source = Self {
            videos,
            runs: Vec::new(),
            batch_size: run.loader.batch_size.max(1),
            seed: run.seed,
            device: device.clone(),
            config,
        };
        for (index, video) in source.videos.iter().enumerate() {
            for first in (0..video.features.dims()[0]).step_by(source.config.sequence) {
                let windows = source.windows(index, first);
                if windows.into_iter().any(|window| source.labels_of(index, window).is_some()) {
                    source.runs.push((index, first));
                }
            }
        }
        Ok(source)
    }

    pub fn all_runs(&self) -> impl Iterator<Item = Result<Run, TrainError>> {
        self.runs.iter().map(|(video, first)| self.run(*video, *first))
    }

    fn windows(&self, video: usize, first: usize) -> std::ops::Range<usize> {
        first..(first + self.config.sequence).min(self.videos[video].features.dims()[0])
    }

    /// The tracked pictures of a window, if they are enough.
    pub fn labels_of(&self, video: usize, window: usize) -> Option<Vec<FrameLabel>> {
        let labels = &self.videos[video].labels;
        let first = (window as f64 * self.config.stride_frames).round() as usize;
        let last = (first + self.config.window_frames.round() as usize).min(labels.len());
        let seen = labels.get(first..last)?.iter().filter(|label| label.kind != LabelKind::Untracked);
        let seen: Vec<FrameLabel> = seen.copied().collect();
        (seen.len() >= self.config.min_valid_frames.max(1)).then_some(seen)
    }

    /// The mean map of a window's tracked pictures.
    pub fn map(&self, video: usize, window: usize) -> Option<Box<[f32]>> {
        let map = label_map(&self.labels_of(video, window)?, FramesUsed::All)?;
        Some(map.cells().into())
    }

    /// The mean map of all windows: what to beat.
    pub fn mean_map(&self) -> Vec<f32> {
        let (mut sum, mut count) = (vec![0f64; GRID * GRID], 0usize);
        for (video, first) in &self.runs {
            for window in self.windows(*video, *first) {
                let Some(map) = self.map(*video, window) else { continue };
                sum.iter_mut().zip(map.iter()).for_each(|(sum, cell)| *sum += f64::from(*cell));
                count += 1;
            }
        }
        sum.into_iter().map(|sum| (sum / count.max(1) as f64) as f32).collect()
    }

    /// How often each cell was looked at in all windows.
    pub fn looked_at(&self) -> Vec<usize> {
        let mut counts = vec![0; GRID * GRID];
        for (video, first) in &self.runs {
            for window in self.windows(*video, *first) {
                let labels = self.labels_of(*video, window).unwrap_or_default();
                labels.iter().for_each(|label| counts[cell_of(label)] += 1);
            }
        }
        counts
    }

    fn run(&self, video: usize, first: usize) -> Result<Run, TrainError> {
        let windows = self.windows(video, first);
        let count = windows.len();
        let features = self.videos[video].features.narrow(0, first, count)?.contiguous()?;
        let mut cells = Vec::with_capacity(count * GRID * GRID);
        let mut is_valid = Vec::with_capacity(count);
        for window in windows {
            let map = self.map(video, window);
            is_valid.push(map.is_some());
            match map {
                Some(map) => cells.extend_from_slice(&map),
                None => cells.extend(std::iter::repeat_n(1.0 / (GRID * GRID) as f32, GRID * GRID)),
            }
        }
        let maps = Tensor::from_vec(cells, (count, GRID, GRID), &Device::Cpu)?.to_device(&self.device)?;
        Ok(Run { video, first, features: features.to_device(&self.device)?, maps, is_valid })
    }
}

/// The cell of a map that a label lies in.
pub fn cell_of(label: &FrameLabel) -> usize {
    let [row, column] = truth_cell(label.pos, GRID);
    row * GRID + column
}

impl Source for GazeSource {
    type Batch = Vec<Run>;

    fn batches(&self) -> u64 {
        (self.runs.len() / self.batch_size) as u64
    }

    fn load(&self, epoch: u64, batch: u64) -> Result<Vec<Run>, TrainError> {
        let order = order(self.runs.len(), self.seed, epoch);
        let first = batch as usize * self.batch_size;
        order[first..first + self.batch_size]
            .iter()
            .map(|i| self.run(self.runs[*i].0, self.runs[*i].1))
            .collect()
    }
}

fn video(
    name: &str,
    store: &FeatureSet,
    recordings: &Path,
    config: &GazeConfig,
    untracked: &[[f64; 2]],
    ctx: &JobCtx,
) -> Result<GazeVideo, TrainError> {
    let features = store.store.get(name, VIDEO_ARRAYS)?;
    let (windows, width) = features.dims2()?;
    if width != config.input_dim {
        let what = format!(
            "the features of `{name}` are vectors of {width}, expected model.gaze.input_dim = {}",
            config.input_dim
        );
        return Err(TrainError::Data { what, path: store.store.path().to_owned() });
    }
    let frames = (windows as f64 * config.stride_frames + config.window_frames).ceil() as usize;
    let times: Vec<MediaTime> = (0..frames).map(|i| MediaTime::from_secs(i as f64 / config.fps)).collect();
    let path = ["csv", "tsv", "txt"].map(|extension| recordings.join(format!("{name}.{extension}")));
    let Some(path) = path.into_iter().find(|path| path.is_file()) else {
        let what = format!("there is no recording of `{name}`, expected {name}.csv");
        return Err(TrainError::Data { what, path: recordings.to_owned() });
    };
    let context = LoadContext { frame_times: Some(&times), ..LoadContext::default() };
    let track = load(&path, &context, ctx)?.track;
    let mut labels = labels(&track, &times, config.fps);
    for [start, end] in untracked {
        let at = |secs: f64| ((secs * config.fps).max(0.0) as usize).min(labels.len());
        let (first, last) = (at(*start), at(*end));
        // one row of GLC's list ends before it starts
        for label in labels.get_mut(first..last).unwrap_or_default() {
            label.kind = LabelKind::Untracked;
        }
    }
    Ok(GazeVideo { features, labels })
}

/// One label a picture. Ego4D's recordings are read as GLC reads them; that a gap is no gaze is ours.
fn labels(track: &GazeTrack, times: &[MediaTime], fps: f64) -> Vec<FrameLabel> {
    if track.format != GazeFormat::Ego4d {
        return track.frame_labels(times);
    }
    let at: Vec<f64> = track.samples.iter().map(|sample| sample.time.secs()).collect();
    let positions: Vec<[f64; 2]> = track.samples.iter().map(|sample| sample.pos.map(f64::from)).collect();
    let mut labels = ego4d_frame_labels(&at, &positions, fps, times.len());
    for (label, time) in labels.iter_mut().zip(times) {
        if track.at(*time).is_none_or(|sample| sample.state == GazeState::Untracked) {
            label.kind = LabelKind::Untracked;
        }
    }
    labels
}

/// The videos that lists name, each once: `uid`, or GLC's `uid/uid_t0_t5.mp4`.
fn names(lists: &[PathBuf]) -> Result<Vec<String>, TrainError> {
    let mut names: Vec<String> = Vec::new();
    for list in lists {
        let text = std::fs::read_to_string(list).map_err(TrainError::io(list))?;
        for line in text.lines() {
            let first = line.split([',', ' ']).next().unwrap_or_default();
            let name = first.split('/').next().unwrap_or_default().trim();
            if !name.is_empty() && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    Ok(names)
}

type Times = HashMap<String, Vec<[f64; 2]>>;

/// `uid,HH:MM:SS,HH:MM:SS,code`; lines of another form, such as a header, are passed over.
fn untracked(path: &Path) -> Result<Times, TrainError> {
    let mut times = Times::new();
    if path.as_os_str().is_empty() {
        return Ok(times);
    }
    let text = std::fs::read_to_string(path).map_err(TrainError::io(path))?;
    let secs = |text: &str| {
        text.trim().split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))
    };
    for line in text.lines() {
        let mut parts = line.split(',');
        let (Some(uid), Some(start), Some(end)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        if let (Some(start), Some(end)) = (secs(start), secs(end)) {
            times.entry(uid.trim().to_owned()).or_default().push([start, end]);
        }
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_videos_and_of_glcs_clips_name_each_video_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("train.csv");
        std::fs::write(&path, "a-1/a-1_t0_t5.mp4\na-1/a-1_t5_t10.mp4\n\nb-2\n").unwrap();
        assert_eq!(names(&[path]).unwrap(), ["a-1", "b-2"]);
    }

    #[test]
    fn untracked_times_are_read_by_video() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("untracked.csv");
        std::fs::write(&path, "uid,start,end,code\na,00:01:02,00:01:10,1\na,01:00:00,01:00:01,4\n").unwrap();
        assert_eq!(untracked(&path).unwrap()["a"], [[62.0, 70.0], [3600.0, 3601.0]]);
    }
}
