//! A gaze recording and what was made of it.

use std::sync::Arc;

use crate::gaze::{Fixation, GazeState, GazeTrack, detect_fixations};
use crate::time::{MediaTime, TimeRange};

/// Made in a job, since finding fixations in hours of samples takes a while; moving its clock is
/// cheap.
pub struct GazeSession {
    recorded: Findings,
    /// Added to every time; a visible setting.
    offset: MediaTime,
    /// `recorded` moved by `offset`: what is drawn and measured.
    moved: Findings,
}

#[derive(Clone)]
struct Findings {
    track: Arc<GazeTrack>,
    fixations: Vec<Fixation>,
    invalid_spans: Vec<(TimeRange, GazeState)>,
}

impl GazeSession {
    pub fn new(track: GazeTrack) -> Self {
        let recorded = Findings {
            fixations: detect_fixations(&track),
            invalid_spans: track.invalid_spans(),
            track: Arc::new(track),
        };
        Self { moved: recorded.clone(), recorded, offset: MediaTime::ZERO }
    }

    pub fn track(&self) -> &Arc<GazeTrack> {
        &self.moved.track
    }

    pub fn fixations(&self) -> &[Fixation] {
        &self.moved.fixations
    }

    /// Untracked and out-of-frame stretches.
    pub fn invalid_spans(&self) -> &[(TimeRange, GazeState)] {
        &self.moved.invalid_spans
    }

    pub fn offset(&self) -> MediaTime {
        self.offset
    }

    pub fn set_offset(&mut self, offset: MediaTime) {
        self.offset = offset;
        let later = |range: TimeRange| TimeRange::new(range.start() + offset, range.end() + offset);
        let Findings { track, fixations, invalid_spans } = &self.recorded;
        self.moved = Findings {
            track: Arc::new(track.shifted(offset)),
            fixations: fixations.iter().map(|f| Fixation { range: later(f.range), ..*f }).collect(),
            invalid_spans: invalid_spans.iter().map(|(range, state)| (later(*range), *state)).collect(),
        };
    }
}
