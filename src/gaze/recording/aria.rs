//! Project Aria MPS eye gaze: angles in the wearer's own frame, projected with the calibration.
//!
//! Three layouts: one combined direction, two eyes with one pitch (first generation), two eyes with
//! their own pitches and origins (second generation).

use std::path::Path;

use super::aria_camera::{self, AriaCamera};
use super::clock::FrameClock;
use super::table::{Header, cell, number};
use super::{GazeFileError, LoadContext, Loaded, state_of, vrs};
use crate::gaze::{EyeEvent, GazeFormat, GazeSample, GazeState, GazeTrack};
use crate::job::JobCtx;
use crate::time::MediaTime;

/// Where the depth is not known, and the library's own default.
const DEFAULT_DEPTH: f64 = 1.0;
const STEP_ROWS: u64 = 16_384;

/// Angles instead of picture positions; they cannot be drawn without the device's calibration.
pub(super) fn is_angles(header: &[String]) -> bool {
    let has = |name: &str| header.iter().any(|h| h == name);
    has("tracking_timestamp_us") && (has("yaw_rads_cpf") || has("left_yaw_rads_cpf"))
}

pub(super) fn load(path: &Path, context: &LoadContext<'_>, ctx: &JobCtx) -> Result<Loaded, GazeFileError> {
    let unreadable = |reason: String| GazeFileError::Unreadable { reason, path: path.to_path_buf() };
    let header = Header::read(path).map_err(|e| unreadable(e.to_string()))?;
    let columns = Columns::of(&header, path)?;
    let Some(found) = aria_camera::find(path) else {
        return Err(GazeFileError::NeedsCalibration { path: path.to_path_buf() });
    };
    let mut rows = header.rows(path).map_err(|e| unreadable(e.to_string()))?;
    let bytes = std::fs::metadata(path).map_or(0, |m| m.len());
    let mut record = csv::ByteRecord::new();
    let (mut stamped, mut skipped, mut count) = (Vec::new(), 0u64, 0u64);
    while rows.read_byte_record(&mut record).map_err(|e| unreadable(e.to_string()))? {
        count += 1;
        if count.is_multiple_of(STEP_ROWS) {
            ctx.step(record.position().map_or(0, csv::Position::byte), bytes)?;
        }
        let micros = cell(&record, columns.time).and_then(|t| t.parse::<i64>().ok());
        let Some(stamp) = micros.and_then(|us| us.checked_mul(1000)) else {
            skipped += 1;
            continue;
        };
        stamped.push((stamp, position(&columns, &record, &found.camera)));
    }
    let Some(first) = stamped.first().map(|(stamp, _)| *stamp) else {
        return Err(GazeFileError::NoSamples { skipped, path: path.to_path_buf() });
    };
    let mut warnings = Vec::new();
    if skipped > 0 {
        warnings
            .push(format!("{skipped} of {count} rows have no time and were skipped ({})", path.display()));
    }
    if found.camera.is_large_frame_assumed {
        warnings.push(format!(
            "The calibration does not name the size of the glasses; the large frame is assumed, which may be off by a few pixels up close ({})",
            path.display()
        ));
    }
    let stamps = match &found.vrs {
        Some(recording) => vrs::picture_stamps(recording, ctx)?,
        None => Vec::new(),
    };
    let clock = FrameClock::new(stamps, context.frame_times);
    if clock.is_none() {
        warnings.push(format!(
            "Aria's gaze is on the device's clock and no VRS recording lies beside it, so the first gaze sample is taken for the clip's start; set the clock offset ({})",
            path.display()
        ));
    }
    let samples = stamped.into_iter().filter_map(|(stamp, pos)| {
        let time = match &clock {
            Some(clock) => clock.clip_time(stamp)?,
            None => MediaTime::from_nanos(stamp.saturating_sub(first)),
        };
        let (pos, state) = match pos {
            Some(pos) => (pos, state_of(pos)),
            None => ([f32::NAN; 2], GazeState::Untracked),
        };
        Some(GazeSample { time, pos, state, event: EyeEvent::Unknown, confidence: 1.0 })
    });
    Ok(Loaded { track: GazeTrack::new(samples.collect(), GazeFormat::AriaMps, path.to_path_buf()), warnings })
}

fn position(columns: &Columns, record: &csv::ByteRecord, camera: &AriaCamera) -> Option<[f32; 2]> {
    let point = columns.point(|column| number(record, column))?;
    Some(camera.project(point)?.map(|v| v as f32))
}

struct Columns {
    time: usize,
    depth: Option<usize>,
    eyes: Eyes,
}

enum Eyes {
    Combined {
        yaw: usize,
        pitch: usize,
    },
    /// Yaw of both eyes, one pitch.
    FirstGeneration {
        yaws: [usize; 2],
        pitch: usize,
    },
    /// Of both eyes yaw, pitch and origin, left first; and the combined direction.
    SecondGeneration {
        yaws: [usize; 2],
        pitches: [usize; 2],
        origins: [[usize; 3]; 2],
        combined: [usize; 2],
    },
}

impl Columns {
    fn of(header: &Header, path: &Path) -> Result<Self, GazeFileError> {
        let need = |name: &str| {
            header.position(name).ok_or_else(|| GazeFileError::MissingColumn {
                format: "AriaMps".into(),
                expected: name.to_owned(),
                found: header.names.join(", "),
                path: path.to_path_buf(),
            })
        };
        let is_combined = header.position("yaw_rads_cpf").is_some();
        let has_pitches = header.position("left_pitch_rads_cpf").is_some()
            && header.position("right_pitch_rads_cpf").is_some();
        let eyes = if is_combined && has_pitches {
            let origin = |side: &str| -> Result<[usize; 3], GazeFileError> {
                Ok([
                    need(&format!("tx_{side}_eye_cpf"))?,
                    need(&format!("ty_{side}_eye_cpf"))?,
                    need(&format!("tz_{side}_eye_cpf"))?,
                ])
            };
            Eyes::SecondGeneration {
                yaws: [need("left_yaw_rads_cpf")?, need("right_yaw_rads_cpf")?],
                pitches: [need("left_pitch_rads_cpf")?, need("right_pitch_rads_cpf")?],
                origins: [origin("left")?, origin("right")?],
                combined: [need("yaw_rads_cpf")?, need("pitch_rads_cpf")?],
            }
        } else if is_combined {
            Eyes::Combined { yaw: need("yaw_rads_cpf")?, pitch: need("pitch_rads_cpf")? }
        } else {
            Eyes::FirstGeneration {
                yaws: [need("left_yaw_rads_cpf")?, need("right_yaw_rads_cpf")?],
                pitch: need("pitch_rads_cpf")?,
            }
        };
        Ok(Self { time: need("tracking_timestamp_us")?, depth: header.position("depth_m"), eyes })
    }

    /// The point looked at, in metres from between the eyes; `None` where an angle is missing.
    fn point(&self, value: impl Fn(usize) -> Option<f64>) -> Option<[f64; 3]> {
        let depth = self.depth.and_then(&value).filter(|d| *d > 0.0).unwrap_or(DEFAULT_DEPTH);
        Some(match &self.eyes {
            Eyes::Combined { yaw, pitch } => along_tangents(value(*yaw)?.tan(), value(*pitch)?.tan(), depth),
            Eyes::FirstGeneration { yaws: [left, right], pitch } => {
                // both eyes' lines meet where x / z is the mean of their tangents
                let yaw = (value(*left)?.tan() + value(*right)?.tan()) / 2.0;
                along_tangents(yaw, value(*pitch)?.tan(), depth)
            }
            Eyes::SecondGeneration { yaws, pitches, origins, combined } => {
                let side = |i: usize| -> Option<([f64; 3], [f64; 3])> {
                    let [x, y, z] = origins[i].map(&value);
                    Some(([x?, y?, z?], along_angles(value(yaws[i])?, value(pitches[i])?)))
                };
                let met = side(0).zip(side(1)).and_then(|(left, right)| vergence(left, right));
                match met {
                    Some(point) => point,
                    None => along_angles(value(combined[0])?, value(combined[1])?).map(|c| c * FAR),
                }
            }
        })
    }
}

/// First generation's convention.
fn along_tangents(yaw_tan: f64, pitch_tan: f64, depth: f64) -> [f64; 3] {
    let length = (yaw_tan * yaw_tan + pitch_tan * pitch_tan + 1.0).sqrt();
    [yaw_tan, pitch_tan, 1.0].map(|v| v * depth / length)
}

/// Second generation's convention, a unit vector.
fn along_angles(yaw: f64, pitch: f64) -> [f64; 3] {
    [yaw.sin() * pitch.cos(), pitch.sin(), yaw.cos() * pitch.cos()]
}

/// Where two eyes that do not meet are taken to look, in metres.
const FAR: f64 = 10.0;

/// Middle of the shortest segment between the lines of both eyes (origin, unit direction); `None`
/// where they are nearly parallel, meet behind the eyes or farther than 6 m, or miss each other by
/// more than 3 cm.
fn vergence(left: ([f64; 3], [f64; 3]), right: ([f64; 3], [f64; 3])) -> Option<[f64; 3]> {
    const MIN_ANGLE_DEG: f64 = 0.75;
    const MAX_MISS: f64 = 0.03;
    const MAX_DEPTH: f64 = 6.0;
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let ((p, u), (q, v)) = (left, right);
    let apart = [0, 1, 2].map(|i| q[i] - p[i]);
    let cosine = dot(u, v).clamp(-1.0, 1.0);
    if cosine.acos().to_degrees() < MIN_ANGLE_DEG {
        return None;
    }
    let denominator = 1.0 - cosine * cosine;
    let s = (dot(apart, u) - cosine * dot(apart, v)) / denominator;
    let t = (cosine * dot(apart, u) - dot(apart, v)) / denominator;
    let on_left = [0, 1, 2].map(|i| p[i] + s * u[i]);
    let on_right = [0, 1, 2].map(|i| q[i] + t * v[i]);
    let gap = [0, 1, 2].map(|i| on_left[i] - on_right[i]);
    let middle = [0, 1, 2].map(|i| (on_left[i] + on_right[i]) / 2.0);
    let is_sound = s > 0.0 && t > 0.0 && dot(gap, gap).sqrt() <= MAX_MISS && middle[2] <= MAX_DEPTH;
    is_sound.then_some(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_point(found: [f64; 3], expected: [f64; 3]) {
        let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-6, "{found:?} is not {expected:?}");
    }

    #[test]
    fn a_direction_and_a_depth_give_the_vendors_point() {
        let (yaw, pitch) = (-0.102_910_49f64, -0.288_851_887f64);
        let found = along_tangents(yaw.tan(), pitch.tan(), 1.179_526_637);
        assert_point(found, [-0.116_201_3, -0.334_356_0, 1.125_160_6]);
    }

    #[test]
    fn two_eyes_meet_at_what_they_look_at() {
        let target = [0.2, -0.1, 0.8];
        let eye = |x: f64| {
            let [dx, dy, dz] = [target[0] - x, target[1], target[2]];
            let yaw = dx.atan2(dz);
            ([x, 0.0, 0.0], along_angles(yaw, dy.atan2(dx.hypot(dz))))
        };
        assert_point(vergence(eye(0.0315), eye(-0.0315)).expect("they meet"), target);
        let parallel = ([0.0315, 0.0, 0.0], [0.0, 0.0, 1.0]);
        assert_eq!(vergence(parallel, ([-0.0315, 0.0, 0.0], [0.0, 0.0, 1.0])), None);
    }

    #[test]
    fn two_yaws_with_one_pitch_look_between_them() {
        let columns =
            Columns { time: 0, depth: None, eyes: Eyes::FirstGeneration { yaws: [0, 1], pitch: 2 } };
        let value = |column: usize| Some([-0.05f64, 0.05, 0.1][column]);
        let [x, y, z] = columns.point(value).expect("complete");
        assert!(x.abs() < 1e-12 && (y / z - 0.1f64.tan()).abs() < 1e-12);
        assert_eq!(columns.point(|_| None), None);
    }
}
