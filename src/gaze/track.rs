//! A gaze recording on its clip's clock.

use std::path::PathBuf;

use crate::time::MediaTime;

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// A recording: samples in time order, ready to be drawn over its clip.
#[derive(Clone, Debug)]
pub struct GazeTrack {
    pub samples: Vec<GazeSample>,
    pub format: GazeFormat,
    pub path: PathBuf,
}
