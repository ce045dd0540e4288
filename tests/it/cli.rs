//! The program from end to end: what it prints, how it exits, what it says of bad input.

use crate::support::{gazenlq, json, project, shared, stderr, stdout};

fn demo_clip() -> String {
    project("assets/demo/kitchen_desk.mp4").to_string_lossy().into_owned()
}

#[test]
fn probe_describes_the_demo_clip() {
    let output = gazenlq(&["probe", "--json", &demo_clip()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let info = json(&output);
    assert_eq!(info["codec"], "h264");
    assert!(info["frames"].as_u64().is_some_and(|n| n > 600), "{info}");
}

#[test]
fn probe_lists_one_time_for_each_frame() {
    let info = json(&gazenlq(&["probe", "--json", "--frames", &demo_clip()]));
    let times = info["frame_times_sec"].as_array().expect("times");
    assert_eq!(times.len() as u64, info["frames"].as_u64().expect("count"));
    assert!(times.windows(2).all(|w| w[0].as_f64() < w[1].as_f64()));
}

#[test]
fn render_says_what_is_absent() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("picture.png").to_string_lossy().into_owned();
    let (clip, wanted) = (demo_clip(), ["--heat", "recorded"]);
    let output = gazenlq(&[&["render", &clip, "--output", &file][..], &wanted].concat());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("name it with --with FILE"), "{}", stderr(&output));
    for at in ["nan", "999", "-1"] {
        let at = format!("--at={at}");
        assert_refused(&["render", &clip, "--output", &file, &at], "expected 0 to");
    }
}

#[test]
fn what_a_clip_has_no_use_for_is_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let (table, predictions) = (dir.path().join("eyes.csv"), dir.path().join("predictions.json"));
    std::fs::write(&table, "one,two,three\n1,2,3\n").expect("written");
    std::fs::write(&predictions, r#"{"results":[{"predicted_times":[[1,2]]}]}"#).expect("written");
    let picture = dir.path().join("picture.png").to_string_lossy().into_owned();
    let with = [table, predictions].map(|path| path.to_string_lossy().into_owned());
    let output =
        gazenlq(&["render", &demo_clip(), "--output", &picture, "--with", &with[0], "--with", &with[1]]);
    let said = stderr(&output);
    assert!(said.contains("eyes.csv") && said.contains("predictions.json"), "{said}");
}

#[test]
fn gaze_counts_the_demo_recording() {
    let gaze = project("assets/demo/kitchen_desk_gaze.csv");
    let output = gazenlq(&["gaze", "--json", &gaze.to_string_lossy(), "--video", &demo_clip()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = json(&output);
    assert_eq!(report["format"], "Ego4d");
    assert!(report["tracked"].as_u64() > report["untracked"].as_u64(), "{report}");
}

/// One sentence on stderr, exit code 2, nothing on stdout.
fn assert_refused(args: &[&str], expected: &str) {
    assert_refusal(args, &gazenlq(args), expected);
}

fn assert_refusal(args: &[&str], output: &std::process::Output, expected: &str) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{args:?} said {said}");
    assert!(stdout(output).is_empty());
    assert!(said.starts_with("error: ") && said.trim_end().lines().count() == 1, "{args:?} said {said}");
    assert!(said.contains(expected), "{args:?} said {said}");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn broken_videos_are_refused_in_one_sentence() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path.to_string_lossy().into_owned()
    };
    assert_refused(&["probe", &file("empty.mp4", b"")], "empty.mp4");
    assert_refused(&["probe", &file("text.mp4", b"this is no film\n".repeat(200).as_slice())], "text.mp4");
    assert_refused(&["probe", &dir.path().join("absent.mp4").to_string_lossy()], "absent.mp4");
    assert_refused(&["probe", &dir.path().to_string_lossy()], "folder");
    if let Some(audio) = shared("data/decoder_oddities/ax_sample_audio_only.mp4") {
        assert_refused(&["probe", &audio.to_string_lossy()], "no video");
    }
}

/// As somebody who may not read the file: tests may run as root, who may read everything.
#[cfg(unix)]
#[test]
fn files_without_permission_are_refused_in_one_sentence() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65_534;

    let dir = tempfile::tempdir().expect("a folder");
    let allow = |path: &std::path::Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("permissions are set");
    };
    allow(dir.path(), 0o755);
    let copy = |from: &str, name: &str| {
        let path = dir.path().join(name);
        std::fs::copy(project(from), &path).expect("copied");
        path
    };
    let clip = copy("assets/demo/kitchen_desk.mp4", "locked.mp4");
    let gaze = copy("assets/demo/kitchen_desk_gaze.csv", "locked.csv");
    let annotations = copy("assets/demo/kitchen_desk_nlq.json", "locked.json");
    let folder = dir.path().join("locked folder");
    std::fs::create_dir(&folder).expect("a folder");
    for path in [&clip, &gaze, &annotations, &folder] {
        allow(path, 0o000);
    }
    let is_root = std::fs::File::open(&clip).is_ok();
    // where nobody may not reach the program either, it is lent out
    let program = dir.path().join("gazenlq");
    std::fs::copy(env!("CARGO_BIN_EXE_gazenlq"), &program).expect("copied");
    allow(&program, 0o755);
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(&program);
        command.args(args).env("HOME", dir.path()).current_dir(dir.path());
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.output()
    };
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let [clip, gaze, annotations, folder] = [&clip, &gaze, &annotations, &folder].map(|p| text(p));
    for (args, name) in [
        (vec!["probe", clip.as_str()], "locked.mp4"),
        (vec!["query", clip.as_str(), "Where is the cat?"], "locked.mp4"),
        (vec!["query", folder.as_str(), "Where is the cat?"], "locked folder"),
        (vec!["gaze", gaze.as_str()], "locked.csv"),
        (vec!["data", "lint", annotations.as_str()], "locked.json"),
    ] {
        let output = match run(&args) {
            Ok(output) => output,
            Err(error) => {
                println!("skipped: the program cannot be run as nobody here ({error})");
                return;
            }
        };
        assert_refusal(&args, &output, name);
        let said = stderr(&output);
        assert!(said.to_lowercase().contains("permission denied"), "{args:?} said {said}");
    }
}

#[test]
fn broken_gaze_files_are_refused_in_one_sentence() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("gaze.csv");
    std::fs::write(&path, "component_timestamp_s,norm_pos_x\n0.0,0.5\n").expect("written");
    assert_refused(&["gaze", &path.to_string_lossy()], "gaze.csv");
    std::fs::write(&path, "").expect("written");
    assert_refused(&["gaze", &path.to_string_lossy()], "gaze.csv");
}

#[test]
fn recorded_mode_without_a_recording_says_what_to_do() {
    let dir = tempfile::tempdir().expect("a folder");
    let alone = dir.path().join("clip.mp4");
    std::fs::copy(demo_clip(), &alone).expect("copied");
    assert_refused(
        &["query", &alone.to_string_lossy(), "Where is the cat?", "--gaze-mode", "recorded"],
        "--with",
    );
}

#[test]
fn missing_weights_are_an_error_that_names_the_command() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_gazenlq"))
        .args(["query", &demo_clip(), "Where is the cat?"])
        .env("GAZENLQ_MODELS", dir.path())
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("gazenlq models fetch"), "{}", stderr(&output));
}

#[test]
fn doctor_writes_an_archive_for_a_bug_report() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("bundle.zip");
    let output = gazenlq(&["doctor", "--bundle", &path.to_string_lossy()]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    assert!(std::fs::read(&path).expect("written").starts_with(b"PK"));
}

#[test]
fn doctor_reports_versions_and_says_what_is_missing() {
    let output = gazenlq(&["doctor", "--json"]);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", stderr(&output));
    assert_eq!(json(&output)["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_query_on_the_demo_finds_its_moment() {
    let models = json(&gazenlq(&["models", "list", "--json"]));
    let is_complete = models["models"].as_array().is_some_and(|m| m.iter().all(|m| m["is_missing"] == false));
    if !is_complete {
        println!("skipped: the default models are not on this machine");
        return;
    }
    let output =
        gazenlq(&["query", "--json", &demo_clip(), "Where did I see the cat?", "--feature-fps", "0.5"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let answer = json(&output);
    let moments = answer["moments"].as_array().expect("moments");
    assert!(!moments.is_empty());
    assert!(moments.windows(2).all(|w| w[0]["score"].as_f64() >= w[1]["score"].as_f64()), "{answer}");
    assert_eq!(moments[0]["rank"], 1);
    let doctor = json(&gazenlq(&["doctor", "--json"]));
    assert!(answer["query_basis"].is_string() && answer["query_basis"] == doctor["query_basis"], "{answer}");
    assert!(answer["words_not_understood"].is_array(), "{answer}");
}
