//! Fixations by dispersion (I-DT), after Salvucci and Goldberg 2000.

use super::{GazeState, GazeTrack};
use crate::time::{MediaTime, TimeRange};

/// Pupil Player's defaults for duration; dispersion as a fraction of the picture's width, which is
/// 1.5 degrees for a camera of about 80 degrees.
const MIN_DURATION: MediaTime = MediaTime::from_millis(80);
const MAX_DISPERSION: f32 = 0.02;
const MAX_GAP: MediaTime = MediaTime::from_millis(75);

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fixation {
    pub range: TimeRange,
    /// Mean position of its samples.
    pub pos: [f32; 2],
}

/// Runs of tracked samples that stay together. Fixations never overlap.
pub fn detect_fixations(track: &GazeTrack) -> Vec<Fixation> {
    let samples: Vec<_> = track.samples.iter().filter(|s| s.state == GazeState::Tracked).collect();
    let mut fixations = Vec::new();
    let mut start = 0;
    while start < samples.len() {
        let mut bounds = Bounds::new(samples[start].pos);
        let mut end = start + 1;
        while end < samples.len()
            && samples[end].time - samples[end - 1].time <= MAX_GAP
            && bounds.with(samples[end].pos).dispersion() <= MAX_DISPERSION * 2.0
        {
            bounds = bounds.with(samples[end].pos);
            end += 1;
        }
        let range = TimeRange::new(samples[start].time, samples[end - 1].time);
        if range.duration() >= MIN_DURATION {
            let count = (end - start) as f32;
            let mean = |axis: usize| samples[start..end].iter().map(|s| s.pos[axis]).sum::<f32>() / count;
            fixations.push(Fixation { range, pos: [mean(0), mean(1)] });
            start = end;
        } else {
            start += 1;
        }
    }
    fixations
}

#[derive(Clone, Copy)]
struct Bounds {
    low: [f32; 2],
    high: [f32; 2],
}

impl Bounds {
    fn new(pos: [f32; 2]) -> Self {
        Self { low: pos, high: pos }
    }

    fn with(self, pos: [f32; 2]) -> Self {
        let pick = |f: fn(f32, f32) -> f32, a: [f32; 2]| [f(a[0], pos[0]), f(a[1], pos[1])];
        Self { low: pick(f32::min, self.low), high: pick(f32::max, self.high) }
    }

    /// Width plus height of the box around the samples.
    fn dispersion(self) -> f32 {
        self.high[0] - self.low[0] + self.high[1] - self.low[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaze::{EyeEvent, GazeFormat, GazeSample};

    #[test]
    fn two_places_looked_at_are_two_fixations() {
        let sample = |i: i64| GazeSample {
            time: MediaTime::from_millis(i * 4),
            pos: if i < 50 { [0.3, 0.3] } else { [0.7, 0.6] },
            state: GazeState::Tracked,
            event: EyeEvent::Unknown,
            confidence: 1.0,
        };
        let track = GazeTrack {
            samples: (0..100).map(sample).collect(),
            format: GazeFormat::Generic,
            path: "test".into(),
        };
        let fixations = detect_fixations(&track);
        assert_eq!(fixations.len(), 2);
        assert!((fixations[1].pos[0] - 0.7).abs() < 1e-4);
    }
}
