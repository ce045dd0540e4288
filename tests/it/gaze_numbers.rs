//! Gaze numbers against reference implementations: fixations, labels, maps, scores.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use gazenlq::gaze::labels::{EgteaSample, FrameLabel, LabelKind, ego4d_frame_labels, egtea_frame_labels};
use gazenlq::gaze::metrics::{glc, saliency};
use gazenlq::gaze::recording::{self, LoadContext};
use gazenlq::gaze::{
    EyeEvent, FramesUsed, GazeFormat, GazeSample, GazeState, GazeTrack, IdtConfig, MapShape, SceneCamera,
    detect_fixations_with, dispersion_spans, frame_map, glc_crop, label_map, window_map,
};
use gazenlq::job::JobCtx;
use gazenlq::time::{MediaTime, TimeRange};
use serde_json::Value;

use crate::support::shared;

fn tensors(path: &Path) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(path, &Device::Cpu).unwrap()
}

fn rows(tensor: &Tensor) -> Vec<Vec<f64>> {
    let flat = tensor.to_dtype(DType::F64).unwrap().flatten_from(1).unwrap();
    flat.to_vec2().unwrap()
}

/// Every picture's cells of a stack of maps with any leading dimensions.
fn maps(tensor: &Tensor) -> Vec<Vec<f32>> {
    let dims = tensor.dims();
    let cells = dims[dims.len() - 2] * dims[dims.len() - 1];
    tensor.reshape(((), cells)).unwrap().to_vec2().unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn csv_rows(path: &Path) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|l| l.split(',').map(|c| c.parse().unwrap_or(f64::NAN)).collect()).collect()
}

fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found} is not {expected}");
}

fn assert_map(found: impl IntoIterator<Item = f64>, expected: &[f64], what: &str) {
    let found: Vec<f64> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst <= 1e-7, "{what}: off by {worst:e}");
}

fn wide(cells: &[f32]) -> impl Iterator<Item = f64> + '_ {
    cells.iter().map(|v| f64::from(*v))
}

/// The camera of the fixations' fixture.
fn fixture_camera(fixture: &Value) -> SceneCamera {
    let k: Vec<Vec<f64>> = fixture["K"].as_array().unwrap().iter().map(numbers).collect();
    let size = numbers(&fixture["frame_size"]);
    let mut distortion = [0.0; 8];
    distortion[..5].copy_from_slice(&numbers(&fixture["dist_k1k2p1p2k3"]));
    SceneCamera {
        size: [size[0], size[1]],
        focal: [k[0][0], k[1][1]],
        centre: [k[0][2], k[1][2]],
        distortion,
    }
}

#[test]
fn fixations_are_those_of_pupil_player() {
    let Some(dir) = shared("reference/gaze/fixations") else { return };
    let fixture = json(&dir.join("idt_expected.json"));
    let camera = fixture_camera(&fixture);
    let samples = csv_rows(&dir.join("gaze_positions.csv"));
    let start = fixture["world_timestamps_start"].as_f64().unwrap();
    let world: Vec<MediaTime> = (0..fixture["num_world"].as_u64().unwrap())
        .map(|i| MediaTime::from_secs(start + i as f64 / fixture["world_fps"].as_f64().unwrap()))
        .collect();
    for (name, expected) in fixture["expected"].as_object().unwrap() {
        let number = |key: &str| expected[key].as_f64().unwrap();
        let config = IdtConfig {
            max_dispersion_deg: number("max_dispersion_deg"),
            min_duration_secs: number("min_duration_ms") / 1000.0,
            max_duration_secs: number("max_duration_ms") / 1000.0,
            min_confidence: number("min_confidence") as f32,
        };
        let fixations = expected["fixations"].as_array().unwrap();
        // the filter itself, on the file's own numbers
        let kept: Vec<_> = samples.iter().filter(|r| r[2] > number("min_confidence")).collect();
        let times: Vec<f64> = kept.iter().map(|r| r[0]).collect();
        let rays: Vec<_> = kept.iter().map(|r| camera.ray([r[3], 1.0 - r[4]])).collect();
        let spans = dispersion_spans(&times, &rays, &config);
        assert_eq!(spans.len(), fixations.len(), "{name}");
        for (span, expected) in spans.iter().zip(fixations) {
            let id = format!("{name} {}", expected["id"]);
            assert_close(times[span.members.start], expected["timestamp"].as_f64().unwrap(), 1e-12, &id);
            assert_eq!(span.members.len() as u64, expected["base_data"].as_u64().unwrap(), "{id}");
            // the reference rounds pixels to single precision; 1e-4 is what it is known to
            assert_close(span.dispersion_deg, expected["dispersion"].as_f64().unwrap(), 1e-4, &id);
        }
        // and through a recording, whose positions are rounded to single precision
        let sample = |r: &Vec<f64>| GazeSample {
            time: MediaTime::from_secs(r[0]),
            pos: [r[3] as f32, (1.0 - r[4]) as f32],
            state: GazeState::Tracked,
            event: EyeEvent::Unknown,
            confidence: r[2] as f32,
        };
        let mut track =
            GazeTrack::new(samples.iter().map(sample).collect(), GazeFormat::PupilCore, "fixture".into());
        track.camera = camera;
        let found = detect_fixations_with(&track, &config);
        assert_eq!(found.len(), fixations.len(), "{name}");
        for (found, expected) in found.iter().zip(fixations) {
            let id = format!("{name} {}", expected["id"]);
            let pos = numbers(&expected["norm_pos"]);
            assert_close(f64::from(found.pos[0]), pos[0], 1e-6, &id);
            assert_close(f64::from(found.pos[1]), 1.0 - pos[1], 1e-6, &id);
            assert_close(
                found.range.duration().secs() * 1e3,
                expected["duration"].as_f64().unwrap(),
                1e-5,
                &id,
            );
            assert_close(found.dispersion_deg, expected["dispersion"].as_f64().unwrap(), 1e-4, &id);
            assert_close(f64::from(found.confidence), expected["confidence"].as_f64().unwrap(), 1e-6, &id);
            let frames = found.frames(&world).map(|f| u64::from(f.0));
            let keys = ["start_frame_index", "mid_frame_index", "end_frame_index"];
            assert_eq!(frames, keys.map(|k| expected[k].as_u64().unwrap()), "{id}");
        }
    }
}

#[test]
fn ego4d_labels_are_glcs() {
    let Some(dir) = shared("reference/gaze/labels") else { return };
    let video = json(&dir.join("ego4d_like_video.json"));
    let samples = csv_rows(&dir.join("ego4d_like.csv"));
    let times: Vec<f64> = samples.iter().map(|r| r[1]).collect();
    let positions: Vec<[f64; 2]> = samples.iter().map(|r| [r[5], 1.0 - r[6]]).collect();
    let count = video["num_frames"].as_u64().unwrap() as usize;
    let labels = ego4d_frame_labels(&times, &positions, video["fps"].as_f64().unwrap(), count);
    let expected = csv_rows(&dir.join("ego4d_like_expected_frame_label.csv"));
    assert_eq!(labels.len(), expected.len());
    for (label, row) in labels.iter().zip(&expected) {
        let frame = format!("frame {}", row[0]);
        assert_close(label.pos[0], row[1], 1e-12, &frame);
        assert_close(label.pos[1], row[2], 1e-12, &frame);
        assert_eq!(f64::from(label.kind.glc_code()), row[3], "{frame}");
    }
}

#[test]
fn a_loaded_ego4d_recording_is_where_glc_puts_it() {
    let Some(dir) = shared("reference/gaze/labels") else { return };
    let path = dir.join("ego4d_like.csv");
    let track = recording::load(&path, &LoadContext::default(), &JobCtx::detached()).unwrap().track;
    assert_eq!(track.format, GazeFormat::Ego4d);
    let mut compared = 0;
    for row in csv_rows(&dir.join("ego4d_like_expected_frame_label.csv")).iter().filter(|r| r[3] < 2.0) {
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
fn egtea_labels_are_its_own_readers() {
    let Some(dir) = shared("reference/gaze/labels") else { return };
    let expected = tensors(&dir.join("egtea_expected.safetensors"));
    for version in ["v1", "v2"] {
        let path = dir.join(format!("egtea_like_{version}.txt"));
        let samples: Vec<EgteaSample> = recording::egtea_samples(&path, &JobCtx::detached()).unwrap().samples;
        let labels = egtea_frame_labels(&samples);
        let expected = rows(&expected[version]);
        assert_eq!(labels.len(), expected.len(), "{version}");
        for (frame, (label, row)) in labels.iter().zip(&expected).enumerate() {
            assert_eq!(f64::from(label.code), row[2], "{version} frame {frame}");
            for (found, expected) in label.pos.iter().zip(row) {
                assert_close(f64::from(*found), *expected, 1e-6, &format!("{version} frame {frame}"));
            }
        }
    }
}

#[test]
fn frame_maps_are_glcs() {
    let Some(path) = shared("reference/gaze/gazemap/frame_maps.safetensors") else { return };
    let fixture = tensors(&path);
    let kernel: Vec<f64> = fixture["kernel1d_19"].to_dtype(DType::F64).unwrap().to_vec1().unwrap();
    assert_map(wide(MapShape::glc().kernel()), &kernel, "kernel");
    let points = rows(&fixture["points_xy"]);
    for (point, expected) in points.iter().zip(rows(&fixture["maps_ego4d"])) {
        let map = frame_map([point[0] as f32, point[1] as f32]);
        assert_map(wide(map.cells()), &expected, &format!("{point:?}"));
    }
    // EGTEA's loader spreads untracked pictures evenly
    let kinds: Vec<i64> = fixture["egtea_type"].to_dtype(DType::I64).unwrap().to_vec1().unwrap();
    for ((point, kind), expected) in points.iter().zip(&kinds).zip(rows(&fixture["maps_egtea_first14"])) {
        let mut cells = vec![0.0; 64 * 64];
        let nowhere = [f64::MAX; 2];
        MapShape::glc().add(&mut cells, if *kind == 0 { nowhere } else { [point[0], point[1]] });
        assert_map(cells, &expected, &format!("EGTEA {point:?} of type {kind}"));
    }
}

#[test]
fn maps_of_other_shapes_are_glcs() {
    let Some(path) = shared("reference/gaze/gazemap/frame_maps_other.safetensors") else { return };
    let fixture = tensors(&path);
    let points = rows(&fixture["points_xy"]);
    for (name, height, width, kernel) in [("maps_32x48_k19", 32, 48, 19), ("maps_24x32_k13", 24, 32, 13)] {
        let shape = MapShape::new(width, height, kernel);
        for (point, expected) in points.iter().zip(rows(&fixture[name])) {
            let mut cells = vec![0.0; width * height];
            shape.add(&mut cells, [point[0], point[1]]);
            assert_map(cells, &expected, &format!("{name} at {point:?}"));
        }
    }
}

fn labels_of(fixture: &Tensor) -> Vec<FrameLabel> {
    let kind = |code: f64| match code as i64 {
        0 => LabelKind::Fixation,
        1 => LabelKind::Saccade,
        2 => LabelKind::OutOfFrame,
        _ => LabelKind::Untracked,
    };
    rows(fixture).iter().map(|r| FrameLabel { pos: [r[0], r[1]], kind: kind(r[2]) }).collect()
}

#[test]
fn window_maps_average_their_pictures() {
    let Some(path) = shared("reference/gaze/gazemap/window_maps.safetensors") else { return };
    let fixture = tensors(&path);
    let labels = labels_of(&fixture["labels_xyt"]);
    let frame_time = |i: usize| MediaTime::from_nanos(i as i64 * 1_000_000_000 / 32);
    let samples = labels.iter().enumerate().map(|(i, label)| GazeSample {
        time: frame_time(i),
        pos: label.pos.map(|v| v as f32),
        state: match label.kind {
            LabelKind::Fixation | LabelKind::Saccade => GazeState::Tracked,
            LabelKind::OutOfFrame => GazeState::OutOfFrame,
            LabelKind::Untracked => GazeState::Untracked,
        },
        event: EyeEvent::Unknown,
        confidence: 1.0,
    });
    let track = GazeTrack::new(samples.collect(), GazeFormat::GlcLabels, "fixture".into());
    let flat = |name: &str| fixture[name].to_dtype(DType::F64).unwrap().to_vec1::<f64>().unwrap();
    let starts = flat("window_starts").into_iter().zip(flat("valid_count"));
    for (i, (start, valid)) in starts.enumerate() {
        let start = start as usize;
        let what = format!("window at {start}");
        let window = &labels[start..start + 32];
        for name in ["mean_all_frames", "mean_all_frames_raw"] {
            let map = label_map(window, FramesUsed::All).unwrap();
            assert_map(wide(map.cells()), &rows(&fixture[name])[i], &format!("{name}, {what}"));
        }
        let expected = &rows(&fixture["mean_valid_only"])[i];
        if let Some(map) = label_map(window, FramesUsed::Valid) {
            assert_map(wide(map.cells()), expected, &what);
        }
        let found = window_map(&track, TimeRange::new(frame_time(start), frame_time(start + 32)), 32);
        assert_eq!(found.is_some(), valid >= 8.0, "{what} with {valid} frames");
        if let Some(map) = found {
            assert_map(wide(map.cells()), expected, &what);
        }
    }
}

#[test]
fn gaze_moves_with_glcs_crop() {
    let Some(path) = shared("reference/gaze/gazemap/center_crop_gaze.json") else { return };
    for case in json(&path).as_array().unwrap() {
        let size = ["src_w", "src_h"].map(|k| case[k].as_u64().unwrap() as u32);
        let pairs = case["gaze_in"].as_array().unwrap().iter().zip(case["gaze_out"].as_array().unwrap());
        for (before, after) in pairs.map(|(a, b)| (numbers(a), numbers(b))) {
            let found = glc_crop([before[0], before[1]], size);
            for axis in 0..2 {
                assert_close(found[axis], after[axis], 1e-9, &format!("{size:?} {before:?}"));
            }
        }
    }
}

#[test]
fn glc_scores_are_glcs() {
    let Some(dir) = shared("reference/gaze/metrics") else { return };
    let expected = json(&dir.join("glc_expected.json"));
    for name in ["ego4dgaze", "egteagaze"] {
        let fixture = tensors(&dir.join(format!("glc_{name}.safetensors")));
        let expected = &expected[name];
        let (logits, truths) = (maps(&fixture["logits"]), maps(&fixture["gt_maps"]));
        let labels = rows(&fixture["labels_xyt"].reshape(((), 3)).unwrap());
        let probabilities: Vec<Vec<f32>> = logits.iter().map(|l| glc::softmax(l)).collect();
        let rescaled: Vec<Vec<f32>> = probabilities.iter().map(|p| glc::rescale(p)).collect();
        if let Some(expected) = fixture.get("pred_rescaled") {
            for (found, expected) in rescaled.iter().zip(maps(expected)) {
                let expected: Vec<f64> = wide(&expected).collect();
                let worst = wide(found).zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst < 1e-6, "{name}: rescaled off by {worst:e}");
            }
        }
        let mean = |each: Vec<f64>| each.iter().sum::<f64>() / each.len() as f64;
        let pairs = || probabilities.iter().zip(&truths);
        let loss = mean(pairs().map(|(p, t)| glc::kl_predicted_to_truth(p, t)).collect());
        assert_close(loss, expected["glc_loss_kl_pred_to_gt_normalised"].as_f64().unwrap(), 1e-4, name);
        let loss = mean(pairs().map(|(p, t)| glc::kl_truth_to_predicted(t, p)).collect());
        assert_close(loss, expected["mean_kl_gt_to_pred_nats"].as_f64().unwrap(), 1e-4, name);

        let fixation = expected["fixation_type"].as_f64().unwrap();
        let tracked: Vec<usize> = (0..labels.len()).filter(|i| labels[*i][2] == fixation).collect();
        assert_eq!(tracked.len() as u64, expected["tracked_frames"].as_u64().unwrap());
        let mut sweep = glc::F1Sweep::default();
        tracked.iter().for_each(|i| sweep.add(&rescaled[*i], &truths[*i]));
        for (row, expected) in sweep.rows().iter().zip(expected["threshold_sweep"].as_array().unwrap()) {
            let found = [row.threshold, row.f1, row.recall, row.precision];
            for (found, expected) in found.iter().zip(numbers(expected)) {
                assert_close(*found, expected, 1e-5, &format!("{name} sweep at {}", row.threshold));
            }
        }
        let check = |tracked: &[usize], expected: &Value, what: &str| {
            let mut sweep = glc::F1Sweep::default();
            tracked.iter().for_each(|i| sweep.add(&rescaled[*i], &truths[*i]));
            let best = sweep.best().unwrap();
            let found = [best.f1, best.recall, best.precision, best.threshold];
            for (key, found) in ["f1", "recall", "precision", "threshold"].iter().zip(found) {
                assert_close(found, expected[*key].as_f64().unwrap(), 1e-5, &format!("{what} {key}"));
            }
            let pos = |i: usize| [labels[i][0], labels[i][1]];
            let auc =
                |i: &usize| glc::auc_centre_of_mass(&rescaled[*i], 64, 3.2, glc::truth_cell(pos(*i), 64));
            let auc = mean(tracked.iter().map(auc).collect());
            assert_close(auc, expected["auc_com"].as_f64().unwrap(), 1e-5, &format!("{what} auc"));
            let angle = |i: &usize| {
                let centre = glc::centre_of_mass(&rescaled[*i], 64)?;
                Some(glc::angular_error_deg(centre, glc::truth_on_grid(pos(*i), 64), 64))
            };
            tracked.iter().map(angle).collect::<Option<Vec<f64>>>().map(mean)
        };
        let angle = check(&tracked, expected, name);
        assert_eq!(angle, expected["aae_deg_with_degenerate_frame"].as_f64(), "a flat map has no angle");
        let degenerate = numbers(&expected["degenerate_frame"]);
        let degenerate = degenerate[0] as usize * 8 + degenerate[1] as usize;
        let sound: Vec<usize> = tracked.iter().copied().filter(|i| *i != degenerate).collect();
        let expected = &expected["excluding_degenerate_frame"];
        let angle = check(&sound, expected, &format!("{name} without the flat picture"));
        assert_close(angle.unwrap(), expected["aae_deg"].as_f64().unwrap(), 1e-5, name);
    }
}

#[test]
fn huangs_scores_are_huangs() {
    let Some(dir) = shared("reference/gaze/metrics") else { return };
    let expected = json(&dir.join("huang18_expected.json"));
    let predicted = maps(&tensors(&dir.join("huang18_pred.safetensors"))["pred_small"]);
    let cell = numbers(&expected["gt_row_col"][0]);
    let centre = glc::centre_of_mass(&predicted[0], 224).unwrap();
    let angle = glc::angular_error_deg(centre, [cell[0], cell[1]], 224);
    assert_close(angle, expected["aae_deg"].as_f64().unwrap(), 1e-4, "angle");
    let auc = glc::auc_centre_of_mass(&predicted[0], 224, 14.0, [cell[0] as usize, cell[1] as usize]);
    assert_close(auc, expected["auc"].as_f64().unwrap(), 1e-4, "auc");
}

#[test]
fn saliency_scores_are_pysaliencys() {
    let Some(dir) = shared("reference/gaze/metrics") else { return };
    let fixture = tensors(&dir.join("saliency.safetensors"));
    let (predicted, truths) = (maps(&fixture["saliency"]), maps(&fixture["gt"]));
    let expected = json(&dir.join("saliency_expected.json"));
    let cells = |item: &Value| -> Vec<usize> {
        let points = item["fixations_xy"].as_array().unwrap().iter().map(numbers);
        points.map(|p| p[1] as usize * 64 + p[0] as usize).collect()
    };
    let items = expected.as_array().unwrap();
    for (at, item) in items.iter().enumerate() {
        let i = item["i"].as_u64().unwrap() as usize;
        let (map, truth, fixations) = (&predicted[i], &truths[i], cells(item));
        let elsewhere: Vec<usize> =
            items.iter().enumerate().filter(|(other, _)| *other != at).flat_map(|(_, o)| cells(o)).collect();
        let found = [
            ("CC", saliency::correlation(map, truth)),
            ("SIM", saliency::similarity(map, truth)),
            ("NSS_mean", saliency::nss(map, &fixations).unwrap()),
            ("KLD_gt_pred_min1e20", saliency::kl_divergence(truth, map)),
            ("KLD_MIT", saliency::kl_divergence_mit(truth, map)),
            ("AUC_uniform_all_pixels", saliency::auc_judd(map, &fixations).unwrap()),
            ("AUC_unfixated", saliency::auc_unfixated(map, &fixations).unwrap()),
            ("sAUC_other_images", saliency::auc_shuffled(map, &fixations, &elsewhere).unwrap()),
        ];
        for (key, found) in found {
            let expected = item[key].as_f64().unwrap();
            assert_close(found, expected, 1e-5, &format!("item {i} {key}"));
        }
        for (found, expected) in saliency::nss_each(map, &fixations).iter().zip(numbers(&item["NSS_each"])) {
            assert_close(*found, expected, 1e-5, &format!("item {i} NSS"));
        }
    }
}
