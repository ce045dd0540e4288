//! Pictures of a case: some of its true moment, and as many of the found one.

use std::sync::Arc;

use super::DataSetSession;
use crate::app::state::AppState;
use crate::app::tasks::{Done, TaskKind};
use crate::gaze::Heatmap;
use crate::render::Colormap;
use crate::time::{MediaTime, TimeRange};
use crate::video::{Thumbnail, pictures_at};

/// Pictures of each moment.
const PICTURES: usize = 8;

/// Times are those of the video.
pub struct Film {
    pub row: usize,
    pub truth: Vec<Thumbnail>,
    pub found: Vec<Thumbnail>,
    /// The same pictures with gaze over them, where there is some: recorded and predicted, of the true
    /// moment and of the found one.
    pub gaze: [[Vec<Thumbnail>; 2]; 2],
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
    let data = Arc::clone(&session.data);
    state.tasks.start(TaskKind::Film, move |ctx| {
        let pictures = |moment: Option<TimeRange>| {
            let times = moment.map_or_else(Vec::new, |moment| times(moment, start));
            pictures_at(&info, &table, &times, ctx)
        };
        let [truth, found] = of.map(pictures);
        // a film that cannot be decoded has no pictures, and the player says why
        let [truth, found] = [truth, found].map(Result::unwrap_or_default);
        ctx.check()?;
        let clip = data.row(row).map(|view| view.clip);
        // what cannot be read was said when the data set was opened
        let gaze = clip.and_then(|clip| data.recordings.load(clip, &mut Vec::new(), ctx));
        let gaze = [&truth, &found].map(|strip| match &gaze {
            Some(gaze) => [
                with_heat(strip, |time| gaze.recorded_at((time - start).secs())),
                with_heat(strip, |time| gaze.predicted_at((time - start).secs())),
            ],
            None => [Vec::new(), Vec::new()],
        });
        Ok(Done::Film(Arc::new(Film { row, truth, found, gaze, of })))
    });
}

/// Below this share of a map's peak nothing is drawn, above it this much of the colour.
const HEAT_FROM: f32 = 0.15;
const HEAT_PART: f32 = 0.65;

/// Pictures under maps of gaze; none where no picture has a map.
fn with_heat(strip: &[Thumbnail], map_at: impl Fn(MediaTime) -> Option<Heatmap>) -> Vec<Thumbnail> {
    let mut has_some = false;
    let drawn = strip.iter().map(|picture| {
        let mut picture = picture.clone();
        if let Some(map) = map_at(picture.time) {
            has_some = true;
            let peak = map.max().max(f32::MIN_POSITIVE);
            for (i, pixel) in picture.rgb.chunks_exact_mut(3).enumerate() {
                let (x, y) = (i % picture.width, i / picture.width);
                let at = [(x as f32 + 0.5) / picture.width as f32, (y as f32 + 0.5) / picture.height as f32];
                let heat = map.at(at) / peak;
                if heat > HEAT_FROM {
                    for (value, colour) in pixel.iter_mut().zip(Colormap::default().sample(heat)) {
                        let mixed = f32::from(*value) * (1.0 - HEAT_PART) + f32::from(colour) * HEAT_PART;
                        *value = mixed.round() as u8;
                    }
                }
            }
        }
        picture
    });
    let drawn: Vec<Thumbnail> = drawn.collect();
    if has_some { drawn } else { Vec::new() }
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
