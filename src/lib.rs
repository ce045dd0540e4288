//! GazeNLQ: ask an egocentric clip a question, see where the wearer looked and when the answer
//! happened.
//!
//! ```text
//! file ─▶ video ─▶ features ─▶ gaze, grounding ─▶ view ─▶ export
//!             └▶ playback ─▶ render ───────────────┘
//! ```

pub mod features;
pub mod gaze;
pub mod job;
pub mod nn;
pub mod time;
pub mod video;
