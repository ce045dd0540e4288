//! One decoded picture as planar YUV, and how its colours are meant.

use crate::time::{FrameIdx, MediaTime};

/// A decoded picture. Shared as `Arc<Frame>`, never changed.
#[derive(Clone, PartialEq)]
pub struct Frame {
    pub index: FrameIdx,
    pub time: MediaTime,
    /// Stored width and height in pixels, before rotation and pixel aspect.
    pub size: [u32; 2],
    pub planes: Planes,
    pub rotation: Rotation,
    /// This picture could not be decoded: what is seen is its nearest neighbour.
    pub is_stand_in: bool,
}

/// 8-bit planes without row padding. Greyscale has chroma of one pixel with value 128.
#[derive(Clone, PartialEq)]
pub struct Planes {
    pub y: Vec<u8>,
    pub u: Vec<u8>,
    pub v: Vec<u8>,
    /// Width and height of `u` and `v` in pixels.
    pub chroma_size: [u32; 2],
    pub matrix: YuvMatrix,
    /// Luma 0..=255 when true, 16..=235 when false.
    pub is_full_range: bool,
}

/// Luma coefficients of the colour space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YuvMatrix {
    Bt601,
    Bt709,
    Bt2020,
}

impl YuvMatrix {
    /// Red and blue luma weights (ITU-R BT.601 2.5.1, BT.709 3.2, BT.2020 table 4).
    pub const fn kr_kb(self) -> (f32, f32) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
        }
    }
}

/// Clockwise turn that makes the stored picture upright.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    #[default]
    None,
    Cw90,
    Cw180,
    Cw270,
}

impl Rotation {
    pub const fn degrees(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Cw90 => 90,
            Self::Cw180 => 180,
            Self::Cw270 => 270,
        }
    }

    pub const fn swaps_sides(self) -> bool {
        matches!(self, Self::Cw90 | Self::Cw270)
    }
}

impl Planes {
    /// Rows of the matrix that takes (y, u, v, 1), each 0..1, to red, green and blue.
    /// The shader and `Frame::to_rgb` both read it, so there is one definition.
    pub fn rgb_from_yuv(&self) -> [[f32; 4]; 3] {
        let (kr, kb) = self.matrix.kr_kb();
        let kg = 1.0 - kr - kb;
        let (y_scale, y_zero, c_scale) =
            if self.is_full_range { (1.0, 0.0, 1.0) } else { (255.0 / 219.0, 16.0 / 255.0, 255.0 / 224.0) };
        let c_zero = 128.0 / 255.0;
        let (rv, bu) = (2.0 * (1.0 - kr) * c_scale, 2.0 * (1.0 - kb) * c_scale);
        let (gu, gv) = (-bu * kb / kg, -rv * kr / kg);
        let row = |u: f32, v: f32| [y_scale, u, v, -y_scale * y_zero - (u + v) * c_zero];
        [row(0.0, rv), row(gu, gv), row(bu, 0.0)]
    }
}

impl Frame {
    /// Upright width and height in stored pixels (rotation applied, pixel aspect not).
    pub fn upright_size(&self) -> [u32; 2] {
        let [w, h] = self.size;
        if self.rotation.swaps_sides() { [h, w] } else { [w, h] }
    }

    /// Upright RGB, 3 bytes a pixel, row-major, `upright_size`. Chroma is replicated, not smoothed.
    pub fn to_rgb(&self) -> Vec<u8> {
        let [w, h] = self.size.map(|n| n as usize);
        let [cw, ch] = self.planes.chroma_size.map(|n| n as usize);
        let [r, g, b] = self.planes.rgb_from_yuv();
        let pixel = |x: usize, y: usize| {
            let chroma = (y * ch / h).min(ch - 1) * cw + (x * cw / w).min(cw - 1);
            let yuv = [self.planes.y[y * w + x], self.planes.u[chroma], self.planes.v[chroma]];
            let [y, u, v] = yuv.map(|n| f32::from(n) / 255.0);
            [r, g, b].map(|k| ((k[0] * y + k[1] * u + k[2] * v + k[3]) * 255.0 + 0.5).clamp(0.0, 255.0) as u8)
        };
        let [uw, uh] = self.upright_size().map(|n| n as usize);
        let mut out = Vec::with_capacity(uw * uh * 3);
        for y in 0..uh {
            for x in 0..uw {
                let (sx, sy) = match self.rotation {
                    Rotation::None => (x, y),
                    Rotation::Cw90 => (y, h - 1 - x),
                    Rotation::Cw180 => (w - 1 - x, h - 1 - y),
                    Rotation::Cw270 => (w - 1 - y, x),
                };
                out.extend_from_slice(&pixel(sx, sy));
            }
        }
        out
    }

    /// Bytes held by the planes, for cache budgets.
    pub fn byte_len(&self) -> usize {
        self.planes.y.len() + self.planes.u.len() + self.planes.v.len()
    }
}
