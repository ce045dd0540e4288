//! GazeNLQ as trained here on synthetic clips, for synthetic clips: the gaze estimator and three grounding
//! networks, one a gaze mode. Its training data was made by `gazenlq synth` and nothing else, so on
//! real recordings it says nothing; `pipeline::load_for` gives it to clips of that world only.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;

use super::ClipPipeline;
use crate::extract::LightEncoder;
use crate::features::{ClipFeatures, WindowEvidence};
use crate::gaze::{GazeTrack, Heatmap};
use crate::grounding::groundnlq::{Ask, Explanation, GazeFeatures, GroundNlq, Grounding, Imported};
use crate::grounding::{GazeMode, Localization, Localizer, Moment};
use crate::job::JobCtx;
use crate::nn::{self, ModelDir};
use crate::time::{MediaTime, TimeRange};

pub const LABEL: &str = "GazeNLQ, trained on synthetic clips";
/// The folders of the networks in `models/gazenlq-synth`.
pub const NETWORKS: [(GazeMode, &str); 3] =
    [(GazeMode::Off, "groundnlq"), (GazeMode::Predicted, "gazenlq"), (GazeMode::Negative, "gazenlq-star")];

pub struct TrainedPipeline {
    encoder: LightEncoder,
    networks: Vec<(GazeMode, GroundNlq)>,
}

/// Where the networks are: in `models/gazenlq-synth` of the working directory, beside the program, or of
/// the sources.
pub fn trained_dir() -> Option<PathBuf> {
    crate::project::shipped("models/gazenlq-synth").filter(|dir| dir.join(NETWORKS[1].1).is_dir())
}

impl TrainedPipeline {
    /// `dir` holds a model's folder for each gaze mode, `models` the encoders.
    pub fn load(dir: &Path, models: &ModelDir, ctx: &JobCtx) -> anyhow::Result<Self> {
        ctx.stage("Loading GazeNLQ");
        let encoder = LightEncoder::load(models).context(
            "the encoders of pictures and words are not on this machine: run `gazenlq models fetch`",
        )?;
        let network = |(mode, name): (GazeMode, &str)| {
            Ok((mode, Imported::open(&dir.join(name))?.load(&nn::device())?))
        };
        let networks = NETWORKS.into_iter().map(network).collect::<anyhow::Result<_>>()?;
        Ok(Self { encoder, networks })
    }

    fn network(&self, mode: GazeMode) -> Option<&GroundNlq> {
        self.networks.iter().find(|(of, _)| *of == mode).map(|(_, network)| network)
    }
}

impl ClipPipeline for TrainedPipeline {
    /// Looks at the whole clip, then estimates gaze. Nothing is kept between sessions: a minute takes
    /// seconds.
    fn extract(&self, path: &Path, features: &ClipFeatures, _: f32, ctx: &JobCtx) -> anyhow::Result<()> {
        if features.windows().is_some() {
            return Ok(());
        }
        ctx.stage("Looking through the clip");
        let vectors = self.encoder.video(path, ctx)?;
        let network = self.network(GazeMode::Predicted).context("there is no network with gaze")?;
        let mut maps = Vec::new();
        if let Some(estimator) = network.estimator() {
            let input = GazeFeatures::new(vectors.gaze.clone(), &network.config().gaze);
            let found = estimator.estimate(&input)?;
            let cells = found.maps.flatten_from(1)?.to_vec2::<f32>()?;
            let map = |(secs, cells): (&f64, Vec<f32>)| {
                (MediaTime::from_secs(*secs), Arc::new(Heatmap::from_cells(cells)))
            };
            maps = found.centres_secs.iter().zip(cells).map(map).collect();
        }
        features.set_windows(WindowEvidence { video: vectors.video, gaze: vectors.gaze, maps });
        Ok(())
    }

    fn modes(&self) -> &'static [GazeMode] {
        &[GazeMode::Off, GazeMode::Predicted, GazeMode::Negative]
    }

    fn about(&self) -> &'static str {
        "GazeNLQ, trained on synthetic clips only: its own gaze estimator predicts the heatmap, and each gaze mode is a network of its own (GroundNLQ, GazeNLQ, GazeNLQ*)."
    }

    fn is_trained(&self) -> bool {
        true
    }
}

impl Localizer for TrainedPipeline {
    fn label(&self) -> &str {
        LABEL
    }

    fn localize(
        &self,
        features: &ClipFeatures,
        query: &str,
        mode: GazeMode,
        _: Option<&GazeTrack>,
        keep: usize,
    ) -> anyhow::Result<Localization> {
        let started = Instant::now();
        let network = self.network(mode).context("this network takes predicted gaze, and no recording")?;
        let (name, gaze_basis) = match mode {
            GazeMode::Off => ("GroundNLQ", "not used"),
            GazeMode::Negative => ("GazeNLQ*", "minus the estimator's tokens"),
            _ => ("GazeNLQ", "the estimator's tokens"),
        };
        let mut answer = Localization {
            moments: Vec::new(),
            curve: Vec::new(),
            pipeline: format!("{name}, trained on synthetic clips"),
            query_basis: "MiniLM".to_owned(),
            gaze_basis: gaze_basis.to_owned(),
            words: Vec::new(),
            elapsed_secs: 0.0,
            evidence: 0,
        };
        let Some(windows) = features.windows() else { return Ok(answer) };
        let steps = windows.video.dim(0)?;
        let tokens = match network.estimator() {
            Some(_) => {
                let input = GazeFeatures::new(windows.gaze.clone(), &network.config().gaze);
                network.gaze_tokens(&input, steps)?
            }
            None => None,
        };
        let duration = features.duration().secs() as f32;
        let clip = network.encode_clip(&windows.video, tokens.as_ref(), duration)?;
        let ask = Ask { keep: Some(keep), explain: true, ..Ask::default() };
        let Grounding { windows, explanation, .. } =
            network.localize(&clip, &self.encoder.text(query)?, &ask)?;
        answer.moments = windows
            .iter()
            .map(|w| Moment {
                range: TimeRange::from_secs(f64::from(w.start), f64::from(w.end)),
                score: w.score,
            })
            .collect();
        answer.curve = explanation.as_ref().map(curve).unwrap_or_default();
        answer.evidence = steps;
        answer.elapsed_secs = started.elapsed().as_secs_f64();
        Ok(answer)
    }
}

/// At each step of the finest level, how likely the likeliest level finds an answer there.
fn curve(explanation: &Explanation) -> Vec<(MediaTime, f32)> {
    let mut curve = Vec::new();
    for piece in &explanation.pieces {
        let Some(finest) = piece.levels.first() else { continue };
        for i in 0..finest.probability.len() {
            let secs = finest.first_secs + i as f32 * finest.step_secs;
            let most = piece.levels.iter().filter_map(|level| {
                let at = ((secs - level.first_secs) / level.step_secs).round();
                level.probability.get(at.max(0.0) as usize)
            });
            let most = most.copied().fold(0.0, f32::max);
            curve.push((MediaTime::from_secs(f64::from(secs)), most));
        }
    }
    curve.sort_by_key(|(time, _)| *time);
    curve
}
