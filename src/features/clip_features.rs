//! What has been computed of a clip so far: evidence for each sampled picture, in time order.
//!
//! Filled by a job while questions read snapshots of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use candle_core::Tensor;

use super::evidence::{FrameEvidence, TagEvidence};
use super::store::Kept;
use crate::gaze::Heatmap;
use crate::time::{FrameIdx, MediaTime, TimeRange};

/// What trained networks look at, of a whole clip: features of its steps and gaze windows, and the
/// maps that its gaze estimator predicts.
pub struct WindowEvidence {
    /// [steps, dim]
    pub video: Tensor,
    /// [windows, dim]
    pub gaze: Tensor,
    /// By the middle of each window, in time order.
    pub maps: Vec<(MediaTime, Arc<Heatmap>)>,
}

/// Evidence of one clip.
pub struct ClipFeatures {
    windows: RwLock<Option<Arc<WindowEvidence>>>,
    clip_id: String,
    duration: MediaTime,
    frames: Track<FrameEvidence>,
    tags: Track<TagEvidence>,
    version: AtomicU64,
}

/// Evidence of one kind, ordered by picture.
struct Track<T>(RwLock<Vec<(FrameIdx, Arc<T>)>>);

impl<T> Default for Track<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T> Track<T> {
    /// Says whether it was new.
    fn add(&self, frame: FrameIdx, evidence: T) -> bool {
        let mut list = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match list.binary_search_by_key(&frame, |(at, _)| *at) {
            Ok(_) => false,
            Err(at) => {
                list.insert(at, (frame, Arc::new(evidence)));
                true
            }
        }
    }

    fn contains(&self, frame: FrameIdx) -> bool {
        self.read(|list| list.binary_search_by_key(&frame, |(at, _)| *at).is_ok())
    }

    fn snapshot(&self) -> Vec<Arc<T>> {
        self.read(|list| list.iter().map(|(_, evidence)| Arc::clone(evidence)).collect())
    }

    fn read<R>(&self, read: impl FnOnce(&[(FrameIdx, Arc<T>)]) -> R) -> R {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ClipFeatures {
    pub fn new(clip_id: &str, duration: MediaTime) -> Self {
        Self {
            windows: RwLock::default(),
            clip_id: clip_id.to_owned(),
            duration,
            frames: Track::default(),
            tags: Track::default(),
            version: AtomicU64::new(0),
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

    /// Whether CLIP has seen this picture.
    pub fn has_frame(&self, frame: FrameIdx) -> bool {
        self.frames.contains(frame)
    }

    pub fn has_tags(&self, frame: FrameIdx) -> bool {
        self.tags.contains(frame)
    }

    /// Adds one piece of evidence; what is there already stays.
    pub fn add(&self, evidence: Kept) {
        let is_new = match evidence {
            Kept::Frame(frame) => self.frames.add(frame.frame, frame),
            Kept::Tags(tags) => self.tags.add(tags.frame, tags),
        };
        self.version.fetch_add(u64::from(is_new), Ordering::AcqRel);
    }

    pub fn frames(&self) -> Vec<Arc<FrameEvidence>> {
        self.frames.snapshot()
    }

    pub fn tags(&self) -> Vec<Arc<TagEvidence>> {
        self.tags.snapshot()
    }

    /// Of trained networks, once they have looked through the clip.
    pub fn windows(&self) -> Option<Arc<WindowEvidence>> {
        self.windows.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set_windows(&self, evidence: WindowEvidence) {
        *self.windows.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(evidence));
        self.version.fetch_add(1, Ordering::AcqRel);
    }

    /// The predicted maps with their times: of trained networks, else of the sampled pictures.
    pub fn maps(&self) -> Vec<(MediaTime, Arc<Heatmap>)> {
        match self.windows() {
            Some(windows) => windows.maps.clone(),
            None => {
                self.frames.read(|list| list.iter().map(|(_, f)| (f.time, Arc::clone(&f.gaze))).collect())
            }
        }
    }

    /// Mean of the predicted maps in a range; `None` where there are none.
    pub fn mean_heatmap(&self, range: TimeRange) -> Option<Heatmap> {
        let maps: Vec<Arc<Heatmap>> =
            self.maps().into_iter().filter(|(time, _)| range.contains(*time)).map(|(_, map)| map).collect();
        // a mean over many minutes is the same from a part of them, and no frame is late for it
        let stride = maps.len().div_ceil(256).max(1);
        Heatmap::mean(maps.iter().step_by(stride).map(|map| &**map))
    }

    /// The predicted map nearest in time.
    pub fn heatmap_near(&self, time: MediaTime) -> Option<Arc<Heatmap>> {
        if let Some(windows) = self.windows() {
            return nearest(&windows.maps, time, |(at, _)| *at).map(|(_, map)| Arc::clone(map));
        }
        self.frames.read(|frames| nearest(frames, time, |(_, f)| f.time).map(|(_, f)| Arc::clone(&f.gaze)))
    }
}

/// Of a list in time order.
fn nearest<T>(list: &[T], time: MediaTime, time_of: impl Fn(&T) -> MediaTime) -> Option<&T> {
    let after = list.partition_point(|item| time_of(item) < time);
    let around = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|i| list.get(i));
    around.min_by_key(|item| time_of(item).distance(time))
}
