//! Project Aria's RGB camera: from the wearer's point of view to fractions of the upright picture.
//!
//! Calibration comes from the VRS recording itself, from MPS's `online_calibration.jsonl`, or from a
//! JSON of the same layout. Where gaze starts, between the eyes ("central pupil frame"), is not
//! measured; its place relative to the cameras is a constant of the two sizes of the glasses.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::vrs;

/// Projects points of the central pupil frame (metres; x to the wearer's left, y up, z forward).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AriaCamera {
    /// Rotation (rows) and translation from the pupil frame to the camera's.
    rotation: [[f64; 3]; 3],
    translation: [f64; 3],
    /// FISHEYE624: f, cu, cv, k0..k5, p0, p1, s0..s3.
    params: [f64; 15],
    /// Pixels along each side of the square sensor picture that `params` are for.
    side: f64,
    pub is_large_frame_assumed: bool,
}

/// Where a calibration was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub camera: AriaCamera,
    /// The VRS recording, whose picture times put gaze on the clip's clock.
    pub vrs: Option<PathBuf>,
}

/// Looks beside the gaze and where MPS and Aria data sets put calibrations.
pub(super) fn find(gaze_file: &Path) -> Option<Found> {
    let dir = gaze_file.parent()?;
    let up = dir.parent();
    let dirs = [Some(dir.to_path_buf()), up.map(|d| d.join("slam")), up.map(Path::to_path_buf)];
    let dirs = dirs.into_iter().chain([up.and_then(Path::parent).map(Path::to_path_buf)]).flatten();
    let levels: Vec<Vec<PathBuf>> = dirs.map(|dir| files_of(&dir)).collect();
    let has_extension = |path: &Path, wanted: &str| path.extension().is_some_and(|e| e == wanted);
    let recording = levels.iter().find_map(|files| {
        let all: Vec<&PathBuf> = files.iter().filter(|p| has_extension(p, "vrs")).collect();
        // MPS names its folder after the recording
        let is_named = |p: &&&PathBuf| {
            let stem = p.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            gaze_file.to_string_lossy().contains(&stem)
        };
        if let [only] = all.as_slice() { Some(*only) } else { all.iter().find(is_named).copied() }
    });
    let text = levels
        .iter()
        .flatten()
        .filter(|p| {
            let name = p.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            name.contains("calib") && (has_extension(p, "json") || has_extension(p, "jsonl"))
        })
        .find_map(|p| AriaCamera::parse(&first_line_or_all(p)?));
    let camera = text.or_else(|| AriaCamera::parse(&vrs::calibration(recording?)?))?;
    Some(Found { camera, vrs: recording.cloned() })
}

fn files_of(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
    files.sort();
    files
}

/// The RGB camera does not move on the glasses, so the first record of many is enough.
fn first_line_or_all(path: &Path) -> Option<Vec<u8>> {
    use std::io::{BufRead as _, BufReader, Read as _};
    const MAX: u64 = 4 * 1024 * 1024;
    let mut reader = BufReader::new(std::fs::File::open(path).ok()?).take(MAX);
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|e| e == "jsonl") {
        reader.read_until(b'\n', &mut bytes).ok()?;
    } else {
        reader.read_to_end(&mut bytes).ok()?;
    }
    Some(bytes)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Layout {
    camera_calibrations: Vec<CameraLayout>,
    #[serde(default)]
    image_sizes: Vec<[f64; 2]>,
    device_class_info: Option<DeviceLayout>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeviceLayout {
    build_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CameraLayout {
    label: String,
    projection: ProjectionLayout,
    #[serde(rename = "T_Device_Camera")]
    pose: PoseLayout,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProjectionLayout {
    params: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PoseLayout {
    translation: [f64; 3],
    unit_quaternion: (f64, [f64; 3]),
}

/// Pose of the left SLAM camera, which is the device's origin, in the pupil frame: translation, then
/// its y and z axes. From the vendor's drawings of the small and the large frame.
const SMALL: [[f64; 3]; 3] =
    [[0.069_051, 0.002_372, 0.009_254], [0.793_353, 0.0, -0.608_761], [0.607_927, -0.052_336, 0.792_266]];
const LARGE: [[f64; 3]; 3] =
    [[0.071_351, 0.002_372, 0.008_454], [0.793_353, 0.0, -0.608_761], [0.607_927, -0.052_336, 0.792_266]];

/// The sensor, and the usual recording: its middle 2816 pixels, halved.
const SENSOR: f64 = 2880.0;
const HALF_SENSOR: f64 = 1408.0;
const HALF_SENSOR_OFFSET: f64 = 32.0;

impl AriaCamera {
    /// `None` when this is no calibration of Aria glasses with an RGB camera.
    pub fn parse(json: &[u8]) -> Option<Self> {
        let layout: Layout = serde_json::from_slice(json).ok()?;
        let at = layout.camera_calibrations.iter().position(|c| c.label == "camera-rgb")?;
        let rgb = &layout.camera_calibrations[at];
        let mut params: [f64; 15] = rgb.projection.params.as_slice().try_into().ok()?;
        let stated = layout.image_sizes.get(at).map(|size| size[0]);
        // factory calibrations are for the whole sensor and do not say so
        let mut side = stated.unwrap_or(if params[1] > 1000.0 { SENSOR } else { HALF_SENSOR });
        if side == SENSOR {
            params[0] *= 0.5;
            for centre in &mut params[1..3] {
                *centre = (*centre - HALF_SENSOR_OFFSET + 0.5) * 0.5 - 0.5;
            }
            side = HALF_SENSOR;
        }
        let build = layout.device_class_info.map(|d| d.build_version);
        let pose = if build.as_deref() == Some("DVT-S") { SMALL } else { LARGE };
        let (origin_rotation, origin) = (transposed(axes(pose[1], pose[2])), pose[0]);
        let camera_rotation = transposed(quaternion(rgb.pose.unit_quaternion));
        // camera <- device <- pupil, each the inverse of a stored pose
        let rotation = product(camera_rotation, origin_rotation);
        let in_device = scaled(apply(origin_rotation, origin), -1.0);
        let translation = apply(camera_rotation, sum(in_device, scaled(rgb.pose.translation, -1.0)));
        let is_finite = params.iter().chain(&translation).all(|v| v.is_finite()) && side >= 1.0;
        is_finite.then_some(Self {
            rotation,
            translation,
            params,
            side,
            is_large_frame_assumed: build.is_none(),
        })
    }

    /// Fractions of the upright picture (the sensor lies on its side), origin top-left; `None`
    /// where the lens does not reach.
    pub fn project(&self, point: [f64; 3]) -> Option<[f64; 2]> {
        let [x, y, z] = sum(apply(self.rotation, point), self.translation);
        if z <= 0.0 {
            return None;
        }
        let [u, v] = fisheye624(&self.params, [x / z, y / z])?;
        // pixel centres to outer corners, and a quarter turn clockwise
        Some([1.0 - (v + 0.5) / self.side, (u + 0.5) / self.side])
    }
}

/// Pixels of the sensor picture; `None` past the angle at which the polynomial folds over.
fn fisheye624(params: &[f64; 15], [a, b]: [f64; 2]) -> Option<[f64; 2]> {
    let (k, p, s) = (&params[3..9], &params[9..11], &params[11..15]);
    let radius = a.hypot(b);
    let theta = radius.atan();
    let square = theta * theta;
    let (mut factor, mut slope, mut power) = (1.0, 1.0, 1.0);
    for (i, k) in k.iter().enumerate() {
        power *= square;
        factor += k * power;
        slope += k * power * (2 * i + 3) as f64;
    }
    if slope <= 0.0 {
        return None;
    }
    let scale = if radius > 0.0 { factor * theta / radius } else { 1.0 };
    let (x, y) = (a * scale, b * scale);
    let rho = x * x + y * y;
    let along = 2.0 * (x * p[0] + y * p[1]);
    let u = x + along * x + rho * p[0] + s[0] * rho + s[1] * rho * rho;
    let v = y + along * y + rho * p[1] + s[2] * rho + s[3] * rho * rho;
    Some([params[0] * u + params[1], params[0] * v + params[2]])
}

type Matrix = [[f64; 3]; 3];

/// Columns are x, y, z; rounded drawings are made orthonormal.
fn axes(y: [f64; 3], z: [f64; 3]) -> Matrix {
    let unit = |v: [f64; 3]| scaled(v, 1.0 / dot(v, v).sqrt());
    let (y, z) = (unit(y), unit(z));
    // share the remaining skew between both axes
    let half = 0.5 * dot(y, z);
    let (y, z) = (unit(sum(y, scaled(z, -half))), unit(sum(z, scaled(y, -half))));
    let x = [y[1] * z[2] - y[2] * z[1], y[2] * z[0] - y[0] * z[2], y[0] * z[1] - y[1] * z[0]];
    transposed([x, y, z])
}

fn quaternion((w, [x, y, z]): (f64, [f64; 3])) -> Matrix {
    [
        [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z), 2.0 * (x * z + w * y)],
        [2.0 * (x * y + w * z), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x)],
        [2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y)],
    ]
}

fn transposed(m: Matrix) -> Matrix {
    [0, 1, 2].map(|i| [m[0][i], m[1][i], m[2][i]])
}

fn apply(m: Matrix, v: [f64; 3]) -> [f64; 3] {
    m.map(|row| dot(row, v))
}

fn product(a: Matrix, b: Matrix) -> Matrix {
    let columns = transposed(b);
    a.map(|row| columns.map(|column| dot(row, column)))
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn sum(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn scaled(v: [f64; 3], by: f64) -> [f64; 3] {
    v.map(|c| c * by)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_distortion_the_fisheye_is_equidistant() {
        let mut params = [0.0; 15];
        (params[0], params[1], params[2]) = (600.0, 704.0, 703.0);
        let [u, v] = fisheye624(&params, [1.0, 0.0]).expect("in reach");
        assert!((u - (704.0 + 600.0 * std::f64::consts::FRAC_PI_4)).abs() < 1e-9);
        assert_eq!(v, 703.0);
    }

    #[test]
    fn a_polynomial_that_folds_over_reaches_no_farther() {
        let mut params = [0.0; 15];
        (params[0], params[3]) = (600.0, -0.5);
        assert!(fisheye624(&params, [0.3, 0.0]).is_some());
        assert!(fisheye624(&params, [3.0, 0.0]).is_none());
    }

    #[test]
    fn rounded_drawings_become_a_rotation() {
        let m = axes(LARGE[1], LARGE[2]);
        let identity = product(m, transposed(m));
        for (i, row) in identity.iter().enumerate() {
            for (j, v) in row.iter().enumerate() {
                assert!((v - f64::from(u8::from(i == j))).abs() < 1e-9, "{identity:?}");
            }
        }
    }
}
