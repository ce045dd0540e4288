//! The default pipeline, `light`: pretrained networks, nothing trained by us.
//!
//! A clip is sampled coarse to fine. Each picture gets CLIP's vectors and a predicted gaze map; a
//! question is then answered from them in milliseconds. The window and the command line call this.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use anyhow::Context as _;

use crate::features::{
    ClipFeatures, ClipImageTower, ClipTextBridge, FrameEvidence, MiniLm, RgbImage8, store,
};
use crate::gaze::{GazeEstimator, GazeTrack, Heatmap, Unisal, window_map};
use crate::grounding::{GazeMode, LABEL, Localization, Localizer, moments_of, score_curve};
use crate::job::JobCtx;
use crate::nn::{self, ModelDir, Registry};
use crate::time::{FrameIdx, MediaTime, TimeRange};
use crate::video::{FrameTable, VideoInfo, VideoReader};

/// Moments of an answer.
pub const TOP: usize = 5;
/// First pass: one of so many of the wanted pictures; each later pass halves it.
const COARSEST: usize = 8;
/// Pictures that go through CLIP together.
const BATCH: usize = 4;
/// Evidence is written to disk at least this often.
const SAVE_EVERY_SECS: f64 = 20.0;
/// A recorded map covers the gaze of this long around a picture: 32 pictures at 30 a second.
const WINDOW: MediaTime = MediaTime::from_nanos(1_066_666_667);
const WINDOW_FRAMES: usize = 32;

pub struct LightPipeline {
    tower: ClipImageTower,
    words: MiniLm,
    bridge: ClipTextBridge,
    gaze: Unisal,
}

/// Downloads what is missing, checks it and converts it.
pub fn fetch_default_models(ctx: &JobCtx) -> anyhow::Result<()> {
    Registry::open(ModelDir::from_env()).fetch_missing(ctx)?;
    Ok(())
}

impl LightPipeline {
    /// Loads the networks; about a second.
    pub fn load(dir: &ModelDir, ctx: &JobCtx) -> anyhow::Result<Self> {
        ctx.stage("Loading the networks");
        let load = || -> Result<Self, nn::NnError> {
            let device = nn::device();
            let words = MiniLm::load(dir, &device)?;
            Ok(Self {
                tower: ClipImageTower::load(dir, &device)?,
                bridge: ClipTextBridge::load(dir, &words)?,
                gaze: Unisal::load(dir, &device)?,
                words,
            })
        };
        load().context("the default models are not complete on this machine: run `gazenlq models fetch`")
    }

    pub fn load_default(ctx: &JobCtx) -> anyhow::Result<Self> {
        Self::load(&ModelDir::from_env(), ctx)
    }

    pub fn gaze_estimator(&self) -> &dyn GazeEstimator {
        &self.gaze
    }

    /// What is known of a clip from earlier, ready to be added to.
    pub fn features_for(info: &VideoInfo, table: &FrameTable) -> Arc<ClipFeatures> {
        Arc::new(ClipFeatures::new(&info.content_id, table.range().end(), store::load(&info.content_id)))
    }

    /// Computes what is missing at `fps` pictures a second, coarse to fine. What is done when it is
    /// cancelled is kept.
    pub fn extract(
        &self,
        path: &Path,
        features: &ClipFeatures,
        fps: f32,
        ctx: &JobCtx,
    ) -> anyhow::Result<()> {
        ctx.stage("Looking through the clip");
        let reader = VideoReader::open(path)?;
        let wanted = samples(reader.table(), fps);
        let total = wanted.len() as u64;
        let todo: Vec<FrameIdx> =
            coarse_to_fine(&wanted).into_iter().filter(|frame| !features.contains(*frame)).collect();
        let done_before = total - todo.len() as u64;
        drop(reader);
        ctx.step(done_before, total)?;

        // decoding runs ahead on its own thread; two batches wait at most
        let result = std::thread::scope(|scope| {
            let (sender, pictures) = mpsc::sync_channel(BATCH * 2);
            let path = path.to_path_buf();
            let order = todo.clone();
            let decoding = scope.spawn(move || -> Result<(), crate::video::VideoError> {
                // the reader cannot cross threads, so this one opens its own
                let mut own = VideoReader::open(&path)?;
                for index in order {
                    let frame = match own.frame_at(index) {
                        Ok(frame) => frame,
                        Err(error) => {
                            tracing::warn!("a picture is left out: {error}");
                            continue;
                        }
                    };
                    let [width, height] = frame.upright_size().map(|n| n as usize);
                    let picture = RgbImage8::new(width, height, frame.to_rgb());
                    if sender.send((index, frame.time, picture)).is_err() {
                        break;
                    }
                }
                Ok(())
            });
            self.embed_all(pictures, features, done_before, total, ctx)?;
            decoding.join().map_err(|_| anyhow::anyhow!("the decoder thread ended early"))??;
            Ok(())
        });
        store::save(features).unwrap_or_else(|e| tracing::warn!("features could not be kept: {e}"));
        result
    }

    fn embed_all(
        &self,
        pictures: mpsc::Receiver<(FrameIdx, MediaTime, RgbImage8)>,
        features: &ClipFeatures,
        mut done: u64,
        total: u64,
        ctx: &JobCtx,
    ) -> anyhow::Result<()> {
        let mut saved_at = Instant::now();
        loop {
            let batch: Vec<_> = pictures.iter().take(BATCH).collect();
            if batch.is_empty() {
                return Ok(());
            }
            let images: Vec<RgbImage8> = batch.iter().map(|(.., image)| image.clone()).collect();
            let embedded = self.tower.forward_batch(&images)?;
            for ((index, time, image), clip) in batch.iter().zip(&embedded) {
                let gaze = self.gaze.estimate(image)?;
                features.add(FrameEvidence::new(*index, *time, clip, gaze));
                done += 1;
                ctx.step(done, total)?;
            }
            if saved_at.elapsed().as_secs_f64() > SAVE_EVERY_SECS {
                store::save(features).unwrap_or_else(|e| tracing::warn!("features could not be kept: {e}"));
                saved_at = Instant::now();
            }
        }
    }
}

impl Localizer for LightPipeline {
    fn label(&self) -> &str {
        LABEL
    }

    fn localize(
        &self,
        features: &ClipFeatures,
        query: &str,
        mode: GazeMode,
        recorded: Option<&GazeTrack>,
    ) -> anyhow::Result<Localization> {
        let started = Instant::now();
        let text = self.bridge.embed(query, &self.words)?;
        let frames = features.snapshot();
        let maps: Vec<Option<Arc<Heatmap>>> =
            frames.iter().map(|frame| map_of(frame, mode, recorded)).collect();
        let curve = score_curve(&frames, &text.vector, &maps, mode == GazeMode::Negative);
        let words = text
            .words
            .iter()
            .map(|w| (w.word.clone(), w.nearest.first().map(|(name, _)| name.clone()).unwrap_or_default()))
            .collect();
        Ok(Localization {
            moments: moments_of(&curve, features.duration(), TOP),
            curve,
            pipeline: self.label().to_owned(),
            words,
            elapsed_secs: started.elapsed().as_secs_f64(),
            evidence: frames.len(),
        })
    }
}

/// The gaze that weighs one picture. Negative takes the recording where there is one.
fn map_of(frame: &FrameEvidence, mode: GazeMode, recorded: Option<&GazeTrack>) -> Option<Arc<Heatmap>> {
    let from_recording = || {
        let half = MediaTime::from_nanos(WINDOW.nanos() / 2);
        let span = TimeRange::new(frame.time - half, frame.time + half);
        window_map(recorded?, span, WINDOW_FRAMES).map(Arc::new)
    };
    match mode {
        GazeMode::Off => None,
        GazeMode::Predicted => Some(Arc::clone(&frame.gaze)),
        GazeMode::Recorded => from_recording(),
        GazeMode::Negative => from_recording().or_else(|| Some(Arc::clone(&frame.gaze))),
    }
}

/// The pictures at an even rate.
fn samples(table: &FrameTable, fps: f32) -> Vec<FrameIdx> {
    let step = 1.0 / f64::from(fps.clamp(0.01, 30.0));
    let end = table.range().end().secs();
    let mut frames: Vec<FrameIdx> = (0..)
        .map(|i| (f64::from(i) + 0.5) * step)
        .take_while(|secs| *secs < end)
        .map(|secs| table.at(MediaTime::from_secs(secs)))
        .collect();
    if frames.is_empty() {
        frames.push(FrameIdx(0));
    }
    frames.dedup();
    frames
}

/// Every eighth, then every fourth, ... each pass in time order, each picture once.
fn coarse_to_fine(frames: &[FrameIdx]) -> Vec<FrameIdx> {
    let mut order = Vec::with_capacity(frames.len());
    let mut stride = COARSEST;
    while stride >= 1 {
        let is_new = |i: usize| stride == COARSEST || !i.is_multiple_of(stride * 2);
        order.extend((0..frames.len()).step_by(stride).filter(|i| is_new(*i)).map(|i| frames[i]));
        stride /= 2;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_is_visited_once_the_whole_clip_first() {
        let frames: Vec<FrameIdx> = (0..37).map(FrameIdx).collect();
        let order = coarse_to_fine(&frames);
        assert_eq!(order[..5], [0, 8, 16, 24, 32].map(FrameIdx));
        let mut sorted = order.clone();
        sorted.sort();
        assert_eq!(sorted, frames);
    }
}
