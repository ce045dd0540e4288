//! One gaze label a picture, by the rules that published gaze models were trained and scored with.
//!
//! GLC (Lai et al. 2022) reduces a recording to one position and one type for every picture. Its
//! rules differ between Ego4D and EGTEA Gaze+ and are kept here to the letter, oddities included,
//! because scores are only comparable on the same labels. For drawing, use the recording itself.

use super::{EyeEvent, GazeState, GazeTrack};

/// What a label says of its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelKind {
    Fixation,
    Saccade,
    /// Looked past the frame's edge; the position is moved onto the edge.
    OutOfFrame,
    /// No data, or nothing that the recorder could name.
    Untracked,
}

impl LabelKind {
    /// The number in GLC's files of Ego4D: `frame,x,y,gaze_type`.
    pub fn glc_code(self) -> i32 {
        match self {
            Self::Fixation => 0,
            Self::Saccade => 1,
            Self::OutOfFrame => 2,
            Self::Untracked => 3,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameLabel {
    /// Fractions of the picture, origin top-left, within 0..=1.
    pub pos: [f64; 2],
    pub kind: LabelKind,
}

impl FrameLabel {
    const NO_DATA: Self = Self { pos: [0.0, 0.0], kind: LabelKind::Untracked };
}

/// The canvas on which GLC measures movement, and how far a saccade moves on it in one picture.
const CANVAS: [f64; 2] = [1088.0, 1080.0];
const SACCADE_PIXELS: f64 = 40.0;

/// Labels as GLC makes them of Ego4D's gaze files.
///
/// `times` ascend, in seconds; `positions` are fractions with origin top-left, not clamped. Picture
/// `i` is taken to be at `i / fps`, whatever the container says, and gets the nearest sample
/// however far away that is (the later one of two equally near). The last two samples end the
/// recording.
pub fn ego4d_frame_labels(
    times: &[f64],
    positions: &[[f64; 2]],
    fps: f64,
    frame_count: usize,
) -> Vec<FrameLabel> {
    let count = times.len().min(positions.len());
    let mut labels: Vec<FrameLabel> = Vec::with_capacity(frame_count);
    let mut cursor = 0;
    for frame in 0..frame_count {
        let time = frame as f64 / fps;
        if cursor + 2 >= count {
            break;
        }
        while cursor < count && times[cursor] < time {
            cursor += 1;
        }
        // where the samples end between two pictures the reference runs past its list
        let Some(after) = times.get(cursor).filter(|_| cursor < count) else { break };
        let is_before_nearer = cursor > 0 && (times[cursor - 1] - time).abs() < (after - time).abs();
        let pos = positions[if is_before_nearer { cursor - 1 } else { cursor }];
        labels.push(next_label(labels.last(), pos));
    }
    labels.resize(frame_count, FrameLabel::NO_DATA);
    labels
}

fn next_label(last: Option<&FrameLabel>, pos: [f64; 2]) -> FrameLabel {
    let is_inside = pos.iter().all(|v| (0.0..=1.0).contains(v));
    // against the stored position, which may have been moved onto the edge
    let moved = last.map_or(0.0, |last| {
        let [dx, dy] = [0, 1].map(|axis| (pos[axis] - last.pos[axis]) * CANVAS[axis]);
        dx.hypot(dy)
    });
    let kind = match is_inside {
        false => LabelKind::OutOfFrame,
        true if moved <= SACCADE_PIXELS => LabelKind::Fixation,
        true => LabelKind::Saccade,
    };
    FrameLabel { pos: pos.map(|v| v.clamp(0.0, 1.0)), kind }
}

/// One sample of an EGTEA Gaze+ recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EgteaSample {
    pub frame: usize,
    /// Pixels of the 1280x960 picture.
    pub pixels: [f64; 2],
    pub event: EyeEvent,
}

/// A label of EGTEA Gaze+, whose types are numbered otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EgteaLabel {
    /// Fractions of the picture, origin top-left; at most 1279/1280 and 959/960.
    pub pos: [f32; 2],
    /// 0 untracked, 1 fixation, 2 saccade, 3 anything else.
    pub code: u8,
}

/// Longest session that is labelled: ten hours at 24 pictures a second.
const MAX_EGTEA_FRAMES: usize = 10 * 3600 * 24;

/// Labels as EGTEA Gaze+'s own reader makes them, one a picture up to the last that has a sample.
///
/// Several samples of one picture are averaged as they come, `(old + new) / 2`, which depends on
/// their order and is no mean; the last one's type stands. Positions past the edge are moved onto
/// it and keep their type.
pub fn egtea_frame_labels(samples: &[EgteaSample]) -> Vec<EgteaLabel> {
    let used = || samples.iter().filter(|s| s.frame < MAX_EGTEA_FRAMES);
    let count = used().map(|s| s.frame + 1).max().unwrap_or(0);
    let mut labels = vec![EgteaLabel { pos: [0.0; 2], code: 0 }; count];
    for sample in used() {
        let label = &mut labels[sample.frame];
        let pixels = sample.pixels.map(|v| v as f32);
        label.pos = match label.code {
            0 => pixels,
            _ => [0, 1].map(|axis| (label.pos[axis] + pixels[axis]) / 2.0),
        };
        label.code = match sample.event {
            EyeEvent::Fixation => 1,
            EyeEvent::Saccade => 2,
            EyeEvent::Blink | EyeEvent::Unknown => 3,
        };
    }
    for label in &mut labels {
        label.pos = [label.pos[0].clamp(0.0, 1279.0) / 1280.0, label.pos[1].clamp(0.0, 959.0) / 960.0];
    }
    labels
}

impl GazeTrack {
    /// One label a picture of the clip, at the pictures' own times: what is drawn and averaged.
    /// Saccades are those that the recorder marked.
    pub fn frame_labels(&self, frame_times: &[crate::time::MediaTime]) -> Vec<FrameLabel> {
        frame_times
            .iter()
            .map(|time| {
                let Some(sample) = self.at(*time) else { return FrameLabel::NO_DATA };
                let pos = sample.pos.map(f64::from);
                match (sample.state, sample.event) {
                    (GazeState::Untracked, _) => FrameLabel::NO_DATA,
                    (GazeState::OutOfFrame, _) => {
                        FrameLabel { pos: pos.map(|v| v.clamp(0.0, 1.0)), kind: LabelKind::OutOfFrame }
                    }
                    (GazeState::Tracked, EyeEvent::Saccade) => FrameLabel { pos, kind: LabelKind::Saccade },
                    (GazeState::Tracked, _) => FrameLabel { pos, kind: LabelKind::Fixation },
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_that_end_between_two_pictures_end_the_labels() {
        let times = [0.0, 0.004, 0.008, 0.012, 0.016];
        let labels = ego4d_frame_labels(&times, &[[0.5, 0.5]; 5], 30.0, 4);
        assert_eq!(labels.len(), 4);
        assert_eq!(labels[0].kind, LabelKind::Fixation);
        assert!(labels[1..].iter().all(|l| *l == FrameLabel::NO_DATA));
    }

    #[test]
    fn a_jump_is_a_saccade_and_leaving_the_frame_overrides_it() {
        let times: Vec<f64> = (0..8).map(|i| f64::from(i) / 30.0).collect();
        let mut positions = vec![[0.2, 0.2]; 8];
        positions[1] = [0.6, 0.2];
        positions[2] = [1.4, 0.2];
        positions[3] = [1.0, 0.2];
        let kinds: Vec<_> = ego4d_frame_labels(&times, &positions, 30.0, 5).iter().map(|l| l.kind).collect();
        use LabelKind::{Fixation, OutOfFrame, Saccade};
        // from the edge, where the third was moved, to the edge is no movement
        assert_eq!(kinds, [Fixation, Saccade, OutOfFrame, Fixation, Saccade]);
    }

    #[test]
    fn an_absurd_frame_number_takes_no_memory() {
        let sample = EgteaSample { frame: usize::MAX, pixels: [1.0, 1.0], event: EyeEvent::Fixation };
        assert!(egtea_frame_labels(&[sample]).is_empty());
    }
}
