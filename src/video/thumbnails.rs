//! Small pictures along a clip, for the timeline and the results list.

use std::sync::Arc;

use super::{Frame, FrameTable, VideoError, VideoInfo, VideoReader};
use crate::job::JobCtx;
use crate::time::{FrameIdx, MediaTime};

/// Pixels across.
const WIDTH: usize = 160;
/// At most this many for a clip: a strip is at most as wide as a screen.
const COUNT: usize = 240;

/// A small upright picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Thumbnail {
    pub time: MediaTime,
    pub width: usize,
    pub height: usize,
    /// 3 bytes a pixel, row-major.
    pub rgb: Vec<u8>,
}

/// Makes the strip, first coarsely over the whole clip, then the pictures between.
pub fn thumbnails(
    info: &Arc<VideoInfo>,
    table: &Arc<FrameTable>,
    ctx: &JobCtx,
    mut on_thumbnail: impl FnMut(Thumbnail),
) -> Result<(), VideoError> {
    let mut reader = VideoReader::reopen(info, table)?;
    let aspect = {
        let [w, h] = info.display_size;
        f64::from(w) / f64::from(h)
    };
    let seconds = table.range().duration().secs().ceil().max(1.0) as usize;
    let count = seconds.min(COUNT);
    let index_of = |i: usize| FrameIdx((i * table.len() / count) as u32);
    let mut done = 0;
    for offset in [0, 2, 1, 3] {
        for i in (offset..count).step_by(4) {
            ctx.step(done, count as u64)?;
            done += 1;
            // The nearest key frame is good enough unless key frames are rare.
            let wanted = index_of(i);
            let key = table.keyframe_before(wanted);
            let is_near = (table.time(wanted) - table.time(key)).secs() < 1.0;
            let frame = reader.frame_at(if is_near { key } else { wanted });
            if let Ok(frame) = frame {
                on_thumbnail(shrink(&frame, aspect));
            }
        }
    }
    Ok(())
}

/// Small pictures at exactly these times, in their order; one that cannot be decoded is left out.
pub fn pictures_at(
    info: &Arc<VideoInfo>,
    table: &Arc<FrameTable>,
    times: &[MediaTime],
    ctx: &JobCtx,
) -> Result<Vec<Thumbnail>, VideoError> {
    let mut reader = VideoReader::reopen(info, table)?;
    let [w, h] = info.display_size;
    let mut pictures = Vec::with_capacity(times.len());
    for (i, time) in times.iter().enumerate() {
        ctx.step(i as u64, times.len() as u64)?;
        if let Ok(frame) = reader.frame_at(table.at(*time)) {
            pictures.push(shrink(&frame, f64::from(w) / f64::from(h)));
        }
    }
    Ok(pictures)
}

/// Averages source pixels into each target pixel.
fn shrink(frame: &Frame, aspect: f64) -> Thumbnail {
    let [sw, sh] = frame.upright_size().map(|n| n as usize);
    let (width, height) = (WIDTH, ((WIDTH as f64 / aspect).round() as usize).clamp(16, WIDTH * 2));
    let source = frame.to_rgb();
    let mut rgb = Vec::with_capacity(width * height * 3);
    // four samples a side are enough at this size and keep 4K cheap
    const TAPS: usize = 4;
    for y in 0..height {
        for x in 0..width {
            let mut sum = [0u32; 3];
            for ty in 0..TAPS {
                for tx in 0..TAPS {
                    let sx = ((x * TAPS + tx) * sw / (width * TAPS)).min(sw - 1);
                    let sy = ((y * TAPS + ty) * sh / (height * TAPS)).min(sh - 1);
                    let at = (sy * sw + sx) * 3;
                    for (s, v) in sum.iter_mut().zip(&source[at..at + 3]) {
                        *s += u32::from(*v);
                    }
                }
            }
            rgb.extend(sum.map(|s| (s / (TAPS * TAPS) as u32) as u8));
        }
    }
    Thumbnail { time: frame.time, width, height, rgb }
}
