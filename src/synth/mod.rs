//! A world to learn in: egocentric clips of a made-up room with complete truth.
//!
//! A seed gives a room, things in it and a story. Everything follows from the story: where every
//! part and the camera are (`stage`), where the eyes are (`eyes`), what is seen of what (`sight`),
//! sentences, questions and their moments. Pictures are drawn by `render::world` and stored by
//! `video`. Nothing here comes from a recording: `synth.json` says so for the folder, and every video,
//! every JSON file, and every line of those with lines, says so itself.

mod ask;
mod body;
mod clip;
mod config;
mod dice;
mod eyes;
mod files;
mod goods;
mod motion;
mod narrate;
mod plan;
mod room;
mod script;
mod set;
mod shape;
mod sight;
mod stage;
mod truth;

pub use ask::{Question, TEMPLATES};
pub use clip::{Clip, Truth};
pub use config::{
    ClipConfig, ConfigError, DEFAULTS, GazeConfig, PictureConfig, QueriesConfig, StoryConfig, SynthConfig,
    ThingsConfig,
};
pub use eyes::{Eye, EyeState, Sample};
pub use files::{boxes_jsonl, gaze_csv};
pub use goods::RoomKind;
pub use narrate::Narration;
pub use script::{Deed, Script, Sight, Verb};
pub use set::{SetReport, make_set};
pub use sight::Seen;
pub use stage::{Actor, Stage, View};
pub use truth::FrameTruth;

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Render(#[from] crate::render::RenderError),
    #[error(transparent)]
    Video(#[from] crate::video::VideoError),
    #[error("cannot write: {reason}: {}", path.display())]
    Unwritable { reason: String, path: PathBuf },
    #[error("this folder holds a set of another seed, configuration or version; choose another folder, or remove this one: {}", .0.display())]
    OtherRun(PathBuf),
    #[error("this file is damaged ({reason}); remove it and what it describes is made again: {}", path.display())]
    Damaged { reason: String, path: PathBuf },
    #[error("{0} ended without a reason; this is a mistake of the program")]
    Broken(&'static str),
    #[error(transparent)]
    Cancelled(#[from] crate::job::Cancelled),
}
