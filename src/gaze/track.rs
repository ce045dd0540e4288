//! A gaze recording on its clip's clock.

use std::path::PathBuf;

use serde::Serialize;

use super::SceneCamera;
use crate::time::{MediaTime, TimeRange};

/// One sample of an eye tracker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GazeSample {
    pub time: MediaTime,
    /// Fractions of the displayed frame, origin top-left; may lie outside 0..1.
    pub pos: [f32; 2],
    pub state: GazeState,
    pub event: EyeEvent,
    /// 0..1; 1 where the format has none.
    pub confidence: f32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum GazeState {
    Tracked,
    /// Tracked, but past the frame's edge.
    OutOfFrame,
    /// Blink, not worn, low confidence or no data: the position means nothing.
    Untracked,
}

/// What the recorder itself said of the eye's movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EyeEvent {
    Unknown,
    Fixation,
    Saccade,
    Blink,
}

/// Where a recording came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum GazeFormat {
    Ego4d,
    Egtea,
    PupilCore,
    NeonCloud,
    NeonNative,
    AriaMps,
    EgoExo4d,
    GlcLabels,
    Tobii,
    Generic,
}

impl GazeFormat {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ego4d => "Ego4D",
            Self::Egtea => "EGTEA Gaze+",
            Self::PupilCore => "Pupil Core",
            Self::NeonCloud => "Pupil Cloud",
            Self::NeonNative => "Pupil recording folder",
            Self::AriaMps => "Aria MPS",
            Self::EgoExo4d => "Ego-Exo4D",
            Self::GlcLabels => "GLC labels",
            Self::Tobii => "Tobii",
            Self::Generic => "table",
        }
    }

    /// Pixels of the scene camera's picture, width and height, where the clip is not there to ask.
    pub fn usual_size(self) -> [u32; 2] {
        match self {
            Self::Ego4d | Self::GlcLabels => [1088, 1080],
            Self::Egtea => [1280, 960],
            Self::PupilCore => [1280, 720],
            Self::NeonCloud | Self::NeonNative => [1600, 1200],
            Self::AriaMps | Self::EgoExo4d => [1408, 1408],
            Self::Tobii | Self::Generic => [1920, 1080],
        }
    }
}

/// A recording: samples in time order, ready to be drawn over its clip.
#[derive(Clone, Debug)]
pub struct GazeTrack {
    pub samples: Vec<GazeSample>,
    pub format: GazeFormat,
    pub path: PathBuf,
    /// Its calibration where the recording brings one, else the recorder's usual lens.
    pub camera: SceneCamera,
    /// A sample farther than this from the time asked for says nothing about it.
    max_gap: MediaTime,
}

/// One and a half pictures at 30 a second. Slower recorders get one and a half of their own steps.
const MAX_GAP: MediaTime = MediaTime::from_millis(50);

/// The middle one of the steps between the first samples; at most what the slowest eye trackers
/// need (Aria's 10 Hz), so that a recording full of holes keeps them.
fn usual_step(samples: &[GazeSample]) -> MediaTime {
    const LOOKED_AT: usize = 1_000;
    const SLOWEST: MediaTime = MediaTime::from_millis(100);
    let start = &samples[..samples.len().min(LOOKED_AT)];
    let mut steps: Vec<MediaTime> =
        start.windows(2).map(|pair| pair[1].time.distance(pair[0].time)).collect();
    let middle = steps.len() / 2;
    if steps.is_empty() { SLOWEST } else { (*steps.select_nth_unstable(middle).1).min(SLOWEST) }
}

impl GazeTrack {
    /// Of a recording without calibration, on a picture of the recorder's usual shape.
    pub fn new(samples: Vec<GazeSample>, format: GazeFormat, path: PathBuf) -> Self {
        let camera = SceneCamera::usual(format, format.usual_size());
        let max_gap = MAX_GAP.max(MediaTime::from_nanos(usual_step(&samples).nanos() * 3 / 2));
        Self { samples, format, path, camera, max_gap }
    }

    /// The sample nearest in time, unless the recording has a gap there.
    pub fn at(&self, time: MediaTime) -> Option<&GazeSample> {
        let after = self.samples.partition_point(|s| s.time < time);
        // the later one first: GLC's rule for two that are equally near
        let candidates = [Some(after), after.checked_sub(1)];
        candidates
            .into_iter()
            .flatten()
            .filter_map(|i| self.samples.get(i))
            .min_by_key(|s| s.time.distance(time))
            .filter(|s| s.time.distance(time) <= self.max_gap)
    }

    pub fn in_range(&self, range: TimeRange) -> &[GazeSample] {
        let from = self.samples.partition_point(|s| s.time < range.start());
        let to = self.samples.partition_point(|s| s.time <= range.end());
        &self.samples[from..to.max(from)]
    }

    /// The same recording with its clock moved.
    pub fn shifted(&self, offset: MediaTime) -> Self {
        let samples = self.samples.iter().map(|s| GazeSample { time: s.time + offset, ..*s }).collect();
        Self { samples, path: self.path.clone(), ..*self }
    }

    /// Spans in which the gaze cannot be drawn, with the reason; gaps in the recording included.
    pub fn invalid_spans(&self) -> Vec<(TimeRange, GazeState)> {
        let mut spans: Vec<(TimeRange, GazeState)> = Vec::new();
        for pair in self.samples.windows(2) {
            let [a, b] = pair else { continue };
            let is_gap = b.time - a.time > self.max_gap;
            let state = if is_gap { GazeState::Untracked } else { a.state };
            if state == GazeState::Tracked {
                continue;
            }
            match spans.last_mut() {
                Some((span, last)) if *last == state && span.end() >= a.time => {
                    *span = TimeRange::new(span.start(), b.time);
                }
                _ => spans.push((TimeRange::new(a.time, b.time), state)),
            }
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track(steps_ms: &[i64]) -> GazeTrack {
        let mut time = MediaTime::ZERO;
        let sample = |step: &i64| {
            time = time + MediaTime::from_millis(*step);
            GazeSample {
                time,
                pos: [0.5, 0.5],
                state: GazeState::Tracked,
                event: EyeEvent::Unknown,
                confidence: 1.0,
            }
        };
        GazeTrack::new(steps_ms.iter().map(sample).collect(), GazeFormat::Generic, "test".into())
    }

    #[test]
    fn a_slow_recorder_has_no_gaps_between_its_samples() {
        let slow = track(&[0, 100, 100, 100, 400, 100]);
        let gap = (MediaTime::from_millis(300), MediaTime::from_millis(700));
        let spans: Vec<_> = slow.invalid_spans().iter().map(|(s, _)| (s.start(), s.end())).collect();
        assert_eq!(spans, [gap]);
        assert!(slow.at(MediaTime::from_millis(140)).is_some());
        assert!(slow.at(MediaTime::from_millis(500)).is_none());
    }

    #[test]
    fn a_fast_recorder_with_holes_keeps_them() {
        let fast = track(&[0, 5, 5, 80, 5, 5]);
        assert_eq!(fast.invalid_spans().len(), 1);
        assert!(fast.at(MediaTime::from_millis(70)).is_some());
        assert!(fast.at(MediaTime::from_millis(40)).is_some());
        let fast = track(&[0, 5, 5, 200, 5, 5]);
        assert!(fast.at(MediaTime::from_millis(110)).is_none());
    }
}
