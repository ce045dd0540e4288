//! `gazenlq localize` as a user runs it: with gaze, stopped in the middle, and on files that are not
//! what they should be.

use std::path::Path;
use std::process::{Command, Stdio};

use candle_core::{Device, Tensor};
use gazenlq::eval::PredictionFile;
use gazenlq::grounding::groundnlq::{
    Ask, Config, GazeFeatures, GazeMode, GroundNlq, StateDict, VideoPadding, align_tokens,
};

use crate::dataset::Made;
use crate::groundnlq::{made, tiny};
use crate::support::{gazenlq, json, stderr};

fn args(set: &Made, output: &Path, more: &[&str]) -> Vec<String> {
    let path = |name: &str| set.path(name).to_string_lossy().into_owned();
    let known = [
        ("--annotations", path("val.json")),
        ("--model", path("tiny.safetensors")),
        ("--config", path("tiny.toml")),
        ("--video-features", path("video")),
        ("--text-features", path("text")),
        ("--output", output.to_string_lossy().into_owned()),
    ];
    let mut args = vec!["localize".to_owned()];
    for (name, value) in known {
        // a test may name another file
        if !more.contains(&name) {
            args.extend([name.to_owned(), value]);
        }
    }
    args.extend(more.iter().map(|arg| (*arg).to_owned()));
    args
}

fn run(set: &Made, output: &Path, more: &[&str]) -> std::process::Output {
    let args = args(set, output, more);
    gazenlq(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn bits(windows: impl Iterator<Item = [f64; 3]>) -> Vec<[u64; 3]> {
    windows.map(|w| w.map(f64::to_bits)).collect()
}

fn predicted(path: &Path, place: usize) -> Vec<[u64; 3]> {
    let file = PredictionFile::load(path).unwrap();
    bits(file.predictions[place].windows.iter().map(|w| [w.start, w.end, w.score.unwrap()]))
}

/// Estimator, tokens, alignment and fusion, put together here by hand.
fn by_hand(set: &Made, config: &Config, video: &str, gaze: &GazeFeatures, query: &str) -> Vec<[u64; 3]> {
    let weights = set.path("tiny.safetensors");
    let network = GroundNlq::load(&weights, StateDict::Raw, config.clone(), &Device::Cpu).unwrap();
    let grid = (&config.features).into();
    let estimates = network.estimator().unwrap().estimate(gaze).unwrap();
    let gaze = align_tokens(&estimates, config.gaze.align, &grid, 57).unwrap();
    let clip = network.encode_clip(&made(video, &[57, 20]), Some(&gaze), 32.0).unwrap();
    let ask = Ask { keep: Some(50), ..Ask::default() };
    let found = network.localize(&clip, &made(query, &[6, 12]), &ask).unwrap();
    bits(found.windows.iter().map(|w| [w.start, w.end, w.score].map(f64::from)))
}

#[test]
fn gaze_features_go_through_estimator_alignment_and_fusion() {
    let mut config = tiny();
    config.gaze.sequence = 16;
    let output = |set: &Made, name: &str| set.path(name);
    for mode in [GazeMode::Positive, GazeMode::Negate, GazeMode::Complement, GazeMode::NegAttention] {
        config.gaze.mode = mode;
        let set = Made::new(&config);
        let gaze = set.path("gaze").to_string_lossy().into_owned();
        let only = ["--only", "note-second-clip_0", "--gaze-features", &gaze];
        let clip_level = output(&set, "clip.jsonl");
        let said = run(&set, &clip_level, &[&only[..], &["--gaze-level", "clip"]].concat());
        assert_eq!(said.status.code(), Some(0), "{mode:?}: {}", stderr(&said));
        let input = GazeFeatures::new(made("second-clip", &[60, 10]), &config.gaze);
        let expected = by_hand(&set, &config, "second-clip", &input, "note-second-clip_0");
        assert_eq!(predicted(&clip_level, 0), expected, "{mode:?}");

        // of the whole video: the clip starts 5 s into it, and only the runs round it are computed
        let film = made("film", &[300, 10]);
        set.array("gaze", "whole-film", &[300, 10], "film");
        let whole = output(&set, "whole.jsonl");
        let said = run(&set, &whole, &only);
        assert_eq!(said.status.code(), Some(0), "{mode:?}: {}", stderr(&said));
        let input = GazeFeatures { clip_start_secs: 5.0, ..GazeFeatures::new(film, &config.gaze) };
        let expected = by_hand(&set, &config, "second-clip", &input, "note-second-clip_0");
        assert_eq!(predicted(&whole, 0), expected, "{mode:?}");
        assert_ne!(predicted(&whole, 0), predicted(&clip_level, 0));
    }
}

#[test]
fn a_network_with_gaze_says_what_it_lacks() {
    let mut config = tiny();
    config.gaze.mode = GazeMode::Positive;
    let set = Made::new(&config);
    refused(&set, &[], "needs gaze features");
    let folder = |name: &str| {
        std::fs::create_dir(set.path(name)).unwrap();
        set.path(name).to_string_lossy().into_owned()
    };
    let narrow = folder("narrow");
    set.array("narrow", "first-clip", &[60, 7], "first-clip");
    refused(&set, &["--gaze-features", &narrow, "--gaze-level", "clip"], "vectors of 10, found 7");
    refused(&set, &["--gaze-features", &narrow], "whole-film");
    let short = folder("short");
    set.array("short", "whole-film", &[4, 10], "film");
    refused(&set, &["--gaze-features", &short, "--only", "note-second-clip_0"], "beyond their end");
    let gaze = set.path("gaze").to_string_lossy().into_owned();
    refused(&set, &["--gaze-features", &gaze, "--gaze-stride", "0"], "above 0");
}

#[track_caller]
fn refused(set: &Made, more: &[&str], expected: &str) {
    let path = set.path("refused.jsonl");
    // what an earlier one left behind
    let _ = std::fs::remove_file(&path);
    let output = run(set, &path, more);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "said {said}");
    assert!(said.starts_with("error: ") && said.trim_end().lines().count() == 1, "said {said}");
    assert!(said.contains(expected) && !said.contains("panicked"), "said {said}");
}

#[test]
fn annotations_and_predictions_that_are_not_utf_8_are_refused_in_one_sentence() {
    let set = Made::new(&tiny());
    for (name, bytes) in [
        ("latin1.json", b"{\"videos\": [{\"video_uid\": \"caf\xe9\", \"clips\": []}]}".to_vec()),
        ("utf16.json", "{\"videos\": []}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("lines.jsonl", b"{\"query_id\": \"a_0\", \"video_id\": \"c\", \"query\": \"caf\xe9?\"}\n".to_vec()),
        ("predictions.json", b"{\"results\": [{\"clip_uid\": \"\xff\"}]}".to_vec()),
    ] {
        std::fs::write(set.path(name), bytes).unwrap();
        let path = set.path(name).to_string_lossy().into_owned();
        let val = set.path("val.json").to_string_lossy().into_owned();
        let runs: Vec<Vec<&str>> = match name {
            "predictions.json" => vec![vec!["eval", "--annotations", &val, "--predictions", &path]],
            _ => vec![
                vec!["data", "lint", &path],
                vec!["eval", "--annotations", &path, "--predictions", &path],
            ],
        };
        for args in runs {
            let output = gazenlq(&args);
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{args:?} said {said}");
            assert_eq!(said.trim_end().lines().count(), 1, "{args:?} said {said}");
            // UTF-16 of plain letters is valid UTF-8, and no JSON
            let expected =
                if name == "utf16.json" { "no annotation file" } else { "not UTF-8 text from byte" };
            assert!(said.contains(expected) && said.contains(name), "{args:?} said {said}");
        }
        if name != "predictions.json" {
            refused(&set, &["--annotations", &path], name);
        }
    }
}

#[test]
fn a_run_that_was_killed_goes_on_where_it_was() {
    // work enough that it can be killed in the middle
    let mut config = tiny();
    config.features.max_steps = 2560;
    config.network.padding = VideoPadding::Full;
    let set = Made::new(&config);
    let absent = ["--skip-absent"];
    let whole = set.path("whole.jsonl");
    assert_eq!(run(&set, &whole, &absent).status.code(), Some(1));
    let expected = std::fs::read(&whole).unwrap();
    let killed = set.path("killed.jsonl");
    let mut kills = 0;
    loop {
        let before = std::fs::metadata(&killed).map_or(0, |m| m.len());
        let mut child = Command::new(env!("CARGO_BIN_EXE_gazenlq"))
            .args(args(&set, &killed, &absent))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // SIGKILL as soon as one more answer is there
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if std::fs::metadata(&killed).map_or(0, |m| m.len()) > before {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        };
        match ended {
            Some(status) => {
                assert_eq!(status.code(), Some(1));
                break;
            }
            None => kills += 1,
        }
        assert!(kills < 20, "every run adds an answer, so that they end");
    }
    println!("killed {kills} times");
    assert_eq!(std::fs::read(&killed).unwrap(), expected);
}

#[test]
fn padding_and_pieces_are_told_and_change_what_they_should() {
    let mut config = tiny();
    config.features.max_steps = 32;
    let set = Made::new(&config);
    let windows = |name: &str, more: &[&str]| {
        let more = [more, &["--only", "note-first-clip_0", "--json"]].concat();
        let output = run(&set, &set.path(name), &more);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        // 57 steps in arrays of 32: said in the result and to people
        assert_eq!(json(&output)["in_pieces"]["first-clip"], 3);
        assert!(stderr(&output).contains("overlapping pieces"), "{}", stderr(&output));
        predicted(&set.path(name), 0)
    };
    let plain = windows("plain.jsonl", &[]);
    assert_ne!(windows("padded.jsonl", &["--text-padding", "padded"]), plain);
    assert_ne!(windows("rate.jsonl", &["--feature-stride", "15"]), plain);
    let again =
        run(&set, &set.path("plain.jsonl"), &["--only", "note-first-clip_0", "--text-padding", "padded"]);
    assert!(stderr(&again).contains("other settings"), "{}", stderr(&again));

    // a clip shorter than the array sees what stands behind it
    let set = Made::new(&tiny());
    let windows = |padding: &str| {
        let name = format!("{padding}.jsonl");
        let more = ["--only", "note-first-clip_0", "--video-padding", padding];
        assert_eq!(run(&set, &set.path(&name), &more).status.code(), Some(0));
        predicted(&set.path(&name), 0)
    };
    let secs = |windows: &[[u64; 3]]| windows.iter().map(|w| f64::from_bits(w[0])).collect::<Vec<_>>();
    let (trimmed, full) = (windows("trimmed"), windows("full"));
    assert!(secs(&trimmed).iter().zip(secs(&full)).take(5).all(|(a, b)| (a - b).abs() < 1e-3));
    assert_ne!(windows("none"), trimmed);
}

#[test]
fn any_arch_is_built_and_answers() {
    let secs = 32.0;
    for arch in
        [[1, 0, 0, 0, 0], [1, 0, 1, 0, 0], [2, 1, 0, 2, 1], [3, 2, 1, 1, 0], [1, 0, 3, 0, 5], [2, 4, 4, 6, 0]]
    {
        let mut config = tiny();
        config.network.arch = arch;
        config.validate().unwrap();
        let weights = crate::groundnlq::weights(&config);
        let network = GroundNlq::from_tensors(&weights, config, &Device::Cpu).unwrap();
        // a clip of one step, one that fills the array, and one beyond it
        for steps in [1, 64, 65] {
            let video: Tensor = made("video", &[steps, 20]);
            let encoded = network.encode_clip(&video, None, secs).unwrap();
            let found = network.localize(&encoded, &made("text", &[1, 12]), &Ask::default()).unwrap();
            assert!(
                found.windows.iter().all(|w| 0.0 <= w.start && w.start <= w.end && w.end <= secs),
                "{arch:?}"
            );
            assert_eq!(found.pieces > 1, steps > 64, "{arch:?}");
        }
    }
}
