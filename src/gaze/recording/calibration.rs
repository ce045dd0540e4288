//! The scene camera's calibration, where a Pupil Labs recording or export brings it.

use std::path::Path;

use serde::Deserialize;

use crate::gaze::SceneCamera;

/// `scene_camera.json` of an export, or `calibration.bin` of a recording, beside the gaze.
pub(super) fn beside(dir: &Path, size: [u32; 2]) -> Option<SceneCamera> {
    let export = std::fs::read(dir.join("scene_camera.json")).ok();
    let recording = || std::fs::read(dir.join("calibration.bin")).ok();
    match export {
        Some(bytes) => from_json(&bytes, size),
        None => from_binary(&recording()?, size),
    }
}

/// Vendors' tools write the distortion under two names, flat or nested.
#[derive(Deserialize)]
struct SceneCameraLayout {
    camera_matrix: [[f64; 3]; 3],
    #[serde(alias = "dist_coefs", alias = "dist_coeffs")]
    distortion_coefficients: Coefficients,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Coefficients {
    Flat(Vec<f64>),
    Nested(Vec<Vec<f64>>),
}

fn from_json(bytes: &[u8], size: [u32; 2]) -> Option<SceneCamera> {
    let layout: SceneCameraLayout = serde_json::from_slice(bytes).ok()?;
    let values = match layout.distortion_coefficients {
        Coefficients::Flat(values) => values,
        Coefficients::Nested(rows) => rows.into_iter().flatten().collect(),
    };
    camera(layout.camera_matrix, &values, size)
}

/// Version (1 byte), serial number (6), then the scene camera's matrix (9 doubles) and distortion
/// (8 doubles); the eye cameras follow.
fn from_binary(bytes: &[u8], size: [u32; 2]) -> Option<SceneCamera> {
    let numbers: Vec<f64> = bytes
        .get(7..7 + 17 * 8)?
        .chunks_exact(8)
        .map(|c| f64::from_le_bytes(c.try_into().unwrap_or_default()))
        .collect();
    let (matrix, distortion) = numbers.split_at(9);
    let row = |i: usize| [matrix[i], matrix[i + 1], matrix[i + 2]];
    camera([row(0), row(3), row(6)], distortion, size)
}

fn camera(matrix: [[f64; 3]; 3], values: &[f64], size: [u32; 2]) -> Option<SceneCamera> {
    let mut distortion = [0.0; 8];
    distortion.iter_mut().zip(values).for_each(|(slot, v)| *slot = *v);
    let camera = SceneCamera {
        size: size.map(f64::from),
        focal: [matrix[0][0], matrix[1][1]],
        centre: [matrix[0][2], matrix[1][2]],
        distortion,
    };
    let numbers = camera.focal.iter().chain(&camera.centre).chain(&distortion);
    (numbers.copied().all(f64::is_finite) && camera.focal.iter().all(|f| *f > 1.0)).then_some(camera)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_the_distortion_are_read() {
        for json in [
            r#"{"camera_matrix":[[890,0,800],[0,891,600],[0,0,1]],"dist_coefs":[-0.1,0.2,0,0,0,0,0,0]}"#,
            r#"{"camera_matrix":[[890,0,800],[0,891,600],[0,0,1]],"distortion_coefficients":[[-0.1,0.2,0,0,0,0,0,0]]}"#,
        ] {
            let camera = from_json(json.as_bytes(), [1600, 1200]).expect("reads");
            assert_eq!((camera.focal, camera.distortion[1]), ([890.0, 891.0], 0.2));
        }
        assert_eq!(from_json(b"{}", [1600, 1200]), None);
        assert_eq!(from_binary(&[0; 40], [1600, 1200]), None);
        assert_eq!(from_binary(&[0; 200], [1600, 1200]), None);
    }
}
