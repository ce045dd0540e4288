//! Gaze of a data set's clips, found by uid: recordings, and maps that a model predicted. What is
//! recorded and predicted inside a query's true moment is judged window by window.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::DataSet;
use super::named_files::{ClipFile, NamedFiles, lower_name};
use crate::eval::gaze_link::{GazeClass, GazeConfig, GazeWindow, gaze_class};
use crate::gaze::metrics::saliency;
use crate::gaze::recording::{self, LoadContext};
use crate::gaze::{GRID, GazeState, GazeTrack, Heatmap, Prediction, window_map};
use crate::job::{Cancelled, JobCtx};
use crate::project::AnnotatedClip;
use crate::split::RecordedMaps;
use crate::time::{MediaTime, TimeRange};

/// How the names of recordings and of predicted maps end.
const RECORDED: [&str; 3] = [".csv", ".tsv", ".txt"];
const PREDICTED: [&str; 2] = [".npy", ".safetensors"];
/// A window of the model: 32 pictures at 30 a second, and the next one 16 later (GazeNLQ, section 2.1).
const FRAMES: usize = 32;
const FPS: f64 = 30.0;
const STRIDE_SECS: f64 = 16.0 / FPS;
/// Windows judged of one moment; of a longer one they are spread.
const MOST_WINDOWS: usize = 64;
/// A cell is part of a place that is looked at from this share of the map's peak.
const MODE_SHARE: f32 = 0.5;

/// Gaze files in the named folders, by name.
#[derive(Debug, Default)]
pub struct Recordings(NamedFiles);

/// Gaze of one clip, on the clip's clock.
pub struct ClipGaze {
    pub recorded: Option<GazeTrack>,
    /// Maps spread evenly over the clip.
    predicted: Vec<Heatmap>,
    duration_secs: f64,
}

/// Gaze inside a query's true moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueryGaze {
    /// Share of pictures with usable recorded gaze.
    pub tracked: f64,
    /// Mean KL(recorded || predicted) in nats over the windows that count.
    pub mean_kl: Option<f64>,
    /// Of most windows; `None` without predicted maps.
    pub class: Option<GazeClass>,
}

impl Recordings {
    pub fn list(places: &[PathBuf], ctx: &JobCtx) -> Result<Self, Cancelled> {
        let is_wanted =
            |path: &Path| ends(&lower_name(path), &RECORDED) || ends(&lower_name(path), &PREDICTED);
        NamedFiles::list(places, is_wanted, ctx).map(Self)
    }

    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    pub fn recorded(&self, clip: &AnnotatedClip) -> Option<ClipFile> {
        self.0.of(clip, |name| ends(name, &RECORDED))
    }

    /// Maps of the clip; those of a whole video would need its length.
    fn predicted(&self, clip: &AnnotatedClip) -> Option<ClipFile> {
        self.0.of(clip, |name| ends(name, &PREDICTED)).filter(|file| file.start_secs == 0.0)
    }

    /// What can be read of a clip's gaze; what cannot becomes a warning.
    pub fn load(&self, clip: &AnnotatedClip, warnings: &mut Vec<String>, ctx: &JobCtx) -> Option<ClipGaze> {
        let duration_secs = clip.duration_secs?;
        let context = LoadContext::default();
        let recorded =
            self.recorded(clip).and_then(|file| match recording::load(&file.path, &context, ctx) {
                Ok(loaded) => {
                    Some(loaded.track.shifted(MediaTime::ZERO - MediaTime::from_secs(file.start_secs)))
                }
                Err(error) => {
                    warnings.push(error.to_string());
                    None
                }
            });
        let predicted = self.predicted(clip).map(|file| Prediction::load(&file.path, &context, ctx));
        let predicted = match predicted {
            Some(Ok(Prediction::Maps(maps))) => maps,
            Some(Err(error)) => {
                warnings.push(error.to_string());
                Vec::new()
            }
            Some(Ok(Prediction::Points(_))) | None => Vec::new(),
        };
        let has_some = recorded.is_some() || !predicted.is_empty();
        has_some.then_some(ClipGaze { recorded, predicted, duration_secs })
    }
}

fn ends(name: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| name.ends_with(ending))
}

/// What the networks take in place of the gaze that they predict.
pub fn recorded_maps(recordings: Arc<Recordings>) -> RecordedMaps {
    Arc::new(move |clip, times| {
        let gaze = recordings.load(clip, &mut Vec::new(), &JobCtx::detached())?;
        gaze.recorded.as_ref()?;
        Some(times.iter().map(|secs| gaze.recorded_at(*secs)).collect())
    })
}

impl ClipGaze {
    /// Recorded gaze around a time of the clip, as the model's target is made.
    pub fn recorded_at(&self, secs: f64) -> Option<Heatmap> {
        window_map(self.recorded.as_ref()?, window_at(secs), FRAMES)
    }

    /// The mean of the predicted maps around a time of the clip.
    pub fn predicted_at(&self, secs: f64) -> Option<Heatmap> {
        let rate = self.predicted.len() as f64 / self.duration_secs.max(1e-6);
        let half = FRAMES as f64 / FPS / 2.0;
        let [from, to] = [secs - half, secs + half].map(|s| (s * rate).max(0.0) as usize);
        let last = self.predicted.len().checked_sub(1)?;
        Heatmap::mean(self.predicted[from.min(last)..=to.min(last)].iter())
    }

    /// Everything that is judged about a moment.
    pub fn of_moment(&self, [start, end]: [f64; 2], config: &GazeConfig) -> Option<QueryGaze> {
        let track = self.recorded.as_ref()?;
        let count = (((end - start) / STRIDE_SECS) as usize + 1).min(MOST_WINDOWS);
        let middle = |i: usize| start + (end - start) * (i as f64 + 0.5) / count as f64;
        let (mut tracked, mut kl, mut classes) = (0.0, Vec::new(), Vec::new());
        for i in 0..count {
            let share = tracked_share(track, middle(i));
            tracked += share / count as f64;
            if let Some((window, divergence)) = self.window(track, middle(i), 1.0 - share) {
                let class = gaze_class(&window, config);
                if class != GazeClass::InvalidTruth {
                    kl.push(divergence);
                }
                classes.push(class);
            }
        }
        let mean_kl = (!kl.is_empty()).then(|| kl.iter().sum::<f64>() / kl.len() as f64);
        Some(QueryGaze { tracked, mean_kl, class: (!self.predicted.is_empty()).then(|| most(&classes)) })
    }

    fn window(&self, track: &GazeTrack, secs: f64, untracked: f64) -> Option<(GazeWindow, f64)> {
        let (truth, predicted) = (self.recorded_at(secs)?, self.predicted_at(secs)?);
        let peak = peak_of(&predicted);
        let looked_at = mean_position(track, secs)?;
        let (truth_modes, covered_modes) = modes(&truth, &predicted);
        let shifted = |offset: i32| self.recorded_at(secs + f64::from(offset) * STRIDE_SECS);
        let correlations = [-2, -1, 0, 1, 2]
            .map(|offset| Some(saliency::correlation(predicted.cells(), shifted(offset)?.cells())));
        let window = GazeWindow {
            untracked,
            peak_distance: distance(peak, looked_at),
            peak_to_centre: distance(peak, [0.5, 0.5]),
            truth_to_centre: distance(looked_at, [0.5, 0.5]),
            similarity: saliency::similarity(predicted.cells(), truth.cells()),
            predicted_entropy: entropy(&predicted),
            truth_entropy: entropy(&truth),
            correlations,
            truth_modes,
            covered_modes,
        };
        Some((window, saliency::kl_divergence(truth.cells(), predicted.cells())))
    }
}

/// Gaze inside the true moment of every row; the sentences say what could not be read.
pub fn judge(data: &DataSet, ctx: &JobCtx) -> Result<(Vec<Option<QueryGaze>>, Vec<String>), Cancelled> {
    let (mut found, mut warnings) = (vec![None; data.rows.len()], Vec::new());
    let config = GazeConfig::default();
    let clips = &data.annotations.clips;
    for (i, clip) in clips.iter().enumerate() {
        ctx.step(i as u64, clips.len() as u64)?;
        let Some(gaze) = data.recordings.load(clip, &mut warnings, ctx) else { continue };
        for (row, entry) in data.rows.iter().enumerate().filter(|(_, entry)| entry.clip == i) {
            let moment = entry.view(&data.annotations).windows.first();
            found[row] = moment.and_then(|moment| gaze.of_moment(*moment, &config));
        }
    }
    Ok((found, warnings))
}

fn window_at(secs: f64) -> TimeRange {
    let half = FRAMES as f64 / FPS / 2.0;
    TimeRange::from_secs(secs - half, secs + half)
}

fn samples(track: &GazeTrack, secs: f64) -> impl Iterator<Item = Option<[f32; 2]>> {
    let start = window_at(secs).start();
    (0..FRAMES).map(move |i| {
        let sample = track.at(start + MediaTime::from_secs(i as f64 / FPS));
        sample.filter(|s| s.state == GazeState::Tracked).map(|s| s.pos)
    })
}

fn tracked_share(track: &GazeTrack, secs: f64) -> f64 {
    samples(track, secs).flatten().count() as f64 / FRAMES as f64
}

fn mean_position(track: &GazeTrack, secs: f64) -> Option<[f64; 2]> {
    let tracked: Vec<[f32; 2]> = samples(track, secs).flatten().collect();
    let mean = |axis: usize| tracked.iter().map(|p| f64::from(p[axis])).sum::<f64>() / tracked.len() as f64;
    (!tracked.is_empty()).then(|| [mean(0), mean(1)])
}

/// By the diagonal of the map.
fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1]) / std::f64::consts::SQRT_2
}

fn peak_of(map: &Heatmap) -> [f64; 2] {
    let cells = map.cells().iter().enumerate();
    let at = cells.max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(at, _)| at);
    [at % GRID, at / GRID].map(|cell| (cell as f64 + 0.5) / GRID as f64)
}

/// In bits.
fn entropy(map: &Heatmap) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    map.cells().iter().map(|cell| part(f64::from(*cell))).sum()
}

/// Places that are looked at, and how many of them the prediction covers: connected cells near the
/// peak, and whether the prediction is near its own peak in any of them.
fn modes(truth: &Heatmap, predicted: &Heatmap) -> (usize, usize) {
    let (limit, covered_from) = (truth.max() * MODE_SHARE, predicted.max() * MODE_SHARE);
    let mut is_open: Vec<bool> = truth.cells().iter().map(|cell| *cell >= limit).collect();
    let (mut count, mut covered) = (0, 0);
    for first in 0..is_open.len() {
        if !is_open[first] {
            continue;
        }
        count += 1;
        let (mut stack, mut is_covered) = (vec![first], false);
        is_open[first] = false;
        while let Some(cell) = stack.pop() {
            is_covered |= predicted.cells()[cell] >= covered_from;
            let (x, y) = (cell % GRID, cell / GRID);
            let around = [
                (x > 0).then(|| cell - 1),
                (x + 1 < GRID).then_some(cell + 1),
                (y > 0).then(|| cell - GRID),
                (y + 1 < GRID).then_some(cell + GRID),
            ];
            for next in around.into_iter().flatten() {
                if std::mem::take(&mut is_open[next]) {
                    stack.push(next);
                }
            }
        }
        covered += usize::from(is_covered);
    }
    (count, covered)
}

/// The class that most windows have, of those that count.
fn most(classes: &[GazeClass]) -> GazeClass {
    let count = |class: &GazeClass| classes.iter().filter(|c| *c == class).count();
    let usable = GazeClass::ALL.into_iter().filter(|c| *c != GazeClass::InvalidTruth && count(c) > 0);
    usable.max_by_key(count).unwrap_or(GazeClass::InvalidTruth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gaze::{EyeEvent, GazeFormat, GazeSample, frame_map};

    fn track(pos: impl Fn(f64) -> [f32; 2]) -> GazeTrack {
        let sample = |i: i64| GazeSample {
            time: MediaTime::from_millis(i * 20),
            pos: pos(i as f64 * 0.02),
            state: GazeState::Tracked,
            event: EyeEvent::Unknown,
            confidence: 1.0,
        };
        GazeTrack::new((0..1_000).map(sample).collect(), GazeFormat::Generic, "test".into())
    }

    fn clip(pos: impl Fn(f64) -> [f32; 2], maps: impl Fn(f64) -> [f32; 2]) -> ClipGaze {
        // two maps a second over twenty seconds
        let predicted = (0..40).map(|i| frame_map(maps(f64::from(i) / 2.0))).collect();
        ClipGaze { recorded: Some(track(pos)), predicted, duration_secs: 20.0 }
    }

    fn class(gaze: &ClipGaze) -> GazeClass {
        gaze.of_moment([8.0, 12.0], &GazeConfig::default()).expect("recorded").class.expect("predicted")
    }

    #[test]
    fn gaze_in_a_moment_is_judged_by_most_of_its_windows() {
        let corner = |_: f64| [0.2, 0.2];
        assert_eq!(class(&clip(corner, corner)), GazeClass::Good);
        assert_eq!(class(&clip(corner, |_| [0.5, 0.5])), GazeClass::CentreBias);
        assert_eq!(class(&clip(corner, |_| [0.9, 0.9])), GazeClass::WrongTarget);
        let found = clip(corner, corner).of_moment([8.0, 12.0], &GazeConfig::default()).expect("recorded");
        assert!(found.tracked > 0.99 && found.mean_kl.expect("both") < 0.1, "{found:?}");
    }

    #[test]
    fn without_maps_the_recording_is_judged_alone() {
        let gaze = ClipGaze { predicted: Vec::new(), ..clip(|_| [0.5, 0.5], |_| [0.5, 0.5]) };
        let found = gaze.of_moment([8.0, 12.0], &GazeConfig::default()).expect("recorded");
        assert_eq!((found.class, found.mean_kl), (None, None));
        assert!(found.tracked > 0.99);
        // past the end of the recording nothing is tracked
        let late = gaze.of_moment([30.0, 31.0], &GazeConfig::default()).expect("recorded");
        assert!(late.tracked < 0.01, "{late:?}");
    }

    #[test]
    fn two_places_are_two_modes() {
        let both = Heatmap::mean([frame_map([0.2, 0.5]), frame_map([0.8, 0.5])].iter()).expect("two");
        assert_eq!(modes(&both, &frame_map([0.2, 0.5])), (2, 1));
        assert_eq!(modes(&both, &both), (2, 2));
    }
}
