//! File → frames: what is in a video file, its frame table, exact seeking. And frames → file.
//!
//! Media time 0 is the container's own zero, so a late first picture is late and annotations in file
//! seconds fit. Only broadcast streams, whose clock starts anywhere, are moved to start at 0.

mod content_id;
mod frame;
mod index;
mod open;
mod planes;
mod reader;
mod sound;
mod stored;
mod thumbnails;
mod writer;

use std::path::PathBuf;

pub use frame::{Frame, Planes, Rotation, YuvMatrix};
pub use index::FrameTable;
pub use reader::{OnTheWay, VideoReader, decoders, ffmpeg_versions};
pub use sound::{SoundBlock, SoundReader, count_in, samples_long};
pub use thumbnails::{Thumbnail, pictures_at, thumbnails};
pub use writer::VideoWriter;

use crate::time::MediaTime;

/// What a file says of itself.
#[derive(Clone, Debug)]
pub struct VideoInfo {
    pub path: PathBuf,
    pub container: String,
    pub codec: String,
    /// Stored width and height in pixels.
    pub size: [u32; 2],
    /// Width and height as shown: rotation and pixel aspect applied.
    pub display_size: [u32; 2],
    pub rotation: Rotation,
    /// Width to height of one stored pixel.
    pub pixel_aspect: [u32; 2],
    pub pixel_format: String,
    pub bit_depth: u32,
    pub duration: MediaTime,
    pub average_fps: f64,
    pub is_variable_rate: bool,
    pub has_audio: bool,
    /// Names the content, whatever the file is called: size and hash of both ends.
    pub content_id: String,
}

impl VideoInfo {
    /// Describes pictures that come from no file.
    pub fn synthetic(size: [u32; 2], duration: MediaTime) -> Self {
        Self {
            path: PathBuf::from("synthetic"),
            container: "none".into(),
            codec: "none".into(),
            size,
            display_size: size,
            rotation: Rotation::None,
            pixel_aspect: [1, 1],
            pixel_format: "yuv420p".into(),
            bit_depth: 8,
            duration,
            average_fps: 30.0,
            is_variable_rate: false,
            has_audio: false,
            content_id: "synthetic".into(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum VideoError {
    #[error("cannot read the video: {reason}: {}", path.display())]
    Unreadable { reason: String, path: PathBuf },
    #[error("this is a folder, expected a video file; drop it on the window to open what is in it: {}", path.display())]
    Folder { path: PathBuf },
    #[error("the file is empty (0 bytes), expected a video; copy or download it again: {}", path.display())]
    Empty { path: PathBuf },
    #[error("this is not a video that ffmpeg understands ({reason}); check that the file is whole and really a video: {}", path.display())]
    NotVideo { reason: String, path: PathBuf },
    #[error("there is no video stream in this file, only {found}; open a file with pictures: {}", path.display())]
    NoVideoStream { found: String, path: PathBuf },
    #[error("there is no sound in this file, only {found}: {}", path.display())]
    NoSoundStream { found: String, path: PathBuf },
    #[error("the sound codec `{codec}` cannot be decoded here ({reason}); the pictures play without it: {}", path.display())]
    SoundCodec { codec: String, reason: String, path: PathBuf },
    #[error("the codec `{codec}` cannot be decoded here ({reason}); convert it with `ffmpeg -i IN -c:v libx264 OUT.mp4`: {}", path.display())]
    Codec { codec: String, reason: String, path: PathBuf },
    #[error("no picture of the video could be found, it may be cut off; copy or download it again: {}", path.display())]
    NoFrames { path: PathBuf },
    #[error("frame {frame} of {count} could not be decoded: {}", path.display())]
    Undecodable { frame: u32, count: usize, path: PathBuf },
    #[error("the video cannot be written: {reason}: {}", path.display())]
    Unwritable { reason: String, path: PathBuf },
    #[error("cancelled")]
    Cancelled(#[from] crate::job::Cancelled),
}
