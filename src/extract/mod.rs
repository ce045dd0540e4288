//! Features for GroundNLQ and GazeNLQ from videos and questions, by the small networks of the default
//! pipeline: EfficientNet-Lite2 for pictures, MiniLM for words.
//!
//! They take the place of InternVideo, EgoVLP, Omnivore and CLIP's text tower where those cannot be
//! run: one picture costs about 30 ms on two cores. Whoever has the paper's features trains on those.
//! A step of the grid is 16 pictures of 30 a second, of which the one in the middle is looked at, so
//! that a gaze window of 32 pictures holds two.

mod files;

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use rayon::prelude::*;

pub use files::{ExtractReport, extract_features};

use crate::features::{EfficientNetLite2, MiniLm, PictureVectors, RgbImage8};
use crate::job::{Cancelled, JobCtx};
use crate::nn::{self, ModelDir, NnError};
use crate::time::MediaTime;
use crate::video::{VideoError, VideoReader};

/// Pictures from one step to the next, and pictures a second that this counts in.
pub const STRIDE_FRAMES: f64 = 16.0;
pub const FPS: f64 = 30.0;
/// Values of a video step: the picture as a whole, then its nine places.
pub const VIDEO_DIM: usize = EfficientNetLite2::POOLED_DIM + EfficientNetLite2::PLACES_DIM;
/// Values of a gaze window: the places of its two pictures.
pub const GAZE_DIM: usize = 2 * EfficientNetLite2::PLACES_DIM;
/// Values of a word piece.
pub const TEXT_DIM: usize = MiniLm::DIM;

/// Pictures that go through the network beside each other.
const BATCH: usize = 8;
/// A value that hardly changes over a clip is not blown up.
const MIN_DEVIATION: f32 = 0.02;

#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    #[error(transparent)]
    Network(#[from] NnError),
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    #[error(transparent)]
    Video(#[from] VideoError),
    #[error("this folder holds features of another encoder; name another folder, or remove this one: {}", .0.display())]
    OtherEncoder(PathBuf),
    #[error("cannot write the features: {reason}: {}", path.display())]
    Unwritable { reason: String, path: PathBuf },
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// The networks that make the features.
pub struct LightEncoder {
    eye: EfficientNetLite2,
    words: MiniLm,
    fingerprints: [u32; 2],
}

/// Features of a whole video file, each value as its distance from the video's mean in standard
/// deviations: what tells moments of one video apart is small beside what they have in common.
pub struct VideoVectors {
    /// [steps, VIDEO_DIM]
    pub video: Tensor,
    /// [windows, GAZE_DIM], one window fewer than steps
    pub gaze: Tensor,
}

impl LightEncoder {
    pub fn load(dir: &ModelDir) -> Result<Self, NnError> {
        let device = nn::device();
        Ok(Self {
            eye: EfficientNetLite2::load(dir, &device)?,
            words: MiniLm::load(dir, &device)?,
            fingerprints: [
                nn::fingerprint(&EfficientNetLite2::file(dir), "_conv_head.weight")?,
                nn::fingerprint(&MiniLm::file(dir), "embeddings.LayerNorm.weight")?,
            ],
        })
    }

    /// Tells features of other weights apart.
    pub fn name(&self) -> String {
        let [eye, words] = self.fingerprints;
        format!("light-grid-1-{eye:08x}-{words:08x}")
    }

    /// Looks through a video. `ctx` counts steps.
    pub fn video(&self, path: &Path, ctx: &JobCtx) -> Result<VideoVectors, ExtractError> {
        let mut reader = VideoReader::open(path)?;
        let range = reader.table().range();
        let times: Vec<MediaTime> = step_times(range.end().secs()).collect();
        let mut steps: Vec<PictureVectors> = Vec::with_capacity(times.len());
        for batch in times.chunks(BATCH) {
            ctx.step(steps.len() as u64, times.len() as u64)?;
            let mut pictures = Vec::with_capacity(batch.len());
            for time in batch {
                let index = reader.table().at(*time);
                let frame = reader.frame_at(index)?;
                let [width, height] = frame.upright_size().map(|side| side as usize);
                pictures.push(RgbImage8::new(width, height, frame.to_rgb()));
            }
            let seen: Vec<_> = pictures.par_iter().map(|picture| self.eye.vectors(picture)).collect();
            for vectors in seen {
                steps.push(vectors?);
            }
        }
        joined(&steps)
    }

    /// # Shapes
    /// → [word pieces, TEXT_DIM]
    pub fn text(&self, question: &str) -> Result<Tensor, ExtractError> {
        Ok(self.words.token_features(question.trim())?)
    }
}

/// The middles of the steps of a video of this length; at least one.
fn step_times(secs: f64) -> impl Iterator<Item = MediaTime> {
    let middle = |i: usize| (i as f64 + 0.5) * STRIDE_FRAMES / FPS;
    let count = (0..).take_while(|i| middle(*i) < secs).count().max(1);
    (0..count).map(move |i| MediaTime::from_secs(middle(i)))
}

fn joined(steps: &[PictureVectors]) -> Result<VideoVectors, ExtractError> {
    let pooled = standardised(steps.iter().map(|step| step.pooled.as_slice()));
    let places = standardised(steps.iter().map(|step| step.places.as_slice()));
    let video: Vec<f32> = pooled.iter().zip(&places).flat_map(|(a, b)| a.iter().chain(b)).copied().collect();
    let windows = steps.len().saturating_sub(1).max(1);
    let last = steps.len() - 1;
    let gaze: Vec<f32> =
        (0..windows).flat_map(|i| places[i].iter().chain(&places[(i + 1).min(last)])).copied().collect();
    Ok(VideoVectors {
        video: Tensor::from_vec(video, (steps.len(), VIDEO_DIM), &Device::Cpu)?,
        gaze: Tensor::from_vec(gaze, (windows, GAZE_DIM), &Device::Cpu)?,
    })
}

/// Each column with mean 0 and, unless it is nearly constant, deviation 1.
fn standardised<'a>(rows: impl ExactSizeIterator<Item = &'a [f32]>) -> Vec<Vec<f32>> {
    let mut rows: Vec<Vec<f32>> = rows.map(<[f32]>::to_vec).collect();
    let count = rows.len() as f64;
    let width = rows.first().map_or(0, Vec::len);
    for column in 0..width {
        let mean = rows.iter().map(|row| f64::from(row[column])).sum::<f64>() / count;
        let squares: f64 = rows.iter().map(|row| (f64::from(row[column]) - mean).powi(2)).sum();
        let deviation = ((squares / count).sqrt() as f32).max(MIN_DEVIATION);
        for row in &mut rows {
            row[column] = (row[column] - mean as f32) / deviation;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_112_steps_and_a_moment_has_one() {
        assert_eq!(step_times(60.0).count(), 112);
        assert_eq!(step_times(0.1).count(), 1);
        let second = step_times(60.0).nth(1).unwrap();
        assert_eq!(second, MediaTime::from_secs(0.8));
    }

    #[test]
    fn columns_are_centred_and_constant_ones_stay_small() {
        let rows = [vec![1.0, 5.0], vec![3.0, 5.001]];
        let out = standardised(rows.iter().map(Vec::as_slice));
        assert!((out[0][0] + 1.0).abs() < 1e-6 && (out[1][0] - 1.0).abs() < 1e-6);
        assert!(out[1][1].abs() < 0.1);
    }

    #[test]
    fn a_window_holds_the_places_of_two_steps() {
        let step = |value: f32| PictureVectors {
            pooled: vec![value; EfficientNetLite2::POOLED_DIM],
            places: vec![value; EfficientNetLite2::PLACES_DIM],
        };
        let found = joined(&[step(0.0), step(1.0), step(2.0)]).unwrap();
        assert_eq!(found.video.dims(), [3, VIDEO_DIM]);
        assert_eq!(found.gaze.dims(), [2, GAZE_DIM]);
        let rows = found.gaze.to_vec2::<f32>().unwrap();
        assert!(rows[0][0] < -1.0 && rows[0][GAZE_DIM - 1].abs() < 1e-6 && rows[1][GAZE_DIM - 1] > 1.0);
        assert_eq!(joined(&[step(1.0)]).unwrap().gaze.dims(), [1, GAZE_DIM]);
    }
}
