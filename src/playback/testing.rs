//! Synthetic pictures for tests: decoding and playing are tested apart.

use std::sync::Arc;
use std::time::Duration;

use super::{FrameSource, Player};
use crate::job::no_wake;
use crate::time::{FrameIdx, MediaTime};
use crate::video::{Frame, FrameTable, OnTheWay, Planes, Rotation, VideoError, VideoInfo, YuvMatrix};

pub fn grey_frame(index: FrameIdx) -> Frame {
    Frame {
        index,
        time: MediaTime::from_secs(f64::from(index.0) / 30.0),
        size: [4, 4],
        planes: Planes {
            y: vec![index.0 as u8; 16],
            u: vec![128; 4],
            v: vec![128; 4],
            chroma_size: [2, 2],
            matrix: YuvMatrix::Bt709,
            is_full_range: false,
        },
        rotation: Rotation::None,
        is_stand_in: false,
    }
}

struct Grey;

impl FrameSource for Grey {
    fn approach(&mut self, index: FrameIdx, _: OnTheWay, _: &dyn Fn() -> bool) -> Result<Frame, VideoError> {
        Ok(grey_frame(index))
    }
}

/// A paused player over `frames` pictures at 30 a second, a key frame every 30.
pub fn player(frames: u32) -> Player {
    let table = Arc::new(FrameTable::uniform(frames, 30.0, 30));
    let info = Arc::new(VideoInfo::synthetic([4, 4], table.range().end()));
    Player::with_source(info, table, no_wake(), || Ok(Grey)).expect("a thread starts")
}

/// Ticks at one wall time until the picture that the playhead names has come.
pub fn settle(player: &mut Player, wall_secs: f64) {
    for _ in 0..500 {
        player.tick(wall_secs);
        if player.shown().is_some_and(|f| f.index == player.frame()) {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("frame {} never came", player.frame().0);
}
