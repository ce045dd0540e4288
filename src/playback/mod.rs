//! Real time: which picture belongs on screen now, and getting it there.
//!
//! `tick` asks the clock, looks the picture up in the table, shows it from the cache and wishes for
//! what comes next. Nothing here waits.

mod cache;
mod clock;
mod decoder;
mod sound;
#[cfg(test)]
mod testing;

use std::path::Path;
use std::sync::Arc;

use cache::FrameCache;
use clock::Clock;
use decoder::{Decoder, Wish};

pub use decoder::FrameSource;
pub use sound::{Mixer, Sound, SoundError, Speaker, SystemSpeaker};

use crate::job::Wake;
use crate::time::{FrameIdx, MediaTime, TimeRange};
use crate::video::{Frame, FrameTable, VideoError, VideoInfo, VideoReader};

/// Bytes of decoded pictures kept: about 150 of 1080p, 340 of 720p.
const CACHE_BYTES: usize = 448 << 20;
/// Pictures decoded ahead while playing.
const AHEAD: u32 = 12;
/// Pictures kept on the way to one that was jumped to: the first steps back from it.
const KEPT_ON_THE_WAY: u32 = 24;
/// With fewer pictures than this behind a resting playhead, more are decoded: more than a
/// second of holding the key, in which the group before can be decoded.
const LOW_BEHIND: u32 = 45;
/// Pictures decoded at once behind the playhead; each time decoding begins at a key frame.
const BEHIND: u32 = 72;
/// Lag after which the clock waits for the decoder: an analysis tool must not skip evidence.
const MAX_LAG_FRAMES: u32 = 4;
/// A drag that rests this long gets its exact picture.
const SCRUB_REST_SECS: f64 = 0.06;
/// Without a picture for this long, the viewer is told that it is waiting.
const PATIENCE_SECS: f64 = 0.4;
/// Without a picture for this long the clock may be waiting, and the sound waits with it.
const HELD_SECS: f64 = 0.1;
const HISTORY: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PlaybackCommand {
    Play,
    Pause,
    Toggle,
    Seek(MediaTime),
    SeekFrame(FrameIdx),
    /// While dragging: near pictures at once, the exact one when the hand rests.
    Scrub(MediaTime),
    ScrubEnd,
    /// Stored pictures forward or back.
    Step(i32),
    StepTime(MediaTime),
    /// Media seconds in a wall second; negative plays backwards.
    SetRate(f64),
    /// The editors' J, K, L: -1, 0, 1. Repeated, the speed doubles.
    Shuttle(i8),
    Loop(Option<TimeRange>),
    /// Back to where the last jump came from.
    Back,
    /// To where the last jump back came from.
    Forward,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlayerState {
    Ready,
    /// The picture named by the playhead is not there yet.
    Waiting,
    Failed(String),
}

pub struct Player {
    info: Arc<VideoInfo>,
    table: Arc<FrameTable>,
    decoder: Decoder,
    cache: FrameCache,
    clock: Clock,
    wall_secs: f64,
    shown: Option<Arc<Frame>>,
    loop_range: Option<TimeRange>,
    history: Vec<MediaTime>,
    /// Places that were left by going back.
    future: Vec<MediaTime>,
    /// Wall time of the last scrub movement.
    scrubbed_at: Option<f64>,
    /// Wall time since when the wanted picture is missing.
    missing_since: Option<f64>,
    failure: Option<String>,
    sound: Option<Sound>,
    wake: Wake,
}

impl Player {
    /// Opens a file and its frame table, then starts its decoder thread. Call from a job.
    pub fn open(path: &Path, wake: Wake) -> Result<Self, VideoError> {
        let reader = VideoReader::open(path)?;
        let (info, table) = (Arc::clone(reader.info()), Arc::clone(reader.table()));
        drop(reader);
        let (info_again, table_again) = (Arc::clone(&info), Arc::clone(&table));
        Self::with_source(info, table, wake, move || {
            let mut reader = VideoReader::reopen(&info_again, &table_again)?;
            reader.keep_passed(KEPT_ON_THE_WAY);
            Ok(reader)
        })
    }

    /// A player over any source of pictures.
    pub fn with_source<S, F>(
        info: Arc<VideoInfo>,
        table: Arc<FrameTable>,
        wake: Wake,
        build: F,
    ) -> Result<Self, VideoError>
    where
        S: FrameSource,
        F: FnOnce() -> Result<S, VideoError> + Send + 'static,
    {
        let decoder = Decoder::spawn(Arc::clone(&table), Arc::clone(&wake), build)
            .map_err(|e| VideoError::Unreadable { reason: e.to_string(), path: info.path.clone() })?;
        let mut clock = Clock::new(table.range());
        clock.anchor(table.first_time(), 0.0);
        Ok(Self {
            info,
            table,
            decoder,
            cache: FrameCache::new(CACHE_BYTES),
            clock,
            wall_secs: 0.0,
            shown: None,
            loop_range: None,
            history: Vec::new(),
            future: Vec::new(),
            scrubbed_at: None,
            missing_since: None,
            failure: None,
            sound: None,
            wake,
        })
    }

    pub fn info(&self) -> &Arc<VideoInfo> {
        &self.info
    }

    pub fn table(&self) -> &Arc<FrameTable> {
        &self.table
    }

    /// The picture to draw: the one named by the playhead, or the last good one.
    pub fn shown(&self) -> Option<&Arc<Frame>> {
        self.shown.as_ref()
    }

    pub fn time(&self) -> MediaTime {
        self.clock.at(self.wall_secs)
    }

    /// The picture named by the playhead.
    pub fn frame(&self) -> FrameIdx {
        self.table.at(self.time())
    }

    pub fn is_playing(&self) -> bool {
        self.clock.is_running()
    }

    pub fn rate(&self) -> f64 {
        self.clock.rate()
    }

    pub fn loop_range(&self) -> Option<TimeRange> {
        self.loop_range
    }

    pub fn cached_bytes(&self) -> usize {
        self.cache.bytes()
    }

    pub fn state(&self) -> PlayerState {
        match (&self.failure, self.missing_since) {
            (Some(text), _) => PlayerState::Failed(text.clone()),
            (None, Some(since)) if self.wall_secs - since > PATIENCE_SECS => PlayerState::Waiting,
            _ => PlayerState::Ready,
        }
    }

    /// Takes decoded pictures. Cheap; call each frame, also while hidden.
    pub fn receive(&mut self) {
        let playhead = self.frame();
        while let Some(result) = self.decoder.take() {
            match result {
                Ok(frame) => {
                    self.failure = None;
                    let is_reverse = self.clock.is_running() && self.clock.rate() < 0.0;
                    self.cache.insert(Arc::new(frame), playhead, is_reverse);
                }
                Err(error) => self.failure = Some(error.to_string()),
            }
        }
    }

    /// Moves the clock to `wall_secs` and picks the picture to show.
    pub fn tick(&mut self, wall_secs: f64) {
        self.receive();
        self.wall_secs = wall_secs;
        self.turn_round_at_ends();
        let due = self.frame();
        if let Some(frame) = self.cache.get(due) {
            self.shown = Some(Arc::clone(frame));
            self.missing_since = None;
        } else {
            self.missing_since.get_or_insert(wall_secs);
            self.bridge(due);
        }
        self.decoder.wish(self.wish(due));
        if let Some(sound) = &self.sound {
            sound.follow(self.heard());
        }
    }

    /// Turns the clip's sound on or off; it is off at first.
    pub fn set_sound(&mut self, is_on: bool) {
        self.set_sound_with(is_on, SystemSpeaker::open);
    }

    /// As `set_sound`, to any speaker.
    pub fn set_sound_with<S, F>(&mut self, is_on: bool, open: F)
    where
        S: Speaker,
        F: FnOnce() -> Result<S, SoundError> + Send + 'static,
    {
        if is_on != self.sound.is_some() {
            let start = || Sound::start(self.info.path.clone(), Arc::clone(&self.wake), open);
            self.sound = is_on.then(start);
        }
    }

    pub fn has_sound(&self) -> bool {
        self.sound.is_some()
    }

    /// Why there is no sound although it was turned on, once; it is off then.
    pub fn take_sound_failure(&mut self) -> Option<SoundError> {
        let failure = self.sound.as_ref()?.take_failure()?;
        self.sound = None;
        Some(failure)
    }

    /// The time to be heard now: playing forwards at normal speed, with pictures that come in time.
    fn heard(&self) -> Option<MediaTime> {
        let is_held = self.missing_since.is_some_and(|since| self.wall_secs - since > HELD_SECS);
        let is_heard =
            self.clock.is_running() && self.clock.rate() == 1.0 && self.scrubbed_at.is_none() && !is_held;
        is_heard.then(|| self.time())
    }

    /// What to show and whether to hold while the due picture is missing.
    fn bridge(&mut self, due: FrameIdx) {
        if self.scrubbed_at.is_some() {
            // while dragging, the key frame of the place is better than the place left behind
            if let Some(near) = self.cache.nearest_before(due, self.table.keyframe_before(due)) {
                self.shown = Some(Arc::clone(near));
            }
            return;
        }
        if !self.clock.is_running() {
            return;
        }
        let Some(shown) = &self.shown else {
            // nothing seen yet: time starts with the first picture
            let held = self.table.time(due);
            self.clock.anchor(held, self.wall_secs);
            return;
        };
        let lag = shown.index.0.abs_diff(due.0);
        let is_forward = self.clock.rate() > 0.0;
        let next =
            if is_forward { FrameIdx(shown.index.0 + 1) } else { FrameIdx(shown.index.0.saturating_sub(1)) };
        if let Some(frame) = self.cache.get(next) {
            self.shown = Some(Arc::clone(frame));
        }
        if lag > MAX_LAG_FRAMES {
            let held = self.table.time(self.shown.as_ref().map_or(due, |f| f.index));
            self.clock.anchor(held, self.wall_secs);
        }
    }

    fn turn_round_at_ends(&mut self) {
        if !self.clock.is_running() {
            return;
        }
        let now = self.time();
        let is_forward = self.clock.rate() > 0.0;
        let range = self.loop_range.unwrap_or_else(|| self.table.range());
        let is_over = if is_forward { now >= range.end() } else { now <= range.start() };
        if !is_over {
            return;
        }
        if self.loop_range.is_some() {
            let again = if is_forward { range.start() } else { range.end() };
            self.clock.anchor(again, self.wall_secs);
        } else {
            self.clock.set_running(false, self.wall_secs);
        }
    }

    fn wish(&self, due: FrameIdx) -> Wish {
        let is_resting = self.scrubbed_at.is_none_or(|at| self.wall_secs - at >= SCRUB_REST_SECS);
        let is_reverse = self.clock.is_running() && self.clock.rate() < 0.0;
        let [low_behind, behind] = self.reach_behind();
        let first_missing = |step: i64| {
            let reach = if step < 0 { low_behind } else { AHEAD };
            (0..i64::from(reach))
                .map(|n| i64::from(due.0) + n * step)
                .take_while(|i| *i >= 0 && *i <= i64::from(self.table.last().0))
                .map(|i| FrameIdx(i as u32))
                .find(|i| !self.cache.contains(*i))
        };
        if !is_resting {
            return Wish { at: due, ahead: 0, is_reverse: false, is_rough: !self.cache.contains(due) };
        }
        if is_reverse {
            let at = first_missing(-1).unwrap_or(due);
            return Wish { at, ahead: behind, is_reverse: true, is_rough: false };
        }
        if self.clock.is_running() {
            let at = first_missing(1).unwrap_or(due);
            return Wish { at, ahead: AHEAD, is_reverse: false, is_rough: false };
        }
        // Paused: the exact picture; once it is there, the ones before it, for stepping back.
        if !self.cache.contains(due) {
            return Wish { at: due, ahead: 0, is_reverse: false, is_rough: false };
        }
        match first_missing(-1) {
            Some(at) => Wish { at, ahead: behind, is_reverse: true, is_rough: false },
            None => {
                Wish { at: first_missing(1).unwrap_or(due), ahead: AHEAD, is_reverse: false, is_rough: false }
            }
        }
    }

    /// `LOW_BEHIND` and `BEHIND`, less where pictures are so large that the cache cannot hold them.
    fn reach_behind(&self) -> [u32; 2] {
        let bytes = self.shown.as_ref().map_or(1, |frame| frame.byte_len().max(1));
        let room = u32::try_from(CACHE_BYTES / bytes).unwrap_or(u32::MAX);
        [LOW_BEHIND.min(room / 3).max(1), BEHIND.min(room / 2).max(1)]
    }

    /// Seconds until the next picture is due; `None` when nothing moves.
    pub fn wake_in_secs(&self) -> Option<f64> {
        if let Some(at) = self.scrubbed_at {
            let left = SCRUB_REST_SECS - (self.wall_secs - at);
            if left > 0.0 {
                return Some(left);
            }
        }
        if !self.clock.is_running() {
            return None;
        }
        let (now, due) = (self.time(), self.frame());
        let rate = self.clock.rate();
        let secs = if rate > 0.0 {
            let next = FrameIdx(due.0.saturating_add(1));
            let until =
                if next <= self.table.last() { self.table.time(next) } else { self.table.range().end() };
            (until - now).secs() / rate
        } else {
            (now - self.table.time(due)).secs() / -rate
        };
        Some(secs.max(0.001))
    }

    pub fn apply(&mut self, command: PlaybackCommand, wall_secs: f64) {
        self.wall_secs = wall_secs;
        match command {
            PlaybackCommand::Play => self.play(),
            PlaybackCommand::Pause => self.clock.set_running(false, wall_secs),
            PlaybackCommand::Toggle if self.is_playing() => self.clock.set_running(false, wall_secs),
            PlaybackCommand::Toggle => self.play(),
            PlaybackCommand::Seek(time) => self.jump(time),
            PlaybackCommand::SeekFrame(index) => self.jump(self.table.time(index)),
            PlaybackCommand::Scrub(time) => {
                if self.scrubbed_at.is_none() {
                    self.note_place();
                }
                self.scrubbed_at = Some(wall_secs);
                self.clock.anchor(time, wall_secs);
            }
            PlaybackCommand::ScrubEnd => self.scrubbed_at = None,
            PlaybackCommand::Step(by) => {
                self.clock.set_running(false, wall_secs);
                let last = i64::from(self.table.last().0);
                let to = (i64::from(self.frame().0) + i64::from(by)).clamp(0, last);
                self.clock.anchor(self.table.time(FrameIdx(to as u32)), wall_secs);
            }
            PlaybackCommand::StepTime(by) => {
                let to = self.time() + by;
                self.clock.anchor(to, wall_secs);
            }
            PlaybackCommand::SetRate(rate) if rate.is_finite() && rate != 0.0 => {
                self.clock.set_rate(rate, wall_secs)
            }
            PlaybackCommand::SetRate(_) => {}
            PlaybackCommand::Shuttle(direction) => self.shuttle(direction),
            PlaybackCommand::Loop(range) => self.loop_range = range,
            PlaybackCommand::Back => {
                if let Some(place) = self.history.pop() {
                    self.future.push(self.time());
                    self.clock.anchor(place, wall_secs);
                }
            }
            PlaybackCommand::Forward => {
                if let Some(place) = self.future.pop() {
                    self.history.push(self.time());
                    self.clock.anchor(place, wall_secs);
                }
            }
        }
    }

    fn play(&mut self) {
        let end = self.table.range().end();
        if self.clock.rate() > 0.0 && self.time() >= end {
            self.clock.anchor(self.table.first_time(), self.wall_secs);
        }
        self.clock.set_running(true, self.wall_secs);
    }

    fn jump(&mut self, time: MediaTime) {
        self.note_place();
        self.scrubbed_at = None;
        // the last picture has a span of its own; "the end" is its beginning
        let last = self.table.time(self.table.last());
        let time = if self.is_playing() { time } else { time.min(last) };
        self.clock.anchor(time, self.wall_secs);
    }

    fn note_place(&mut self) {
        let place = self.time();
        self.future.clear();
        if self.history.last() != Some(&place) {
            self.history.push(place);
        }
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
    }

    fn shuttle(&mut self, direction: i8) {
        if direction == 0 {
            self.clock.set_running(false, self.wall_secs);
            self.clock.set_rate(1.0, self.wall_secs);
            return;
        }
        let sign = f64::from(direction.signum());
        let is_same_way = self.is_playing() && self.rate().signum() == sign;
        let speed = if is_same_way { (self.rate().abs() * 2.0).min(16.0) } else { 1.0 };
        self.clock.set_rate(sign * speed, self.wall_secs);
        self.play();
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{player, settle};
    use super::*;

    fn shown(player: &Player) -> u32 {
        player.shown().map_or(u32::MAX, |f| f.index.0)
    }

    #[test]
    fn paused_the_picture_is_the_one_the_playhead_names() {
        let mut player = player(100);
        for index in [0, 57, 56, 99, 3] {
            player.apply(PlaybackCommand::SeekFrame(FrameIdx(index)), 0.0);
            settle(&mut player, 0.0);
            assert_eq!((shown(&player), player.frame().0), (index, index));
        }
    }

    #[test]
    fn the_shuttle_doubles_plays_backwards_and_returns_to_normal_speed() {
        let mut player = player(300);
        for _ in 0..3 {
            player.apply(PlaybackCommand::Shuttle(1), 0.0);
        }
        assert_eq!((player.rate(), player.is_playing()), (4.0, true));
        player.apply(PlaybackCommand::Shuttle(-1), 1.0);
        assert_eq!(player.rate(), -1.0);
        player.apply(PlaybackCommand::Shuttle(0), 1.0);
        assert_eq!((player.rate(), player.is_playing()), (1.0, false));
    }

    #[test]
    fn playing_backwards_shows_every_picture_down_to_the_first() {
        let mut player = player(60);
        player.apply(PlaybackCommand::SeekFrame(FrameIdx(59)), 0.0);
        settle(&mut player, 0.0);
        player.apply(PlaybackCommand::Shuttle(-1), 0.0);
        let mut seen = Vec::new();
        for step in 0..400 {
            settle(&mut player, f64::from(step) / 60.0);
            if seen.last() != Some(&shown(&player)) {
                seen.push(shown(&player));
            }
        }
        assert_eq!(seen, (0..60).rev().collect::<Vec<_>>());
        assert!(!player.is_playing());
    }

    #[test]
    fn a_loop_stays_inside_its_range() {
        let mut player = player(300);
        let range = TimeRange::from_secs(2.0, 3.0);
        player.apply(PlaybackCommand::Loop(Some(range)), 0.0);
        player.apply(PlaybackCommand::Seek(range.start()), 0.0);
        settle(&mut player, 0.0);
        player.apply(PlaybackCommand::Play, 0.0);
        for step in 0..200 {
            settle(&mut player, f64::from(step) / 30.0);
            assert!(range.contains(player.time()), "{}", player.time());
        }
    }

    #[test]
    fn back_returns_to_where_a_jump_came_from() {
        let mut player = player(300);
        player.apply(PlaybackCommand::SeekFrame(FrameIdx(30)), 0.0);
        player.apply(PlaybackCommand::SeekFrame(FrameIdx(200)), 0.0);
        player.apply(PlaybackCommand::Back, 0.0);
        assert_eq!(player.frame(), FrameIdx(30));
        player.apply(PlaybackCommand::Forward, 0.0);
        assert_eq!(player.frame(), FrameIdx(200));
        player.apply(PlaybackCommand::Back, 0.0);
        player.apply(PlaybackCommand::SeekFrame(FrameIdx(7)), 0.0);
        player.apply(PlaybackCommand::Forward, 0.0);
        assert_eq!(player.frame(), FrameIdx(7), "a new jump has nothing to go forward to");
    }

    #[test]
    fn stepping_past_either_end_stays_on_the_last_picture() {
        let mut player = player(10);
        player.apply(PlaybackCommand::Step(-1), 0.0);
        assert_eq!(player.frame(), FrameIdx(0));
        player.apply(PlaybackCommand::Seek(MediaTime::MAX), 0.0);
        player.apply(PlaybackCommand::Step(1), 0.0);
        assert_eq!(player.frame(), FrameIdx(9));
    }
}
