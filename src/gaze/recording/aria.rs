//! Project Aria MPS eye gaze: angles in the device's own frame.

/// Angles instead of picture positions; they cannot be drawn without the device's calibration.
pub(super) fn is_angles(header: &[String]) -> bool {
    let has = |name: &str| header.iter().any(|h| h == name);
    has("tracking_timestamp_us") && (has("yaw_rads_cpf") || has("left_yaw_rads_cpf"))
}
