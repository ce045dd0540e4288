//! Fixations by dispersion (I-DT, Salvucci and Goldberg 2000), as Pupil Player's offline detector
//! runs it: the same queue, the same binary search, so that its numbers come out.

use std::ops::Range;

use super::{GazeState, GazeTrack};
use crate::time::{FrameIdx, MediaTime, TimeRange};

/// What counts as one fixation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IdtConfig {
    /// Largest angle between any two directions of a fixation.
    pub max_dispersion_deg: f64,
    pub min_duration_secs: f64,
    /// Longer ones are cut; the rest may be the next fixation.
    pub max_duration_secs: f64,
    /// Samples need more than this.
    pub min_confidence: f32,
}

impl Default for IdtConfig {
    /// Pupil Player's defaults.
    fn default() -> Self {
        Self {
            max_dispersion_deg: 1.5,
            min_duration_secs: 0.08,
            max_duration_secs: 0.22,
            min_confidence: 0.6,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fixation {
    /// From its first to its last sample.
    pub range: TimeRange,
    /// Mean position of its samples; outside 0..1 when it lies past the frame's edge.
    pub pos: [f32; 2],
    pub dispersion_deg: f64,
    /// Mean confidence of its samples.
    pub confidence: f32,
    pub sample_count: usize,
}

impl Fixation {
    /// First, middle and last picture, by the pictures' times in ascending order: of either end the
    /// first picture that is not before it.
    pub fn frames(&self, frame_times: &[MediaTime]) -> [FrameIdx; 3] {
        let at = |time| frame_times.partition_point(|t| *t < time).min(frame_times.len().saturating_sub(1));
        let (first, last) = (at(self.range.start()), at(self.range.end()));
        [first, (first + last) / 2, last].map(|i| FrameIdx(i as u32))
    }
}

/// Fixations of a recording, in time order, by Pupil Player's defaults. They never overlap.
pub fn detect_fixations(track: &GazeTrack) -> Vec<Fixation> {
    detect_fixations_with(track, &IdtConfig::default())
}

pub fn detect_fixations_with(track: &GazeTrack, config: &IdtConfig) -> Vec<Fixation> {
    let samples: Vec<_> = track
        .samples
        .iter()
        .filter(|s| s.state != GazeState::Untracked && s.confidence > config.min_confidence)
        .collect();
    let times: Vec<f64> = samples.iter().map(|s| s.time.secs()).collect();
    let rays: Vec<[f64; 3]> = samples.iter().map(|s| track.camera.ray(s.pos.map(f64::from))).collect();
    dispersion_spans(&times, &rays, config)
        .into_iter()
        .map(|span| {
            let members = &samples[span.members.clone()];
            let mean = |value: &dyn Fn(usize) -> f32| {
                let sum: f64 = (0..members.len()).map(|i| f64::from(value(i))).sum();
                (sum / members.len() as f64) as f32
            };
            Fixation {
                range: TimeRange::new(members[0].time, members[members.len() - 1].time),
                pos: [mean(&|i| members[i].pos[0]), mean(&|i| members[i].pos[1])],
                dispersion_deg: span.dispersion_deg,
                confidence: mean(&|i| members[i].confidence),
                sample_count: members.len(),
            }
        })
        .collect()
}

/// Samples that belong to one fixation.
#[derive(Clone, Debug, PartialEq)]
pub struct DispersionSpan {
    /// Never empty.
    pub members: Range<usize>,
    pub dispersion_deg: f64,
}

/// The dispersion filter itself, on ascending times in seconds and one unit vector each.
pub fn dispersion_spans(times: &[f64], rays: &[[f64; 3]], config: &IdtConfig) -> Vec<DispersionSpan> {
    let count = times.len().min(rays.len());
    let too_far = |range: Range<usize>| too_far(&rays[range], config.max_dispersion_deg);
    let (mut spans, mut start, mut end) = (Vec::new(), 0, 0);
    // like the reference, a queue that fills with the very last sample is not looked at
    while end < count {
        if end - start < 2 || times[end - 1] - times[start] < config.min_duration_secs {
            end += 1;
            continue;
        }
        if let Some(early) = too_far(start..end) {
            // the reference drops one sample at a time, but no queue with both of them can pass
            start += early + 1;
            continue;
        }
        let mut low = end - start;
        while end < count && times[end] <= times[start] + config.max_duration_secs {
            end += 1;
        }
        if too_far(start..end).is_none() {
            low = end - start;
        } else {
            let mut high = end - start;
            while low + 1 < high {
                let middle = usize::midpoint(low, high);
                // the probe holds the middle sample, the cut below leaves it out
                if too_far(start..start + middle + 1).is_none() { low = middle } else { high = middle }
            }
        }
        let members = start..start + low;
        spans.push(DispersionSpan { dispersion_deg: dispersion_deg(&rays[members.clone()]), members });
        start += low;
        end = start;
    }
    spans
}

/// Cosine distance, largest over all pairs, as an angle.
fn dispersion_deg(rays: &[[f64; 3]]) -> f64 {
    let pairs = rays.iter().enumerate().flat_map(|(i, a)| rays[..i].iter().map(|b| distance(*a, *b)));
    angle_deg(pairs.fold(0.0, f64::max))
}

/// Of the first sample that is farther than an angle from an earlier one: the last such earlier one.
fn too_far(rays: &[[f64; 3]], max_deg: f64) -> Option<usize> {
    let mut largest = 0.0;
    for (i, a) in rays.iter().enumerate() {
        let is_too_far = |b: &[f64; 3], largest: &mut f64| {
            let found = distance(*a, *b);
            *largest = largest.max(found);
            found >= *largest && angle_deg(found) > max_deg
        };
        if rays[..i].iter().any(|b| is_too_far(b, &mut largest)) {
            return rays[..i].iter().rposition(|b| angle_deg(distance(*a, *b)) > max_deg);
        }
    }
    None
}

fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    1.0 - (a[0] * b[0] + a[1] * b[1] + a[2] * b[2])
}

fn angle_deg(cosine_distance: f64) -> f64 {
    (1.0 - cosine_distance).clamp(-1.0, 1.0).acos().to_degrees()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaze::{EyeEvent, GazeFormat, GazeSample};
    use proptest::prelude::*;

    fn track(positions: &[[f32; 2]]) -> GazeTrack {
        let sample = |(i, pos): (usize, &[f32; 2])| GazeSample {
            time: MediaTime::from_millis(i as i64 * 5),
            pos: *pos,
            state: GazeState::Tracked,
            event: EyeEvent::Unknown,
            confidence: 1.0,
        };
        let samples = positions.iter().enumerate().map(sample).collect();
        GazeTrack::new(samples, GazeFormat::Generic, "test".into())
    }

    #[test]
    fn two_places_looked_at_are_two_fixations() {
        let positions: Vec<_> = (0..81).map(|i| if i < 40 { [0.3, 0.3] } else { [0.7, 0.6] }).collect();
        let fixations = detect_fixations(&track(&positions));
        assert_eq!(fixations.len(), 2);
        assert!((fixations[1].pos[0] - 0.7).abs() < 1e-4);
        assert!(fixations[0].dispersion_deg < 1e-5);
    }

    #[test]
    fn skipping_hopeless_queues_changes_nothing() {
        // the reference's own order, one sample dropped at a time
        let slow = |times: &[f64], rays: &[[f64; 3]], config: &IdtConfig| {
            let is_within = |range: Range<usize>| dispersion_deg(&rays[range]) <= config.max_dispersion_deg;
            let (mut spans, mut start, mut end) = (Vec::new(), 0, 0);
            while end < times.len() {
                if end - start < 2 || times[end - 1] - times[start] < config.min_duration_secs {
                    end += 1;
                } else if !is_within(start..end) {
                    start += 1;
                } else {
                    let mut low = end - start;
                    while end < times.len() && times[end] <= times[start] + config.max_duration_secs {
                        end += 1;
                    }
                    let mut high = end - start + usize::from(is_within(start..end));
                    if high > end - start {
                        low = end - start;
                        high = low;
                    }
                    while low + 1 < high {
                        let middle = usize::midpoint(low, high);
                        if is_within(start..start + middle + 1) { low = middle } else { high = middle }
                    }
                    spans.push(start..start + low);
                    start += low;
                    end = start;
                }
            }
            spans
        };
        let camera = crate::gaze::SceneCamera::usual(GazeFormat::Generic, [1920, 1080]);
        for step in [0.002, 0.004, 0.007, 0.02] {
            // a walk that wanders and jumps, the same each time
            let (mut state, mut at) = (7u32, [0.5, 0.5]);
            let mut random = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                f64::from(state >> 8) / f64::from(1 << 24) - 0.5
            };
            let rays: Vec<_> = (0..2_000)
                .map(|i| {
                    let scale = if i % 61 == 0 { 0.2 } else { step };
                    at = at.map(|v: f64| (v + random() * scale).clamp(0.0, 1.0));
                    camera.ray(at)
                })
                .collect();
            let times: Vec<f64> = (0..2_000).map(|i| f64::from(i) / 200.0).collect();
            let config = IdtConfig::default();
            let fast: Vec<_> =
                dispersion_spans(&times, &rays, &config).into_iter().map(|s| s.members).collect();
            assert_eq!(fast, slow(&times, &rays, &config), "steps of {step}");
        }
    }

    #[test]
    fn pictures_of_a_fixation_are_those_not_before_its_ends() {
        let fixation = detect_fixations(&track(&[[0.5, 0.5]; 60]))[0];
        let times: Vec<_> = (0..4).map(|i| MediaTime::from_millis(i * 33)).collect();
        assert_eq!(fixation.frames(&times), [FrameIdx(0), FrameIdx(1), FrameIdx(3)]);
        assert_eq!(fixation.frames(&[])[0], FrameIdx(0));
    }

    proptest! {
        #[test]
        fn fixations_never_overlap_and_keep_their_limits(
            steps in proptest::collection::vec((-0.02f32..0.02, -0.02f32..0.02), 0..300),
        ) {
            let mut at = [0.5f32, 0.5];
            let positions: Vec<_> = steps
                .iter()
                .map(|(dx, dy)| {
                    at = [at[0] + dx, at[1] + dy];
                    at
                })
                .collect();
            let fixations = detect_fixations(&track(&positions));
            for pair in fixations.windows(2) {
                prop_assert!(pair[0].range.end() < pair[1].range.start());
            }
            for fixation in fixations {
                prop_assert!(fixation.dispersion_deg <= 1.5);
                let secs = fixation.range.duration().secs();
                prop_assert!((0.08 - 1e-9..=0.22 + 1e-9).contains(&secs), "{secs} s");
            }
        }
    }
}
