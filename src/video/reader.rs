//! ffmpeg: open a file, read its frame table, decode exact pictures.
//!
//! A reader is built inside the thread that uses it: ffmpeg's scaler cannot move between threads.
//! Seeking lands on a key frame; exactness is made here by decoding forward from it.

use std::path::Path;
use std::sync::Arc;

use ff::ffi;
use ffmpeg_next as ff;

use super::index::FrameTable;
use super::open::{Opened, SEEKABLE};
use super::planes::PlaneConverter;
use super::stored::MAX_READ_FAILURES;
use super::{Frame, VideoError, VideoInfo};
use crate::job::Cancelled;
use crate::time::FrameIdx;

/// Key frames to go back when a seek lands past its picture.
const MAX_SEEK_RETRIES: u32 = 3;
/// Up to so many pictures more are decoded on the way to a key frame sooner than jumping to it, which
/// empties the decoder.
const CHEAPER_THAN_A_SEEK: u32 = 4;

pub struct VideoReader {
    input: ff::format::context::Input,
    decoder: ff::decoder::Video,
    stream: usize,
    info: Arc<VideoInfo>,
    table: Arc<FrameTable>,
    converter: PlaneConverter,
    /// Index of the last picture that came out of the decoder since the last seek.
    position: Option<FrameIdx>,
    /// The key frame of the last seek. Some containers land earlier, which is not to be repeated.
    sought: FrameIdx,
    /// Pictures that came out of the decoder since opening.
    walked: u64,
    /// Pictures that lay on the way to the last one asked for, oldest first, not yet converted.
    passed: Vec<(FrameIdx, ff::frame::Video)>,
    /// Since the last seek, pictures before this one that nothing depends on may have been left out.
    whole_from: FrameIdx,
    is_draining: bool,
    /// Packets or pictures that ffmpeg refused, since opening.
    broken: u64,
    /// Failed reads since the last seek.
    read_failures: u32,
}

/// Which pictures on the way to another one are kept: whoever goes back asks for them next, and
/// decoding them again would begin at the key frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnTheWay {
    pub count: u32,
    /// Every so many pictures, counted back from the one asked for.
    pub stride: u32,
}

impl OnTheWay {
    pub const NONE: Self = Self { count: 0, stride: 1 };

    /// The first picture that must not be left out, going to `index`.
    fn first(self, index: FrameIdx) -> FrameIdx {
        FrameIdx(index.0.saturating_sub(self.count.saturating_mul(self.stride)))
    }

    /// Whether `at` is kept on the way to `index`.
    pub fn has(self, at: FrameIdx, index: FrameIdx) -> bool {
        self.first(index) <= at && at < index && (index.0 - at.0).is_multiple_of(self.stride.max(1))
    }
}

/// Versions of the linked ffmpeg libraries.
pub fn ffmpeg_versions() -> String {
    let text = |v: u32| format!("{}.{}.{}", v >> 16, v >> 8 & 0xff, v & 0xff);
    format!("libavcodec {}, libavformat {}", text(ff::codec::version()), text(ff::format::version()))
}

/// Which of the codecs our users have can be decoded here.
pub fn decoders() -> Vec<String> {
    ["h264", "hevc", "av1", "vp9", "vp8", "mpeg4", "mjpeg", "prores"]
        .into_iter()
        .filter(|name| ff::decoder::find_by_name(name).is_some() || (*name == "av1" && has_av1()))
        .map(str::to_owned)
        .collect()
}

fn has_av1() -> bool {
    ff::decoder::find(ff::codec::Id::AV1).is_some()
}

impl VideoReader {
    /// Opens a file and reads its frame table. Reads the whole file once unless it is very large.
    pub fn open(path: &Path) -> Result<Self, VideoError> {
        let mut opened = Opened::new(path)?;
        let table = Arc::new(opened.frame_table(path)?);
        let info = Arc::new(opened.info(path, &table)?);
        Ok(Self::start(opened, info, table))
    }

    /// Opens a file again whose frame table is known: at once, where the container has an index to
    /// seek by.
    pub fn reopen(info: &Arc<VideoInfo>, table: &Arc<FrameTable>) -> Result<Self, VideoError> {
        if !SEEKABLE.iter().any(|name| info.container.contains(name)) {
            // reading all packets is what teaches ffmpeg where they are
            return Self::open(&info.path);
        }
        Ok(Self::start(Opened::new(&info.path)?, Arc::clone(info), Arc::clone(table)))
    }

    fn start(opened: Opened, info: Arc<VideoInfo>, table: Arc<FrameTable>) -> Self {
        let mut reader = Self {
            input: opened.input,
            decoder: opened.decoder,
            stream: opened.stream,
            info,
            table,
            converter: PlaneConverter::default(),
            position: None,
            sought: FrameIdx(0),
            walked: 0,
            passed: Vec::new(),
            whole_from: FrameIdx(0),
            is_draining: false,
            broken: 0,
            read_failures: 0,
        };
        reader.seek_to_key(FrameIdx(0));
        reader
    }

    pub fn info(&self) -> &Arc<VideoInfo> {
        &self.info
    }

    pub fn table(&self) -> &Arc<FrameTable> {
        &self.table
    }

    /// The newest of the pictures kept on the way.
    pub fn take_passed(&mut self) -> Option<Frame> {
        let (index, picture) = self.passed.pop()?;
        self.frame_from(index, &picture).ok()
    }

    pub fn has_passed(&self, index: FrameIdx) -> bool {
        self.passed.iter().any(|(at, _)| *at == index)
    }

    /// Packets and pictures that could not be decoded so far.
    pub fn broken(&self) -> u64 {
        self.broken
    }

    /// Pictures that came out of the decoder so far, wanted or only on the way.
    pub fn walked(&self) -> u64 {
        self.walked
    }

    /// The next picture in presentation order; `None` at the end.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, VideoError> {
        match self.pull(None)? {
            Some((index, picture)) => self.frame_from(index, &picture).map(Some),
            None => Ok(None),
        }
    }

    /// Decodes and drops the next picture; its index. For measuring and verifying.
    pub fn skip_frame(&mut self) -> Result<Option<FrameIdx>, VideoError> {
        Ok(self.pull(None)?.map(|(index, _)| index))
    }

    /// Exactly this picture. A picture that cannot be decoded is replaced by the next that can,
    /// or by the last one of the file.
    pub fn frame_at(&mut self, index: FrameIdx) -> Result<Frame, VideoError> {
        self.approach(index, OnTheWay::NONE, &|| true)
    }

    /// As `frame_at`, but some of the pictures on the way are kept for `take_passed`, and `goes_on` is
    /// asked after every one of them; "no" ends with `Cancelled`.
    pub fn approach(
        &mut self,
        index: FrameIdx,
        keep: OnTheWay,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Frame, VideoError> {
        let index = index.min(self.table.last());
        self.passed.clear();
        let mut key = self.table.keyframe_before(index);
        let first_whole = keep.first(index);
        if !self.leads_to(index, key, first_whole) {
            self.seek_to_key(key);
        }
        let mut retries = MAX_SEEK_RETRIES;
        loop {
            let mut newest = None;
            self.whole_from = self.whole_from.max(first_whole);
            while let Some((at, picture)) = self.pull(Some(first_whole))? {
                if at == index {
                    self.pass(newest.take(), keep, index);
                    return self.frame_from(index, &picture);
                }
                if at > index {
                    newest.get_or_insert((at, picture));
                    break;
                }
                let earlier = newest.replace((at, picture));
                self.pass(earlier, keep, index);
                if !goes_on() {
                    return Err(Cancelled.into());
                }
            }
            if self.sought != key {
                // what was left of another group did not hold it
                self.seek_to_key(key);
                continue;
            }
            // The key frame flag lied, the picture is broken, or ffmpeg swallowed the end of the file
            // because it began so close to it: try again from further back.
            if key > FrameIdx(0) && retries > 0 {
                retries -= 1;
                key = self.table.keyframe_before(FrameIdx(key.0 - 1));
                self.seek_to_key(key);
                continue;
            }
            return match newest {
                Some((_, picture)) => {
                    self.frame_from(index, &picture).map(|frame| Frame { is_stand_in: true, ..frame })
                }
                None => Err(self.undecodable(index)),
            };
        }
    }

    /// Whether decoding on from where the decoder stands is the shortest way to a picture of `key`'s
    /// group, with all from `first_whole` on.
    fn leads_to(&self, index: FrameIdx, key: FrameIdx, first_whole: FrameIdx) -> bool {
        let Some(position) = self.position.filter(|p| *p < index) else { return false };
        let is_short = self.sought == key || index.0 - position.0 <= index.0 - key.0 + CHEAPER_THAN_A_SEEK;
        is_short && first_whole.max(FrameIdx(position.0 + 1)) >= self.whole_from
    }

    /// Keeps a picture that was decoded on the way to `index`, if it is to be kept.
    fn pass(&mut self, picture: Option<(FrameIdx, ff::frame::Video)>, keep: OnTheWay, index: FrameIdx) {
        self.passed.extend(picture.filter(|(at, _)| keep.has(*at, index)));
    }

    fn undecodable(&self, index: FrameIdx) -> VideoError {
        VideoError::Undecodable { frame: index.0, count: self.table.len(), path: self.info.path.clone() }
    }

    fn frame_from(&mut self, index: FrameIdx, picture: &ff::frame::Video) -> Result<Frame, VideoError> {
        let planes = self.converter.convert(picture).map_err(|_| self.undecodable(index))?;
        Ok(Frame {
            index,
            time: self.table.time(index),
            size: [picture.width(), picture.height()],
            planes,
            rotation: self.info.rotation,
            is_stand_in: false,
        })
    }

    /// Moves to the key frame; the next picture that comes out is at or after it.
    #[expect(
        unsafe_code,
        reason = "ffmpeg-next only seeks in microseconds; exact stamps need the stream's own"
    )]
    fn seek_to_key(&mut self, key: FrameIdx) {
        let stamp = self.table.seek_stamp(key);
        let backward = ffi::AVSEEK_FLAG_BACKWARD;
        // SAFETY: the context is open and owned by `self.input`; the stream index came from it.
        let result = unsafe {
            let context = self.input.as_mut_ptr();
            let result = ffi::av_seek_frame(context, self.stream as i32, stamp, backward);
            if result < 0 {
                ffi::av_seek_frame(context, self.stream as i32, 0, ffi::AVSEEK_FLAG_BYTE)
            } else {
                result
            }
        };
        if result < 0 {
            tracing::debug!(result, "seek failed, reading on");
        }
        self.decoder.flush();
        self.position = None;
        self.sought = key;
        self.whole_from = FrameIdx(0);
        self.is_draining = false;
        self.read_failures = 0;
    }

    /// Next picture with its index. With `before`, pictures that nothing depends on are not
    /// decoded while they lie before it.
    fn pull(&mut self, before: Option<FrameIdx>) -> Result<Option<(FrameIdx, ff::frame::Video)>, VideoError> {
        let target = before.and_then(|index| self.table.stamp(index));
        let mut picture = ff::frame::Video::empty();
        loop {
            match self.decoder.receive_frame(&mut picture) {
                Ok(()) => {
                    let index = match picture.timestamp() {
                        Some(stamp) => self.table.index_of_stamp(stamp),
                        // the last picture of a file without presentation times
                        None if self.is_draining => self.table.last(),
                        None => continue,
                    };
                    // two pictures with one index: the later is a repeat or has no stamp of its own
                    if self.position.is_some_and(|p| index <= p) {
                        continue;
                    }
                    self.position = Some(index);
                    self.walked += 1;
                    return Ok(Some((index, picture)));
                }
                Err(ff::Error::Eof) => return Ok(None),
                Err(ff::Error::Other { errno }) if errno == libc::EAGAIN => {
                    if self.is_draining {
                        return Ok(None);
                    }
                }
                // a draining decoder has nothing left to recover with
                Err(_) if self.is_draining => return Ok(None),
                Err(_) => self.broken += 1,
            }
            if self.is_draining {
                continue;
            }
            self.feed(target);
        }
    }

    /// Gives the decoder one packet, or tells it that there are no more.
    fn feed(&mut self, target: Option<i64>) {
        let mut packet = ff::Packet::empty();
        match packet.read(&mut self.input) {
            Ok(()) if packet.stream() != self.stream => {}
            Ok(()) => {
                let is_skippable = target.zip(packet.pts()).is_some_and(|(target, pts)| pts < target);
                self.set_skip(is_skippable);
                if self.decoder.send_packet(&packet).is_err() {
                    self.broken += 1;
                }
            }
            Err(ff::Error::Eof) => self.drain(),
            Err(_) => {
                self.broken += 1;
                self.read_failures += 1;
                if self.read_failures > MAX_READ_FAILURES {
                    self.drain();
                }
            }
        }
    }

    fn drain(&mut self) {
        self.is_draining = true;
        self.set_skip(false);
        if self.decoder.send_eof().is_err() {
            self.broken += 1;
        }
    }

    #[expect(unsafe_code, reason = "ffmpeg-next has no setter for skip_frame")]
    fn set_skip(&mut self, is_skipping: bool) {
        let discard =
            if is_skipping { ffi::AVDiscard::AVDISCARD_NONREF } else { ffi::AVDiscard::AVDISCARD_DEFAULT };
        // SAFETY: the codec context is open and owned by `self.decoder`; the field is a plain enum.
        unsafe { (*self.decoder.as_mut_ptr()).skip_frame = discard }
    }
}
