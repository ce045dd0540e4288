//! The decoder thread: a slot for the newest wish, pictures coming back.
//!
//! A newer wish replaces an older one at once, also in the middle of decoding towards it. Pictures
//! decoded on the way from the key frame are delivered too, so stepping backwards is free.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};

use crate::job::Wake;
use crate::time::FrameIdx;
use crate::video::{Frame, FrameTable, VideoError, VideoReader};

/// Where pictures come from. Built inside the decoder thread.
pub trait FrameSource {
    fn frame_at(&mut self, index: FrameIdx) -> Result<Frame, VideoError>;

    /// The newest of the pictures that lay on the way to the last one and are not taken yet.
    fn take_passed(&mut self) -> Option<Frame> {
        None
    }
}

impl FrameSource for VideoReader {
    fn frame_at(&mut self, index: FrameIdx) -> Result<Frame, VideoError> {
        Self::frame_at(self, index)
    }

    fn take_passed(&mut self) -> Option<Frame> {
        Self::take_passed(self)
    }
}

/// What playback would like to have: the pictures `from..=to`, `at` first of all where it can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Needed now.
    pub at: FrameIdx,
    /// How many pictures after `at` (or before it when playing backwards) to decode ahead.
    pub ahead: u32,
    pub is_reverse: bool,
    /// Any picture near `at` will do; the key frame is quickest.
    pub is_rough: bool,
}

struct Slot {
    wish: Option<Wish>,
    is_closed: bool,
    /// Pictures sent and not yet taken: a wish cannot know of them, and decoding one again would
    /// mean a seek back to its key frame.
    in_flight: VecDeque<FrameIdx>,
}

struct Shared {
    slot: Mutex<Slot>,
    changed: Condvar,
    /// Counts wishes, so that work for an old one can be dropped.
    epoch: AtomicU64,
}

/// Handle of the thread. Dropping it ends the thread.
pub struct Decoder {
    shared: Arc<Shared>,
    frames: mpsc::Receiver<Result<Frame, VideoError>>,
}

/// Pictures delivered but not yet taken; bounds memory when the window is slow.
const CHANNEL_FRAMES: usize = 16;

impl Decoder {
    pub fn spawn<S, F>(table: Arc<FrameTable>, wake: Wake, build: F) -> std::io::Result<Self>
    where
        S: FrameSource,
        F: FnOnce() -> Result<S, VideoError> + Send + 'static,
    {
        let shared = Arc::new(Shared {
            slot: Mutex::new(Slot { wish: None, is_closed: false, in_flight: VecDeque::new() }),
            changed: Condvar::new(),
            epoch: AtomicU64::new(0),
        });
        let (sender, frames) = mpsc::sync_channel(CHANNEL_FRAMES);
        let worker = Worker { shared: Arc::clone(&shared), table, sender, wake };
        std::thread::Builder::new().name("decode".into()).spawn(move || match build() {
            Ok(source) => worker.run(source),
            Err(error) => {
                let _ = worker.sender.send(Err(error)); // the player may be gone
                (worker.wake)();
            }
        })?;
        Ok(Self { shared, frames })
    }

    /// Replaces whatever was wished for before.
    pub fn wish(&self, wish: Wish) {
        let mut slot = self.shared.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.wish == Some(wish) {
            return;
        }
        slot.wish = Some(wish);
        self.shared.epoch.fetch_add(1, Ordering::Relaxed);
        self.shared.changed.notify_one();
    }

    pub fn take(&self) -> Option<Result<Frame, VideoError>> {
        let frame = self.frames.try_recv().ok()?;
        if let Ok(frame) = &frame {
            let mut slot = self.shared.slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.in_flight.retain(|index| *index != frame.index);
        }
        Some(frame)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        let mut slot = self.shared.slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.is_closed = true;
        self.shared.epoch.fetch_add(1, Ordering::Relaxed);
        self.shared.changed.notify_one();
    }
}

struct Worker {
    shared: Arc<Shared>,
    table: Arc<FrameTable>,
    sender: mpsc::SyncSender<Result<Frame, VideoError>>,
    wake: Wake,
}

impl Worker {
    fn run(self, mut source: impl FrameSource) {
        let mut served = 0;
        while let Some((wish, epoch)) = self.next_wish(served) {
            served = epoch;
            self.serve(&mut source, wish, epoch);
        }
    }

    /// Waits for a wish newer than the one served last.
    fn next_wish(&self, served: u64) -> Option<(Wish, u64)> {
        let mut slot = self.shared.slot.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if slot.is_closed {
                return None;
            }
            let epoch = self.shared.epoch.load(Ordering::Relaxed);
            if let Some(wish) = slot.wish.filter(|_| epoch != served) {
                return Some((wish, epoch));
            }
            slot = self.shared.changed.wait(slot).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.shared.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_on_its_way(&self, index: FrameIdx) -> bool {
        self.lock().in_flight.contains(&index)
    }

    fn is_current(&self, epoch: u64) -> bool {
        self.shared.epoch.load(Ordering::Relaxed) == epoch
    }

    fn serve(&self, source: &mut impl FrameSource, wish: Wish, epoch: u64) {
        let last = self.table.last();
        let at = wish.at.min(last);
        if wish.is_rough {
            self.deliver(source.frame_at(self.table.keyframe_before(at)));
            return;
        }
        // Backwards, whole runs are decoded forwards and arrive in order; the cache turns them round.
        let (from, to) = if wish.is_reverse {
            let key = self.table.keyframe_before(at);
            (FrameIdx(at.0.saturating_sub(wish.ahead)).max(key), at)
        } else {
            (at, FrameIdx(at.0.saturating_add(wish.ahead)).min(last))
        };
        for index in from.0..=to.0 {
            if !self.is_current(epoch) {
                return;
            }
            if self.is_on_its_way(FrameIdx(index)) {
                continue;
            }
            if !self.deliver(source.frame_at(FrameIdx(index))) {
                return;
            }
            // what lay on the way comes after what was asked for
            while self.is_current(epoch)
                && let Some(frame) = source.take_passed()
            {
                if !self.is_on_its_way(frame.index) && !self.deliver(Ok(frame)) {
                    return;
                }
            }
        }
    }

    fn deliver(&self, frame: Result<Frame, VideoError>) -> bool {
        if let Ok(frame) = &frame {
            self.lock().in_flight.push_back(frame.index);
        }
        let is_wanted = self.sender.send(frame).is_ok();
        (self.wake)();
        is_wanted
    }
}
