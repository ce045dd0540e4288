//! What has been computed of a clip so far: one piece of evidence for each sampled picture.
//!
//! Filled by a job while queries read snapshots of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use half::f16;

use super::clip_image::{ClipImage, EMBED_DIM, PATCH_GRID};
use crate::gaze::Heatmap;
use crate::time::{FrameIdx, MediaTime};

/// Patches are averaged two by two before they are kept: 7x7 are enough to follow a gaze map.
pub const POOLED_GRID: usize = PATCH_GRID / 2;

/// One sampled picture.
#[derive(Clone)]
pub struct FrameEvidence {
    pub frame: FrameIdx,
    pub time: MediaTime,
    /// CLIP's vector of the whole picture, not normalised.
    pub whole: Vec<f32>,
    /// `POOLED_GRID` x `POOLED_GRID` vectors of `EMBED_DIM`, row-major.
    pub patches: Vec<f16>,
    /// Where the gaze estimator thinks the wearer looked.
    pub gaze: Arc<Heatmap>,
}

impl FrameEvidence {
    pub fn new(frame: FrameIdx, time: MediaTime, image: &ClipImage, gaze: Heatmap) -> Self {
        let mut patches = Vec::with_capacity(POOLED_GRID * POOLED_GRID * EMBED_DIM);
        for row in 0..POOLED_GRID {
            for column in 0..POOLED_GRID {
                let corner = row * 2 * PATCH_GRID + column * 2;
                let four = [corner, corner + 1, corner + PATCH_GRID, corner + PATCH_GRID + 1];
                patches
                    .extend((0..EMBED_DIM).map(|d| {
                        f16::from_f32(four.iter().map(|p| image.patches[*p][d]).sum::<f32>() / 4.0)
                    }));
            }
        }
        Self { frame, time, whole: image.whole.to_vec(), patches, gaze: Arc::new(gaze) }
    }

    /// Mean of the patches with these weights, one for each of the pooled cells.
    pub fn foveal(&self, weights: &[f32]) -> Vec<f32> {
        let mut sum = vec![0f32; EMBED_DIM];
        for (patch, weight) in self.patches.chunks_exact(EMBED_DIM).zip(weights) {
            sum.iter_mut().zip(patch).for_each(|(s, p)| *s += weight * p.to_f32());
        }
        sum
    }
}

/// Evidence of one clip, in time order.
pub struct ClipFeatures {
    clip_id: String,
    duration: MediaTime,
    frames: RwLock<Vec<Arc<FrameEvidence>>>,
    version: AtomicU64,
}

impl ClipFeatures {
    pub fn new(clip_id: &str, duration: MediaTime, mut frames: Vec<FrameEvidence>) -> Self {
        frames.sort_by_key(|f| f.time);
        Self {
            clip_id: clip_id.to_owned(),
            duration,
            version: AtomicU64::new(frames.len() as u64),
            frames: RwLock::new(frames.into_iter().map(Arc::new).collect()),
        }
    }

    pub fn clip_id(&self) -> &str {
        &self.clip_id
    }

    pub fn duration(&self) -> MediaTime {
        self.duration
    }

    /// Counts up whenever evidence is added.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    pub fn contains(&self, frame: FrameIdx) -> bool {
        self.snapshot_ref(|frames| frames.iter().any(|f| f.frame == frame))
    }

    pub fn add(&self, evidence: FrameEvidence) {
        let mut frames = self.frames.write().unwrap_or_else(PoisonError::into_inner);
        let at = frames.partition_point(|f| f.time < evidence.time);
        frames.insert(at, Arc::new(evidence));
        drop(frames);
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    pub fn snapshot(&self) -> Vec<Arc<FrameEvidence>> {
        self.snapshot_ref(<[_]>::to_vec)
    }

    /// The predicted map of the sampled picture nearest in time.
    pub fn heatmap_near(&self, time: MediaTime) -> Option<Arc<Heatmap>> {
        self.snapshot_ref(|frames| {
            let after = frames.partition_point(|f| f.time < time);
            [after.checked_sub(1), Some(after)]
                .into_iter()
                .flatten()
                .filter_map(|i| frames.get(i))
                .min_by_key(|f| f.time.distance(time))
                .map(|f| Arc::clone(&f.gaze))
        })
    }

    fn snapshot_ref<T>(&self, read: impl FnOnce(&[Arc<FrameEvidence>]) -> T) -> T {
        read(&self.frames.read().unwrap_or_else(PoisonError::into_inner))
    }
}
