//! Everything that decides what a GroundNLQ or GazeNLQ network computes, as our own TOML has it.
//!
//! The reference's files are read by `reference_config`; its name for a key stands beside ours.

mod gaze;
mod network;

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{GroundNlqError, reference_config};
pub use gaze::{FusionConfig, FusionPosition, GazeAlign, GazeConfig, GazeMode, GazeScope};
pub use network::{DecodeConfig, FeatureGrid, NetworkConfig, VideoPadding};

/// The default is the finetune configuration that GroundNLQ's numbers were published with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub features: FeatureGrid,
    pub network: NetworkConfig,
    pub decode: DecodeConfig,
    pub gaze: GazeConfig,
    pub fusion: FusionConfig,
}

impl Config {
    /// Reads `.toml` (ours), or the reference's `.yaml`, `.yml` or `.json`.
    pub fn read(path: &Path) -> Result<Self, GroundNlqError> {
        let text =
            std::fs::read(path).map_err(|error| GroundNlqError::Io { error, path: path.to_owned() })?;
        let fail = |what: String| GroundNlqError::Config { what, path: path.to_owned() };
        let text = String::from_utf8(text).map_err(|_| fail("the file is not UTF-8 text".to_owned()))?;
        let config = match path.extension().and_then(|e| e.to_str()) {
            Some("toml") => {
                // its long form shows the line on lines of its own
                let line = |at: usize| text.get(..at).unwrap_or_default().lines().count().max(1);
                let place = |error: &toml::de::Error| {
                    error.span().map(|span| format!(" (line {})", line(span.start)))
                };
                toml::from_str(&text)
                    .map_err(|e| fail(format!("{}{}", e.message(), place(&e).unwrap_or_default())))?
            }
            Some("yaml" | "yml" | "json") => reference_config::parse(&text).map_err(fail)?,
            _ => return Err(fail("a configuration ends in .toml, .yaml, .yml or .json".to_owned())),
        };
        config.validate().map_err(fail)?;
        Ok(config)
    }

    /// The configuration behind the name of one of the reference's yaml files.
    pub fn of_reference_file(name: &str) -> Option<Self> {
        reference_config::FILES.contains(&name).then(|| {
            let mut config = Self::default();
            if name.ends_with("groundnlq_star.yaml") {
                config.network.arch = [2, 4, 4, 6, 0];
            }
            if name.starts_with("ego4d_narrations") {
                config.decode.nms.keep = 50;
            }
            config
        })
    }

    /// Refuses what no network can be built from, in one sentence.
    pub fn validate(&self) -> Result<(), String> {
        let Self { features, network, gaze, .. } = self;
        let sizes = [
            ("features.video_dim", features.video_dim),
            ("features.text_dim", features.text_dim),
            ("features.max_steps", features.max_steps),
            ("network.arch[0]", network.arch[0]),
            ("network.width", network.width),
            ("network.heads", network.heads),
            ("network.head_width", network.head_width),
            ("network.head_layers", network.head_layers),
            ("gaze.heads", gaze.heads),
            ("gaze.sequence", gaze.sequence),
        ];
        if let Some((key, _)) = sizes.iter().find(|(_, value)| *value == 0) {
            return Err(format!("{key} is 0, expected at least 1"));
        }
        for (key, kernel) in [
            ("network.embed_kernel", network.embed_kernel),
            ("network.head_kernel", network.head_kernel),
            ("gaze.glu_kernel", gaze.glu_kernel),
        ] {
            if kernel % 2 == 0 {
                return Err(format!("{key} is {kernel}, expected an odd number"));
            }
        }
        for (key, width, heads) in
            [("network.width", network.width, network.heads), ("gaze.hidden", gaze.hidden, gaze.heads)]
        {
            if width % heads != 0 {
                return Err(format!("{key} is {width}, which {heads} heads do not divide"));
            }
        }
        if network.levels() > 24 {
            return Err(format!("network.arch asks for {} pyramid levels, at most 24", network.levels()));
        }
        let step = 1 << (network.levels() - 1);
        if features.max_steps % step != 0 {
            return Err(format!(
                "features.max_steps is {}, expected a multiple of {step} for {} pyramid levels",
                features.max_steps,
                network.levels()
            ));
        }
        if network.window.len() != 1 && network.window.len() != network.levels() {
            return Err(format!(
                "network.window has {} numbers, expected 1 or one for each of {} levels",
                network.window.len(),
                network.levels()
            ));
        }
        let times = [
            ("features.stride_frames", f64::from(features.stride_frames)),
            ("features.fps", f64::from(features.fps)),
            ("gaze.stride_frames", gaze.stride_frames),
            ("gaze.fps", gaze.fps),
            ("gaze.window_frames", gaze.window_frames),
            ("gaze.tau", gaze.tau),
        ];
        match times.iter().find(|(_, value)| !(value.is_finite() && *value > 0.0)) {
            Some((key, value)) => Err(format!("{key} is {value}, expected a positive number")),
            None => Ok(()),
        }
    }

    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_else(|_| unreachable!("every value has a TOML form"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_form_survives_a_round_trip() {
        let mut config = Config::of_reference_file("ego4d_narrations_nlq_internvideo.yaml").unwrap();
        config.gaze.mode = GazeMode::NegAttention;
        let read: Config = toml::from_str(&config.to_toml()).unwrap();
        assert_eq!(read, config);
        let error = toml::from_str::<Config>("[gaze]\nmood = 'off'").unwrap_err();
        assert!(error.to_string().contains("mood"), "{error}");
    }

    #[test]
    fn what_cannot_be_built_is_refused() {
        let mut config = Config::default();
        config.validate().unwrap();
        config.network.heads = 5;
        assert!(config.validate().unwrap_err().contains("384"));
        config.network.heads = 4;
        config.features.max_steps = 100;
        assert!(config.validate().unwrap_err().contains("multiple of 64"));
    }
}
