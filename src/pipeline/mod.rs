//! What answers questions about a clip: the default pipeline, `light`, of pretrained networks, and
//! `trained`, the GazeNLQ that was trained here on synthetic clips, for clips of that world.
//!
//! In the light one a clip is sampled coarse to fine. Each picture gets CLIP's vectors and a predicted gaze map, quick
//! tags help while most are still to come; a question is answered from them in milliseconds. The
//! window and the command line call this.

mod decode;
mod itinerary;
mod trained;

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use anyhow::Context as _;

use crate::features::store::{self, Kept};
use crate::features::{
    ClipFeatures, ClipImageTower, EfficientNetLite2, FrameEvidence, QueryEncoder, TagEvidence, TagMeanings,
};
use crate::gaze::{GazeEstimator, GazeTrack, Unisal, model_window_map};
use crate::grounding::{GazeMode, GazeWeights, LABEL, Localization, Localizer, moments_of, score_curve};
use crate::job::JobCtx;
use crate::nn::{self, ModelDir, Registry};
use crate::project::is_of_synthetic_set;
use crate::video::{FrameTable, VideoInfo, VideoReader};
use decode::{Picture, Sight};
use itinerary::{Look, order, samples};

pub use trained::{LABEL as TRAINED_LABEL, NETWORKS as TRAINED_NETWORKS, TrainedPipeline, trained_dir};

/// Looks through a clip once and answers questions about it.
pub trait ClipPipeline: Localizer {
    /// Computes what is missing at `fps` pictures a second, if it has a choice.
    fn extract(&self, path: &Path, features: &ClipFeatures, fps: f32, ctx: &JobCtx) -> anyhow::Result<()>;

    /// Gaze modes that it can answer in.
    fn modes(&self) -> &'static [GazeMode];

    /// What it is, in a sentence or two.
    fn about(&self) -> &'static str;

    /// Whether it is the one trained on synthetic clips.
    fn is_trained(&self) -> bool;
}

/// Whether the networks that were trained on synthetic clips answer for this clip: it is of a set made by
/// `gazenlq synth`, and they are here.
pub fn is_for_trained(clip: &Path) -> bool {
    is_of_synthetic_set(clip) && trained_dir().is_some()
}

/// Loads what answers for this clip.
pub fn load_for(clip: &Path, ctx: &JobCtx) -> anyhow::Result<Arc<dyn ClipPipeline>> {
    let pipeline: Arc<dyn ClipPipeline> = match trained_dir().filter(|_| is_of_synthetic_set(clip)) {
        Some(dir) => Arc::new(TrainedPipeline::load(&dir, &ModelDir::from_env(), ctx)?),
        None => Arc::new(LightPipeline::load_default(ctx)?),
    };
    nn::ops::give_back_freed_memory();
    Ok(pipeline)
}

/// A place for the evidence of a clip; `extract` fills it.
pub fn features_for(info: &VideoInfo, table: &FrameTable) -> Arc<ClipFeatures> {
    Arc::new(ClipFeatures::new(&info.content_id, table.range().end()))
}

/// Moments of an answer.
pub const TOP: usize = 5;
/// Pictures that go through CLIP together.
const BATCH: usize = 4;
/// What a picture costs, in proportion, for the time that is left: CLIP and UNISAL take about 140 ms
/// on two cores, quick tags of two views 55.
const LOOK_COST: u64 = 5;
const TAG_COST: u64 = 2;
pub struct LightPipeline {
    tower: ClipImageTower,
    gaze: Unisal,
    tagger: EfficientNetLite2,
    meanings: TagMeanings,
    queries: QueryEncoder,
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
            let queries = QueryEncoder::load(dir, &device)?;
            Ok(Self {
                tower: ClipImageTower::load(dir, &device)?,
                gaze: Unisal::load(dir, &device)?,
                tagger: EfficientNetLite2::load(dir, &device)?,
                meanings: TagMeanings::load(dir, queries.minilm())?,
                queries,
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

    fn look_at_all(
        &self,
        pictures: mpsc::Receiver<Picture>,
        found: &mut dyn FnMut(Kept),
        total: u64,
        ctx: &JobCtx,
    ) -> anyhow::Result<()> {
        let mut done = 0;
        let mut waiting: Vec<Picture> = Vec::new();
        let mut pictures = pictures.into_iter().peekable();
        while let Some(picture) = pictures.next() {
            let look = picture.look();
            let is_last_of_its_kind = pictures.peek().is_none_or(|next| next.look() != look);
            waiting.push(picture);
            if look == Look::Whole && waiting.len() < BATCH && !is_last_of_its_kind {
                continue;
            }
            let batch = std::mem::take(&mut waiting);
            done += batch.len() as u64 * look.cost();
            match look {
                Look::Whole => self.look_whole(batch)?.into_iter().for_each(&mut *found),
                Look::Tags => {
                    for picture in &batch {
                        self.name(picture)?.into_iter().for_each(&mut *found);
                    }
                }
            }
            ctx.step(done, total)?;
        }
        Ok(())
    }

    fn look_whole(&self, batch: Vec<Picture>) -> anyhow::Result<Vec<Kept>> {
        let mut stamps = Vec::new();
        let (mut squares, mut wides) = (Vec::new(), Vec::new());
        for Picture { frame, time, sight } in batch {
            if let Sight::Whole { clip, gaze } = sight {
                stamps.push((frame, time));
                squares.push(clip);
                wides.push(gaze);
            }
        }
        let embedded = self.tower.forward_batch(&squares)?;
        let evidence = stamps.into_iter().zip(&wides).zip(&embedded).map(|(((frame, time), image), clip)| {
            Ok(Kept::Frame(FrameEvidence::new(frame, time, clip, self.gaze.estimate(image)?)))
        });
        evidence.collect()
    }

    fn name(&self, picture: &Picture) -> anyhow::Result<Option<Kept>> {
        let Sight::Tags(views) = &picture.sight else { return Ok(None) };
        let [whole, middle] = views.each_ref().map(|view| self.tagger.tags(view));
        Ok(Some(Kept::Tags(TagEvidence::new(picture.frame, picture.time, &whole?, &middle?))))
    }
}

impl ClipPipeline for LightPipeline {
    /// Takes what was kept earlier and computes what is missing at `fps` pictures a second, coarse to
    /// fine. What is done when it is cancelled is kept.
    fn extract(&self, path: &Path, features: &ClipFeatures, fps: f32, ctx: &JobCtx) -> anyhow::Result<()> {
        ctx.stage("Looking through the clip");
        let key = store::Key { clip_id: features.clip_id(), weights: self.tower.fingerprint() };
        store::load(key, |kept| features.add(kept));
        let reader = VideoReader::open(path)?;
        let (info, table) = (Arc::clone(reader.info()), Arc::clone(reader.table()));
        drop(reader);
        let wanted = samples(&table, fps);
        let order = order(&wanted, features);
        let steps = itinerary::itinerary(&order, &table);
        let total: u64 = order.iter().map(|(look, _)| look.cost()).sum();
        ctx.step(0, total)?;
        let mut keep = store::Writer::open(key)
            .inspect_err(|e| tracing::warn!("features cannot be kept: {e}"))
            .unwrap_or_default();

        // decoding runs ahead on its own thread; two batches wait at most
        std::thread::scope(|scope| {
            let (sender, pictures) = mpsc::sync_channel(BATCH * 2);
            let decoding = scope.spawn(move || decode::walk(&info, &table, &steps, self, &sender));
            self.look_at_all(
                pictures,
                &mut |evidence| {
                    if let Some(Err(error)) = keep.as_mut().map(|file| file.append(&evidence)) {
                        tracing::warn!("features cannot be kept any more: {error}");
                        keep = None;
                    }
                    features.add(evidence);
                },
                total,
                ctx,
            )?;
            decoding.join().map_err(|_| anyhow::anyhow!("the decoder thread ended early"))??;
            Ok(())
        })
    }

    fn modes(&self) -> &'static [GazeMode] {
        &GazeMode::ALL
    }

    fn about(&self) -> &'static str {
        "Quick search (not GazeNLQ): CLIP ViT-B/16 for the answer, UNISAL saliency with a centre prior for the predicted heatmap. Not trained on this task."
    }

    fn is_trained(&self) -> bool {
        false
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
        keep: usize,
    ) -> anyhow::Result<Localization> {
        let started = Instant::now();
        let text = self.queries.encode(query)?;
        let (mut evidence, mut gaze_basis) = (0, String::new());
        let curve = score_curve(features, &text, &self.meanings, |frames| {
            evidence = frames.len();
            let (weights, basis) = gaze_weights(frames, mode, recorded);
            gaze_basis = basis;
            weights
        });
        Ok(Localization {
            moments: moments_of(&curve, features.duration(), keep),
            curve,
            pipeline: self.label().to_owned(),
            query_basis: self.queries.basis().to_owned(),
            gaze_basis,
            words: text.words,
            elapsed_secs: started.elapsed().as_secs_f64(),
            evidence,
        })
    }
}

impl Look {
    fn cost(self) -> u64 {
        match self {
            Self::Whole => LOOK_COST,
            Self::Tags => TAG_COST,
        }
    }
}

/// The gaze that weighs each picture, and whose it is. Negative takes the recording where there is
/// one.
fn gaze_weights(
    frames: &[Arc<FrameEvidence>],
    mode: GazeMode,
    recorded: Option<&GazeTrack>,
) -> (Option<GazeWeights>, String) {
    let is_negative = mode == GazeMode::Negative;
    let outside = if is_negative { "what was outside " } else { "" };
    match (mode, recorded) {
        (GazeMode::Off, _) => (None, "not used".to_owned()),
        (GazeMode::Predicted, _) | (GazeMode::Negative, None) => {
            let maps = frames.iter().map(|f| Some(Arc::clone(&f.gaze))).collect();
            (Some(GazeWeights { maps, is_negative }), format!("{outside}the predicted gaze"))
        }
        (GazeMode::Recorded, None) => (None, "none was recorded".to_owned()),
        (GazeMode::Recorded | GazeMode::Negative, Some(track)) => {
            let maps: Vec<_> = frames.iter().map(|f| model_window_map(track, f.time).map(Arc::new)).collect();
            let tracked = maps.iter().flatten().count();
            let basis =
                format!("{outside}the recorded gaze, known in {tracked} of {} pictures", frames.len());
            (Some(GazeWeights { maps, is_negative }), basis)
        }
    }
}
