//! Annotated queries and feature stores as batches for the grounding network.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use rand::Rng as _;
use rand::seq::SliceRandom as _;

use super::TrainError;
use super::config::{GroundingRun, Store};
use super::grounding::{Gaze, Sample};
use super::labels::in_steps;
use super::random::stream;
use super::run::Source;
use super::token_cache::{MOST_BYTES, TokenCache};
use crate::grounding::groundnlq::{Config, GazeEstimator, GazeFeatures, GazeMode, StepGrid, align_tokens};
use crate::project::{AnnotatedQuery, AnnotationFile};
use crate::split::{Inputs, gaze_features, step_grid};
use crate::stores::{ClipPlace, ClipSteps, FeatureLevel, FeatureSet, FeatureStore, StoreError, TEXT_ARRAYS};

/// What a network learns from.
pub struct GroundingSource {
    annotations: AnnotationFile,
    /// Places of clip and query.
    items: Vec<(usize, usize)>,
    inputs: Inputs,
    /// Computes the tokens here, if it is frozen.
    estimator: Option<GazeEstimator>,
    tokens: TokenCache,
    config: Config,
    device: Device,
    batch_size: usize,
    temporal_jitter: bool,
    seed: u64,
}

impl GroundingSource {
    pub fn open(
        run: &GroundingRun,
        estimator: Option<GazeEstimator>,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let annotations = annotations(&run.data.train, "data.train")?;
        let inputs = inputs(run, &run.data.text)?;
        let mut items = Vec::new();
        for (i, clip) in annotations.clips.iter().enumerate() {
            let with_times = clip.queries.iter().enumerate().filter(|(_, query)| !query.windows.is_empty());
            items.extend(with_times.map(|(k, _)| (i, k)));
        }
        if run.data.skip_absent {
            let listed = items.len();
            let has = |store: &FeatureStore, key: &str| {
                !matches!(store.get(key, &[]), Err(StoreError::Absent { .. }))
            };
            let mut known: HashMap<usize, bool> = HashMap::new();
            items.retain(|(i, k)| {
                let clip = &annotations.clips[*i];
                let video = match inputs.video.level {
                    FeatureLevel::Clip => &clip.clip_uid,
                    FeatureLevel::Video => &clip.video_uid,
                };
                *known.entry(*i).or_insert_with(|| has(&inputs.video.store, video))
                    && has(&inputs.text, &clip.key_of(&clip.queries[*k]).query_id())
            });
            if items.len() < listed {
                let absent = listed - items.len();
                tracing::warn!("{absent} of {listed} queries have no features and are left out");
            }
        }
        // once, so that a file's order does not decide which samples share a batch
        items.shuffle(&mut stream(run.seed, "samples", &[]));
        Ok(Self {
            annotations,
            items,
            inputs,
            estimator,
            tokens: TokenCache::new(MOST_BYTES),
            config: run.model.clone(),
            device: device.clone(),
            batch_size: run.loader.batch_size.max(1),
            temporal_jitter: run.data.temporal_jitter,
            seed: run.seed,
        })
    }

    fn sample(
        &self,
        (clip_place, query): (usize, usize),
        epoch: u64,
        place: u64,
    ) -> Result<Sample, TrainError> {
        let clip = &self.annotations.clips[clip_place];
        let query = &clip.queries[query];
        let id = clip.key_of(query).query_id();
        let wrong =
            |what: String, store: &FeatureStore| TrainError::Data { what, path: store.path().to_owned() };
        let grid = &self.config.features;
        let text = self.inputs.text.get(&id, TEXT_ARRAYS)?;
        check_width(&text, grid.text_dim, &id, &self.inputs.text)?;
        let duration_secs = clip.duration_secs.unwrap_or(f64::INFINITY);
        let place_of_clip = ClipPlace {
            clip_uid: &clip.clip_uid,
            video_uid: &clip.video_uid,
            video_secs: clip.video_secs,
            duration_secs,
        };
        let ClipSteps { features: video, start_secs } = self.inputs.video.clip(&place_of_clip)?;
        let step_grid = step_grid(grid, &self.inputs.video, start_secs);
        check_width(&video, grid.video_dim, &clip.clip_uid, &self.inputs.video.store)?;
        let steps = video.dims()[0];
        if steps > grid.max_steps {
            let what = format!(
                "clip {} has {steps} steps and the network's array {}; raise model.features.max_steps",
                clip.clip_uid, grid.max_steps
            );
            return Err(wrong(what, &self.inputs.video.store));
        }
        let gaze = match &self.inputs.gaze {
            Some(set) if self.config.gaze.mode != GazeMode::Off => {
                Some(self.gaze(set, clip_place, step_grid, steps)?)
            }
            _ => None,
        };
        Ok(Sample {
            video: video.to_device(&self.device)?,
            gaze,
            text: text.to_device(&self.device)?,
            segments: self.segments(query, &step_grid, epoch, place),
        })
    }

    /// The gaze of a clip, whose `steps` lie in `grid`.
    fn gaze(&self, set: &FeatureSet, clip: usize, grid: StepGrid, steps: usize) -> Result<Gaze, TrainError> {
        let config = &self.config.gaze;
        let features = || -> Result<GazeFeatures, TrainError> {
            let read = gaze_features(config, set, &self.annotations.clips[clip])?;
            Ok(GazeFeatures { features: read.features.to_device(&self.device)?, ..read })
        };
        let Some(estimator) = &self.estimator else { return Ok(Gaze::Features(features()?, grid)) };
        let tokens = self.tokens.of(clip, &self.device, || {
            Ok(align_tokens(&estimator.estimate(&features()?)?, config.align, &grid, steps)?)
        })?;
        Ok(Gaze::Tokens(tokens))
    }

    /// Moments in steps; for narrations widened up to ten times and moved within that, by chance.
    fn segments(&self, query: &AnnotatedQuery, grid: &StepGrid, epoch: u64, place: u64) -> Vec<[f64; 2]> {
        let steps = |secs: f64| {
            in_steps(secs - f64::from(grid.start_secs), f64::from(grid.stride_frames), f64::from(grid.fps))
        };
        let plain = query.windows.iter().map(|[start, end]| [steps(*start), steps(*end)]);
        if !self.temporal_jitter {
            return plain.collect();
        }
        let mut random = stream(self.seed, "temporal jitter", &[epoch, place]);
        let jittered = plain.map(|[start, end]| {
            let (duration, centre) = (end - start, (start + end) / 2.0);
            let times = f64::from(random.random_range(1..=10u32));
            let shift = random.random_range(-1.0..1.0) * (times - 1.0) * duration / 2.0;
            [centre - shift - times * duration / 2.0, centre - shift + times * duration / 2.0]
        });
        jittered.collect()
    }
}

impl Source for GroundingSource {
    type Batch = Vec<Sample>;

    fn batches(&self) -> u64 {
        (self.items.len() / self.batch_size) as u64
    }

    fn load(&self, epoch: u64, batch: u64) -> Result<Vec<Sample>, TrainError> {
        let order = order(self.items.len(), self.seed, epoch);
        let first = batch as usize * self.batch_size;
        let places = &order[first..first + self.batch_size];
        places.iter().map(|place| self.sample(self.items[*place], epoch, *place as u64)).collect()
    }
}

/// The order of an epoch.
pub fn order(count: usize, seed: u64, epoch: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    order.shuffle(&mut stream(seed, "order", &[epoch]));
    order
}

/// Several annotation files as one.
pub fn annotations(files: &[impl AsRef<Path>], key: &str) -> Result<AnnotationFile, TrainError> {
    let mut all: Option<AnnotationFile> = None;
    for file in files {
        let file = AnnotationFile::load(file.as_ref())?;
        match &mut all {
            Some(all) => {
                all.clips.extend(file.clips);
                all.is_synthetic |= file.is_synthetic;
            }
            None => all = Some(file),
        }
    }
    all.ok_or_else(|| TrainError::Setting(format!("`{key}` names no annotation file")))
}

/// The stores of a run, with texts at `text`.
pub fn inputs(run: &GroundingRun, text: &Path) -> Result<Inputs, TrainError> {
    let (grid, gaze) = (&run.model.features, &run.model.gaze);
    let named = |path: &Path, key: &str| match path.as_os_str().is_empty() {
        true => Err(TrainError::Setting(format!("`{key}` is empty, expected a feature store"))),
        false => Ok(()),
    };
    named(&run.data.video.path, "data.video.path")?;
    named(text, "data.text")?;
    let gaze_set = match gaze.mode {
        GazeMode::Off => None,
        _ => {
            named(&run.data.gaze.path, "data.gaze.path")?;
            let level = gaze.feature_scope.into();
            Some(FeatureSet { level, ..set(&run.data.gaze, gaze.stride_frames, gaze.fps)? })
        }
    };
    Ok(Inputs {
        video: set(&run.data.video, f64::from(grid.stride_frames), f64::from(grid.fps))?,
        text: Arc::new(FeatureStore::open(text)?),
        gaze: gaze_set,
        recorded: None,
    })
}

pub fn set(store: &Store, stride_frames: f64, fps: f64) -> Result<FeatureSet, TrainError> {
    Ok(FeatureSet {
        store: Arc::new(FeatureStore::open(&store.path)?),
        level: store.level,
        stride_frames,
        fps,
        offset_secs: store.offset_secs,
        any_length: store.any_length,
    })
}

fn check_width(
    features: &Tensor,
    expected: usize,
    key: &str,
    store: &FeatureStore,
) -> Result<(), TrainError> {
    let found = features.dims()[1];
    if found == expected {
        return Ok(());
    }
    let what = format!(
        "the features of `{key}` are vectors of {found}, expected {expected} as in the model's configuration"
    );
    Err(TrainError::Data { what, path: store.path().to_owned() })
}
