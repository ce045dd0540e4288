//! Time and frame numbers, as integers.
//!
//! A `MediaTime` counts nanoseconds from the container's own start, so it survives comparison,
//! hashing and round trips. Seconds as `f64` appear only where a person or a file wants them.

use serde::{Deserialize, Serialize};

/// A point on a clip's own clock: nanoseconds since the start of the container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MediaTime(i64);

impl MediaTime {
    pub const ZERO: Self = Self(0);
    pub const MAX: Self = Self(i64::MAX);

    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    pub const fn from_millis(millis: i64) -> Self {
        Self(millis * 1_000_000)
    }

    /// Rounds to the nearest nanosecond; NaN becomes zero and infinities saturate.
    pub fn from_secs(secs: f64) -> Self {
        Self((secs * 1e9).round() as i64)
    }

    pub const fn nanos(self) -> i64 {
        self.0
    }

    pub fn secs(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Absolute distance to another time.
    pub fn distance(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).saturating_abs())
    }
}

impl std::ops::Add for MediaTime {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for MediaTime {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// `1:02.345`, or `1:00:02.345` from one hour on.
impl std::fmt::Display for MediaTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let millis = (self.0.unsigned_abs() + 500_000) / 1_000_000;
        let (hours, minutes) = (millis / 3_600_000, millis / 60_000 % 60);
        let (secs, millis) = (millis / 1000 % 60, millis % 1000);
        if hours > 0 {
            write!(f, "{sign}{hours}:{minutes:02}:{secs:02}.{millis:03}")
        } else {
            write!(f, "{sign}{minutes}:{secs:02}.{millis:03}")
        }
    }
}

/// Position of a stored picture in presentation order, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FrameIdx(pub u32);

impl FrameIdx {
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// A span of time with `start <= end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeRange {
    start: MediaTime,
    end: MediaTime,
}

impl TimeRange {
    /// Orders the two ends.
    pub fn new(a: MediaTime, b: MediaTime) -> Self {
        Self { start: a.min(b), end: a.max(b) }
    }

    pub fn from_secs(start: f64, end: f64) -> Self {
        Self::new(MediaTime::from_secs(start), MediaTime::from_secs(end))
    }

    pub const fn start(self) -> MediaTime {
        self.start
    }

    pub const fn end(self) -> MediaTime {
        self.end
    }

    pub fn duration(self) -> MediaTime {
        self.end - self.start
    }

    pub fn contains(self, time: MediaTime) -> bool {
        self.start <= time && time <= self.end
    }

    pub fn clamp(self, time: MediaTime) -> MediaTime {
        time.clamp(self.start, self.end)
    }

    /// Temporal intersection over union; 0 when both spans are empty.
    pub fn iou(self, other: Self) -> f64 {
        let overlap = (self.end.min(other.end) - self.start.max(other.start)).nanos().max(0);
        let union = self.duration().nanos() + other.duration().nanos() - overlap;
        if union <= 0 { 0.0 } else { overlap as f64 / union as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_read_like_a_player() {
        assert_eq!(MediaTime::from_secs(62.345).to_string(), "1:02.345");
        assert_eq!(MediaTime::from_secs(3602.0).to_string(), "1:00:02.000");
        assert_eq!(MediaTime::from_secs(-0.5).to_string(), "-0:00.500");
    }

    proptest! {
        #[test]
        fn iou_is_symmetric_and_bounded(a in 0.0..100.0f64, b in 0.0..100.0f64, c in 0.0..100.0f64, d in 0.0..100.0f64) {
            let (x, y) = (TimeRange::from_secs(a, b), TimeRange::from_secs(c, d));
            prop_assert!((x.iou(y) - y.iou(x)).abs() < 1e-12);
            prop_assert!((0.0..=1.0).contains(&x.iou(y)));
        }
    }
}
