//! The tokens' way to the steps of the grounding network. Three clocks meet here: windows count from
//! the start of their video, steps from the start of the clip, each at a rate of its own.

use candle_core::{Result, Tensor};

use super::{GazeEstimates, GazeFeatures};
use crate::grounding::groundnlq::config::GazeAlign;
use crate::grounding::groundnlq::decode::StepGrid;

/// The middle of each window in seconds; the last one may be moved back to end with the video.
pub fn window_centres(input: &GazeFeatures, windows: usize, window_frames: f64) -> Vec<f64> {
    let half = window_frames / 2.0;
    let last = input.frames.map_or(f64::INFINITY, |frames| (frames as f64 - half).max(0.0));
    (0..windows).map(|j| (j as f64 * input.stride_frames + half).min(last) / input.fps).collect()
}

/// One token for each step of the grounding network, whose centres lie at
/// `start_secs + (i + 0.5) * stride_frames / fps`.
///
/// # Shapes
/// tokens [windows, width] → [steps, width]
pub fn align_tokens(
    estimates: &GazeEstimates,
    align: GazeAlign,
    grid: &StepGrid,
    steps: usize,
) -> Result<Tensor> {
    let (tokens, centres) = (&estimates.tokens, &estimates.centres_secs);
    let step_secs = f64::from(grid.stride_frames) / f64::from(grid.fps);
    let last = centres.len() - 1;
    let places = (0..steps).map(|i| {
        if align == GazeAlign::Index {
            return (i.min(last), 0.0);
        }
        let time = f64::from(grid.start_secs) + (i as f64 + 0.5) * step_secs;
        let after = centres.partition_point(|centre| *centre <= time);
        let Some(before) = after.checked_sub(1) else { return (0, 0.0) };
        if after > last {
            return (last, 0.0);
        }
        let part = (time - centres[before]) / (centres[after] - centres[before]);
        match align {
            GazeAlign::Nearest if part > 0.5 => (after, 0.0),
            GazeAlign::Nearest => (before, 0.0),
            _ => (before, part as f32),
        }
    });
    let (before, parts): (Vec<usize>, Vec<f32>) = places.unzip();
    let index = |places: &mut dyn Iterator<Item = usize>| {
        let places: Vec<u32> = places.map(|place| place as u32).collect();
        tokens.index_select(&Tensor::new(places, tokens.device())?, 0)
    };
    let first = index(&mut before.iter().copied())?;
    let second = index(&mut before.iter().map(|place| (place + 1).min(last)))?;
    let parts = Tensor::from_vec(parts, (steps, 1), tokens.device())?.to_dtype(tokens.dtype())?;
    &first + (second - &first)?.broadcast_mul(&parts)?
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::grounding::groundnlq::Config;

    fn estimates(centres_secs: Vec<f64>) -> GazeEstimates {
        // each token is its own time
        let times: Vec<f32> = centres_secs.iter().map(|c| *c as f32).collect();
        let tokens = Tensor::from_vec(times, (centres_secs.len(), 1), &Device::Cpu).unwrap();
        let maps = Tensor::zeros((1, 1, 1), DType::F32, &Device::Cpu).unwrap();
        GazeEstimates { tokens, maps, centres_secs }
    }

    #[test]
    fn interpolated_tokens_tell_the_time_of_their_step() {
        let nothing = Tensor::zeros((1, 1), DType::F32, &Device::Cpu).unwrap();
        let config = Config::default();
        let input = GazeFeatures { frames: Some(1610), ..GazeFeatures::new(nothing, &config.gaze) };
        let centres = window_centres(&input, 100, config.gaze.window_frames);
        assert_eq!(centres[99], (1610.0 - 16.0) / 30.0);
        let grid = StepGrid::from(&config.features);
        let found = align_tokens(&estimates(centres.clone()), GazeAlign::Interp, &grid, 100).unwrap();
        for (i, row) in found.to_vec2::<f32>().unwrap().into_iter().enumerate() {
            let time = ((i as f64 + 0.5) * 16.043 / 30.0).clamp(centres[0], centres[99]);
            assert!((f64::from(row[0]) - time).abs() < 1e-4, "step {i}: {} for {time}", row[0]);
        }
    }

    #[test]
    fn other_alignments_take_whole_tokens() {
        let grid = StepGrid::from(&Config::default().features);
        let found = align_tokens(&estimates(vec![5.0, 6.0]), GazeAlign::Index, &grid, 3).unwrap();
        assert_eq!(found.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [5.0, 6.0, 6.0]);
        let found = align_tokens(&estimates(vec![0.2, 0.6, 1.3]), GazeAlign::Nearest, &grid, 3).unwrap();
        assert_eq!(found.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [0.2, 0.6, 1.3]);
    }
}
