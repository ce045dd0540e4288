//! Pictures as the networks take them: resized like Pillow does, cropped, normalised.

use rayon::prelude::*;

/// An upright picture, three bytes a pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RgbImage8 {
    pub width: usize,
    pub height: usize,
    /// Red, green, blue; row-major, no padding.
    pub rgb: Vec<u8>,
}

/// How pixels are weighted when resizing. Both widen with the reduction, so nothing aliases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    Bilinear,
    Bicubic,
}

impl Filter {
    /// Half the width in source pixels at a scale of 1.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    fn weight(self, x: f64) -> f64 {
        let x = x.abs();
        match self {
            Self::Bilinear => (1.0 - x).max(0.0),
            // Keys' cubic with a = -0.5
            Self::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => ((2.5 - 0.5 * x) * x - 4.0) * x + 2.0,
            Self::Bicubic => 0.0,
        }
    }
}

impl RgbImage8 {
    pub fn new(width: usize, height: usize, rgb: Vec<u8>) -> Self {
        assert_eq!(rgb.len(), width * height * 3, "a {width}x{height} picture has three bytes a pixel");
        Self { width, height, rgb }
    }

    /// Resizes to exactly this size, in two passes with 8-bit results as Pillow has them.
    pub fn resize(&self, width: usize, height: usize, filter: Filter) -> Self {
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let mut wide = vec![0u8; width * self.height * 3];
        let taps = taps(self.width, width, filter);
        wide.par_chunks_mut(width * 3).zip(self.rgb.par_chunks(self.width * 3)).for_each(|(out, row)| {
            for (pixel, (start, weights)) in out.chunks_exact_mut(3).zip(&taps) {
                let mut sums = [HALF; 3];
                for (source, weight) in row[start * 3..].chunks_exact(3).zip(weights) {
                    for (sum, value) in sums.iter_mut().zip(source) {
                        *sum += weight * i32::from(*value);
                    }
                }
                pixel.iter_mut().zip(sums).for_each(|(pixel, sum)| *pixel = to_byte(sum));
            }
        });
        let mut rgb = vec![0u8; width * height * 3];
        let taps = self::taps(self.height, height, filter);
        rgb.par_chunks_mut(width * 3).zip(&taps).for_each(|(out, (start, weights))| {
            let mut sums = vec![HALF; width * 3];
            for (row, weight) in wide[start * width * 3..].chunks_exact(width * 3).zip(weights) {
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += weight * i32::from(*value);
                }
            }
            out.iter_mut().zip(sums).for_each(|(pixel, sum)| *pixel = to_byte(sum));
        });
        Self { width, height, rgb }
    }

    /// The part that starts at (`left`, `top`), which must lie inside.
    pub fn crop(&self, left: usize, top: usize, width: usize, height: usize) -> Self {
        assert!(
            left + width <= self.width && top + height <= self.height,
            "the crop lies outside the picture"
        );
        let rows = self.rgb.chunks_exact(self.width * 3).skip(top).take(height);
        let rgb = rows.flat_map(|row| &row[left * 3..(left + width) * 3]).copied().collect();
        Self { width, height, rgb }
    }

    /// (value / 255 - mean) / std, planes of red, green and blue one after the other.
    pub fn normalised(&self, mean: [f32; 3], std: [f32; 3]) -> Vec<f32> {
        let plane = |channel: usize| {
            let (scale, offset) = (1.0 / (255.0 * std[channel]), mean[channel] / std[channel]);
            self.rgb.iter().skip(channel).step_by(3).map(move |value| f32::from(*value) * scale - offset)
        };
        (0..3).flat_map(plane).collect()
    }
}

/// Weights are integers with this many fractional bits (Pillow's `PRECISION_BITS`).
const PRECISION: u32 = 22;
const HALF: i32 = 1 << (PRECISION - 1);

fn to_byte(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// For each output position, the first source position and the weights from there on.
fn taps(from: usize, to: usize, filter: Filter) -> Vec<(usize, Vec<i32>)> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let support = filter.support() * stretch;
    let tap = |position: usize| {
        let centre = (position as f64 + 0.5) * scale;
        let start = (centre - support + 0.5).max(0.0) as usize;
        let end = ((centre + support + 0.5) as usize).min(from);
        let weight = |i: usize| filter.weight((i as f64 - centre + 0.5) / stretch);
        let sum: f64 = (start..end).map(weight).sum();
        let fixed = |i| (weight(i) / sum * f64::from(1 << PRECISION)).round() as i32;
        (start, (start..end).map(fixed).collect())
    };
    (0..to).map(tap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> RgbImage8 {
        let pixel =
            |i: usize| [(i % width * 5 % 256) as u8, (i / width * 7 % 256) as u8, (i * 31 % 256) as u8];
        RgbImage8::new(width, height, (0..width * height).flat_map(pixel).collect())
    }

    #[test]
    fn a_flat_picture_stays_flat_at_any_size() {
        let grey = RgbImage8::new(37, 21, vec![119; 37 * 21 * 3]);
        for (width, height) in [(224, 224), (5, 3), (37, 100)] {
            for filter in [Filter::Bilinear, Filter::Bicubic] {
                assert!(grey.resize(width, height, filter).rgb.iter().all(|v| *v == 119));
            }
        }
    }

    /// Sums, plain and weighted by position, of what Pillow 12 makes of the same picture.
    #[test]
    fn resizing_gives_pillows_bytes() {
        let picture = ramp(320, 180);
        let cases = [
            (224, 224, Filter::Bicubic, 18_923_102, 9_508_151_637),
            (416, 256, Filter::Bilinear, 40_233_341, 20_265_524_175),
            (50, 30, Filter::Bicubic, 565_687, 272_508_439),
        ];
        for (width, height, filter, sum, weighted) in cases {
            let bytes = picture.resize(width, height, filter).rgb;
            let found: u64 = bytes.iter().map(|v| u64::from(*v)).sum();
            let places: u64 = bytes.iter().enumerate().map(|(i, v)| i as u64 % 1009 * u64::from(*v)).sum();
            assert_eq!((found, places), (sum, weighted), "{width}x{height} {filter:?}");
        }
    }

    #[test]
    fn normalising_separates_the_planes() {
        let values = RgbImage8::new(1, 2, vec![0, 255, 51, 255, 0, 0]).normalised([0.5; 3], [0.5; 3]);
        let expected = [-1.0, 1.0, 1.0, -1.0, -0.6, -1.0];
        assert!(values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{values:?}");
    }
}
