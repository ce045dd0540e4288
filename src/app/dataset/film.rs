//! Pictures of a case: some of its true moment, and as many of the found one.

use std::sync::Arc;

use super::DataSetSession;
use crate::app::state::AppState;
use crate::app::tasks::{Done, TaskKind};
use crate::time::{MediaTime, TimeRange};
use crate::video::{Thumbnail, pictures_at};

/// Pictures of each moment.
const PICTURES: usize = 8;

/// Times are those of the video.
pub struct Film {
    pub row: usize,
    pub truth: Vec<Thumbnail>,
    pub found: Vec<Thumbnail>,
    /// What they are of, in the clip.
    of: [Option<TimeRange>; 2],
}

/// The true moment, and the answer that was jumped to last, or else the first.
fn moments(session: &DataSetSession) -> [Option<TimeRange>; 2] {
    let found = session.moments();
    let found = found.get(session.moment.unwrap_or(0)).map(|moment| moment.range);
    [session.truths().first().copied(), found]
}

/// Starts making the pictures of an open case, once its video is there.
pub fn refresh(state: &mut AppState) {
    let Some(session) = state.dataset.as_ref().filter(|session| session.is_case_open) else { return };
    let (Some(row), Some(player)) = (session.selected, &state.player) else { return };
    let of = moments(session);
    let is_here = session.film.as_ref().is_some_and(|film| film.row == row && film.of == of);
    let is_its_video = session.video.as_ref().is_some_and(|video| video.path == player.info().path);
    if is_here || !is_its_video || state.tasks.is_running(TaskKind::Film) {
        return;
    }
    let (info, table) = (Arc::clone(player.info()), Arc::clone(player.table()));
    let start = session.video_start();
    state.tasks.start(TaskKind::Film, move |ctx| {
        let pictures = |moment: Option<TimeRange>| {
            let times = moment.map_or_else(Vec::new, |moment| times(moment, start));
            pictures_at(&info, &table, &times, ctx)
        };
        let [truth, found] = of.map(pictures);
        // a film that cannot be decoded has no pictures, and the player says why
        let [truth, found] = [truth, found].map(Result::unwrap_or_default);
        ctx.check()?;
        Ok(Done::Film(Arc::new(Film { row, truth, found, of })))
    });
}

/// In the middle of so many equal parts.
fn times(moment: TimeRange, start: MediaTime) -> Vec<MediaTime> {
    let secs = moment.duration().secs();
    let part = |i: usize| MediaTime::from_secs(secs * (i as f64 + 0.5) / PICTURES as f64);
    (0..PICTURES).map(|i| start + moment.start() + part(i)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_inside_their_moment_in_time_order() {
        let moment = TimeRange::from_secs(2.0, 6.0);
        let times = times(moment, MediaTime::from_secs(100.0));
        assert_eq!(times.len(), PICTURES);
        assert_eq!((times[0], times[7]), (MediaTime::from_secs(102.25), MediaTime::from_secs(105.75)));
    }
}
