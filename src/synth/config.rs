//! The knobs, with their defaults in one commented file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::goods::RoomKind;

/// Every knob with its default and what it does.
pub const DEFAULTS: &str = include_str!("defaults.toml");

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("cannot read the configuration: {reason}: {}", path.display())]
    Unreadable { reason: String, path: PathBuf },
    #[error("this is no configuration of `gazenlq synth` ({reason}); `--print-config` shows every knob: {}", path.display())]
    Unknown { reason: String, path: PathBuf },
    #[error("`{key}` is {found}, expected {expected}")]
    OutOfRange { key: &'static str, found: String, expected: &'static str },
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SynthConfig {
    pub clip: ClipConfig,
    pub things: ThingsConfig,
    pub story: StoryConfig,
    pub queries: QueriesConfig,
    pub gaze: GazeConfig,
    pub picture: PictureConfig,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClipConfig {
    pub length_secs: f64,
    pub size: u32,
    pub fps: u32,
    pub rooms: Vec<RoomKind>,
    pub val_share: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ThingsConfig {
    pub count: usize,
    pub repeated: usize,
    pub look_alikes: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoryConfig {
    pub pace: f64,
    pub distractors_per_minute: f64,
    pub person: bool,
    pub gaze_only_per_minute: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueriesConfig {
    pub most: usize,
    pub ambiguous_share: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GazeConfig {
    pub rate_hz: f64,
    pub lead_secs: f64,
    pub noise_degrees: f64,
    pub offset_degrees: f64,
    pub blinks_per_minute: f64,
    pub dropouts_per_minute: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PictureConfig {
    pub view_degrees: f64,
    pub shake: f64,
    pub shutter: f64,
    pub grain: f64,
    pub light_changes: bool,
}

impl Default for ClipConfig {
    fn default() -> Self {
        use RoomKind::{Desk, Kitchen, Workshop};
        Self { length_secs: 60.0, size: 256, fps: 30, rooms: vec![Kitchen, Workshop, Desk], val_share: 0.2 }
    }
}

impl Default for ThingsConfig {
    fn default() -> Self {
        Self { count: 16, repeated: 1, look_alikes: 4 }
    }
}

impl Default for StoryConfig {
    fn default() -> Self {
        Self { pace: 0.9, distractors_per_minute: 1.0, person: true, gaze_only_per_minute: 1.0 }
    }
}

impl Default for QueriesConfig {
    fn default() -> Self {
        Self { most: 16, ambiguous_share: 0.0 }
    }
}

impl Default for GazeConfig {
    fn default() -> Self {
        Self {
            rate_hz: 250.0,
            lead_secs: 0.5,
            noise_degrees: 0.25,
            offset_degrees: 0.6,
            blinks_per_minute: 12.0,
            dropouts_per_minute: 0.5,
        }
    }
}

impl Default for PictureConfig {
    fn default() -> Self {
        Self { view_degrees: 88.0, shake: 1.0, shutter: 0.5, grain: 0.012, light_changes: true }
    }
}

impl SynthConfig {
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| ConfigError::Unreadable { reason: e.to_string(), path: path.to_path_buf() })?;
        toml::from_str(&text).map_err(|e| ConfigError::Unknown {
            reason: e.to_string().trim().replace('\n', " "),
            path: path.to_path_buf(),
        })
    }

    /// Refuses what cannot be drawn or makes no sense.
    pub fn check(&self) -> Result<(), ConfigError> {
        let within = |key, value: f64, low: f64, high: f64, expected| {
            let is_fine = (low..=high).contains(&value);
            if is_fine {
                Ok(())
            } else {
                Err(ConfigError::OutOfRange { key, found: value.to_string(), expected })
            }
        };
        let share = "a share from 0 to 1";
        within("clip.length_secs", self.clip.length_secs, 10.0, 1200.0, "10 to 1200 seconds")?;
        within("clip.size", f64::from(self.clip.size), 64.0, 1024.0, "64 to 1024 pixels")?;
        within("clip.size", f64::from(self.clip.size % 2), 0.0, 0.0, "an even number of pixels")?;
        within("clip.fps", f64::from(self.clip.fps), 5.0, 60.0, "5 to 60 pictures a second")?;
        within("clip.rooms", self.clip.rooms.len() as f64, 1.0, 99.0, "at least one room")?;
        within("clip.val_share", self.clip.val_share, 0.0, 1.0, share)?;
        within("things.count", self.things.count as f64, 4.0, 40.0, "4 to 40 things")?;
        let doubles = (self.things.repeated + self.things.look_alikes) as f64;
        within(
            "things.repeated + things.look_alikes",
            doubles,
            0.0,
            self.things.count as f64 * 0.75,
            "at most three quarters of things.count",
        )?;
        within("story.pace", self.story.pace, 0.3, 1.0, "0.3 to 1")?;
        within("story.distractors_per_minute", self.story.distractors_per_minute, 0.0, 20.0, "0 to 20")?;
        within("story.gaze_only_per_minute", self.story.gaze_only_per_minute, 0.0, 6.0, "0 to 6")?;
        within("queries.ambiguous_share", self.queries.ambiguous_share, 0.0, 1.0, share)?;
        within("gaze.rate_hz", self.gaze.rate_hz, 20.0, 1000.0, "20 to 1000 samples a second")?;
        within("gaze.lead_secs", self.gaze.lead_secs, 0.3, 1.5, "0.3 to 1.5 seconds")?;
        within("gaze.noise_degrees", self.gaze.noise_degrees, 0.0, 5.0, "0 to 5 degrees")?;
        within("gaze.offset_degrees", self.gaze.offset_degrees, 0.0, 5.0, "0 to 5 degrees")?;
        within("gaze.blinks_per_minute", self.gaze.blinks_per_minute, 0.0, 60.0, "0 to 60")?;
        within("gaze.dropouts_per_minute", self.gaze.dropouts_per_minute, 0.0, 10.0, "0 to 10")?;
        within("picture.view_degrees", self.picture.view_degrees, 50.0, 110.0, "50 to 110 degrees")?;
        within("picture.shake", self.picture.shake, 0.0, 3.0, "0 to 3")?;
        within("picture.shutter", self.picture.shutter, 0.0, 1.0, share)?;
        within("picture.grain", self.picture.grain, 0.0, 0.2, "0 to 0.2")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commented_file_holds_every_default_and_nothing_else() {
        let read: SynthConfig = toml::from_str(DEFAULTS).expect("parses");
        assert_eq!(read, SynthConfig::default());
        let written = toml::to_string(&read).expect("writes");
        for line in written.lines().filter_map(|l| l.split_once(" = ")) {
            assert!(DEFAULTS.contains(&format!("\n{} = ", line.0)), "{} is not described", line.0);
        }
        read.check().expect("is fine");
    }

    #[test]
    fn unknown_knobs_and_impossible_values_are_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("c.toml");
        std::fs::write(&path, "[clip]\nlenght_secs = 5.0\n").expect("written");
        let error = SynthConfig::read(&path).expect_err("a typo").to_string();
        assert!(error.contains("lenght_secs") && !error.contains('\n'), "{error}");
        let mut config = SynthConfig::default();
        config.clip.size = 255;
        assert!(config.check().expect_err("odd").to_string().contains("even"));
    }
}
