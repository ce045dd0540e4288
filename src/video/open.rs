//! From a path to a decoder and what is known of the clip.

use std::path::{Path, PathBuf};

use ff::codec::threading;
use ff::ffi;
use ff::media::Type;
use ffmpeg_next as ff;

use super::content_id::content_id;
use super::index::{Entry, FrameTable};
use super::stored::{Stored, container_index, scan_packets};
use super::{Rotation, VideoError, VideoInfo};
use crate::time::MediaTime;

/// Files larger than this are not read through for their frame table: the container's own index
/// serves, where it has one.
const LARGE_FILE_BYTES: u64 = 1 << 30;
/// Containers with an index of their key frames, by what ffmpeg calls them.
pub(super) const SEEKABLE: [&str; 2] = ["mov", "matroska"];
const DECODE_THREADS: usize = 2;

/// A file whose video stream can be decoded.
pub(super) struct Opened {
    pub input: ff::format::context::Input,
    pub decoder: ff::decoder::Video,
    pub stream: usize,
    codec: String,
    time_base: ff::Rational,
    average_rate: ff::Rational,
    /// In units of `time_base`; 0 or less where the stream does not say.
    duration: i64,
}

impl Opened {
    pub fn new(path: &Path) -> Result<Self, VideoError> {
        let input = open_input(path)?;
        let Some(video) = input.streams().best(Type::Video) else {
            return Err(VideoError::NoVideoStream { found: found_streams(&input), path: path.to_owned() });
        };
        let (stream, parameters, time_base) = (video.index(), video.parameters(), video.time_base());
        let (average_rate, duration) = (video.avg_frame_rate(), video.duration());
        let codec = format!("{:?}", parameters.id()).to_lowercase();
        let codec_error = |e: ff::Error| VideoError::Codec {
            codec: codec.clone(),
            reason: e.to_string(),
            path: path.to_owned(),
        };
        let mut context = ff::codec::context::Context::from_parameters(parameters).map_err(codec_error)?;
        let mut threads = threading::Config::kind(threading::Type::Frame);
        threads.count = DECODE_THREADS;
        context.set_threading(threads);
        let decoder = context.decoder().video().map_err(codec_error)?;
        Ok(Self { input, decoder, stream, codec, time_base, average_rate, duration })
    }

    /// Nanoseconds since the clip's zero of a stamp of the stream.
    fn nanos(&self, stamp: i64) -> MediaTime {
        MediaTime::from_nanos(scaled_nanos(stamp, self.time_base) - container_start(&self.input))
    }

    pub fn frame_table(&mut self, path: &Path) -> Result<FrameTable, VideoError> {
        let is_large = std::fs::metadata(path).is_ok_and(|m| m.len() > LARGE_FILE_BYTES);
        let mut stored = if is_large { container_index(&self.input, self.stream) } else { Vec::new() };
        if stored.is_empty() {
            stored = scan_packets(&mut self.input, self.stream);
        }
        if stored.is_empty() {
            return Err(VideoError::NoFrames { path: path.to_owned() });
        }
        // MP4 and Matroska are sought by presentation: by decoding time they land a whole group early,
        // and it would be decoded in vain. Others know decoding times only. The first picture may need
        // what is hidden before it.
        let by_presentation = SEEKABLE.iter().any(|name| self.input.format().name().contains(name));
        let first = stored.iter().map(|s| s.presented).min();
        let entry = |s: Stored| Entry {
            stamp: s.presented,
            seek_stamp: if by_presentation && Some(s.presented) != first { s.presented } else { s.decoded },
            time: self.nanos(s.presented),
            is_key: s.is_key,
        };
        let end = match self.input.duration() {
            d if d > 0 => MediaTime::from_nanos(d.saturating_mul(1000)),
            _ => self.nanos(self.duration.max(0)),
        };
        Ok(FrameTable::new(stored.into_iter().map(entry).collect(), end))
    }

    pub fn info(&self, path: &Path, table: &FrameTable) -> Result<VideoInfo, VideoError> {
        let content_id = content_id(path)
            .map_err(|e| VideoError::Unreadable { reason: e.to_string(), path: path.to_owned() })?;
        let rotation = rotation_of(&self.input, self.stream);
        let aspect = self.decoder.aspect_ratio();
        let pixel_aspect = match (aspect.numerator(), aspect.denominator()) {
            (n, d) if n > 0 && d > 0 => [n as u32, d as u32],
            _ => [1, 1],
        };
        let size = [self.decoder.width(), self.decoder.height()];
        let format = self.decoder.format();
        Ok(VideoInfo {
            path: path.to_owned(),
            container: self.input.format().name().to_owned(),
            codec: self.codec.clone(),
            size,
            display_size: display_size(size, pixel_aspect, rotation),
            rotation,
            pixel_aspect,
            pixel_format: format.descriptor().map(|d| d.name().to_owned()).unwrap_or_default(),
            bit_depth: bit_depth(format),
            duration: table.range().end(),
            average_fps: average_fps(table, self.average_rate),
            is_variable_rate: table.is_variable_rate(),
            has_audio: self.input.streams().best(Type::Audio).is_some(),
            content_id,
        })
    }
}

pub(super) fn open_input(path: &Path) -> Result<ff::format::context::Input, VideoError> {
    check_file(path)?;
    start_ffmpeg();
    ff::format::input(path).map_err(|e| VideoError::NotVideo { reason: e.to_string(), path: path.to_owned() })
}

/// A stamp of a stream in nanoseconds.
pub(super) fn scaled_nanos(stamp: i64, time_base: ff::Rational) -> i64 {
    let scaled = i128::from(stamp) * i128::from(time_base.numerator()) * 1_000_000_000
        / i128::from(time_base.denominator().max(1));
    scaled as i64
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

pub(super) fn found_streams(input: &ff::format::context::Input) -> String {
    let kinds: Vec<String> =
        input.streams().map(|s| format!("{:?}", s.parameters().medium()).to_lowercase()).collect();
    if kinds.is_empty() { "no streams at all".into() } else { kinds.join(", ") }
}

/// Nanoseconds between the container's own zero and ours. Broadcast streams begin at an arbitrary
/// clock; elsewhere zero is zero, and a late first picture is late.
#[expect(unsafe_code, reason = "ffmpeg-next does not expose start_time")]
pub(super) fn container_start(input: &ff::format::context::Input) -> i64 {
    // SAFETY: the pointer is valid while `input` lives; the field is a plain integer.
    let start = unsafe { (*input.as_ptr()).start_time };
    let is_broadcast = input.format().name().contains("mpeg");
    if start == ffi::AV_NOPTS_VALUE || (start > 0 && !is_broadcast) { 0 } else { start.saturating_mul(1000) }
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

pub(super) fn start_ffmpeg() {
    // repeated calls cost nothing; failures show when a file is opened
    let _ = ff::init();
    ff::log::set_level(ff::log::Level::Fatal);
}
