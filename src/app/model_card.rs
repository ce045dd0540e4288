//! Which networks make a number: what they are, where their weights came from, how often they are
//! right. Made when somebody asks, in the background: it looks at files.

use anyhow::Context as _;
use serde::Deserialize;

use crate::grounding::groundnlq::Imported;
use crate::job::JobCtx;
use crate::nn::{ModelDir, ModelState, Registry};
use crate::pipeline;

/// One network of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRow {
    pub title: String,
    pub purpose: String,
    /// Package and version, or a file put there by hand.
    pub source: String,
    /// Of the archive that the weights came in, as checked when they were fetched.
    pub sha256: String,
    pub licence: String,
    pub page: String,
    pub is_here: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ModelCard {
    pub title: String,
    pub training: String,
    /// What to expect of it, with the conditions under which that was measured.
    pub expected: String,
    pub rows: Vec<ModelRow>,
}

/// What stands in the shipped networks' folder about them.
#[derive(Deserialize)]
struct Card {
    training: String,
    expected: String,
}

impl ModelCard {
    /// Of the networks that were trained here on synthetic clips.
    pub fn trained(ctx: &JobCtx) -> anyhow::Result<Self> {
        let dir = pipeline::trained_dir().context("the networks of models/gazenlq-synth are not here")?;
        let text = std::fs::read_to_string(dir.join("card.toml"))?;
        let card: Card = toml::from_str(&text)?;
        let mut rows = Vec::new();
        for (_, name) in pipeline::TRAINED_NETWORKS {
            ctx.check()?;
            let network = Imported::open(&dir.join(name))?;
            rows.push(ModelRow {
                title: name.to_owned(),
                purpose: "moments, and with gaze its estimator".to_owned(),
                source: format!("trained here: {}", network.source),
                sha256: network.sha256,
                licence: "as this program".to_owned(),
                page: String::new(),
                is_here: true,
            });
        }
        let encoders = Self::light(ctx)?.rows.into_iter();
        rows.extend(
            encoders.filter(|row| row.title.starts_with("EfficientNet") || row.title.contains("MiniLM")),
        );
        let title = pipeline::TRAINED_LABEL.to_owned();
        Ok(Self { title, training: card.training, expected: card.expected, rows })
    }

    /// Of the default pipeline.
    pub fn light(ctx: &JobCtx) -> anyhow::Result<Self> {
        let registry = Registry::open(ModelDir::from_env());
        let mut rows = Vec::new();
        for status in registry.status() {
            ctx.check()?;
            let is_here = matches!(status.state, ModelState::Present { .. });
            // what another network stands in for, or is not needed, takes no part
            if matches!(status.state, ModelState::Replaced | ModelState::Spare) {
                continue;
            }
            let provenance = status.entry.sources.first().map(crate::nn::Source::provenance);
            rows.push(ModelRow {
                source: status.source.clone().unwrap_or_else(|| "put there by hand".to_owned()),
                sha256: provenance.map(|p| p.sha256).unwrap_or_default(),
                title: status.entry.title,
                purpose: status.entry.purpose,
                licence: status.entry.licence,
                page: status.entry.page,
                is_here,
            });
        }
        Ok(Self {
            title: crate::grounding::LABEL.to_owned(),
            training: "Training-free: published networks joined by rules, none of them trained on \
                       egocentric questions or on gaze. The predicted heatmap is free-viewing saliency \
                       times an egocentric centre prior."
                .to_owned(),
            expected: "On joined Ego4D clips (164 s, 20 official moments, gaze off): the right moment \
                       comes first in 50 % and among five in 55 % of the questions (IoU > 0.3; chance \
                       6 % and 20 %). Other clips will differ; the README has the other gaze modes."
                .to_owned(),
            rows,
        })
    }
}
