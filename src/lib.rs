//! GazeNLQ: ask an egocentric clip a question, see where the wearer looked and when the answer
//! happened.
//!
//! ```text
//! file ─▶ video ─▶ features ─▶ gaze, grounding ─▶ view ─▶ export
//!             └▶ playback ─▶ render ───────────────┘
//! ```

pub mod app;
pub mod cli;
pub mod dataset;
pub mod diagnostics;
pub mod eval;
pub mod export;
pub mod extract;
pub mod features;
pub mod gaze;
pub mod grounding;
pub mod job;
pub mod logging;
pub mod nn;
pub mod pipeline;
pub mod playback;
pub mod project;
pub mod render;
pub mod session;
pub mod split;
pub mod stores;
pub mod synth;
pub mod time;
pub mod train;
pub mod video;
pub mod view;
