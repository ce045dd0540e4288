//! One clip and one query of a data set: from stores into the network.

use std::sync::Arc;

use super::SplitError;
use crate::gaze::Heatmap;
use crate::grounding::groundnlq::{
    Ask, EncodedClip, FeatureGrid, GazeConfig, GazeFeatures, GazeScope, GroundNlq, Grounding, StepGrid,
    align_tokens,
};
use crate::nn::Tensor;
use crate::project::{AnnotatedClip, QueryKey};
use crate::stores::{ClipPlace, FeatureLevel, FeatureSet, FeatureStore, TEXT_ARRAYS, VIDEO_ARRAYS};

/// Where features come from.
#[derive(Clone)]
pub struct Inputs {
    pub video: FeatureSet,
    pub text: Arc<FeatureStore>,
    /// For networks with gaze.
    pub gaze: Option<FeatureSet>,
    /// Gives such networks the gaze that was recorded in place of what they predict.
    pub recorded: Option<RecordedMaps>,
}

/// Maps of where the wearer of a clip really looked around some times of it, in seconds; `None` for a
/// time without usable gaze, and for a clip without a recording.
pub type RecordedMaps = Arc<dyn Fn(&AnnotatedClip, &[f64]) -> Option<Vec<Option<Heatmap>>> + Send + Sync>;

impl From<GazeScope> for FeatureLevel {
    fn from(scope: GazeScope) -> Self {
        match scope {
            GazeScope::Clip => Self::Clip,
            GazeScope::Video => Self::Video,
        }
    }
}

/// Computes what no question is needed for; keep it for the clip's further questions.
pub fn encode(network: &GroundNlq, inputs: &Inputs, clip: &AnnotatedClip) -> Result<EncodedClip, SplitError> {
    let uid = &clip.clip_uid;
    let failed = |error| SplitError::Network { key: format!("clip {uid}"), error };
    let duration_secs = clip.duration_secs.ok_or_else(|| SplitError::NoDuration(uid.clone()))?;
    let place =
        ClipPlace { clip_uid: uid, video_uid: &clip.video_uid, video_secs: clip.video_secs, duration_secs };
    let set = &inputs.video;
    let video = set.clip(&place)?;
    let config = network.config();
    check_dim(&video.features, "video features", uid, config.features.video_dim, &set.store)?;
    let grid = step_grid(&config.features, set, video.start_secs);
    let gaze = match (network.estimator(), &inputs.gaze) {
        (Some(estimator), Some(set)) => {
            let mut features = gaze_features(&config.gaze, set, clip)?;
            if let Some(recorded) = &inputs.recorded {
                let centres = features.centres_secs(config.gaze.window_frames);
                let centres = centres.map_err(|e| failed(e.into()))?;
                features.recorded =
                    recorded(clip, &centres).ok_or_else(|| SplitError::NoRecording(uid.clone()))?;
            }
            let estimates = estimator.estimate(&features).map_err(failed)?;
            let steps = video.features.dims()[0];
            let aligned = align_tokens(&estimates, config.gaze.align, &grid, steps);
            Some(aligned.map_err(|e| failed(e.into()))?)
        }
        (Some(_), None) => return Err(SplitError::NoGaze),
        (None, _) => None,
    };
    let encoded = network.encode_clip(&video.features, gaze.as_ref(), duration_secs as f32);
    Ok(encoded.map_err(failed)?.on(grid))
}

/// The answer to one query of the data set.
pub fn ask(
    network: &GroundNlq,
    inputs: &Inputs,
    clip: &EncodedClip,
    key: &QueryKey,
    how: &Ask,
) -> Result<Grounding, SplitError> {
    let id = key.query_id();
    let text = inputs.text.get(&id, TEXT_ARRAYS)?;
    check_dim(&text, "text features", &id, network.config().features.text_dim, &inputs.text)?;
    network.localize(clip, &text, how).map_err(|error| SplitError::Network { key: id, error })
}

/// How a clip's steps lie in time, of which the first starts at `start_secs`.
pub fn step_grid(network: &FeatureGrid, set: &FeatureSet, start_secs: f64) -> StepGrid {
    StepGrid {
        stride_frames: set.stride_frames as f32,
        window_frames: network.window_frames,
        fps: set.fps as f32,
        start_secs: start_secs as f32,
    }
}

/// A clip's gaze features. Of a whole video only the runs of windows that touch the clip are taken;
/// since windows attend within their run, the others make no difference.
pub fn gaze_features(
    config: &GazeConfig,
    set: &FeatureSet,
    clip: &AnnotatedClip,
) -> Result<GazeFeatures, SplitError> {
    let (name, span) = match set.level {
        FeatureLevel::Clip => (&clip.clip_uid, None),
        FeatureLevel::Video => (&clip.video_uid, clip.video_secs),
    };
    let mut features = set.store.get(name, VIDEO_ARRAYS)?;
    check_dim(&features, "gaze features", name, config.input_dim, &set.store)?;
    let mut clip_start_secs = -set.offset_secs;
    if let Some([start, end]) = span {
        clip_start_secs += start;
        let windows = features.dims()[0];
        let window_secs = set.stride_frames / set.fps;
        let [first, last] = [start, end].map(|secs| (secs - set.offset_secs) / window_secs);
        if first >= windows as f64 {
            let what = format!("clip {} lies at {start:.1} to {end:.1} s, beyond their end", clip.clip_uid);
            return Err(SplitError::Store(set.entry(name, what)));
        }
        let runs = config.runs_around(windows, first, last);
        let cut = features.narrow(0, runs.start, runs.len());
        features = cut.map_err(|e| SplitError::Network { key: name.clone(), error: e.into() })?;
        clip_start_secs -= runs.start as f64 * window_secs;
    }
    let (stride_frames, fps) = (set.stride_frames, set.fps);
    Ok(GazeFeatures { clip_start_secs, stride_frames, fps, ..GazeFeatures::new(features, config) })
}

fn check_dim(
    features: &Tensor,
    what: &'static str,
    key: &str,
    expected: usize,
    store: &FeatureStore,
) -> Result<(), SplitError> {
    let found = features.dims()[1];
    if found == expected {
        return Ok(());
    }
    Err(SplitError::Dimension { what, key: key.to_owned(), expected, found, path: store.path().to_owned() })
}
