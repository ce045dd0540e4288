//! The scene camera: positions on the picture to directions in space.
//!
//! Angles between gaze directions need the lens. Where a recording brings its calibration that is
//! used; else each recorder's usual lens stands in, which is good near the picture's middle.

use super::GazeFormat;

/// OpenCV's default for `undistortPoints`. Pupil's detectors stop there as well, and near the
/// picture's edge more of them would move a direction by up to 0.2 degrees.
const UNDISTORT_ITERATIONS: usize = 5;

/// Pinhole camera with OpenCV's rational distortion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SceneCamera {
    /// Pixels of the calibrated picture, width and height.
    pub size: [f64; 2],
    /// Pixels.
    pub focal: [f64; 2],
    /// Pixels from the top-left corner.
    pub centre: [f64; 2],
    /// OpenCV's order: k1, k2, p1, p2, k3, k4, k5, k6.
    pub distortion: [f64; 8],
}

impl SceneCamera {
    /// The usual lens of a recorder, for a picture of this size. The focal length is that of the
    /// picture's middle: Pupil Labs state 103 and 82 degrees for Neon and Invisible (Ego4D's gaze
    /// was recorded with the latter), Project Aria's factory calibrations are about 0.43 of the
    /// width, GLC assumes 60 degrees where nothing is known.
    pub fn usual(format: GazeFormat, size: [u32; 2]) -> Self {
        let focal_of_width = match format {
            GazeFormat::NeonCloud | GazeFormat::NeonNative => 1.0 / 103f64.to_radians(),
            GazeFormat::Ego4d | GazeFormat::GlcLabels | GazeFormat::Tobii => 1.0 / 82f64.to_radians(),
            GazeFormat::PupilCore => 0.62,
            GazeFormat::AriaMps | GazeFormat::EgoExo4d => 0.434,
            GazeFormat::Egtea | GazeFormat::Generic => 0.5 / 30f64.to_radians().tan(),
        };
        let size = size.map(|n| f64::from(n.max(1)));
        let focal = size[0] * focal_of_width;
        Self { size, focal: [focal; 2], centre: size.map(|n| n / 2.0), distortion: [0.0; 8] }
    }

    /// Unit vector of a position (fractions of the picture, origin top-left) in the camera's frame:
    /// x right, y down, z forward.
    pub fn ray(&self, pos: [f64; 2]) -> [f64; 3] {
        let at = |axis: usize| (pos[axis] * self.size[axis] - self.centre[axis]) / self.focal[axis];
        let [x, y] = self.undistort([at(0), at(1)]);
        let length = (x * x + y * y + 1.0).sqrt();
        [x / length, y / length, 1.0 / length]
    }

    fn undistort(&self, start: [f64; 2]) -> [f64; 2] {
        let [k1, k2, p1, p2, k3, k4, k5, k6] = self.distortion;
        let [mut x, mut y] = start;
        for _ in 0..UNDISTORT_ITERATIONS {
            let r2 = x * x + y * y;
            let inverse = (1.0 + ((k6 * r2 + k5) * r2 + k4) * r2) / (1.0 + ((k3 * r2 + k2) * r2 + k1) * r2);
            // past the point where the model folds over, OpenCV gives the position up as it is
            if inverse < 0.0 {
                return start;
            }
            let shift_x = 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x);
            let shift_y = p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y;
            (x, y) = ((start[0] - shift_x) * inverse, (start[1] - shift_y) * inverse);
        }
        [x, y]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neon_sees_a_hundred_degrees_across_its_middle() {
        let camera = SceneCamera::usual(GazeFormat::NeonCloud, [1600, 1200]);
        // 15.5 pixels a degree in the middle
        let [x, y, z] = camera.ray([0.5 + 15.5 / 1600.0, 0.5]);
        assert!(((x / z).atan().to_degrees() - 1.0).abs() < 0.01, "{x} {z}");
        assert_eq!(y, 0.0);
    }

    #[test]
    fn undistorting_undoes_a_mild_distortion() {
        let mut camera = SceneCamera::usual(GazeFormat::PupilCore, [1280, 720]);
        camera.distortion = [-0.1, 0.02, 0.001, -0.001, 0.0, 0.0, 0.0, 0.0];
        let (x, y) = (0.2f64, -0.1f64);
        let r2 = x * x + y * y;
        let radial = 1.0 - 0.1 * r2 + 0.02 * r2 * r2;
        let seen = [
            x * radial + 2.0 * 0.001 * x * y - 0.001 * (r2 + 2.0 * x * x),
            y * radial + 0.001 * (r2 + 2.0 * y * y) - 2.0 * 0.001 * x * y,
        ];
        let found = camera.undistort(seen);
        assert!((found[0] - x).abs() < 1e-8 && (found[1] - y).abs() < 1e-8, "{found:?}");
    }
}
