//! The decoder thread of the pipeline: pictures at the sizes that the networks take.
//!
//! What waits on the shelf is what a network would make of the picture first, so its answer does
//! not depend on whether it waited.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};

use super::LightPipeline;
use super::itinerary::{Look, Step};
use crate::features::RgbImage8;
use crate::time::{FrameIdx, MediaTime};
use crate::video::{Frame, FrameTable, VideoError, VideoInfo, VideoReader};

/// A picture for one look.
pub struct Picture {
    pub frame: FrameIdx,
    pub time: MediaTime,
    pub sight: Sight,
}

/// What the networks are shown.
pub enum Sight {
    Whole {
        clip: RgbImage8,
        gaze: RgbImage8,
    },
    /// The whole picture, and its lower middle, where hands work.
    Tags([RgbImage8; 2]),
}

impl Picture {
    pub fn look(&self) -> Look {
        match self.sight {
            Sight::Whole { .. } => Look::Whole,
            Sight::Tags(_) => Look::Tags,
        }
    }
}

#[derive(Default)]
struct Waiting {
    time: MediaTime,
    whole: Option<Sight>,
    tags: Option<Sight>,
}

/// Takes these steps; a picture that cannot be decoded is left out.
pub fn walk(
    info: &Arc<VideoInfo>,
    table: &Arc<FrameTable>,
    steps: &[Step],
    pipeline: &LightPipeline,
    sender: &mpsc::SyncSender<Picture>,
) -> Result<(), VideoError> {
    // a reader cannot cross threads, so this one opens its own
    let mut reader = VideoReader::reopen(info, table)?;
    let mut shelf: HashMap<FrameIdx, Waiting> = HashMap::new();
    for step in steps {
        match *step {
            Step::Decode { frame, is_whole, is_tags } => match reader.frame_at(frame) {
                Ok(picture) => {
                    shelf.insert(frame, prepared(pipeline, &picture, is_whole, is_tags));
                }
                Err(error) => tracing::warn!("a picture is left out: {error}"),
            },
            Step::Send { look, frame } => {
                let Some(waiting) = shelf.get_mut(&frame) else { continue };
                let time = waiting.time;
                let sight = match look {
                    Look::Whole => waiting.whole.take(),
                    Look::Tags => waiting.tags.take(),
                };
                if waiting.whole.is_none() && waiting.tags.is_none() {
                    shelf.remove(&frame);
                }
                let Some(sight) = sight else { continue };
                if sender.send(Picture { frame, time, sight }).is_err() {
                    break; // cancelled
                }
            }
        }
    }
    Ok(())
}

fn prepared(pipeline: &LightPipeline, frame: &Frame, is_whole: bool, is_tags: bool) -> Waiting {
    let [width, height] = frame.upright_size().map(|n| n as usize);
    let image = RgbImage8::new(width, height, frame.to_rgb());
    Waiting {
        time: frame.time,
        whole: is_whole.then(|| Sight::Whole {
            clip: pipeline.tower.prepared(&image),
            gaze: pipeline.gaze.prepared(&image),
        }),
        tags: is_tags
            .then(|| Sight::Tags([&image, &lower_middle(&image)].map(|view| pipeline.tagger.prepared(view)))),
    }
}

/// A square of half the short side, below the middle: where hands work.
fn lower_middle(image: &RgbImage8) -> RgbImage8 {
    let side = (image.width.min(image.height) / 2).max(1);
    let top = (image.height * 3 / 5).saturating_sub(side / 2).min(image.height - side);
    image.crop((image.width - side) / 2, top, side, side)
}
