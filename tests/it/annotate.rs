//! A person's own work in the window, driven by the names of its widgets: moments, tags, corrections,
//! undo, projects that are saved, recovered, found again, compared and merged.

use std::path::{Path, PathBuf};

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use gazenlq::app::{App, Places, Startup};
use gazenlq::project::exchange::{self, ExchangeFormat};
use gazenlq::project::media::fingerprint;
use gazenlq::project::{
    Edit, GazeFixKind, Id, Judgement, Moment, Project, Query, QueryKey, ReviewState, Source, SourceKind,
    Verdict, Workspace, file,
};
use gazenlq::time::{FrameIdx, MediaTime, TimeRange};
use gazenlq::video::VideoReader;
use serde_json::json;

use crate::gui::{command, demo, go_to, harness, has, press, save, save_as, wait_for};
use crate::support::project;

const SIZE: egui::Vec2 = egui::vec2(1280.0, 800.0);
const QUESTION: &str = "Where did I put the coffee cup?";

type Window = Harness<'static, App>;

fn window(startup: Startup) -> Window {
    let mut window = harness(startup, SIZE);
    wait_for(&mut window, "the clip", |h| has(h, "Video picture"));
    window
}

fn kept_in(dir: &Path) -> Startup {
    Startup { places: Places::in_folders(&dir.join("data"), &dir.join("cache")), ..demo() }
}

fn part(window: &Window, label: &str) -> bool {
    window.query_all_by_label_contains(label).next().is_some()
}

fn ctrl(window: &mut Window, key: egui::Key) {
    window.key_press_modifiers(egui::Modifiers::COMMAND, key);
    window.run_steps(3);
}

fn ctrl_shift(window: &mut Window, key: egui::Key) {
    window.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, key);
    window.run_steps(3);
}

fn alt(window: &mut Window, key: egui::Key) {
    window.key_press_modifiers(egui::Modifiers::ALT, key);
    window.run_steps(3);
}

fn undo(window: &mut Window) {
    ctrl(window, egui::Key::Z);
}

fn redo(window: &mut Window) {
    ctrl_shift(window, egui::Key::Z);
}

/// Marks a range by typed places, and makes it a moment by Enter.
fn make_moment(window: &mut Window, from: &str, to: &str) {
    go_to(window, from);
    press(window, egui::Key::I);
    go_to(window, to);
    press(window, egui::Key::O);
    press(window, egui::Key::Enter);
    alt(window, egui::Key::X);
}

/// Answers the box that asks for a path to open.
fn open_path(window: &mut Window, path: &Path) {
    wait_for(window, "the path box", |h| has(h, "Path"));
    window.get_by_label("Path").type_text(&path.to_string_lossy());
    window.run_steps(1);
    press(window, egui::Key::Enter);
}

/// Types into a box in place of what it holds.
fn retype(window: &mut Window, label: &str, text: &str) {
    window.get_by_label(label).focus();
    window.run_steps(2);
    ctrl(window, egui::Key::A);
    window.get_by_label(label).type_text(text);
    window.run_steps(2);
    press(window, egui::Key::Enter);
}

fn annotate(window: &mut Window) {
    command(window, "annotation panel");
}

fn close(window: &mut Window) {
    command(window, "close");
}

fn wait_for_start(window: &mut Window) {
    wait_for(window, "the start page", |h| has(h, "Open the demo clip"));
}

fn only_moment(path: &Path) -> TimeRange {
    let project = file::load(path).unwrap();
    let moments: Vec<&Moment> = project.queries.iter().flat_map(|q| &q.moments).collect();
    assert_eq!(moments.len(), 1, "{project:?}");
    moments[0].range
}

/// The only project that is kept without a name.
fn own_project(dir: &Path) -> PathBuf {
    let entries = std::fs::read_dir(dir.join("data/projects")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[test]
fn a_moment_is_made_trimmed_undone_saved_and_there_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("study.gazenlq.json");
    let mut work = window(kept_in(dir.path()));
    make_moment(&mut work, "f60", "f120");
    let made = format!("Mine: {QUESTION}, 0:02.000 to 0:04.000");
    assert!(has(&work, &made), "in the lane, under the question that was asked");
    undo(&mut work);
    assert!(!has(&work, &made));
    redo(&mut work);
    work.get_by_label(&made).click();
    work.run_steps(3);

    // the keys trim it: to the playhead, by a picture
    go_to(&mut work, "f90");
    press(&mut work, egui::Key::Q);
    assert!(part(&work, "0:03.000 to 0:04.000"));
    alt(&mut work, egui::Key::Period);
    assert!(part(&work, "0:03.033 to 0:04.000"), "the edge that was set last is the one that is nudged");
    undo(&mut work);
    undo(&mut work);
    assert!(has(&work, &made), "one step each");

    // exactly, by typing
    annotate(&mut work);
    wait_for(&mut work, "the panel", |h| has(h, "Start of my moment"));
    retype(&mut work, "Start of my moment", "1.25s");
    assert!(part(&work, "0:01.250 to 0:04.000"));
    save(&mut work, "annotate.png");

    // split at the playhead, joined again, deleted and undone
    go_to(&mut work, "f90");
    press(&mut work, egui::Key::B);
    assert!(part(&work, "0:01.250 to 0:03.000") && part(&work, "0:03.000 to 0:04.000"));
    ctrl(&mut work, egui::Key::J);
    assert!(part(&work, "0:01.250 to 0:04.000") && !part(&work, "0:03.000 to 0:04.000"));
    press(&mut work, egui::Key::Delete);
    assert!(!part(&work, "Mine: Where"));
    undo(&mut work);
    assert!(part(&work, "0:01.250 to 0:04.000"));

    // the history lists it all, and is jumped in
    ctrl(&mut work, egui::Key::H);
    wait_for(&mut work, "the history", |h| part(h, "1. add moment"));
    save(&mut work, "history.png");
    work.get_by_label("As it was opened").click();
    wait_for(&mut work, "the beginning", |h| !part(h, "Mine: Where"));
    work.get_by_label_contains("4. join moments").click();
    wait_for(&mut work, "the state after joining", |h| part(h, "0:01.250 to 0:04.000"));

    ctrl(&mut work, egui::Key::S);
    save_as(&mut work, &path);
    annotate(&mut work);
    wait_for(&mut work, "the saved project", |h| has(h, "study") && has(h, "saved"));
    assert_eq!(only_moment(&path), TimeRange::from_secs(1.25, 4.0));
    close(&mut work);
    wait_for_start(&mut work);
    assert!(has(&work, "Open study again"), "the project is what is opened the next time");
    assert!(!dir.path().join("study.gazenlq.json.journal").exists(), "nothing is left to recover");
    drop(work);

    // the project alone brings its clip, its gaze and the moment
    let again = Startup { files: vec![path.clone()], query: None, ..kept_in(dir.path()) };
    let mut again = window(again);
    assert!(part(&again, "0:01.250 to 0:04.000"));
    assert!(part(&again, "fixations"), "the recording came with it");
    annotate(&mut again);
    wait_for(&mut again, "its name", |h| has(h, "study") && has(h, "saved"));
}

#[test]
fn an_edge_dragged_with_the_mouse_sticks_to_where_the_playhead_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut work = harness(kept_in(dir.path()), egui::vec2(2560.0, 1440.0));
    wait_for(&mut work, "the clip", |h| has(h, "Video picture"));
    make_moment(&mut work, "f60", "f120");
    annotate(&mut work);
    go_to(&mut work, "f150");
    wait_for(&mut work, "the picture", |h| has(h, "frame 150"));
    let made = format!("Mine: {QUESTION}, 0:02.000 to 0:04.000");
    let rect = work.get_by_label(&made).rect();
    let from = rect.right_center() - egui::vec2(2.0, 0.0);
    // the moment is two seconds wide, and the playhead one second further
    let to = from + egui::vec2(rect.width() / 2.0 + 3.0, 0.0);
    work.hover_at(from);
    work.run_steps(2);
    work.drag_at(from);
    work.run_steps(2);
    for part in [0.3, 0.7, 1.0] {
        work.hover_at(from + (to - from) * part);
        work.run_steps(2);
    }
    save(&mut work, "annotate-drag-2560.png");
    work.drop_at(to);
    work.run_steps(3);
    assert!(has(&work, &format!("Mine: {QUESTION}, 0:02.000 to 0:05.000")));
    undo(&mut work);
    assert!(has(&work, &made), "a drag is one step");
    command(&mut work, "light");
    save(&mut work, "annotate-2560-light.png");
}

#[test]
fn tags_verdict_and_note_stay_with_the_case() {
    let dir = tempfile::tempdir().unwrap();
    // tall enough for a click on every tag
    let mut work = harness(kept_in(dir.path()), egui::vec2(1280.0, 1300.0));
    wait_for(&mut work, "the clip", |h| has(h, "Video picture"));
    annotate(&mut work);
    wait_for(&mut work, "the tags", |h| has(h, "Tag: wrong object"));
    let is_on = |h: &Window, label: &str| {
        h.get_by_label(label).accesskit_node().toggled() == Some(egui::accesskit::Toggled::True)
    };
    ctrl(&mut work, egui::Key::Num1);
    assert!(is_on(&work, "Tag: wrong object"));
    work.get_by_label("Tag: counting").click();
    work.run_steps(3);
    ctrl(&mut work, egui::Key::Num9);
    work.get_by_label("New tag").focus();
    work.run_steps(2);
    work.get_by_label("New tag").type_text("mirror");
    work.run_steps(2);
    press(&mut work, egui::Key::Enter);
    wait_for(&mut work, "the new tag", |h| has(h, "Tag: mirror"));
    retype(&mut work, "Note on this case", "the cup is behind the plant 猫");
    assert!(is_on(&work, "Tag: counting"));
    save(&mut work, "tags.png");
    command(&mut work, "light");
    save(&mut work, "tags-light.png");
    undo(&mut work);
    assert_eq!(work.get_by_label("Note on this case").value().as_deref(), Some(""));
    redo(&mut work);
    close(&mut work);
    wait_for_start(&mut work);
    let project = file::load(&own_project(dir.path())).unwrap();
    let said: Vec<&Judgement> = project.judgements.iter().collect();
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].verdict, Some(Verdict::TruthWrong));
    assert_eq!(said[0].tags, ["wrong object", "counting"]);
    assert_eq!(said[0].note, "the cup is behind the plant 猫");
    assert!(project.tags.iter().any(|tag| tag.name == "mirror"));
}

#[test]
fn after_a_crash_what_was_done_is_offered() {
    let dir = tempfile::tempdir().unwrap();
    let mut work = window(kept_in(dir.path()));
    make_moment(&mut work, "f60", "f120");
    make_moment(&mut work, "f300", "f330");
    // nothing is closed or saved
    drop(work);

    let mut again = harness(kept_in(dir.path()), SIZE);
    wait_for(&mut again, "the offer", |h| has(h, "Recover"));
    assert!(part(&again, "2 changes to") && part(&again, "2. add moment"));
    save(&mut again, "recovery.png");
    again.get_by_label("Recover").click();
    let both = |h: &Window| part(h, "0:02.000 to 0:04.000") && part(h, "0:10.000 to 0:11.000");
    wait_for(&mut again, "the moments", both);
    // the steps of before can still be undone
    undo(&mut again);
    assert!(!part(&again, "0:10.000 to 0:11.000") && part(&again, "0:02.000 to 0:04.000"));
    drop(again);

    let mut third = harness(kept_in(dir.path()), SIZE);
    wait_for(&mut third, "the offer", |h| has(h, "Recover"));
    third.get_by_label("Go on without them").click();
    wait_for(&mut third, "the clip", |h| has(h, "Video picture") && !has(h, "Recover"));
    assert!(!part(&third, "0:02.000 to 0:04.000"));
    let beside = std::fs::read_dir(dir.path().join("data/projects")).unwrap();
    let has_old = beside.flatten().any(|f| f.path().extension().is_some_and(|e| e == "old"));
    assert!(has_old, "nobody's work is deleted unasked");
}

#[test]
fn wrong_and_newer_files_and_open_ones_are_explained_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let newer = dir.path().join("newer.gazenlq.json");
    std::fs::write(&newer, r#"{"gazenlq_project": 99, "what": []}"#).unwrap();
    let broken = dir.path().join("broken.gazenlq.json");
    std::fs::write(&broken, r#"{"gazenlq_project": 1, "tags": [{"nam": 3}]}"#).unwrap();
    let open = dir.path().join("open.gazenlq.json");
    let (mut other, _) = Workspace::open_or_begin(&open, || Project::new("ann")).unwrap();
    other.save().unwrap();
    for (path, sentence) in [
        (newer, "the project was written by a newer program (layout 99"),
        (broken, "this is no project file of this program (missing field"),
        (open, "the project is open in another window or program"),
    ] {
        let startup = Startup { files: vec![path], ..Startup::default() };
        let mut window = harness(startup, egui::vec2(900.0, 600.0));
        wait_for(&mut window, sentence, |h| part(h, sentence));
    }
    drop(other);
}

#[test]
fn markers_of_before_there_were_projects_are_taken_over_once() {
    let dir = tempfile::tempdir().unwrap();
    let startup = kept_in(dir.path());
    let reader = VideoReader::open(&project("assets/demo/kitchen_desk.mp4")).unwrap();
    let notes = startup.places.notes.clone().unwrap();
    std::fs::create_dir_all(&notes).unwrap();
    let file = notes.join(format!("{}.json", reader.info().content_id));
    let text = r#"{"version": 1, "clip_name": "kitchen_desk.mp4", "playhead": 2000000000,
        "markers": [{"time": 5000000000, "colour": "blue", "note": "the cat 猫"}], "questions": ["Who?"]}"#;
    std::fs::write(&file, text).unwrap();
    let mut first = window(startup.clone());
    wait_for(&mut first, "the marker", |h| has(h, "Marker 0:05.000: the cat 猫"));
    close(&mut first);
    wait_for_start(&mut first);
    let is_clean = || !std::fs::read_to_string(&file).unwrap().contains("the cat");
    wait_for(&mut first, "the notes without it", |_| is_clean());
    let kept = std::fs::read_to_string(own_project(dir.path())).unwrap();
    assert!(kept.contains("the cat 猫") && kept.contains("blue"), "{kept}");
    drop(first);
    let mut again = window(startup);
    wait_for(&mut again, "the marker", |h| has(h, "Marker 0:05.000: the cat 猫"));
}

#[test]
fn gaze_is_corrected_in_the_picture_and_marked_invalid_over_a_range() {
    let dir = tempfile::tempdir().unwrap();
    let mut work = window(kept_in(dir.path()));
    go_to(&mut work, "f60");
    // a correction is of the picture that is seen
    wait_for(&mut work, "the picture", |h| h.state().shown_frame() == Some(FrameIdx(60)));
    wait_for(&mut work, "the recording", |h| part(h, " fixations"));
    work.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::C);
    work.run_steps(3);
    let place = work.get_by_label("Video picture").rect().center() + egui::vec2(40.0, -30.0);
    work.hover_at(place);
    work.run_steps(2);
    work.drag_at(place);
    work.run_steps(3);
    work.drop_at(place);
    work.run_steps(3);
    annotate(&mut work);
    wait_for(&mut work, "the correction", |h| has(h, "corrected"));
    save(&mut work, "gaze-corrected.png");
    press(&mut work, egui::Key::Escape);
    // here the range means nothing
    go_to(&mut work, "f90");
    press(&mut work, egui::Key::I);
    go_to(&mut work, "f120");
    press(&mut work, egui::Key::O);
    command(&mut work, "gaze means nothing");
    go_to(&mut work, "f100");
    wait_for(&mut work, "the span", |h| part(h, "Invalid from 0:03.000 to 0:04.000"));
    save(&mut work, "gaze-invalid.png");
    undo(&mut work);
    wait_for(&mut work, "its return", |h| !part(h, "Invalid from"));
    redo(&mut work);
    close(&mut work);
    wait_for_start(&mut work);
    let project = file::load(&own_project(dir.path())).unwrap();
    let fixes: Vec<GazeFixKind> = project.gaze_fixes.iter().map(|fix| fix.what).collect();
    assert_eq!(fixes.len(), 2, "{fixes:?}");
    let GazeFixKind::Point { time, pos } = fixes[0] else { panic!("{fixes:?}") };
    assert!(time == MediaTime::from_secs(2.0) && pos[0] > 0.5 && pos[1] < 0.5, "{fixes:?}");
    assert_eq!(fixes[1], GazeFixKind::Invalid { range: TimeRange::from_secs(3.0, 4.0) });
}

#[test]
fn a_layout_is_undone_in_turn_with_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut work = window(kept_in(dir.path()));
    make_moment(&mut work, "f60", "f120");
    ctrl_shift(&mut work, egui::Key::B);
    assert!(!has(&work, "Session panel"));
    undo(&mut work);
    assert!(has(&work, "Session panel") && part(&work, "0:02.000 to 0:04.000"));
    undo(&mut work);
    assert!(!part(&work, "0:02.000 to 0:04.000"));
    redo(&mut work);
    redo(&mut work);
    assert!(!has(&work, "Session panel") && part(&work, "0:02.000 to 0:04.000"));
}

#[test]
fn the_size_of_a_panel_is_undone_like_anything_else() {
    let mut work = window(demo());
    let width = |work: &Window| work.get_by_label("Video picture").rect().left();
    let before = width(&work);
    let edge = egui::pos2(before - 1.0, 400.0);
    work.hover_at(edge);
    work.run_steps(2);
    work.drag_at(edge);
    work.run_steps(2);
    work.hover_at(edge + egui::vec2(60.0, 0.0));
    work.run_steps(2);
    work.drop_at(edge + egui::vec2(60.0, 0.0));
    work.run_steps(3);
    let after = width(&work);
    assert!((after - before - 60.0).abs() < 3.0, "dragged from {before} to {after}");
    undo(&mut work);
    assert!((width(&work) - before).abs() < 1.5, "back at {}", width(&work));
    redo(&mut work);
    assert!((width(&work) - after).abs() < 1.5);
}

#[test]
fn moments_go_out_in_every_format_and_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut work = window(kept_in(dir.path()));
    make_moment(&mut work, "f60", "f120");
    let commands = [
        (ExchangeFormat::Ego4d, "export moments as ego4d"),
        (ExchangeFormat::QvHighlights, "export moments as qvhighlights"),
        (ExchangeFormat::Csv, "export moments as csv"),
        (ExchangeFormat::Elan, "export moments for elan"),
        (ExchangeFormat::WebVtt, "export moments as webvtt"),
    ];
    for (format, words) in commands {
        let path = dir.path().join(format!("out.{}", format.extension()));
        command(&mut work, words);
        save_as(&mut work, &path);
        let clips = exchange::load(&path).unwrap();
        assert_eq!(clips[0].queries[0].windows, [[2.0, 4.0]], "{}", format.name());
        work.run_steps(3);
    }
    // what is there already is not added again; what was deleted comes back
    command(&mut work, "import moments");
    open_path(&mut work, &dir.path().join("out.csv"));
    wait_for(&mut work, "what is known", |h| part(h, "1 were there already"));
    undo(&mut work);
    assert!(!part(&work, "0:02.000 to 0:04.000"));
    command(&mut work, "import moments");
    open_path(&mut work, &dir.path().join("out.eaf"));
    wait_for(&mut work, "the moment", |h| part(h, "0:02.000 to 0:04.000"));
    let other = dir.path().join("note.txt");
    std::fs::write(&other, "hello").unwrap();
    command(&mut work, "import moments");
    open_path(&mut work, &other);
    wait_for(&mut work, "the reason", |h| part(h, "what kind of annotations this is cannot be told"));
}

#[test]
fn moved_media_are_found_again_below_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let old = dir.path().join("old");
    std::fs::create_dir_all(&old).unwrap();
    for name in ["kitchen_desk.mp4", "kitchen_desk_gaze.csv"] {
        std::fs::copy(project("assets/demo").join(name), old.join(name)).unwrap();
    }
    let path = dir.path().join("study.gazenlq.json");
    let startup = Startup { files: vec![old.clone()], ..kept_in(dir.path()) };
    let mut work = window(startup);
    make_moment(&mut work, "f60", "f120");
    ctrl(&mut work, egui::Key::S);
    save_as(&mut work, &path);
    close(&mut work);
    wait_for_start(&mut work);
    drop(work);
    std::fs::create_dir_all(dir.path().join("disk")).unwrap();
    std::fs::rename(&old, dir.path().join("disk/new")).unwrap();

    let startup = Startup { files: vec![path.clone()], query: None, ..kept_in(dir.path()) };
    let mut again = harness(startup, SIZE);
    wait_for(&mut again, "the question", |h| has(h, "Media that have moved"));
    again.get_by_label("Choose a folder…").click();
    open_path(&mut again, &dir.path().join("disk"));
    wait_for(&mut again, "what was found", |h| has(h, "Use them"));
    save(&mut again, "relink.png");
    again.get_by_label("Use them").click();
    wait_for(&mut again, "the clip", |h| has(h, "Video picture"));
    assert!(part(&again, "0:02.000 to 0:04.000"));
}

#[test]
fn unsaved_changes_are_asked_about_before_something_else_is_opened() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("study.gazenlq.json");
    let mut work = window(kept_in(dir.path()));
    ctrl(&mut work, egui::Key::S);
    save_as(&mut work, &path);
    make_moment(&mut work, "f60", "f120");
    close(&mut work);
    wait_for(&mut work, "the question", |h| part(h, "Save the changes to"));
    save(&mut work, "unsaved.png");
    work.get_by_label("Stay").click();
    work.run_steps(3);
    assert!(part(&work, "0:02.000 to 0:04.000"));
    close(&mut work);
    wait_for(&mut work, "the question", |h| has(h, "Save them"));
    work.get_by_label("Save them").click();
    wait_for_start(&mut work);
    assert_eq!(only_moment(&path), TimeRange::from_secs(2.0, 4.0));
}

/// Annotations of one clip with three questions, and predictions of two models.
struct Split {
    dir: tempfile::TempDir,
}

const TEXTS: [&str; 3] = ["Where is the cup?", "Where is the pan?", "Where is the lid?"];

impl Split {
    fn new() -> Self {
        let split = Self { dir: tempfile::tempdir().unwrap() };
        let query = |(i, text): (usize, &&str)| {
            let start = 10.0 + 40.0 * i as f64;
            json!({"query": text, "template": "Objects: Where is object X?",
                "clip_start_sec": start, "clip_end_sec": start + 10.0})
        };
        let queries: Vec<_> = TEXTS.iter().enumerate().map(query).collect();
        let file = json!({"version": "2.0", "videos": [{"video_uid": "film", "clips": [
            {"clip_uid": "clip-1", "video_start_sec": 0, "video_end_sec": 200,
             "annotations": [{"annotation_uid": "a", "language_queries": queries}]}]}]});
        std::fs::write(split.path("val.json"), file.to_string()).unwrap();
        for (name, windows) in [
            ("first.json", [[10.0, 20.0], [150.0, 160.0], [91.0, 94.0]]),
            ("second.json", [[10.0, 20.0], [151.0, 160.0], [90.0, 100.0]]),
        ] {
            let result = |(idx, window): (usize, &[f64; 2])| {
                json!({"clip_uid": "clip-1", "annotation_uid": "a", "query_idx": idx,
                    "predicted_times": [window]})
            };
            let results: Vec<_> = windows.iter().enumerate().map(result).collect();
            let file = json!({"version": "1.0", "challenge": "ego4d_nlq_challenge", "results": results});
            std::fs::write(split.path(name), file.to_string()).unwrap();
        }
        split
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn key(place: usize) -> QueryKey {
        QueryKey { clip_uid: "clip-1".into(), annotation_uid: "a".into(), query_idx: place }
    }

    /// Somebody's project about it.
    fn project(author: &str, moments: &[(usize, f64, f64)], verdicts: &[(usize, Verdict)]) -> Project {
        let mut project = Project::new(author);
        for (place, start, end) in moments {
            let query = Query {
                id: Id(*place as u64 + 1),
                clip: "clip-1".into(),
                origin: Some(Self::key(*place)),
                text: TEXTS[*place].into(),
                template: None,
                author: "ann".into(),
                moments: vec![Moment {
                    id: Id(*place as u64 + 11),
                    range: TimeRange::from_secs(*start, *end),
                    author: "ann".into(),
                }],
            };
            project.apply(&Edit::AddQuery(query)).unwrap();
        }
        for (place, verdict) in verdicts {
            let judgement =
                Judgement { verdict: Some(*verdict), ..Judgement::empty(Self::key(*place), author) };
            project.apply(&Edit::Judge(judgement)).unwrap();
        }
        project
    }

    fn with_sources(&self, mut project: Project) -> Project {
        for (id, name, kind) in
            [(100, "val.json", SourceKind::Annotations), (101, "first.json", SourceKind::Predictions)]
        {
            let path = self.path(name);
            let fingerprint = fingerprint(&path).unwrap();
            let source = Source { id: Id(id), kind, path, fingerprint, clip: None };
            project.apply(&Edit::PutSource(source)).unwrap();
        }
        project
    }

    fn window(&self, names: &[&str]) -> Window {
        let files = names.iter().map(|name| self.path(name)).collect();
        let startup = Startup { files, query: None, ..kept_in(self.dir.path()) };
        let mut window = harness(startup, SIZE);
        wait_for(&mut window, "the table", |h| part(h, "3 of 3 queries"));
        window
    }
}

#[test]
fn a_case_without_a_video_is_corrected_tagged_and_reviewed() {
    let split = Split::new();
    let mut work = split.window(&["val.json", "first.json", "second.json"]);
    command(&mut work, "correct the annotated moment");
    let copied = "Mine: Where is the cup?, 0:10.000 to 0:20.000";
    wait_for(&mut work, "the copy", |h| has(h, copied));
    work.get_by_label(copied).click();
    work.run_steps(3);
    for _ in 0..3 {
        alt(&mut work, egui::Key::Comma);
    }
    assert!(part(&work, "0:10.000 to 0:19.900"), "the end went three pictures back");
    undo(&mut work);
    undo(&mut work);
    undo(&mut work);
    assert!(has(&work, copied));
    redo(&mut work);
    ctrl(&mut work, egui::Key::Num6);

    // the queue: where both models are wrong in the same way comes first
    command(&mut work, "make a review queue");
    annotate(&mut work);
    wait_for(&mut work, "the queue", |h| part(h, "In the queue: models agree, both are wrong"));
    assert!(part(&work, "3 of 3 to do"));
    save(&mut work, "case-annotate.png");
    ctrl_shift(&mut work, egui::Key::Enter);
    wait_for(&mut work, "one less", |h| part(h, "2 of 3 to do"));
    work.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::ALT, egui::Key::ArrowRight);
    wait_for(&mut work, "the next", |h| {
        part(h, "In the queue: ") && !part(h, "In the queue: models agree, both are wrong")
    });

    let path = split.path("review.gazenlq.json");
    ctrl(&mut work, egui::Key::S);
    save_as(&mut work, &path);
    let project = file::load(&path).unwrap();
    let query = project.queries.iter().next().unwrap();
    assert_eq!(query.origin, Some(Split::key(0)));
    assert_eq!(query.template.as_deref(), Some("Objects: Where is object X?"));
    let tagged = project.judgements.iter().find(|j| j.case == Split::key(0)).unwrap();
    assert_eq!(tagged.tags, ["long action truncated"]);
    assert!(project.judgements.iter().any(|j| j.case == Split::key(1) && j.review == ReviewState::Done));
    drop(work);

    // the project alone opens the whole data set again
    let again = split.window(&["review.gazenlq.json"]);
    assert!(part(&again, "0:10.000 to 0:19.967"));
}

#[test]
fn two_annotators_stand_side_by_side_and_are_merged_with_conflicts_chosen() {
    let split = Split::new();
    let [base, mine, theirs] =
        ["base.json", "mine.gazenlq.json", "theirs.gazenlq.json"].map(|name| split.path(name));
    file::save(&Split::project("ann", &[(0, 10.0, 20.0), (1, 50.0, 60.0)], &[]), &base).unwrap();
    let verdicts = [(0, Verdict::ModelWrong), (1, Verdict::TruthWrong), (2, Verdict::TruthWrong)];
    let ours = Split::project("ann", &[(0, 11.0, 20.0), (1, 50.0, 60.0)], &verdicts);
    file::save(&split.with_sources(ours), &mine).unwrap();
    let verdicts = [(0, Verdict::ModelWrong), (1, Verdict::ModelWrong), (2, Verdict::TruthWrong)];
    let other = Split::project("bob", &[(0, 10.0, 22.0), (1, 50.0, 61.0)], &verdicts);
    file::save(&other, &theirs).unwrap();

    let mut work = split.window(&["mine.gazenlq.json"]);
    command(&mut work, "compare with a second annotator");
    open_path(&mut work, &theirs);
    wait_for(&mut work, "their lane", |h| has(h, "bob (file): Where is the cup?, 0:10.000 to 0:22.000"));
    annotate(&mut work);
    // 9 of 12 and 10 of 11 seconds
    let iou = format!("{:.3}", (9.0 / 12.0 + 10.0 / 11.0) / 2.0);
    wait_for(&mut work, "the agreement", |h| has(h, &iou));
    assert!(has(&work, "3, 2 the same"), "verdicts");
    // 2 of 3 agree; chance agrees in (1·2 + 2·1) of 9
    let chance = 4.0 / 9.0;
    assert!(has(&work, &format!("{:.3}", (2.0 / 3.0 - chance) / (1.0 - chance))), "kappa");
    save(&mut work, "agreement.png");

    command(&mut work, "merge a project");
    open_path(&mut work, &theirs);
    wait_for(&mut work, "the list", |h| part(h, "changed differently by both"));
    work.get_by_label("Both started from…").click();
    open_path(&mut work, &base);
    // with the base only what both moved is a conflict
    wait_for(&mut work, "the one conflict", |h| part(h, "1 thing was changed differently by both"));
    save(&mut work, "merge.png");
    work.get_by_label("Theirs: 0:10.000 to 0:22.000").click();
    work.run_steps(3);
    work.get_by_label("Merge").click();
    wait_for(&mut work, "theirs", |h| part(h, "Mine: Where is the cup?, 0:10.000 to 0:22.000"));
    undo(&mut work);
    assert!(part(&work, "Mine: Where is the cup?, 0:11.000 to 0:20.000"), "one step takes it back");
    redo(&mut work);
    ctrl(&mut work, egui::Key::S);
    let saved = || file::load(&mine).unwrap().judgements.len();
    wait_for(&mut work, "the saved merge", |_| saved() == 6);
}
