//! ffmpeg: open a file, read its frame table, decode exact pictures.
//!
//! A reader is built inside the thread that uses it: ffmpeg's scaler cannot move between threads.
//! Seeking lands on a key frame; exactness is made here by decoding forward from it.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ff::codec::threading;
use ff::ffi;
use ff::media::Type;
use ffmpeg_next as ff;

use super::content_id::content_id;
use super::index::{Entry, FrameTable};
use super::planes::PlaneConverter;
use super::{Frame, Rotation, VideoError, VideoInfo};
use crate::time::{FrameIdx, MediaTime};

/// Files larger than this are not read through for their frame table: the container's own index
/// serves, where it has one.
const LARGE_FILE_BYTES: u64 = 1 << 30;
const DECODE_THREADS: usize = 2;
/// Key frames to go back when a seek lands past its picture.
const MAX_SEEK_RETRIES: u32 = 3;
/// A cut-off file repeats its last read error for ever.
const MAX_READ_FAILURES: u32 = 16;

pub struct VideoReader {
    input: ff::format::context::Input,
    decoder: ff::decoder::Video,
    stream: usize,
    info: Arc<VideoInfo>,
    table: Arc<FrameTable>,
    converter: PlaneConverter,
    /// Index of the last picture that came out of the decoder since the last seek.
    position: Option<FrameIdx>,
    /// Pictures just before the last one asked for, oldest first, not yet converted.
    passed: VecDeque<(FrameIdx, ff::frame::Video)>,
    /// How many of them are kept.
    keep_passed: u32,
    is_draining: bool,
    /// Packets or pictures that ffmpeg refused, since opening.
    broken: u64,
    /// Failed reads since the last seek.
    read_failures: u32,
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

fn start_ffmpeg() {
    // repeated calls cost nothing; failures show when a file is opened
    let _ = ff::init();
    ff::log::set_level(ff::log::Level::Fatal);
}

impl VideoReader {
    /// Opens a file and reads its frame table. Reads the whole file once unless it is very large.
    pub fn open(path: &Path) -> Result<Self, VideoError> {
        check_file(path)?;
        start_ffmpeg();
        let owned = path.to_path_buf();
        let mut input = ff::format::input(path)
            .map_err(|e| VideoError::NotVideo { reason: e.to_string(), path: owned.clone() })?;
        let (stream, parameters, time_base, average, duration) = {
            let Some(video) = input.streams().best(Type::Video) else {
                return Err(VideoError::NoVideoStream { found: found_streams(&input), path: owned });
            };
            (video.index(), video.parameters(), video.time_base(), video.avg_frame_rate(), video.duration())
        };
        let codec_name = format!("{:?}", parameters.id()).to_lowercase();
        let codec_error = |e: ff::Error| VideoError::Codec {
            codec: codec_name.clone(),
            reason: e.to_string(),
            path: owned.clone(),
        };
        let mut context = ff::codec::context::Context::from_parameters(parameters).map_err(codec_error)?;
        let mut threads = threading::Config::kind(threading::Type::Frame);
        threads.count = DECODE_THREADS;
        context.set_threading(threads);
        let decoder = context.decoder().video().map_err(codec_error)?;

        let start = container_start(&input);
        let nanos = |stamp: i64| {
            let scaled = i128::from(stamp) * i128::from(time_base.numerator()) * 1_000_000_000
                / i128::from(time_base.denominator().max(1));
            MediaTime::from_nanos(scaled as i64 - start)
        };
        let is_large = std::fs::metadata(path).is_ok_and(|m| m.len() > LARGE_FILE_BYTES);
        let mut entries = if is_large { container_index(&input, stream) } else { Vec::new() };
        if entries.is_empty() {
            entries = scan_packets(&mut input, stream);
        }
        let entries: Vec<Entry> = entries
            .into_iter()
            .map(|s| Entry {
                stamp: s.presented,
                decode_stamp: s.decoded,
                time: nanos(s.presented),
                is_key: s.is_key,
            })
            .collect();
        if entries.is_empty() {
            return Err(VideoError::NoFrames { path: owned });
        }
        let container_end = match input.duration() {
            d if d > 0 => MediaTime::from_nanos(d.saturating_mul(1000)),
            _ => nanos(duration.max(0)),
        };
        let table = Arc::new(FrameTable::new(entries, container_end));
        let content_id = content_id(path)
            .map_err(|e| VideoError::Unreadable { reason: e.to_string(), path: owned.clone() })?;
        let rotation = rotation_of(&input, stream);
        let aspect = decoder.aspect_ratio();
        let pixel_aspect = match (aspect.numerator(), aspect.denominator()) {
            (n, d) if n > 0 && d > 0 => [n as u32, d as u32],
            _ => [1, 1],
        };
        let size = [decoder.width(), decoder.height()];
        let info = VideoInfo {
            path: owned.clone(),
            container: input.format().name().to_owned(),
            codec: codec_name.clone(),
            size,
            display_size: display_size(size, pixel_aspect, rotation),
            rotation,
            pixel_aspect,
            pixel_format: decoder.format().descriptor().map(|d| d.name().to_owned()).unwrap_or_default(),
            bit_depth: bit_depth(decoder.format()),
            duration: table.range().end(),
            average_fps: average_fps(&table, average),
            is_variable_rate: table.is_variable_rate(),
            has_audio: input.streams().best(Type::Audio).is_some(),
            content_id,
        };
        let mut reader = Self {
            input,
            decoder,
            stream,
            info: Arc::new(info),
            table,
            converter: PlaneConverter::default(),
            position: None,
            passed: VecDeque::new(),
            keep_passed: 0,
            is_draining: false,
            broken: 0,
            read_failures: 0,
        };
        reader.seek_to_key(FrameIdx(0));
        Ok(reader)
    }

    pub fn info(&self) -> &Arc<VideoInfo> {
        &self.info
    }

    pub fn table(&self) -> &Arc<FrameTable> {
        &self.table
    }

    /// From now on the last `count` pictures on the way to one asked for are kept: whoever steps
    /// backwards asks for them next, and decoding them again would begin at the key frame.
    pub fn keep_passed(&mut self, count: u32) {
        self.keep_passed = count;
    }

    /// The newest of the pictures kept on the way.
    pub fn take_passed(&mut self) -> Option<Frame> {
        let (index, picture) = self.passed.pop_back()?;
        self.frame_from(index, &picture).ok()
    }

    /// Packets and pictures that could not be decoded so far.
    pub fn broken(&self) -> u64 {
        self.broken
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
        let index = index.min(self.table.last());
        self.passed.clear();
        let mut key = self.table.keyframe_before(index);
        let is_ahead = self.position.is_some_and(|p| p < index && p >= key) && !self.is_draining;
        if !is_ahead {
            self.seek_to_key(key);
        }
        let mut retries = MAX_SEEK_RETRIES;
        loop {
            let mut newest = None;
            let whole_from = FrameIdx(index.0.saturating_sub(self.keep_passed));
            while let Some((at, picture)) = self.pull(Some(whole_from))? {
                if at == index {
                    self.pass(newest.take());
                    return self.frame_from(index, &picture);
                }
                if at > index {
                    newest.get_or_insert((at, picture));
                    break;
                }
                let before = newest.replace((at, picture));
                self.pass(before);
            }
            // The key frame flag lied or the picture is broken: try again from further back.
            let overshot = newest.as_ref().is_none_or(|(at, _)| *at > index);
            if overshot && key > FrameIdx(0) && retries > 0 {
                retries -= 1;
                key = self.table.keyframe_before(FrameIdx(key.0 - 1));
                self.seek_to_key(key);
                continue;
            }
            return match newest {
                Some((_, picture)) => self.frame_from(index, &picture),
                None => Err(self.undecodable(index)),
            };
        }
    }

    /// The picture at the nearest key frame at or before `index`: cheap, for dragging.
    pub fn keyframe_at(&mut self, index: FrameIdx) -> Result<Frame, VideoError> {
        self.frame_at(self.table.keyframe_before(index.min(self.table.last())))
    }

    /// Keeps a picture that was decoded on the way.
    fn pass(&mut self, picture: Option<(FrameIdx, ff::frame::Video)>) {
        let Some(picture) = picture.filter(|_| self.keep_passed > 0) else { return };
        if self.passed.len() as u32 >= self.keep_passed {
            self.passed.pop_front();
        }
        self.passed.push_back(picture);
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
                    let Some(stamp) = picture.timestamp() else { continue };
                    let index = self.table.index_of_stamp(stamp);
                    // two pictures with one index: the later is a repeat or has no stamp of its own
                    if self.position.is_some_and(|p| index <= p) {
                        continue;
                    }
                    self.position = Some(index);
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

fn check_file(path: &Path) -> Result<(), VideoError> {
    let path = PathBuf::from(path);
    match std::fs::metadata(&path) {
        Err(e) => Err(VideoError::Unreadable { reason: e.to_string(), path }),
        Ok(meta) if meta.is_dir() => Err(VideoError::Folder { path }),
        Ok(meta) if meta.len() == 0 => Err(VideoError::Empty { path }),
        Ok(_) => match std::fs::File::open(&path) {
            Err(e) => Err(VideoError::Unreadable { reason: e.to_string(), path }),
            Ok(_) => Ok(()),
        },
    }
}

fn found_streams(input: &ff::format::context::Input) -> String {
    let kinds: Vec<String> =
        input.streams().map(|s| format!("{:?}", s.parameters().medium()).to_lowercase()).collect();
    if kinds.is_empty() { "no streams at all".into() } else { kinds.join(", ") }
}

/// Nanoseconds between the container's own zero and ours. Broadcast streams begin at an arbitrary
/// clock; elsewhere zero is zero, and a late first picture is late.
#[expect(unsafe_code, reason = "ffmpeg-next does not expose start_time")]
fn container_start(input: &ff::format::context::Input) -> i64 {
    // SAFETY: the pointer is valid while `input` lives; the field is a plain integer.
    let start = unsafe { (*input.as_ptr()).start_time };
    let is_broadcast = input.format().name().contains("mpeg");
    if start == ffi::AV_NOPTS_VALUE || (start > 0 && !is_broadcast) { 0 } else { start.saturating_mul(1000) }
}

/// A stored picture in the stream's time base.
#[derive(Clone, Copy)]
struct Stored {
    presented: i64,
    decoded: i64,
    is_key: bool,
}

/// Every stored picture by reading all packets.
fn scan_packets(input: &mut ff::format::context::Input, stream: usize) -> Vec<Stored> {
    let mut packets: Vec<(Option<i64>, i64, bool)> = Vec::new();
    let mut failures = 0;
    loop {
        // a packet that is read into again keeps its old bytes for ever
        let mut packet = ff::Packet::empty();
        match packet.read(input) {
            Ok(()) => {
                if packet.stream() == stream && !is_discarded(&packet) {
                    let after_last = packets.last().map(|(_, decoded, _)| decoded + packet.duration().max(1));
                    let decoded = packet.dts().or(packet.pts()).or(after_last).unwrap_or(0);
                    packets.push((packet.pts(), decoded, packet.is_key()));
                }
            }
            Err(ff::Error::Eof) => break,
            Err(_) if failures < MAX_READ_FAILURES => failures += 1,
            Err(_) => break,
        }
    }
    // Where some presentation times are missing, the decoding times stand in for all of them:
    // the same set, shifted by the reordering delay.
    let is_complete = packets.iter().all(|(pts, ..)| pts.is_some());
    let first = |stamps: &mut dyn Iterator<Item = i64>| stamps.min().unwrap_or_default();
    let delay = first(&mut packets.iter().filter_map(|(pts, ..)| *pts))
        - first(&mut packets.iter().filter(|(pts, ..)| pts.is_some()).map(|(_, decoded, _)| *decoded));
    packets
        .into_iter()
        .map(|(pts, decoded, is_key)| Stored {
            presented: pts.filter(|_| is_complete).unwrap_or(decoded + delay.max(0)),
            decoded,
            is_key,
        })
        .collect()
}

/// Pre-roll that an edit list hides: decoded, but not a picture of the clip.
#[expect(unsafe_code, reason = "ffmpeg-next does not know this packet flag")]
fn is_discarded(packet: &ff::Packet) -> bool {
    use ff::packet::Ref as _;
    // SAFETY: the packet is alive; the field is a plain integer.
    unsafe { (*packet.as_ptr()).flags & ffi::AV_PKT_FLAG_DISCARD != 0 }
}

/// Pictures by the container's own index, which lists decoding times; with B-frames those are the
/// presentation times shifted by a constant, which is taken from the stream's start.
#[expect(unsafe_code, reason = "ffmpeg-next does not expose the container's index")]
fn container_index(input: &ff::format::context::Input, stream: usize) -> Vec<Stored> {
    let Some(video) = input.stream(stream) else { return Vec::new() };
    // SAFETY: the stream belongs to the open `input`; ffmpeg takes a mutable pointer but only reads,
    // and each entry is copied before the next call.
    let entries: Vec<(i64, bool)> = unsafe {
        let raw = video.as_ptr().cast_mut();
        let count = ffi::avformat_index_get_entries_count(raw);
        (0..count)
            .filter_map(|i| ffi::avformat_index_get_entry(raw, i).as_ref())
            .map(|e| (e.timestamp, e.flags() & ffi::AVINDEX_KEYFRAME != 0))
            .collect()
    };
    let expected = video.frames();
    if expected <= 0 || (entries.len() as i64) < expected {
        return Vec::new();
    }
    let shift = match (video.start_time(), entries.iter().map(|(stamp, _)| *stamp).min()) {
        (start, Some(first)) if start != ffi::AV_NOPTS_VALUE => start - first,
        _ => 0,
    };
    entries
        .into_iter()
        .map(|(decoded, is_key)| Stored { presented: decoded + shift, decoded, is_key })
        .collect()
}

/// The turn that the display matrix of the stream asks for.
fn rotation_of(input: &ff::format::context::Input, stream: usize) -> Rotation {
    use ff::codec::packet::side_data::Type as SideType;
    let Some(video) = input.stream(stream) else { return Rotation::None };
    for side in video.side_data() {
        if side.kind() != SideType::DisplayMatrix {
            continue;
        }
        // nine 16.16 fixed-point numbers; the first two rows' leading pairs give the turn
        let number = |i: usize| {
            side.data().get(i * 4..i * 4 + 4).and_then(|b| b.try_into().ok()).map_or(0, i32::from_ne_bytes)
        };
        let (a, b) = (f64::from(number(0)), f64::from(number(1)));
        let clockwise = b.atan2(a).to_degrees().rem_euclid(360.0);
        return match (clockwise / 90.0).round() as i32 % 4 {
            1 => Rotation::Cw90,
            2 => Rotation::Cw180,
            3 => Rotation::Cw270,
            _ => Rotation::None,
        };
    }
    Rotation::None
}

fn display_size([w, h]: [u32; 2], [n, d]: [u32; 2], rotation: Rotation) -> [u32; 2] {
    let wide = (f64::from(w) * f64::from(n) / f64::from(d)).round().max(1.0) as u32;
    if rotation.swaps_sides() { [h, wide] } else { [wide, h] }
}

#[expect(unsafe_code, reason = "ffmpeg-next does not expose component depths")]
fn bit_depth(format: ff::format::Pixel) -> u32 {
    // SAFETY: the descriptor is a static table entry or null.
    let descriptor = unsafe { ffi::av_pix_fmt_desc_get(format.into()).as_ref() };
    descriptor.map_or(8, |d| d.comp[0].depth.max(1) as u32)
}

fn average_fps(table: &FrameTable, claimed: ff::Rational) -> f64 {
    let span = (table.time(table.last()) - table.first_time()).secs();
    if table.len() > 1 && span > 0.0 { (table.len() - 1) as f64 / span } else { f64::from(claimed).max(0.0) }
}
