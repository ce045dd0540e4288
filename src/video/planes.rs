//! Decoder pictures as tight 8-bit planes, whatever the decoder's pixel format.

use ff::color::{Range, Space};
use ff::format::Pixel;
use ff::software::scaling::{Context as Scaler, Flags};
use ffmpeg_next as ff;

use super::frame::{Planes, YuvMatrix};

/// Converts pictures; keeps its scaler while size and format hold.
#[derive(Default)]
pub(super) struct PlaneConverter {
    scaler: Option<(Pixel, u32, u32, Scaler)>,
}

/// Height from which unlabelled video is taken for high definition, as players do.
const HD_HEIGHT: u32 = 720;

impl PlaneConverter {
    pub fn convert(&mut self, picture: &ff::frame::Video) -> Result<Planes, ff::Error> {
        let matrix = matrix_of(picture);
        let is_full_range = picture.color_range() == Range::JPEG || is_jpeg_format(picture.format());
        match picture.format() {
            Pixel::YUV420P
            | Pixel::YUVJ420P
            | Pixel::YUV422P
            | Pixel::YUVJ422P
            | Pixel::YUV444P
            | Pixel::YUVJ444P
            | Pixel::GRAY8 => Ok(copy_planes(picture, matrix, is_full_range)),
            format => {
                let (target, is_rgb) = target_of(format);
                let converted = self.scale(picture, target)?;
                // swscale writes RGB sources as BT.601 in limited range
                let (matrix, is_full_range) =
                    if is_rgb { (YuvMatrix::Bt601, false) } else { (matrix, is_full_range) };
                Ok(copy_planes(&converted, matrix, is_full_range))
            }
        }
    }

    fn scale(&mut self, picture: &ff::frame::Video, target: Pixel) -> Result<ff::frame::Video, ff::Error> {
        let (format, w, h) = (picture.format(), picture.width(), picture.height());
        if !self.scaler.as_ref().is_some_and(|(f, sw, sh, _)| (*f, *sw, *sh) == (format, w, h)) {
            let flags = Flags::BILINEAR | Flags::ACCURATE_RND | Flags::FULL_CHR_H_INP;
            self.scaler = Some((format, w, h, Scaler::get(format, w, h, target, w, h, flags)?));
        }
        let mut out = ff::frame::Video::empty();
        if let Some((_, _, _, scaler)) = &mut self.scaler {
            scaler.run(picture, &mut out)?;
        }
        Ok(out)
    }
}

/// The 8-bit format that keeps what the source has, and whether the source is RGB.
fn target_of(format: Pixel) -> (Pixel, bool) {
    let name = format.descriptor().map(|d| d.name()).unwrap_or_default();
    let is_rgb =
        ["rgb", "bgr", "gbr", "pal8", "argb", "abgr"].iter().any(|p| name.contains(p)) || name == "0rgb";
    if is_rgb || name.contains("444") {
        (Pixel::YUV444P, is_rgb)
    } else if name.contains("422") || name.contains("yuyv") || name.contains("uyvy") {
        (Pixel::YUV422P, false)
    } else if name.starts_with("gray") || name.starts_with("mono") {
        (Pixel::GRAY8, false)
    } else {
        (Pixel::YUV420P, false)
    }
}

fn is_jpeg_format(format: Pixel) -> bool {
    matches!(format, Pixel::YUVJ420P | Pixel::YUVJ422P | Pixel::YUVJ444P)
}

fn matrix_of(picture: &ff::frame::Video) -> YuvMatrix {
    match picture.color_space() {
        Space::BT709 => YuvMatrix::Bt709,
        Space::BT2020NCL | Space::BT2020CL => YuvMatrix::Bt2020,
        Space::Unspecified if picture.height() >= HD_HEIGHT => YuvMatrix::Bt709,
        _ => YuvMatrix::Bt601,
    }
}

fn copy_planes(picture: &ff::frame::Video, matrix: YuvMatrix, is_full_range: bool) -> Planes {
    let tight = |plane: usize| {
        let (w, h) = (picture.plane_width(plane) as usize, picture.plane_height(plane) as usize);
        let (stride, data) = (picture.stride(plane), picture.data(plane));
        let mut out = Vec::with_capacity(w * h);
        for row in data.chunks(stride).take(h) {
            out.extend_from_slice(&row[..w.min(row.len())]);
        }
        out.resize(w * h, 0);
        out
    };
    if picture.format() == Pixel::GRAY8 {
        let (u, v) = (vec![128], vec![128]);
        return Planes { y: tight(0), u, v, chroma_size: [1, 1], matrix, is_full_range };
    }
    let chroma_size = [picture.plane_width(1), picture.plane_height(1)];
    Planes { y: tight(0), u: tight(1), v: tight(2), chroma_size, matrix, is_full_range }
}
