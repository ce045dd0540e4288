//! Frames → file: pictures of one size at a steady rate, as MP4.
//!
//! Whatever encoder the user's own FFmpeg brings is used, H.264 first; this program ships none, so
//! an encoder's licence stays between the user and their FFmpeg.

use std::path::{Path, PathBuf};

use ff::codec::threading;
use ff::format::Pixel;
use ff::util::color;
use ffmpeg_next as ff;

use super::open::start_ffmpeg;
use super::{Planes, VideoError};

/// Encoders in order of preference, with the options that go with each. All are deterministic:
/// the same pictures give the same file on the same FFmpeg.
const ENCODERS: [(&str, &[(&str, &str)]); 3] = [
    ("libx264", &[("preset", "veryfast"), ("crf", "21"), ("bf", "0"), ("sc_threshold", "0")]),
    ("libopenh264", &[("b", "900000")]),
    ("mpeg4", &[("qmin", "3"), ("qmax", "5"), ("b", "1500000")]),
];

/// Pictures between two key pictures: exact seeking stays quick.
const KEY_EVERY: u32 = 30;

/// Writes one video stream, picture after picture.
pub struct VideoWriter {
    output: ff::format::context::Output,
    encoder: ff::encoder::Video,
    encoder_name: &'static str,
    frame: ff::frame::Video,
    time_base: ff::Rational,
    written: i64,
    path: PathBuf,
}

impl VideoWriter {
    /// `size` in pixels, both even; `fps` pictures a second; `tags` by FFmpeg's names, such as `title`.
    pub fn create(path: &Path, size: [u32; 2], fps: u32, tags: &[(&str, &str)]) -> Result<Self, VideoError> {
        start_ffmpeg();
        let failed = |reason: String| VideoError::Unwritable { reason, path: path.to_owned() };
        let [width, height] = size;
        if width == 0 || height == 0 || width % 2 != 0 || height % 2 != 0 || fps == 0 {
            return Err(failed(format!(
                "a video needs an even width and height and a rate above 0, found {width} x {height} at {fps}"
            )));
        }
        let mut reasons = Vec::new();
        for (name, options) in ENCODERS {
            let Some(codec) = ff::encoder::find_by_name(name) else { continue };
            match Self::with_encoder(path, size, fps, tags, name, codec, options) {
                Ok(writer) => return Ok(writer),
                Err(error) => reasons.push(format!("{name}: {error}")),
            }
        }
        let names = ENCODERS.map(|(name, _)| name).join(", ");
        Err(failed(match reasons.is_empty() {
            true => format!("this FFmpeg has none of the encoders {names}; install one that has"),
            false => reasons.join("; "),
        }))
    }

    fn with_encoder(
        path: &Path,
        [width, height]: [u32; 2],
        fps: u32,
        tags: &[(&str, &str)],
        encoder_name: &'static str,
        codec: ff::Codec,
        options: &[(&str, &str)],
    ) -> Result<Self, ff::Error> {
        let mut output = ff::format::output_as(path, "mp4")?;
        let time_base = ff::Rational(1, fps as i32);
        let mut context = ff::codec::context::Context::new_with_codec(codec);
        // pictures are drawn on the other cores meanwhile
        context.set_threading(threading::Config::count(1));
        let mut encoder = context.encoder().video()?;
        encoder.set_width(width);
        encoder.set_height(height);
        encoder.set_format(Pixel::YUV420P);
        encoder.set_time_base(time_base);
        encoder.set_frame_rate(Some(ff::Rational(fps as i32, 1)));
        encoder.set_gop(KEY_EVERY);
        encoder.set_colorspace(color::Space::BT709);
        encoder.set_color_range(color::Range::MPEG);
        encoder.set_color_primaries(color::Primaries::BT709);
        encoder.set_color_transfer_characteristic(color::TransferCharacteristic::BT709);
        encoder.set_flags(ff::codec::Flags::GLOBAL_HEADER | ff::codec::Flags::BITEXACT);
        let mut dictionary = ff::Dictionary::new();
        for (key, value) in options {
            dictionary.set(key, value);
        }
        let encoder = encoder.open_with(dictionary)?;
        let mut stream = output.add_stream(codec)?;
        stream.set_parameters(&encoder);
        stream.set_time_base(time_base);
        stream.set_avg_frame_rate(ff::Rational(fps as i32, 1));
        output.set_metadata(tags.iter().collect());
        let mut header = ff::Dictionary::new();
        header.set("movflags", "+faststart");
        header.set("fflags", "+bitexact");
        output.write_header_with(header)?;
        let frame = ff::frame::Video::new(Pixel::YUV420P, width, height);
        Ok(Self { output, encoder, encoder_name, frame, time_base, written: 0, path: path.to_owned() })
    }

    /// Which of FFmpeg's encoders is at work.
    pub fn encoder_name(&self) -> &'static str {
        self.encoder_name
    }

    /// The next picture: BT.709, limited range, chroma at half size both ways.
    pub fn write(&mut self, planes: &Planes) -> Result<(), VideoError> {
        // the encoder may still read the buffers of the picture before
        self.frame = ff::frame::Video::new(Pixel::YUV420P, self.encoder.width(), self.encoder.height());
        for (index, plane) in [&planes.y, &planes.u, &planes.v].into_iter().enumerate() {
            let width = self.frame.plane_width(index) as usize;
            let height = self.frame.plane_height(index) as usize;
            if plane.len() != width * height {
                let reason = format!("plane {index} has {} bytes, expected {}", plane.len(), width * height);
                return Err(VideoError::Unwritable { reason, path: self.path.clone() });
            }
            let stride = self.frame.stride(index);
            let rows = self.frame.data_mut(index).chunks_mut(stride);
            for (row, source) in rows.zip(plane.chunks_exact(width)) {
                row[..width].copy_from_slice(source);
            }
        }
        self.frame.set_pts(Some(self.written));
        self.written += 1;
        let sent = self.encoder.send_frame(&self.frame);
        sent.and_then(|()| self.store_packets()).map_err(|e| self.failed(e))
    }

    /// Ends the file. Dropping the writer instead leaves one that no player opens.
    pub fn finish(mut self) -> Result<(), VideoError> {
        let ended = self.encoder.send_eof();
        let ended = ended.and_then(|()| self.store_packets()).and_then(|()| self.output.write_trailer());
        ended.map_err(|e| self.failed(e))
    }

    fn store_packets(&mut self) -> Result<(), ff::Error> {
        let Some(stored_base) = self.output.stream(0).map(|s| s.time_base()) else {
            return Err(ff::Error::StreamNotFound);
        };
        let mut packet = ff::Packet::empty();
        while self.encoder.receive_packet(&mut packet).is_ok() {
            packet.set_stream(0);
            packet.set_duration(1);
            packet.rescale_ts(self.time_base, stored_base);
            packet.write_interleaved(&mut self.output)?;
        }
        Ok(())
    }

    fn failed(&self, error: ff::Error) -> VideoError {
        VideoError::Unwritable {
            reason: format!("{error} (encoder {})", self.encoder_name),
            path: self.path.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::{VideoReader, YuvMatrix};

    fn grey(size: [u32; 2], luma: u8) -> Planes {
        let [width, height] = size.map(|n| n as usize);
        Planes {
            y: vec![luma; width * height],
            u: vec![128; width * height / 4],
            v: vec![128; width * height / 4],
            chroma_size: size.map(|n| n / 2),
            matrix: YuvMatrix::Bt709,
            is_full_range: false,
        }
    }

    #[test]
    fn what_is_written_is_read_back_frame_by_frame() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("clip.mp4");
        let mut writer = VideoWriter::create(&path, [64, 48], 30, &[("title", "Grey")]).expect("an encoder");
        for i in 0..45u8 {
            writer.write(&grey([64, 48], 40 + i * 4)).expect("is written");
        }
        writer.finish().expect("ends");
        let mut reader = VideoReader::open(&path).expect("opens");
        assert_eq!(reader.table().len(), 45);
        assert_eq!(reader.info().size, [64, 48]);
        assert!((reader.info().average_fps - 30.0).abs() < 1e-6);
        assert!((reader.info().duration.secs() - 1.5).abs() < 1e-3);
        let tagged = ff::format::input(&path).expect("opens");
        assert_eq!(tagged.metadata().get("title"), Some("Grey"));
        for i in [0u32, 17, 44] {
            let frame = reader.frame_at(crate::time::FrameIdx(i)).expect("decodes");
            let mean = frame.planes.y.iter().map(|v| f64::from(*v)).sum::<f64>() / (64.0 * 48.0);
            assert!((mean - (40.0 + f64::from(i) * 4.0)).abs() < 3.0, "frame {i}: {mean}");
        }
    }

    #[test]
    fn a_size_that_no_encoder_takes_is_said_in_one_sentence() {
        let dir = tempfile::tempdir().expect("a folder");
        let Err(error) = VideoWriter::create(&dir.path().join("x.mp4"), [63, 48], 30, &[]) else {
            panic!("an odd width");
        };
        assert!(error.to_string().contains("63 x 48"), "{error}");
    }
}
