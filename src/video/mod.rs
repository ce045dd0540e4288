//! File → frames: what is in a video file, its frame table, exact seeking.
//!
//! Media time starts at the container's start (the earliest stream), as players count it.

mod frame;

pub use frame::{Frame, Planes, Rotation, YuvMatrix};
