//! A gaze recording, a person's corrections of it, and what was made of both.

use std::sync::Arc;

use crate::gaze::{Fixation, GazeSample, GazeState, GazeTrack, detect_fixations};
use crate::project::{GazeFix, corrected_gaze, is_corrected};
use crate::time::{MediaTime, TimeRange};

/// Made in a job, since finding fixations in hours of samples takes a while; moving its clock is
/// cheap.
pub struct GazeSession {
    /// As it was recorded.
    original: Arc<GazeTrack>,
    fixes: Vec<GazeFix>,
    corrected: Findings,
    /// Added to every time; a visible setting.
    offset: MediaTime,
    /// `corrected` moved by `offset`: what is drawn and measured.
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
        Self::corrected(Arc::new(track), Vec::new(), MediaTime::ZERO)
    }

    pub fn corrected(original: Arc<GazeTrack>, fixes: Vec<GazeFix>, offset: MediaTime) -> Self {
        let track = match fixes.is_empty() {
            true => Arc::clone(&original),
            false => Arc::new(corrected_gaze(&original, fixes.iter())),
        };
        let corrected =
            Findings { fixations: detect_fixations(&track), invalid_spans: track.invalid_spans(), track };
        let mut session =
            Self { original, fixes, moved: corrected.clone(), corrected, offset: MediaTime::ZERO };
        if offset != MediaTime::ZERO {
            session.set_offset(offset);
        }
        session
    }

    /// As it was recorded, on its own clock.
    pub fn original(&self) -> &Arc<GazeTrack> {
        &self.original
    }

    pub fn fixes(&self) -> &[GazeFix] {
        &self.fixes
    }

    /// Whether a sample of [`Self::track`] was set by a person.
    pub fn is_corrected(&self, sample: &GazeSample) -> bool {
        let recorded = GazeSample { time: sample.time - self.offset, ..*sample };
        is_corrected(&recorded, self.fixes.iter())
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
        let Findings { track, fixations, invalid_spans } = &self.corrected;
        self.moved = Findings {
            track: Arc::new(track.shifted(offset)),
            fixations: fixations.iter().map(|f| Fixation { range: later(f.range), ..*f }).collect(),
            invalid_spans: invalid_spans.iter().map(|(range, state)| (later(*range), *state)).collect(),
        };
    }
}
