//! The decoder thread: a slot for the newest wish, pictures coming back.
//!
//! A newer wish replaces an older one at once, also in the middle of decoding towards it, unless the
//! picture that it needs first is on that way.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Instant;

use super::plan::Wish;
use crate::job::Wake;
use crate::time::FrameIdx;
use crate::video::{Frame, FrameTable, OnTheWay, VideoError, VideoReader};

/// Where pictures come from. Built inside the decoder thread.
pub trait FrameSource {
    /// Exactly this picture. Those that lie on the way to it may be kept for `take_passed`. Ends with
    /// `VideoError::Cancelled` as soon as `goes_on` says no.
    fn approach(
        &mut self,
        index: FrameIdx,
        keep: OnTheWay,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Frame, VideoError>;

    /// The newest of the pictures that lay on the way to the last one and are not taken yet.
    fn take_passed(&mut self) -> Option<Frame> {
        None
    }

    fn has_passed(&self, _index: FrameIdx) -> bool {
        false
    }
}

impl FrameSource for VideoReader {
    fn approach(
        &mut self,
        index: FrameIdx,
        keep: OnTheWay,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Frame, VideoError> {
        Self::approach(self, index, keep, goes_on)
    }

    fn take_passed(&mut self) -> Option<Frame> {
        Self::take_passed(self)
    }

    fn has_passed(&self, index: FrameIdx) -> bool {
        Self::has_passed(self, index)
    }
}

/// What came out of the decoder.
pub struct Decoded {
    pub frame: Result<Frame, VideoError>,
    /// What it took, from the picture before or from the key frame.
    pub secs: f32,
}

struct Slot {
    wish: Option<Wish>,
    /// The picture on screen waits for this work.
    is_urgent: bool,
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

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Handle of the thread. Dropping it ends the thread.
pub struct Decoder {
    shared: Arc<Shared>,
    frames: mpsc::Receiver<Decoded>,
}

/// Pictures delivered but not yet taken; bounds memory when the window is slow.
const CHANNEL_FRAMES: usize = 16;
/// Pictures that nobody waits for wake the window when so many have gathered: each wake-up is a
/// redraw, which takes time from decoding.
const GATHERED: usize = CHANNEL_FRAMES / 2;

impl Decoder {
    pub fn spawn<S, F>(table: Arc<FrameTable>, wake: Wake, build: F) -> std::io::Result<Self>
    where
        S: FrameSource,
        F: FnOnce() -> Result<S, VideoError> + Send + 'static,
    {
        let slot = Slot { wish: None, is_urgent: false, is_closed: false, in_flight: VecDeque::new() };
        let shared =
            Arc::new(Shared { slot: Mutex::new(slot), changed: Condvar::new(), epoch: AtomicU64::new(0) });
        let (sender, frames) = mpsc::sync_channel(CHANNEL_FRAMES);
        let worker = Worker { shared: Arc::clone(&shared), table, sender, wake };
        std::thread::Builder::new().name("decode".into()).spawn(move || match build() {
            Ok(source) => worker.run(source),
            Err(error) => {
                let _ = worker.sender.send(Decoded { frame: Err(error), secs: 0.0 }); // the player may be gone
                (worker.wake)();
            }
        })?;
        Ok(Self { shared, frames })
    }

    /// Replaces whatever was wished for before; `None` stops the work.
    pub fn wish(&self, wish: Option<Wish>, is_urgent: bool) {
        let mut slot = self.shared.lock();
        slot.is_urgent = is_urgent;
        if slot.wish == wish {
            return;
        }
        slot.wish = wish;
        self.shared.epoch.fetch_add(1, Ordering::Relaxed);
        self.shared.changed.notify_one();
    }

    pub fn take(&self) -> Option<Decoded> {
        let decoded = self.frames.try_recv().ok()?;
        if let Ok(frame) = &decoded.frame {
            self.shared.lock().in_flight.retain(|index| *index != frame.index);
        }
        Some(decoded)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.shared.lock().is_closed = true;
        self.shared.epoch.fetch_add(1, Ordering::Relaxed);
        self.shared.changed.notify_one();
    }
}

struct Worker {
    shared: Arc<Shared>,
    table: Arc<FrameTable>,
    sender: mpsc::SyncSender<Decoded>,
    wake: Wake,
}

impl Worker {
    fn run(self, mut source: impl FrameSource) {
        let mut served = 0;
        while let Some((wish, epoch)) = self.next_wish(served) {
            served = epoch;
            if self.serve(&mut source, wish, epoch) {
                (self.wake)(); // what has gathered is taken
            }
        }
    }

    /// Waits for a wish newer than the one served last.
    fn next_wish(&self, served: u64) -> Option<(Wish, u64)> {
        let mut slot = self.shared.lock();
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

    fn is_on_its_way(&self, index: FrameIdx) -> bool {
        self.shared.lock().in_flight.contains(&index)
    }

    /// Nothing else is wished for, or what is begins with something that this wish will bring.
    fn goes_on(&self, wish: &Wish, next: FrameIdx, epoch: u64) -> bool {
        if self.shared.epoch.load(Ordering::Relaxed) == epoch {
            return true;
        }
        let slot = self.shared.lock();
        !slot.is_closed && slot.wish.is_some_and(|newer| wish.brings(&newer, next))
    }

    /// Says whether the wish was still wanted at its end.
    fn serve(&self, source: &mut impl FrameSource, wish: Wish, epoch: u64) -> bool {
        let last = self.table.last();
        match wish {
            Wish::Key(key) => self.fetch(source, &wish, key, epoch),
            Wish::At { at, .. } => {
                self.fetch(source, &wish, at.min(last), epoch) && self.send_passed(source, epoch)
            }
            Wish::Run { from, to, stride } => (from.0..=to.min(last).0)
                .step_by(stride.max(1) as usize)
                .all(|index| self.fetch(source, &wish, FrameIdx(index), epoch)),
        }
    }

    /// Decodes a picture and delivers it; says whether to go on.
    fn fetch(&self, source: &mut impl FrameSource, wish: &Wish, index: FrameIdx, epoch: u64) -> bool {
        if !self.goes_on(wish, index, epoch) {
            return false;
        }
        if self.is_on_its_way(index) {
            return true;
        }
        let keep = if let Wish::At { keep, .. } = wish { *keep } else { OnTheWay::NONE };
        let started = Instant::now();
        match source.approach(index, keep, &|| self.goes_on(wish, index, epoch)) {
            Err(VideoError::Cancelled(_)) => false,
            frame => self.deliver(frame, started),
        }
    }

    /// Delivers what lay on the way. Once the picture itself is on screen the player wishes for what
    /// comes next; that waits, since to get these again takes the whole walk from the key frame.
    fn send_passed(&self, source: &mut impl FrameSource, epoch: u64) -> bool {
        loop {
            if self.needs_elsewhere(source, epoch) {
                return false;
            }
            let started = Instant::now();
            let Some(frame) = source.take_passed() else { return true };
            if !self.is_on_its_way(frame.index) && !self.deliver(Ok(frame), started) {
                return false;
            }
        }
    }

    /// Somebody waits for a picture that is not among those that lay on the way.
    fn needs_elsewhere(&self, source: &impl FrameSource, epoch: u64) -> bool {
        let slot = self.shared.lock();
        let is_newer = self.shared.epoch.load(Ordering::Relaxed) != epoch;
        slot.is_closed
            || is_newer && slot.is_urgent && slot.wish.is_some_and(|wish| !source.has_passed(wish.target()))
    }

    fn deliver(&self, frame: Result<Frame, VideoError>, started: Instant) -> bool {
        let is_worth_waking = {
            let mut slot = self.shared.lock();
            slot.in_flight.extend(frame.as_ref().ok().map(|frame| frame.index));
            slot.is_urgent || slot.in_flight.len() >= GATHERED || frame.is_err()
        };
        let is_wanted = self.sender.send(Decoded { frame, secs: started.elapsed().as_secs_f32() }).is_ok();
        if is_worth_waking {
            (self.wake)();
        }
        is_wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::no_wake;
    use crate::playback::testing::grey_frame;
    use crate::time::MediaTime;
    use std::time::Duration;

    /// Walks from the key frame, a picture for every token, and says with a picture how many walks
    /// there were.
    struct Walker {
        tokens: mpsc::Receiver<()>,
        walks: i64,
    }

    impl FrameSource for Walker {
        fn approach(
            &mut self,
            index: FrameIdx,
            _: OnTheWay,
            goes_on: &dyn Fn() -> bool,
        ) -> Result<Frame, VideoError> {
            self.walks += 1;
            for _ in index.0 / 100 * 100..index.0 {
                let _ = self.tokens.recv(); // without a test there is nothing to wait for
                if !goes_on() {
                    return Err(crate::job::Cancelled.into());
                }
            }
            Ok(Frame { time: MediaTime::from_nanos(self.walks), ..grey_frame(index) })
        }
    }

    /// Wishes one after the other while the walk to the first of them is under way: what comes out
    /// first, and after how many walks.
    fn first_after(wishes: &[Wish]) -> (u32, i64) {
        let (give, tokens) = mpsc::sync_channel(0);
        let walker = Walker { tokens, walks: 0 };
        let table = Arc::new(FrameTable::uniform(1000, 30.0, 100));
        let decoder = Decoder::spawn(table, no_wake(), move || Ok(walker)).expect("a thread starts");
        for wish in wishes {
            decoder.wish(Some(*wish), true);
            give.send(()).expect("a picture on the way");
        }
        loop {
            let _ = give.try_send(()); // the walk may have ended
            if let Some(decoded) = decoder.take() {
                let frame = decoded.frame.expect("a picture");
                return (frame.index.0, frame.time.nanos());
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    fn at(index: u32) -> Wish {
        Wish::At { at: FrameIdx(index), keep: OnTheWay { count: 50, stride: 1 } }
    }

    #[test]
    fn a_clock_that_moves_on_does_not_begin_the_walk_again() {
        let behind = Wish::Run { from: FrameIdx(630), to: FrameIdx(679), stride: 1 };
        assert_eq!(first_after(&[at(680), at(679), at(676), behind]), (680, 1));
    }

    #[test]
    fn a_jump_elsewhere_ends_the_walk() {
        assert_eq!(first_after(&[at(680), at(130)]), (130, 2));
    }

    #[test]
    fn what_a_wish_brings() {
        let brings = |target| at(680).brings(&at(target), FrameIdx(680));
        assert_eq!([680, 630, 629].map(brings), [true, true, false]);
        let run = |from, to| Wish::Run { from: FrameIdx(from), to: FrameIdx(to), stride: 2 };
        let brings = |newer: Wish| run(10, 20).brings(&newer, FrameIdx(14));
        assert_eq!([12, 14, 15, 20, 22].map(|index| brings(at(index))), [false, true, false, true, false]);
        // late and in time in turns: the run for the same part goes on, what it brought it brought
        assert_eq!([10, 12, 16, 8, 11].map(|from| brings(run(from, 20))), [true, true, true, false, false]);
    }
}
