//! Recorded gaze: real recordings, and files that are none.

use std::path::Path;

use gazenlq::gaze::recording::{self, LoadContext};
use gazenlq::gaze::{GazeFormat, GazeState, GazeTrack};
use gazenlq::job::JobCtx;
use gazenlq::project::{AnnotationFile, recognise};
use gazenlq::time::MediaTime;
use proptest::prelude::*;

use crate::support::{gazenlq, json, shared, stderr};

fn load(path: &Path) -> GazeTrack {
    recording::load(path, &LoadContext::default(), &JobCtx::detached()).expect("the recording reads").track
}

/// Rows of numbers of a small CSV, without its header.
fn numbers(path: &Path) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|l| l.split(',').map(|c| c.parse().unwrap()).collect()).collect()
}

/// The same table with a byte-order mark, other line ends and quotes is the same recording.
#[test]
fn marks_line_ends_and_quotes_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let header = "component_idx,component_timestamp_s,canonical_timestamp_s,confidence,norm_pos_x,norm_pos_y";
    let rows = ["0,0.0,0.0,1,0.25,0.75", "0,0.1,0.1,1,NaN,NaN", "0,0.2,0.2,1,,", "0,0.3,0.3,1,0.5,0.5"];
    let write = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let plain = write("plain.csv", format!("{header}\n{}\n", rows.join("\n")));
    let marked = write("marked.csv", format!("\u{feff}{header}\r\n{}\r\n", rows.join("\r\n")));
    let quoted_header = header.split(',').map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
    let quoted = write("quoted.csv", format!("{quoted_header}\n{}", rows.join("\n")));
    let expected = load(&plain).samples;
    assert_eq!(expected.len(), 4);
    assert_eq!(expected[0].pos, [0.25, 0.25], "the origin is at the bottom");
    let states: Vec<GazeState> = expected.iter().map(|sample| sample.state).collect();
    let (tracked, lost) = (GazeState::Tracked, GazeState::Untracked);
    assert_eq!(states, [tracked, lost, lost, tracked]);
    for other in [marked, quoted] {
        let found = load(&other).samples;
        assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{}", other.display());
    }
    // a column that is needed and not there is named
    let lacking = write("lacking.csv", "component_timestamp_s,norm_pos_x\n0,0.5\n".to_owned());
    let error = recording::load(&lacking, &LoadContext::default(), &JobCtx::detached()).unwrap_err();
    assert!(error.to_string().contains("lacks the column `norm_pos_y`"), "{error}");
}

#[test]
fn egtea_text_may_begin_with_a_mark() {
    let Some(text) = shared("reference/gaze/labels/egtea_like_v1.txt") else { return };
    let dir = tempfile::tempdir().unwrap();
    let marked = dir.path().join("marked.txt");
    std::fs::write(&marked, [b"\xef\xbb\xbf".as_slice(), &std::fs::read(&text).unwrap()].concat()).unwrap();
    assert_eq!(recording::sniff(&marked), Some(GazeFormat::Egtea));
    assert_eq!(load(&marked).samples.len(), load(&text).samples.len());
}

/// `x` and `y` may be fractions or pixels, and a time in anything.
#[test]
fn a_tables_values_tell_its_units() {
    let dir = tempfile::tempdir().unwrap();
    let context = LoadContext { display_size: Some([1280, 720]), ..LoadContext::default() };
    let read = |header: &str, step: f64, [x, y]: [f64; 2]| {
        let path = dir.path().join("table.csv");
        let rows: String = (0..50).map(|i| format!("{},{x},{y}\n", f64::from(i) * step)).collect();
        std::fs::write(&path, format!("{header}\n{rows}")).unwrap();
        let loaded = recording::load(&path, &context, &JobCtx::detached()).unwrap();
        let last = loaded.track.samples.last().copied().unwrap();
        let secs = (last.time - loaded.track.samples[0].time).secs();
        let is_said = loaded.warnings.iter().any(|warning| warning.contains("by their values"));
        ((secs * 1e3).round() / 1e3, last.pos, is_said)
    };
    let centre = [0.5f32; 2];
    let middle = [0.5, 0.5];
    assert_eq!(read("time,x,y", 0.02, middle), (0.98, centre, false), "as its names say");
    assert_eq!(read("time,x,y", 0.02, [640.0, 360.0]), (0.98, centre, true), "pixels");
    assert_eq!(read("timestamp,x,y", 0.02, middle), (0.98, centre, true), "fractions");
    assert_eq!(read("timestamp,x,y", 20.0, middle), (0.98, centre, true), "milliseconds");
    assert_eq!(read("t,x,y", 20_000.0, middle), (0.98, centre, true), "microseconds");
    assert_eq!(read("time_sec,x,y", 20.0, middle), (980.0, centre, false), "the name decides");
}

#[test]
fn a_folders_gaze_table_of_unknown_columns_is_asked_about() {
    let dir = tempfile::tempdir().unwrap();
    let clip = dir.path().join("walk.mp4");
    std::fs::copy(crate::support::project("assets/demo/kitchen_desk.mp4"), clip).unwrap();
    for name in ["prices.csv", "walk_eyes.csv"] {
        std::fs::write(dir.path().join(name), "one,two,three\n1,2,3\n").unwrap();
    }
    let session = recognise(&[dir.path().to_path_buf()]);
    assert_eq!(session.unknown_table, Some(dir.path().join("walk_eyes.csv")));
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
fn aria_gaze_is_projected_with_the_recordings_own_calibration() {
    let Some(dir) = shared("data/gaze/aria_kitchen_stills") else { return };
    let path = dir.join("eyegaze.csv");
    assert_eq!(recording::sniff(&path), Some(GazeFormat::AriaMps));
    let track = load(&path);
    let derived = std::fs::read(dir.join("gaze.json")).unwrap();
    let derived: serde_json::Value = serde_json::from_slice(&derived).unwrap();
    let derived = derived.as_array().unwrap();
    assert_eq!(track.samples.len(), derived.len());
    let start = derived[0]["timestamp_ns"].as_i64().unwrap();
    for (sample, expected) in track.samples.iter().zip(derived) {
        // pixel centres are whole numbers there; fractions count from the outer corner
        for (axis, key) in ["gaze_x", "gaze_y"].iter().enumerate() {
            let fraction = (expected[*key].as_f64().unwrap() + 0.5) / 1408.0;
            assert!((f64::from(sample.pos[axis]) - fraction).abs() < 1e-6, "{sample:?} {expected}");
        }
        let secs = (expected["timestamp_ns"].as_i64().unwrap() - start) as f64 / 1e9;
        assert!((sample.time.secs() - secs).abs() < 1.1e-4, "{} and {secs}", sample.time);
    }
}

#[test]
fn angles_without_calibration_say_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("general_eye_gaze.csv");
    std::fs::write(&path, "tracking_timestamp_us,yaw_rads_cpf,pitch_rads_cpf,depth_m\n1,0.1,0.1,1\n")
        .unwrap();
    assert_eq!(recording::sniff(&path), Some(GazeFormat::AriaMps));
    let error = recording::load(&path, &LoadContext::default(), &JobCtx::detached()).unwrap_err();
    assert!(error.to_string().contains("calibration"), "{error}");
}

/// Gaze that moves slowly along a diagonal, in Ego4D's layout, three seconds at 250 Hz.
fn slow_gaze() -> String {
    let mut text = "component_timestamp_s,norm_pos_x,norm_pos_y\n".to_owned();
    for i in 0..750 {
        let at = 0.2 + 0.6 * f64::from(i) / 750.0;
        text += &format!("{:.3},{at:.5},{at:.5}\n", f64::from(i) * 0.004);
    }
    text
}

#[test]
fn predicted_gaze_is_scored_beside_two_baselines() {
    let points: String = std::iter::once("t,x,y\n".to_owned())
        .chain((0..90).map(|i| {
            let at = 0.2 + 0.6 * f64::from(i) / 90.0;
            format!("{:.4},{at:.4},{:.4}\n", f64::from(i) / 30.0, 1.0 - at)
        }))
        .collect();
    // flat maps know nothing
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (90, 64, 64), }\n";
    let mut flat = b"\x93NUMPY\x01\x00".to_vec();
    flat.extend((header.len() as u16).to_le_bytes().iter().chain(header.as_bytes()));
    flat.extend((0..90 * 64 * 64).flat_map(|_| 0.5f32.to_le_bytes()));
    let dir =
        tree(&[("gaze.csv", slow_gaze().as_bytes()), ("points.csv", points.as_bytes()), ("flat.npy", &flat)]);
    let at = |name: &str| dir.path().join(name).display().to_string();
    let scored =
        |predicted: &str| json(&gazenlq(&["gaze", "compare", &at(predicted), &at("gaze.csv"), "--json"]));
    let number = |value: &serde_json::Value, key: &str| value[key].as_f64().unwrap();
    let found = scored("points.csv");
    assert!(found["frames_used"].as_u64().unwrap() >= 85, "{found}");
    assert!(number(&found["predicted"], "cc") > 0.99, "{found}");
    assert!(number(&found["predicted"], "angular_error_deg") < 1.0, "{found}");
    assert!(number(&found["predicted"], "nss") > number(&found["centre"], "nss") + 1.0, "{found}");
    let found = scored("flat.npy");
    assert_eq!(number(&found["predicted"], "nss"), 0.0);
    assert_eq!(number(&found["predicted"], "auc_judd"), 0.5);
    assert!(found["predicted"]["angular_error_deg"].is_null(), "{found}");
    // what cannot be compared is one sentence
    let output = gazenlq(&["gaze", "compare", &at("nothing.npy"), &at("gaze.csv")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("nothing.npy"), "{}", stderr(&output));
}

/// Files of a folder tree, by relative path.
fn tree(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    dir
}

const VIDEO: &[u8] = b"\0\0\0\x20ftypisom\0\0\0\0";
const EGO4D_GAZE: &[u8] = b"component_timestamp_s,norm_pos_x,norm_pos_y\n0,0.5,0.5\n";
const PUPIL_GAZE: &[u8] = b"gaze_timestamp,world_index,confidence,norm_pos_x,norm_pos_y\n1,0,1,0.5,0.5\n";
const ANNOTATIONS: &[u8] = br#"{"videos":[{"video_uid":"v","clips":[]}]}"#;

#[test]
fn a_folder_is_recognised_by_what_is_in_its_files() {
    let dir = tree(&[
        ("clip.download", VIDEO),
        ("deep/er/gaze.txt", EGO4D_GAZE),
        ("notes/annotations.bin", ANNOTATIONS),
        ("readme.txt", b"nothing of use"),
        (".hidden.mp4", VIDEO),
        ("deep/er/too/far.json", ANNOTATIONS),
    ]);
    let session = recognise(&[dir.path().to_path_buf()]);
    let at = |name: &str| Some(dir.path().join(name));
    assert_eq!(session.video, at("clip.download"));
    assert_eq!(session.gaze, at("deep/er/gaze.txt"));
    assert_eq!(session.annotations, at("notes/annotations.bin"));
    assert!(session.others.is_empty(), "{:?}", session.others);
}

#[test]
fn a_pupil_recording_plays_the_scene_that_was_exported_with_its_gaze() {
    let dir = tree(&[
        ("eye0.mp4", VIDEO),
        ("eye1.mp4", VIDEO),
        ("exports/000/gaze_positions.csv", PUPIL_GAZE),
        ("exports/000/world.mp4", VIDEO),
        ("world.mp4", VIDEO),
    ]);
    let session = recognise(&[dir.path().to_path_buf()]);
    assert_eq!(session.video, Some(dir.path().join("exports/000/world.mp4")));
    assert_eq!(session.gaze, Some(dir.path().join("exports/000/gaze_positions.csv")));
}

#[test]
fn of_many_recordings_the_one_named_like_the_clip_is_taken() {
    let dir = tree(&[("a.csv", EGO4D_GAZE), ("b.csv", EGO4D_GAZE), ("b.mp4", VIDEO), ("c.mp4", VIDEO)]);
    let session = recognise(&[dir.path().join("b.mp4"), dir.path().to_path_buf()]);
    assert_eq!(session.gaze, Some(dir.path().join("b.csv")));
    assert_eq!(session.video, Some(dir.path().join("b.mp4")));
}

#[test]
fn what_is_named_and_of_no_use_is_said() {
    let dir = tree(&[("a.mp4", VIDEO), ("b.mp4", VIDEO), ("rec.vrs", b"VisionRe"), ("x.docx", b"PK")]);
    let all = ["a.mp4", "b.mp4", "rec.vrs", "x.docx"].map(|n| dir.path().join(n));
    let session = recognise(&all);
    let reasons: Vec<&str> = session.others.iter().map(|(_, r)| r.as_str()).collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert!(reasons[0] == "a second video" && reasons[1].contains("vrs_to_mp4"), "{reasons:?}");
}

#[test]
fn the_official_annotations_read_whole() {
    let Some(path) = shared("data/nlq/ego4d_nlq_v2_val.json") else { return };
    let file = AnnotationFile::load(&path).unwrap();
    // 4,554 questions are listed; those without text cannot be asked
    let read: usize = file.clips.iter().map(|c| c.queries.len()).sum();
    assert!((4_500..=4_554).contains(&read), "{read} queries");
    assert!(file.clips.iter().flat_map(|c| &c.queries).all(|q| q.range().is_some()));
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
