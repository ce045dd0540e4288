//! A clip, computed once for all questions. One longer than the network's array is cut into
//! overlapping pieces.

use super::StepGrid;
use super::backbone::Encoded;

/// A clip, computed as far as no question is needed.
#[derive(Clone, Debug)]
pub struct EncodedClip {
    pub(super) pieces: Vec<Piece>,
    pub(super) steps: usize,
    pub(super) duration_secs: f32,
    pub(super) grid: StepGrid,
}

/// A clip longer than the network's array is cut into overlapping pieces.
#[derive(Clone, Debug)]
pub struct Piece {
    pub first_step: usize,
    pub encoded: Encoded,
}

impl EncodedClip {
    pub fn steps(&self) -> usize {
        self.steps
    }

    pub fn duration_secs(&self) -> f32 {
        self.duration_secs
    }

    /// More than 1 if the clip is longer than `features.max_steps`.
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// The same clip with its steps elsewhere in time: features of another rate, or that start later.
    pub fn on(self, grid: StepGrid) -> Self {
        Self { grid, ..self }
    }

    /// What keeping the clip costs.
    pub fn bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.encoded.bytes()).sum()
    }
}

/// Where pieces start: one if the clip fits, else pieces that overlap by half, the last one moved
/// back to end with the clip.
pub fn piece_starts(steps: usize, max: usize) -> Vec<usize> {
    if steps <= max {
        return vec![0];
    }
    let hop = (max / 2).max(1);
    let last = steps - max;
    (0..last).step_by(hop).chain([last]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_a_long_clip_and_overlap() {
        assert_eq!(piece_starts(2560, 2560), [0]);
        assert_eq!(piece_starts(2561, 2560), [0, 1]);
        assert_eq!(piece_starts(6000, 2560), [0, 1280, 2560, 3440]);
    }
}
