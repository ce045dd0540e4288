//! Recorded gaze against reference maps, reference labels and real recordings.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use gazenlq::gaze::recording::{self, LoadContext};
use gazenlq::gaze::{EyeEvent, GazeFormat, GazeSample, GazeState, GazeTrack, frame_map, window_map};
use gazenlq::job::JobCtx;
use gazenlq::project::{AnnotationFile, recognise};
use gazenlq::time::{MediaTime, TimeRange};
use proptest::prelude::*;

use crate::support::shared;

fn load(path: &Path) -> GazeTrack {
    recording::load(path, &LoadContext::default(), &JobCtx::detached()).expect("the recording reads").track
}

/// Rows of numbers of a small CSV, without its header.
fn numbers(path: &Path) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|l| l.split(',').map(|c| c.parse().unwrap()).collect()).collect()
}

fn tensors(path: &Path) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(path, &Device::Cpu).unwrap()
}

fn rows(tensor: &Tensor) -> Vec<Vec<f64>> {
    let (count, _) = tensor.flatten_from(1).unwrap().dims2().unwrap();
    let wide = tensor.to_dtype(DType::F64).unwrap().flatten_from(1).unwrap();
    (0..count).map(|i| wide.get(i).unwrap().to_vec1().unwrap()).collect()
}

fn assert_map(found: &[f32], expected: &[f64], what: &str) {
    let worst = found.iter().zip(expected).map(|(a, b)| (f64::from(*a) - b).abs()).fold(0.0, f64::max);
    assert!(worst <= 1e-7, "{what}: off by {worst:e}");
}

/// Every sample is where a derivation by other hands puts it, on the same clock.
fn assert_like_derived(track: &GazeTrack, derived: &Path) {
    let expected = numbers(derived);
    assert_eq!(track.samples.len(), expected.len());
    for (sample, row) in track.samples.iter().zip(&expected) {
        assert!((sample.time.secs() - row[0]).abs() < 2e-6, "{} and {} s", sample.time, row[0]);
        for axis in 0..2 {
            assert!((f64::from(sample.pos[axis]) - row[axis + 1]).abs() < 2e-6, "at {}", sample.time);
        }
    }
}

#[test]
fn a_neon_folder_reads_on_the_scene_cameras_clock() {
    let Some(dir) = shared("data/gaze/neon_window_phone") else { return };
    assert_eq!(recording::sniff(&dir), Some(GazeFormat::NeonNative));
    assert_like_derived(&load(&dir), &dir.join("gaze_norm.csv"));
    let session = recognise(std::slice::from_ref(&dir));
    assert_eq!(session.gaze, Some(dir.clone()));
    assert_eq!(session.video, Some(dir.join("Neon Scene Camera v1 ps1.mp4")));
}

#[test]
fn a_museum_visit_reads_from_its_tsv() {
    let Some(dir) = shared("data/gaze/museum_painting") else { return };
    assert_like_derived(&load(&dir.join("gazeData_world.tsv")), &dir.join("gaze_norm.csv"));
}

#[test]
fn angles_without_calibration_say_what_is_missing() {
    let Some(path) = shared("data/gaze/aria_kitchen_stills/eyegaze.csv") else { return };
    assert_eq!(recording::sniff(&path), Some(GazeFormat::AriaMps));
    let error = recording::load(&path, &LoadContext::default(), &JobCtx::detached()).unwrap_err();
    assert!(error.to_string().contains("calibration"), "{error}");
}

#[test]
fn ego4d_gaze_lands_on_the_frames_that_glc_puts_it_on() {
    let Some(dir) = shared("reference/gaze/labels") else { return };
    let track = load(&dir.join("ego4d_like.csv"));
    assert_eq!(track.format, GazeFormat::Ego4d);
    let mut compared = 0;
    for row in numbers(&dir.join("ego4d_like_expected_frame_label.csv")).iter().filter(|r| r[3] < 2.0) {
        let time = MediaTime::from_secs(row[0] / 30.0);
        let Some(nearest) = track.at(time) else { continue };
        // two samples within a nanosecond of equally near: the reference's choice is rounding noise
        let limit = nearest.time.distance(time) + MediaTime::from_nanos(1);
        let is_there = track
            .samples
            .iter()
            .filter(|s| s.time.distance(time) <= limit)
            .any(|s| (0..2).all(|axis| (f64::from(s.pos[axis]) - row[axis + 1]).abs() < 1e-6));
        assert!(is_there, "frame {}: {:?}", row[0], nearest.pos);
        compared += 1;
    }
    assert!(compared > 100, "only {compared} frames were compared");
}

#[test]
fn frame_maps_are_glcs() {
    let Some(path) = shared("reference/gaze/gazemap/frame_maps.safetensors") else { return };
    let fixture = tensors(&path);
    let points = rows(&fixture["points_xy"]);
    for (point, expected) in points.iter().zip(rows(&fixture["maps_ego4d"])) {
        let map = frame_map([point[0] as f32, point[1] as f32]);
        assert_map(map.cells(), &expected, &format!("{point:?}"));
    }
}

#[test]
fn window_maps_average_the_frames_with_gaze() {
    let Some(path) = shared("reference/gaze/gazemap/window_maps.safetensors") else { return };
    let fixture = tensors(&path);
    let frame_time = |i: usize| MediaTime::from_nanos(i as i64 * 1_000_000_000 / 32);
    let samples = rows(&fixture["labels_xyt"]).into_iter().enumerate().map(|(i, row)| GazeSample {
        time: frame_time(i),
        pos: [row[0] as f32, row[1] as f32],
        state: match row[2] as i64 {
            0 | 1 => GazeState::Tracked,
            2 => GazeState::OutOfFrame,
            _ => GazeState::Untracked,
        },
        event: EyeEvent::Unknown,
        confidence: 1.0,
    });
    let track =
        GazeTrack { samples: samples.collect(), format: GazeFormat::GlcLabels, path: "fixture".into() };
    let flat = |name: &str| fixture[name].to_dtype(DType::F64).unwrap().to_vec1::<f64>().unwrap();
    let starts = flat("window_starts");
    for ((start, valid), expected) in
        starts.iter().zip(flat("valid_count")).zip(rows(&fixture["mean_valid_only"]))
    {
        let start = *start as usize;
        let found = window_map(&track, TimeRange::new(frame_time(start), frame_time(start + 32)), 32);
        assert_eq!(found.is_some(), valid >= 8.0, "window at {start} with {valid} frames");
        if let Some(map) = found {
            assert_map(map.cells(), &expected, &format!("window at {start}"));
        }
    }
}

#[test]
fn the_official_annotations_read_whole() {
    let Some(path) = shared("data/nlq/ego4d_nlq_v2_val.json") else { return };
    let file = AnnotationFile::load(&path).unwrap();
    // 4,554 questions are listed; those without text cannot be asked
    let read: usize = file.clips.iter().map(|c| c.queries.len()).sum();
    assert!((4_500..=4_554).contains(&read), "{read} queries");
    assert!(file.clips.iter().flat_map(|c| &c.queries).all(|q| q.range.is_some()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_a_reader_panic(
        header in proptest::sample::select(vec![
            "component_timestamp_s,norm_pos_x,norm_pos_y\n",
            "gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y\n",
            "timestamp [ns],gaze x [px],gaze y [px],worn\r\n",
            "\u{feff}t;x;y\n",
            "## Number of Samples: 3\nTime Type\n",
            "",
        ]),
        cells in proptest::collection::vec("[0-9eE.,;:\" NaN\t\r\n+-]{0,20}|1e308|-1e308|9223372036854775807", 0..20),
        noise in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gaze.csv");
        std::fs::write(&path, [header.as_bytes(), cells.join(",").as_bytes(), &noise].concat()).unwrap();
        if let Ok(loaded) = recording::load(&path, &LoadContext::default(), &JobCtx::detached()) {
            let _ = (loaded.track.at(MediaTime::ZERO), loaded.track.invalid_spans());
        }
    }
}
