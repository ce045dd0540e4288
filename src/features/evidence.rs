//! What the networks say of one sampled picture, in the form that is kept for questions to come.
//!
//! A clip of hours has thousands of these, so places are kept as bytes: 25 KB a picture.

use std::sync::Arc;

use half::f16;

use super::clip_image::{ClipImage, EMBED_DIM, PATCH_GRID};
use super::efficientnet_lite::Tags;
use crate::gaze::Heatmap;
use crate::time::{FrameIdx, MediaTime};

/// Patches are averaged two by two before they are kept: 7x7 are enough to follow a gaze map.
pub const POOLED_GRID: usize = PATCH_GRID / 2;
/// Places of one picture.
pub const PLACES: usize = POOLED_GRID * POOLED_GRID;
/// Classes of a view that are kept (ConSE, arXiv 1312.5650, uses the ten most probable).
pub const TAGS_KEPT: usize = 10;

/// Unit vectors of the places of a picture, row-major from the top left, a byte a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Places(pub(super) Box<[i8]>);

/// CLIP's view of a picture and where the wearer probably looked.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameEvidence {
    pub frame: FrameIdx,
    pub time: MediaTime,
    /// The whole picture, length 1.
    pub whole: Vec<f32>,
    pub places: Places,
    /// Where the gaze estimator thinks the wearer looked.
    pub gaze: Arc<Heatmap>,
}

/// The most probable ImageNet classes of one view of a picture, best first.
pub type TagView = [(u16, f16); TAGS_KEPT];

/// Quick tags of a picture: of the whole of it, and of its lower middle, where hands work.
#[derive(Clone, Debug, PartialEq)]
pub struct TagEvidence {
    pub frame: FrameIdx,
    pub time: MediaTime,
    pub views: [TagView; 2],
}

impl Places {
    /// The largest byte stands for this; a unit vector of 512 numbers rarely has one above it.
    const PEAK: f32 = 0.5;

    /// From `PATCH_GRID` x `PATCH_GRID` vectors.
    fn pooled(patches: &[[f32; EMBED_DIM]]) -> Self {
        let mut bytes = Vec::with_capacity(PLACES * EMBED_DIM);
        for row in 0..POOLED_GRID {
            for column in 0..POOLED_GRID {
                let corner = row * 2 * PATCH_GRID + column * 2;
                let four = [corner, corner + 1, corner + PATCH_GRID, corner + PATCH_GRID + 1];
                let sum: Vec<f32> =
                    (0..EMBED_DIM).map(|d| four.iter().map(|p| patches[*p][d]).sum()).collect();
                let unit = unit(sum);
                bytes
                    .extend(unit.iter().map(|v| (v / Self::PEAK * 127.0).round().clamp(-127.0, 127.0) as i8));
            }
        }
        Self(bytes.into())
    }

    /// The vectors of the places one after the other, lengths near 1.
    pub fn vectors(&self) -> impl Iterator<Item = [f32; EMBED_DIM]> {
        self.0.as_chunks::<EMBED_DIM>().0.iter().map(|place| place.map(|b| f32::from(b) * Self::PEAK / 127.0))
    }
}

impl FrameEvidence {
    pub fn new(frame: FrameIdx, time: MediaTime, image: &ClipImage, gaze: Heatmap) -> Self {
        let (whole, places) = (unit(image.whole.to_vec()), Places::pooled(&image.patches));
        Self { frame, time, whole, places, gaze: Arc::new(gaze) }
    }
}

impl TagEvidence {
    pub fn new(frame: FrameIdx, time: MediaTime, whole: &Tags, lower_middle: &Tags) -> Self {
        let view = |tags: &Tags| {
            let top = tags.top(TAGS_KEPT);
            std::array::from_fn(|i| {
                top.get(i).map_or((0, f16::ZERO), |(class, p)| (*class as u16, f16::from_f32(*p)))
            })
        };
        Self { frame, time, views: [view(whole), view(lower_middle)] }
    }
}

/// The vector at length 1; one that is all zero stays so.
pub(crate) fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length > 1e-9 {
        vector.iter_mut().for_each(|v| *v /= length);
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_keep_the_direction_of_a_place() {
        let wave = |seed: usize| -> [f32; EMBED_DIM] {
            std::array::from_fn(|d| ((d * 37 + seed * 11) as f32 * 0.7).sin() * 3.0)
        };
        let patches: Vec<[f32; EMBED_DIM]> = (0..PATCH_GRID * PATCH_GRID).map(|_| wave(5)).collect();
        let expected = unit(wave(5).to_vec());
        let places = Places::pooled(&patches);
        assert_eq!(places.vectors().count(), PLACES);
        for place in places.vectors() {
            let cosine: f32 = unit(place.to_vec()).iter().zip(&expected).map(|(a, b)| a * b).sum();
            assert!(cosine > 0.999, "{cosine}");
        }
    }
}
