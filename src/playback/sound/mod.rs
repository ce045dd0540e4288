//! Sound beside the pictures: a thread that reads ahead, and a mixer that the speaker calls.
//!
//! The pictures' clock leads and the sound follows it. Only normal speed is heard: an analysis tool
//! has no use for chipmunks. Everything that can wait (opening the device, reading the file) happens
//! on the thread; the window only says where its clock is.

mod device;
mod mixer;
mod plan;

use std::path::PathBuf;
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use device::SystemSpeaker;
pub use mixer::Mixer;

use mixer::Tagged;
use plan::SharedPlan;

use crate::job::Wake;
use crate::time::MediaTime;
use crate::video::{SoundReader, VideoError};

/// Blocks decoded ahead: a second or two of most codecs, 50 ms of those with the shortest blocks.
const AHEAD_BLOCKS: usize = 64;
/// How often a reader that is far enough ahead looks again.
const REST: Duration = Duration::from_millis(20);

#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    #[error("this build plays no sound; build it with `cargo build --release --features sound`")]
    NotBuilt,
    #[error(
        "no sound device could be opened ({reason}); check the system's sound settings and turn sound on again"
    )]
    NoDevice { reason: String },
    #[error(transparent)]
    File(#[from] VideoError),
}

/// Where sound is heard. Built and kept on the sound thread.
pub trait Speaker {
    /// Samples a second that it wants.
    fn rate(&self) -> u32;

    /// Calls the mixer for every buffer from now on, until dropped.
    fn start(&mut self, mixer: Mixer) -> Result<(), SoundError>;
}

/// Handle of the thread. Dropping it ends the sound.
pub struct Sound {
    shared: Arc<SharedPlan>,
    failure: Arc<Mutex<Option<SoundError>>>,
}

impl Sound {
    pub fn start<S, F>(path: PathBuf, wake: Wake, open: F) -> Self
    where
        S: Speaker,
        F: FnOnce() -> Result<S, SoundError> + Send + 'static,
    {
        let shared = Arc::new(SharedPlan::default());
        let failure = Arc::new(Mutex::new(None));
        let note = {
            let failure = Arc::clone(&failure);
            move |error| {
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                wake();
            }
        };
        let inner = Arc::clone(&shared);
        let note_inside = note.clone();
        let spawned = std::thread::Builder::new().name("sound".into()).spawn(move || {
            if let Err(error) = run(&inner, &path, open) {
                note_inside(error);
            }
        });
        if let Err(error) = spawned {
            note(SoundError::NoDevice { reason: error.to_string() });
        }
        Self { shared, failure }
    }

    /// The clock shows this now; `None` when nothing should be heard. Cheap; call each frame.
    pub fn follow(&self, wanted: Option<MediaTime>) {
        self.shared.update(|plan| plan.follow(wanted, Instant::now()));
    }

    /// Why there is no sound, once.
    pub fn take_failure(&self) -> Option<SoundError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Sound {
    fn drop(&mut self) {
        self.shared.update(|plan| plan.is_closed = true);
    }
}

fn run<S: Speaker>(
    shared: &Arc<SharedPlan>,
    path: &std::path::Path,
    open: impl FnOnce() -> Result<S, SoundError>,
) -> Result<(), SoundError> {
    let mut speaker = open()?;
    let mut reader = SoundReader::open(path, speaker.rate())?;
    let (sender, blocks) = mpsc::sync_channel(AHEAD_BLOCKS);
    speaker.start(Mixer::new(Arc::clone(shared), blocks, speaker.rate()))?;
    let mut served = 0;
    while let Some((epoch, from)) = next_epoch(shared, served) {
        served = epoch;
        reader.seek(from);
        read_ahead(shared, &mut reader, epoch, &sender);
    }
    Ok(())
}

/// Waits for a jump later than the one served last; `None` when the sound was turned off.
fn next_epoch(shared: &SharedPlan, served: u64) -> Option<(u64, MediaTime)> {
    let mut plan = shared.lock();
    loop {
        if plan.is_closed {
            return None;
        }
        if plan.epoch != served {
            return Some((plan.epoch, plan.from));
        }
        plan = shared.changed.wait(plan).unwrap_or_else(PoisonError::into_inner);
    }
}

/// Reads until the playhead jumps or the file ends.
fn read_ahead(shared: &SharedPlan, reader: &mut SoundReader, epoch: u64, sender: &SyncSender<Tagged>) {
    while let Some(block) = reader.next_block() {
        let mut waiting = Tagged { epoch, block };
        loop {
            let plan = shared.lock();
            if plan.is_closed || plan.epoch != epoch {
                return;
            }
            // the mixer only tries this lock, so holding it costs no sound
            match sender.try_send(waiting) {
                Ok(()) => break,
                Err(TrySendError::Disconnected(_)) => return,
                Err(TrySendError::Full(back)) => waiting = back,
            }
            if plan.running.is_none() {
                drop(shared.changed.wait(plan));
            } else {
                drop(shared.changed.wait_timeout(plan, REST));
            }
        }
    }
}
