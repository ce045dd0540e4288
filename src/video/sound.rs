//! The sound of a file: stereo samples at one rate, every block with its exact time.

use std::path::Path;

use ff::format::sample::Type::Packed;
use ff::format::{Sample, context::Input};
use ff::media::Type;
use ff::software::resampling::context::{Context as Resampler, Definition};
use ff::util::channel_layout::ChannelLayout;
use ffmpeg_next as ff;

use super::VideoError;
use super::open::{container_start, found_streams, open_input, scaled_nanos};
use super::stored::MAX_READ_FAILURES;
use crate::time::MediaTime;

/// Sound this long before a seek's target is decoded and dropped: codecs need a run-up.
const RUN_UP: MediaTime = MediaTime::from_millis(250);
/// Stamps that differ less from the count of samples are rounding and not gaps.
const STAMP_SLACK: MediaTime = MediaTime::from_millis(5);
/// Room for what the resampler held back from the block before.
const HELD_BACK: usize = 256;

/// Samples that follow each other without a gap, left and right, about -1 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct SoundBlock {
    /// When the first sample is due.
    pub time: MediaTime,
    pub samples: Vec<[f32; 2]>,
}

/// Reads the best sound stream of a file.
pub struct SoundReader {
    input: Input,
    decoder: ff::decoder::Audio,
    stream: usize,
    time_base: ff::Rational,
    zero_nanos: i64,
    rate: u32,
    resampler: Option<(Definition, Resampler)>,
    /// Where the counted samples began, and how many came since.
    line: Option<(MediaTime, u64)>,
    from: MediaTime,
    is_draining: bool,
    read_failures: u32,
}

impl SoundReader {
    /// `rate` in samples a second of what comes out, whatever the file has.
    pub fn open(path: &Path, rate: u32) -> Result<Self, VideoError> {
        let input = open_input(path)?;
        let Some(sound) = input.streams().best(Type::Audio) else {
            return Err(VideoError::NoSoundStream { found: found_streams(&input), path: path.to_owned() });
        };
        let (stream, parameters, time_base) = (sound.index(), sound.parameters(), sound.time_base());
        let codec_error = |e: ff::Error| VideoError::SoundCodec {
            codec: format!("{:?}", sound.parameters().id()).to_lowercase(),
            reason: e.to_string(),
            path: path.to_owned(),
        };
        let mut context =
            ff::codec::context::Context::from_parameters(parameters).map_err(codec_error)?.decoder();
        // without it, stamps stay behind by the encoder's padding that the decoder cuts off
        context.set_packet_time_base(time_base);
        let decoder = context.audio().map_err(codec_error)?;
        let zero_nanos = container_start(&input);
        Ok(Self {
            input,
            decoder,
            stream,
            time_base,
            zero_nanos,
            rate: rate.max(1),
            resampler: None,
            line: None,
            from: MediaTime::from_nanos(i64::MIN),
            is_draining: false,
            read_failures: 0,
        })
    }

    /// The next block starts with the sample that is due at `time`, or the first one after it.
    pub fn seek(&mut self, time: MediaTime) {
        // by the default stream, which is the pictures': every container has an index for those
        let micros = (time - RUN_UP).nanos().saturating_add(self.zero_nanos) / 1000;
        if self.input.seek(micros, ..micros + 1).or_else(|_| self.input.seek(micros, ..)).is_err() {
            tracing::debug!(%time, "sound: seek failed, reading on");
        }
        self.decoder.flush();
        self.resampler = None;
        self.line = None;
        self.from = time;
        self.is_draining = false;
        self.read_failures = 0;
    }

    /// `None` at the end.
    pub fn next_block(&mut self) -> Option<SoundBlock> {
        let mut piece = ff::frame::Audio::empty();
        loop {
            match self.decoder.receive_frame(&mut piece) {
                Ok(()) => {
                    if let Some(block) = self.block_from(&mut piece) {
                        return Some(block);
                    }
                }
                Err(_) if self.is_draining => return None,
                // wants more, or could not decode the last packet
                Err(_) => self.feed(),
            }
        }
    }

    /// Gives the decoder one packet, or tells it that there are no more.
    fn feed(&mut self) {
        let mut packet = ff::Packet::empty();
        match packet.read(&mut self.input) {
            Ok(()) => {
                let is_early = packet.pts().is_some_and(|pts| self.time(pts) + RUN_UP < self.from);
                if packet.stream() == self.stream && !is_early {
                    // a packet that is refused is a gap, which the stamps show
                    let _ = self.decoder.send_packet(&packet);
                }
            }
            Err(ff::Error::Eof) => self.drain(),
            Err(_) => {
                self.read_failures += 1;
                if self.read_failures > MAX_READ_FAILURES {
                    self.drain();
                }
            }
        }
    }

    fn drain(&mut self) {
        self.is_draining = true;
        let _ = self.decoder.send_eof(); // receiving ends either way
    }

    fn time(&self, stamp: i64) -> MediaTime {
        MediaTime::from_nanos(scaled_nanos(stamp, self.time_base).saturating_sub(self.zero_nanos))
    }

    fn block_from(&mut self, piece: &mut ff::frame::Audio) -> Option<SoundBlock> {
        let samples = self.resampled(piece)?;
        let due = self.line.map(|(start, count)| start + samples_long(count, self.rate));
        let stamped = piece.timestamp().map(|stamp| self.time(stamp));
        let time = match (due, stamped) {
            (Some(due), Some(stamped)) if due.distance(stamped) > STAMP_SLACK => stamped,
            (Some(due), _) => due,
            (None, stamped) => stamped.unwrap_or(self.from.max(MediaTime::ZERO)),
        };
        if due == Some(time) {
            self.line = self.line.map(|(start, count)| (start, count + samples.len() as u64));
        } else {
            self.line = Some((time, samples.len() as u64));
        }
        let early = count_in(self.from - time, self.rate);
        if samples.len() as u64 <= early {
            return None;
        }
        Some(SoundBlock {
            time: time + samples_long(early, self.rate),
            samples: samples[early as usize..].to_vec(),
        })
    }

    fn resampled(&mut self, piece: &mut ff::frame::Audio) -> Option<Vec<[f32; 2]>> {
        if piece.channel_layout().is_empty() {
            piece.set_channel_layout(ChannelLayout::default(i32::from(self.decoder.channels())));
        }
        let source = Definition {
            format: piece.format(),
            channel_layout: piece.channel_layout(),
            rate: piece.rate().max(1),
        };
        if self.resampler.as_ref().is_none_or(|(made_for, _)| *made_for != source) {
            let wanted = Sample::F32(Packed);
            let made = Resampler::get(
                source.format,
                source.channel_layout,
                source.rate,
                wanted,
                ChannelLayout::STEREO,
                self.rate,
            );
            self.resampler = Some((source, made.ok()?));
        }
        let (_, resampler) = self.resampler.as_mut()?;
        let room = (piece.samples() as u64 * u64::from(self.rate)).div_ceil(u64::from(source.rate)) as usize;
        let mut out = ff::frame::Audio::new(Sample::F32(Packed), room + HELD_BACK, ChannelLayout::STEREO);
        resampler.run(piece, &mut out).ok()?;
        if out.samples() == 0 {
            return None;
        }
        let pairs = out.plane::<f32>(0).as_chunks::<2>().0;
        Some(pairs[..out.samples().min(pairs.len())].to_vec())
    }
}

/// How long so many samples last.
pub fn samples_long(count: u64, rate: u32) -> MediaTime {
    MediaTime::from_nanos((u128::from(count) * 1_000_000_000 / u128::from(rate.max(1))) as i64)
}

/// The whole number of samples nearest to a span; 0 for a span that is not positive.
pub fn count_in(span: MediaTime, rate: u32) -> u64 {
    ((span.nanos().max(0) as u128 * u128::from(rate) + 500_000_000) / 1_000_000_000) as u64
}
