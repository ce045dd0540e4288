//! Values that move from one to the next along smooth paths, as functions of time.

use glam::{Quat, Vec3};

/// Ramp from 0 to 1 with the least jerk (Flash and Hogan 1985): how hands and heads move.
pub fn ease(t: f64) -> f32 {
    let t = t.clamp(0.0, 1.0);
    (t * t * t * (10.0 - 15.0 * t + 6.0 * t * t)) as f32
}

#[derive(Clone, Copy, Debug)]
struct Key<T> {
    from: f64,
    until: f64,
    value: T,
}

/// A value that rests, and now and then moves to another.
#[derive(Clone, Debug)]
pub struct Track<T> {
    first: T,
    keys: Vec<Key<T>>,
}

impl<T: Copy> Track<T> {
    pub fn new(first: T) -> Self {
        Self { first, keys: Vec::new() }
    }

    /// Moves to `value` between two times. Times do not run backwards: a movement that would
    /// start before the one before it has ended starts then.
    pub fn go(&mut self, from: f64, until: f64, value: T) {
        let from = self.keys.last().map_or(from, |last| from.max(last.until));
        self.keys.push(Key { from, until: until.max(from), value });
    }

    /// What it last went to.
    pub fn last(&self) -> T {
        self.keys.last().map_or(self.first, |k| k.value)
    }

    /// When its last movement ends.
    pub fn settled(&self) -> f64 {
        self.keys.last().map_or(0.0, |k| k.until)
    }

    /// Where it comes from, where it goes, and how far it is on the way, 0 to 1.
    pub fn at(&self, time: f64) -> (T, T, f32) {
        let next = self.keys.partition_point(|k| k.from <= time);
        let Some(index) = next.checked_sub(1) else { return (self.first, self.first, 1.0) };
        let key = &self.keys[index];
        let before = index.checked_sub(1).map_or(self.first, |i| self.keys[i].value);
        let share = if key.until > key.from { ease((time - key.from) / (key.until - key.from)) } else { 1.0 };
        (before, key.value, share)
    }
}

impl Track<f32> {
    pub fn value(&self, time: f64) -> f32 {
        let (a, b, share) = self.at(time);
        a + (b - a) * share
    }
}

impl Track<Vec3> {
    pub fn value(&self, time: f64) -> Vec3 {
        let (a, b, share) = self.at(time);
        a.lerp(b, share)
    }
}

/// Yaw to the left and pitch upwards of a direction, radians; looking along -z is 0, 0.
pub fn angles(direction: Vec3) -> [f32; 2] {
    let flat = libm::hypotf(direction.x, direction.z);
    [libm::atan2f(-direction.x, -direction.z), libm::atan2f(direction.y, flat)]
}

/// The direction of a yaw and a pitch.
pub fn direction([yaw, pitch]: [f32; 2]) -> Vec3 {
    Quat::from_rotation_y(yaw) * Quat::from_rotation_x(pitch) * -Vec3::Z
}

/// The same angle, at most half a turn from another.
pub fn near_angle(angle: f32, other: f32) -> f32 {
    let turn = std::f32::consts::TAU;
    angle - turn * libm::roundf((angle - other) / turn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_rests_moves_and_rests() {
        let mut track = Track::new(1.0f32);
        track.go(2.0, 3.0, 5.0);
        assert_eq!((track.value(0.0), track.value(3.5)), (1.0, 5.0));
        assert!((track.value(2.5) - 3.0).abs() < 1e-6);
        // asked for too early: begins where the other ends, without a jump
        track.go(2.5, 2.8, 0.0);
        assert!((track.value(2.999) - 5.0).abs() < 1e-3 && track.value(3.0) == 0.0);
    }

    #[test]
    fn directions_and_angles_are_inverse() {
        for angles_in in [[0.0, 0.0], [1.2, -0.7], [-2.9, 0.4]] {
            let back = angles(direction(angles_in));
            assert!((back[0] - angles_in[0]).abs() < 1e-5 && (back[1] - angles_in[1]).abs() < 1e-5);
        }
        assert!((near_angle(3.0, -3.0) - (3.0 - std::f32::consts::TAU)).abs() < 1e-6);
    }
}
