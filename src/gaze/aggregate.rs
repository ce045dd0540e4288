//! Several samples fall on one picture (a tracker at 200 Hz, a camera at 30): which point is drawn.

use serde::{Deserialize, Serialize};

use super::{GazeSample, GazeState};

/// The choices of Pupil Labs' Neon Player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Aggregate {
    /// Every sample.
    Raw,
    Mean,
    /// Of each coordinate.
    #[default]
    Median,
    /// What was looked at when the picture ended.
    Last,
}

impl Aggregate {
    pub const ALL: [Self; 4] = [Self::Raw, Self::Mean, Self::Median, Self::Last];

    pub fn label(self) -> &'static str {
        match self {
            Self::Raw => "all samples",
            Self::Mean => "mean",
            Self::Median => "median",
            Self::Last => "last",
        }
    }

    /// The points to draw for a picture's samples; those without a position take no part.
    pub fn points(self, samples: &[GazeSample]) -> Vec<[f32; 2]> {
        let tracked: Vec<[f32; 2]> =
            samples.iter().filter(|s| s.state == GazeState::Tracked).map(|s| s.pos).collect();
        if tracked.is_empty() {
            return tracked;
        }
        let each_axis =
            |of: fn(Vec<f32>) -> f32| vec![[0, 1].map(|a| of(tracked.iter().map(|p| p[a]).collect()))];
        match self {
            Self::Raw => tracked,
            Self::Mean => each_axis(|values| values.iter().sum::<f32>() / values.len() as f32),
            Self::Median => each_axis(median),
            Self::Last => tracked[tracked.len() - 1..].to_vec(),
        }
    }
}

fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { (values[middle - 1] + values[middle]) / 2.0 } else { values[middle] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaze::EyeEvent;
    use crate::time::MediaTime;

    #[test]
    fn points_of_four_samples_of_which_one_is_lost() {
        let sample = |x: f32, state| GazeSample {
            time: MediaTime::ZERO,
            pos: [x, 0.5],
            state,
            event: EyeEvent::Unknown,
            confidence: 1.0,
        };
        let samples = [
            sample(0.1, GazeState::Tracked),
            sample(0.9, GazeState::Tracked),
            sample(7.0, GazeState::Untracked),
            sample(0.2, GazeState::Tracked),
        ];
        assert_eq!(Aggregate::Raw.points(&samples).len(), 3);
        assert!((Aggregate::Mean.points(&samples)[0][0] - 0.4).abs() < 1e-6);
        assert_eq!(Aggregate::Median.points(&samples), [[0.2, 0.5]]);
        assert_eq!(Aggregate::Last.points(&samples), [[0.2, 0.5]]);
        assert!(Aggregate::Mean.points(&samples[2..3]).is_empty());
    }
}
