//! A recording with a person's corrections. The recording itself stays as it is.

use super::{GazeFix, GazeFixKind};
use crate::gaze::{EyeEvent, GazeSample, GazeState, GazeTrack};
use crate::time::MediaTime;

/// A picture lasts this long at 30 a second: its samples give way to the corrected point.
const PICTURE: MediaTime = MediaTime::from_nanos(1_000_000_000 / 30);

/// Whether a sample belongs to the picture that is shown from `start` on.
fn is_of_picture(sample: &GazeSample, start: MediaTime) -> bool {
    (start..start + PICTURE).contains(&sample.time)
}

/// First the spans that mean nothing, then the points, in the order in which they were made: a point
/// inside such a span is good.
pub fn corrected<'a>(track: &GazeTrack, fixes: impl Iterator<Item = &'a GazeFix> + Clone) -> GazeTrack {
    let mut found = track.clone();
    for fix in fixes.clone() {
        if let GazeFixKind::Invalid { range } = fix.what {
            let inside = found.samples.iter_mut().filter(|s| range.contains(s.time));
            inside.for_each(|s| s.state = GazeState::Untracked);
        }
    }
    for fix in fixes {
        if let GazeFixKind::Point { time, pos } = fix.what {
            set_point(&mut found.samples, time, pos);
        }
    }
    found
}

/// Whether a sample of the corrected recording is a person's and not the recorder's.
pub fn is_corrected<'a>(sample: &GazeSample, mut fixes: impl Iterator<Item = &'a GazeFix>) -> bool {
    fixes.any(|fix| match fix.what {
        GazeFixKind::Point { time, .. } => is_of_picture(sample, time),
        GazeFixKind::Invalid { range } => range.contains(sample.time),
    })
}

fn set_point(samples: &mut Vec<GazeSample>, time: MediaTime, pos: [f32; 2]) {
    let is_inside = pos.iter().all(|p| (0.0..=1.0).contains(p));
    let state = if is_inside { GazeState::Tracked } else { GazeState::OutOfFrame };
    let corrected = GazeSample { time, pos, state, event: EyeEvent::Unknown, confidence: 1.0 };
    let mut near = samples.iter_mut().filter(|s| is_of_picture(s, time)).peekable();
    if near.peek().is_none() {
        let place = samples.partition_point(|s| s.time < time);
        samples.insert(place, corrected);
        return;
    }
    near.for_each(|s| *s = GazeSample { time: s.time, ..corrected });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaze::GazeFormat;
    use crate::project::Id;
    use crate::time::TimeRange;

    #[test]
    fn corrections_change_a_copy_where_they_were_made() {
        let sample = |millis: i64| GazeSample {
            time: MediaTime::from_millis(millis),
            pos: [0.5, 0.5],
            state: GazeState::Tracked,
            event: EyeEvent::Fixation,
            confidence: 0.9,
        };
        let times: Vec<i64> = (0..10).map(|i| i * 10).chain([500]).collect();
        let track =
            GazeTrack::new(times.iter().map(|t| sample(*t)).collect(), GazeFormat::Generic, "r".into());
        let fix = |id, what| GazeFix { id: Id(id), source: Id(0), author: String::new(), what };
        let fixes = [
            fix(1, GazeFixKind::Point { time: MediaTime::from_millis(50), pos: [0.1, 0.2] }),
            fix(2, GazeFixKind::Invalid { range: TimeRange::from_secs(0.04, 0.07) }),
            fix(3, GazeFixKind::Point { time: MediaTime::from_millis(300), pos: [0.3, 0.3] }),
        ];
        let found = corrected(&track, fixes.iter());
        let at = |millis| *found.at(MediaTime::from_millis(millis)).expect("a sample");
        assert_eq!((at(50).pos, at(50).state, at(60).pos), ([0.1, 0.2], GazeState::Tracked, [0.1, 0.2]));
        // the whole picture and nothing of the one before
        assert_eq!((at(80).pos, at(90).pos), ([0.1, 0.2], [0.5, 0.5]));
        assert_eq!((at(40).pos, at(40).state), ([0.5, 0.5], GazeState::Untracked));
        assert_eq!((at(30).state, at(300).pos), (GazeState::Tracked, [0.3, 0.3]));
        assert!(found.samples.is_sorted_by_key(|s| s.time));
        assert_eq!(track.samples.len(), 11);
        let persons: Vec<bool> = found.samples.iter().map(|s| is_corrected(s, fixes.iter())).collect();
        let same: Vec<bool> = found.samples.iter().map(|s| !track.samples.contains(s)).collect();
        assert_eq!(persons, same, "what a person changed, and nothing else");
    }
}
