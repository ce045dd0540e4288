//! Real time: which picture belongs on screen now, and getting it there.
//!
//! `tick` asks the clock, looks the picture up in the table, shows it from the cache and wishes for
//! what comes next. Nothing here waits.

mod cache;
mod clock;
mod command;
mod decoder;
mod pacing;
mod plan;
mod sound;
mod stats;
#[cfg(test)]
mod testing;

use std::path::Path;
use std::sync::Arc;

use cache::FrameCache;
use clock::Clock;
use decoder::Decoder;
use plan::{Motion, Plan, Wish};

pub use command::PlaybackCommand;
pub use decoder::FrameSource;
pub use sound::{Mixer, Sound, SoundError, Speaker, SystemSpeaker};
pub use stats::PlaybackStats;

use crate::job::Wake;
use crate::time::{FrameIdx, MediaTime, TimeRange};
use crate::video::{Frame, FrameTable, OnTheWay, VideoError, VideoInfo, VideoReader};

/// Bytes of decoded pictures kept: about 130 of 1080p, 290 of 720p.
const CACHE_BYTES: usize = 384 << 20;
/// The same for clips of so many pictures that their tables and evidence take hundreds of megabytes.
const CACHE_BYTES_OF_LONG: usize = 192 << 20;
/// An hour at 30 pictures a second.
const LONG: usize = 108_000;
/// A drag that rests this long gets its exact picture.
const SCRUB_REST_SECS: f64 = 0.06;
/// Without a picture for this long, the viewer is told that it is waiting.
const PATIENCE_SECS: f64 = 0.4;
/// Without a picture for this long the clock may be waiting, and the sound waits with it.
const HELD_SECS: f64 = 0.1;
/// Places that are decoded before somebody jumps there.
const MAX_EXPECTED: usize = 8;

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
    /// Which way the last step went, while nothing plays.
    heading: Motion,
    loop_range: Option<TimeRange>,
    history: Vec<MediaTime>,
    /// Places that were left by going back.
    future: Vec<MediaTime>,
    /// Wall time of the last scrub movement.
    scrubbed_at: Option<f64>,
    /// Wall time since when the wanted picture is missing.
    missing_since: Option<f64>,
    failure: Option<String>,
    stats: PlaybackStats,
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
        Self::with_source(info, table, wake, move || VideoReader::reopen(&info_again, &table_again))
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
        let cache_bytes = if table.len() > LONG { CACHE_BYTES_OF_LONG } else { CACHE_BYTES };
        let mut clock = Clock::new(table.range());
        clock.anchor(table.first_time(), 0.0);
        Ok(Self {
            info,
            table,
            decoder,
            cache: FrameCache::new(cache_bytes),
            clock,
            wall_secs: 0.0,
            shown: None,
            heading: Motion::Resting,
            loop_range: None,
            history: Vec::new(),
            future: Vec::new(),
            scrubbed_at: None,
            missing_since: None,
            failure: None,
            stats: PlaybackStats::default(),
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

    pub fn cache_limit_bytes(&self) -> usize {
        self.cache.limit()
    }

    pub fn stats(&self) -> &PlaybackStats {
        &self.stats
    }

    /// Places that the user may jump to next, the likeliest first: their pictures are decoded while
    /// nothing else is to be done, and kept.
    pub fn expect(&mut self, places: impl IntoIterator<Item = MediaTime>) {
        let pictures = places.into_iter().take(MAX_EXPECTED).map(|time| self.table.at(time));
        self.cache.pin(pictures);
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
        let plan = self.plan();
        while let Some(decoded) = self.decoder.take() {
            match decoded.frame {
                Ok(frame) => {
                    self.failure = None;
                    self.stats.decoded(decoded.secs);
                    self.cache.insert(Arc::new(frame), &plan);
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
        let due = self.plan().due;
        if let Some(frame) = self.cache.get(due) {
            self.shown = Some(Arc::clone(frame));
            self.missing_since = None;
        } else {
            self.missing_since.get_or_insert(wall_secs);
            self.bridge(due);
        }
        self.note_shown(due);
        let plan = self.plan();
        self.decoder.wish(self.wish(&plan), !self.cache.contains(plan.due));
        if let Some(sound) = &self.sound {
            sound.follow(self.heard());
        }
    }

    fn note_shown(&mut self, due: FrameIdx) {
        let shown = self.shown.as_ref().map(|frame| frame.index);
        let stride = if self.is_playing() { self.stride() } else { 1 };
        self.stats.tick(due, shown, self.is_playing().then_some(stride));
    }

    /// Where the playhead is, which way it goes and what there is room for.
    fn plan(&self) -> Plan {
        let motion = match self.scrubbed_at {
            Some(at) if self.wall_secs - at < SCRUB_REST_SECS => Motion::Dragged,
            _ if !self.clock.is_running() => self.heading,
            _ if self.clock.rate() < 0.0 => Motion::Backward,
            _ => Motion::Forward,
        };
        let stride = if self.clock.is_running() { self.stride() } else { 1 };
        let named = self.frame().0;
        let [width, height] = self.info.size.map(|n| n as usize);
        let bytes = self.shown.as_ref().map_or(width * height * 3 / 2, |frame| frame.byte_len());
        Plan { due: FrameIdx(named - named % stride), motion, stride, room: self.cache.room(bytes) }
    }

    /// Every how many pictures one is shown while playing.
    fn stride(&self) -> u32 {
        plan::stride(self.clock.rate(), self.info.average_fps)
    }

    /// What the decoder should do: what the plan asks for, else a place that may be jumped to.
    fn wish(&self, plan: &Plan) -> Option<Wish> {
        let planned = plan.wish(&self.table, |index| self.cache.contains(index));
        if planned.is_some() || self.clock.is_running() || self.scrubbed_at.is_some() {
            return planned;
        }
        let expected = self.cache.pinned().find(|index| !self.cache.contains(*index))?;
        Some(Wish::At { at: expected, keep: OnTheWay::NONE })
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
