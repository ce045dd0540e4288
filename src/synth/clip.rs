//! One clip: its story from its seed, its truth, and its pictures.

use std::path::Path;
use std::sync::mpsc;

use super::SynthError;
use super::ask::{Question, ask};
use super::config::SynthConfig;
use super::dice::Dice;
use super::eyes::{Eyes, Sample};
use super::goods::RoomKind;
use super::narrate::{Narration, narrate};
use super::plan::plan;
use super::sight::SightBuffer;
use super::stage::Stage;
use super::truth::FrameTruth;
use crate::job::JobCtx;
use crate::render::world::{WorldFrame, WorldRenderer};
use crate::video::{Planes, VideoWriter};

/// Pictures that wait between two threads.
const QUEUE: usize = 6;

/// What the video says of itself.
const TAGS: [(&str, &str); 2] =
    [("title", "Synthetic clip"), ("comment", "Synthetic: rendered by gazenlq synth, nothing was recorded")];

/// A clip's story on its stage, before anything is drawn.
pub struct Clip {
    pub uid: String,
    pub annotation_uid: String,
    pub room: RoomKind,
    pub stage: Stage,
    pub fps: f64,
    pub frames: usize,
    config: SynthConfig,
    seed: u64,
    index: u64,
}

/// What is true in a clip.
pub struct Truth {
    pub frames: Vec<FrameTruth>,
    pub samples: Vec<Sample>,
    pub questions: Vec<Question>,
    pub narrations: Vec<Narration>,
}

/// Streams of random numbers of one clip.
#[derive(Clone, Copy)]
enum Stream {
    Names,
    Story,
    Looks,
    Eyes,
    Tracker,
    Questions,
}

fn stream(seed: u64, index: u64, stream: Stream) -> Dice {
    Dice::new(seed, index * 16 + stream as u64)
}

impl Clip {
    /// The clip with this number in the set of a seed.
    pub fn new(config: &SynthConfig, seed: u64, index: u64) -> Self {
        let mut names = stream(seed, index, Stream::Names);
        let rooms = &config.clip.rooms;
        let room = rooms[(index % rooms.len() as u64) as usize];
        let script = plan(room, config, stream(seed, index, Stream::Story));
        let mut looks = stream(seed, index, Stream::Looks);
        let stage = Stage::new(script, &config.picture, config.clip.fps, &mut looks);
        let fps = f64::from(config.clip.fps);
        Self {
            uid: names.uid(),
            annotation_uid: names.uid(),
            room,
            stage,
            fps,
            frames: (config.clip.length_secs * fps).round() as usize,
            config: config.clone(),
            seed,
            index,
        }
    }

    pub fn secs(&self) -> f64 {
        self.frames as f64 / self.fps
    }

    fn eyes(&self) -> Eyes<'_> {
        let mut dice = stream(self.seed, self.index, Stream::Eyes);
        Eyes::new(&self.stage, &self.config.gaze, self.secs(), &mut dice)
    }

    /// The truth of every picture, each picture handed to `sink` as it comes. Ends early when
    /// `sink` says so.
    fn watch(&self, eyes: &Eyes<'_>, mut sink: impl FnMut(WorldFrame) -> bool) -> Vec<FrameTruth> {
        let mut buffer = SightBuffer::default();
        let mut frames = Vec::with_capacity(self.frames);
        for index in 0..self.frames {
            let time = index as f64 / self.fps;
            let frame = self.stage.frame(time, index as u32);
            let view = self.stage.view(time);
            frames.push(FrameTruth::new(&self.stage, eyes, &mut buffer, time, &view, &frame.parts));
            if !sink(frame) {
                break;
            }
        }
        frames
    }

    fn truth_of(&self, eyes: &Eyes<'_>, frames: Vec<FrameTruth>) -> Truth {
        let mut tracker = stream(self.seed, self.index, Stream::Tracker);
        let mut dice = stream(self.seed, self.index, Stream::Questions);
        let queries = &self.config.queries;
        let questions = ask(
            &self.stage.script,
            &frames,
            self.fps,
            self.secs(),
            queries.most,
            queries.ambiguous_share,
            &mut dice,
        );
        Truth {
            samples: eyes.record(&mut tracker),
            questions,
            narrations: narrate(&self.stage.script),
            frames,
        }
    }

    /// Everything but the pictures.
    pub fn truth(&self) -> Truth {
        let eyes = self.eyes();
        let frames = self.watch(&eyes, |_| true);
        self.truth_of(&eyes, frames)
    }

    /// Draws and encodes the clip into `path`, and returns its truth and the encoder's name.
    /// Describing, drawing and encoding run beside each other. `done` counts this clip's pictures.
    pub fn render(
        &self,
        renderer: &mut WorldRenderer<'_>,
        path: &Path,
        ctx: &JobCtx,
        mut done: impl FnMut(usize, &JobCtx) -> Result<(), crate::job::Cancelled>,
    ) -> Result<(Truth, &'static str), SynthError> {
        renderer.change_world(&self.stage.mesh)?;
        let size = [self.config.clip.size; 2];
        let mut writer = VideoWriter::create(path, size, self.config.clip.fps, &TAGS)?;
        let encoder = writer.encoder_name();
        let eyes = self.eyes();
        let frames = std::thread::scope(|scope| -> Result<Vec<FrameTruth>, SynthError> {
            let (to_draw, drawn_from) = mpsc::sync_channel::<WorldFrame>(QUEUE);
            let (to_store, stored_from) = mpsc::sync_channel::<Planes>(QUEUE);
            let describing = scope.spawn(|| {
                let to_draw = to_draw;
                // the other end is gone when drawing has failed or was stopped
                self.watch(&eyes, |frame| to_draw.send(frame).is_ok())
            });
            let storing = scope.spawn(move || -> Result<(), SynthError> {
                for planes in stored_from {
                    writer.write(&planes)?;
                }
                Ok(writer.finish()?)
            });
            let drawn = (|| -> Result<(), SynthError> {
                for (index, frame) in drawn_from.iter().enumerate() {
                    done(index, ctx)?;
                    if let Some(planes) = renderer.draw(&frame)?
                        && to_store.send(planes).is_err()
                    {
                        return Ok(()); // the encoder has failed and says why itself
                    }
                }
                while let Some(planes) = renderer.next_done()? {
                    if to_store.send(planes).is_err() {
                        return Ok(());
                    }
                }
                Ok(())
            })();
            drop((to_store, drawn_from));
            let frames = describing.join().map_err(|_| SynthError::Broken("describing the pictures"))?;
            let stored = storing.join().map_err(|_| SynthError::Broken("encoding"))?;
            drawn?;
            stored?;
            Ok(frames)
        })?;
        Ok((self.truth_of(&eyes, frames), encoder))
    }
}
