//! A place in a clip as people type it.

use crate::time::{FrameIdx, MediaTime, TimeRange};
use crate::video::FrameTable;

/// `1:23.4`, `83.4s`, `f2490` or `35%` as a time of the clip; frames only where its pictures are known.
pub fn place(text: &str, clip: TimeRange, frames: Option<&FrameTable>) -> Option<MediaTime> {
    let text = text.trim();
    let time = if let Some(frame) = text.strip_prefix('f') {
        frames?.time(FrameIdx(frame.parse().ok()?))
    } else if let Some(percent) = text.strip_suffix('%') {
        MediaTime::from_secs(clip.end().secs() * number(percent)? / 100.0)
    } else {
        let mut secs = 0.0;
        for part in text.trim_end_matches('s').split(':') {
            secs = secs * 60.0 + number(part)?;
        }
        MediaTime::from_secs(secs)
    };
    Some(clip.clamp(time))
}

/// A number, where `nan` and `inf` are none.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_in_every_spelling() {
        let table = FrameTable::uniform(3000, 30.0, 30);
        let at = |text| place(text, table.range(), Some(&table)).map(|t| (t.secs() * 10.0).round() / 10.0);
        assert_eq!(at("1:03.5"), Some(63.5));
        assert_eq!(at("83.4s"), Some(83.4));
        assert_eq!(at("f300"), Some(10.0));
        assert_eq!(at("50%"), Some(50.0));
        assert_eq!(at("9999"), Some(100.0));
        assert_eq!(at("soon"), None);
        assert_eq!(at("nan"), None);
        assert_eq!(at(""), None);
        assert_eq!(place("f300", table.range(), None), None);
    }
}
