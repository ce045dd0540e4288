//! GazeNLQ: ask an egocentric clip a question, see where the wearer looked and when the answer
//! happened.
//!
//! ```text
//! file ─▶ video ─▶ features ─▶ gaze, grounding ─▶ view ─▶ export
//!             └▶ playback ─▶ render ───────────────┘
//! ```

pub mod app;
pub mod cli;
pub mod eval;
pub mod export;
pub mod features;
pub mod gaze;
pub mod grounding;
pub mod job;
pub mod nn;
pub mod pipeline;
pub mod playback;
pub mod project;
pub mod render;
pub mod session;
pub mod split;
pub mod stores;
pub mod time;
pub mod train;
pub mod video;
pub mod view;

/// Messages go to standard error; `RUST_LOG=gazenlq=debug` shows more.
pub fn start_logging() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("gazenlq=info,warn,wgpu_hal=error,wgpu_core=error,naga=error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
}
