//! How well predicted maps agree with recorded gaze, over time.

use super::saliency;
use crate::gaze::{GRID, GazeState, GazeTrack, Heatmap};
use crate::time::{MediaTime, TimeRange};

/// The span around a predicted picture whose recorded gaze it is held against: 32 pictures at 30 a
/// second, the window that the whole project thinks in.
const WINDOW: MediaTime = MediaTime::from_nanos(32 * 1_000_000_000 / 30);

/// One predicted picture against the gaze recorded around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AgreementPoint {
    pub time: MediaTime,
    /// Normalised scanpath saliency: 0 is chance, 1 is one standard deviation above the map's mean,
    /// negative where the model expected the wearer not to look.
    pub nss: f64,
    /// Share of the map that lies below the places looked at, 0..1; 0.5 is chance.
    pub auc: f64,
    /// Tracked samples inside the frame that went into it.
    pub sample_count: usize,
}

/// Agreement at every predicted picture around which gaze was tracked, in the order given; pictures
/// without tracked gaze are left out. The maps of a clip are those of
/// [`ClipFeatures::frames`](crate::features::ClipFeatures::frames).
///
/// NSS is the measure because it needs no threshold, takes every sample as it was recorded, and
/// has a fixed meaning of zero, so that a curve of it can be read without a legend. Like all such
/// measures it rewards a plain bias towards the middle: see [`super::compare_maps`] for baselines.
pub fn gaze_agreement<'a>(
    maps: impl IntoIterator<Item = (MediaTime, &'a Heatmap)>,
    track: &GazeTrack,
) -> Vec<AgreementPoint> {
    let half = MediaTime::from_nanos(WINDOW.nanos() / 2);
    maps.into_iter()
        .filter_map(|(time, map)| {
            let window = TimeRange::new(time - half, time + half);
            let cells: Vec<usize> = track
                .in_range(window)
                .iter()
                .filter(|s| s.state == GazeState::Tracked)
                .map(|s| cell_of(s.pos))
                .collect();
            let nss = saliency::nss(map.cells(), &cells)?;
            let auc = saliency::auc_judd(map.cells(), &cells)?;
            Some(AgreementPoint { time, nss, auc, sample_count: cells.len() })
        })
        .collect()
}

/// Cell of a position inside the frame.
pub(super) fn cell_of([x, y]: [f32; 2]) -> usize {
    let on_axis = |v: f32| ((v * GRID as f32) as usize).min(GRID - 1);
    on_axis(y) * GRID + on_axis(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaze::{EyeEvent, GazeFormat, GazeSample, frame_map};

    #[test]
    fn looking_where_the_model_expects_it_scores_above_chance_and_away_below() {
        let sample = |i: i64| GazeSample {
            time: MediaTime::from_millis(i * 5),
            pos: if i < 400 { [0.3, 0.3] } else { [0.9, 0.9] },
            state: if (650..1000).contains(&i) { GazeState::Untracked } else { GazeState::Tracked },
            event: EyeEvent::Unknown,
            confidence: 1.0,
        };
        let track = GazeTrack::new((0..1200).map(sample).collect(), GazeFormat::Generic, "t".into());
        let map = frame_map([0.3, 0.3]);
        let maps = [1, 3, 4].map(|secs| (MediaTime::from_millis(secs * 1000), &map));
        let found = gaze_agreement(maps, &track);
        let times: Vec<f64> = found.iter().map(|p| p.time.secs()).collect();
        assert_eq!(times, [1.0, 3.0], "nothing is said at 4 s, where the gaze was lost");
        assert!(found[0].nss > 5.0 && found[0].auc > 0.99, "{found:?}");
        assert!(found[1].nss < 0.0 && found[1].auc < 0.5, "{found:?}");
    }
}
