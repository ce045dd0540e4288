//! The window as a user drives it: by the names of its widgets.

use std::path::{Path, PathBuf};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use gazenlq::app::{App, Startup};
use gazenlq::nn::{ModelDir, Registry};

use crate::support::project;

fn harness(startup: Startup, size: egui::Vec2) -> Harness<'static, App> {
    Harness::builder().wgpu().with_size(size).build_eframe(move |cc| App::new(cc, startup))
}

fn demo() -> Startup {
    let query = Some("Where did I put the coffee cup?".to_owned());
    Startup { files: vec![project("assets/demo")], query, ..Startup::default() }
}

/// Without the networks there is no answer, and the rest works all the same.
fn wait_for_answer(harness: &mut Harness<'static, App>) {
    if Registry::open(ModelDir::from_env()).is_complete() {
        let is_there = |h: &Harness<'static, App>| {
            h.query_by_label_contains("quick search (").is_some()
                && h.query_by_label_contains(" 0 pictures").is_none()
        };
        wait_for(harness, "the answer", is_there);
    } else {
        println!("no answer is waited for: the networks are not on this machine");
    }
}

/// Steps until the condition holds; jobs run on their own threads and wall time.
pub fn wait_for(
    harness: &mut Harness<'static, App>,
    what: &str,
    mut is_there: impl FnMut(&Harness<'static, App>) -> bool,
) {
    for _ in 0..600 {
        harness.step();
        if is_there(harness) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let picture = format!("without {what}.png");
    save(harness, &picture);
    panic!("{what} did not come; see {}", screens().join(picture).display());
}

pub fn has(harness: &Harness<'static, App>, label: &str) -> bool {
    // a frame may be drawn in two passes, and then shows both
    harness.query_all_by_label(label).next().is_some()
}

/// Chooses a command by typing into the palette.
pub fn command(harness: &mut Harness<'static, App>, words: &str) {
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::P);
    harness.run_steps(2);
    harness.get_by_label("Command").type_text(words);
    harness.run_steps(1);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(4);
}

/// Where pictures for looking at go, outside the sources.
fn screens() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screens");
    std::fs::create_dir_all(&dir).expect("a folder");
    dir
}

pub fn save(harness: &mut Harness<'static, App>, name: &str) {
    harness.render().expect("draws").save(screens().join(name)).expect("saved");
}

#[test]
fn the_start_page_offers_the_demo() {
    let mut harness = harness(Startup::default(), egui::vec2(1280.0, 800.0));
    harness.run_steps(3);
    assert!(has(&harness, "Open the demo clip") && has(&harness, "Open a clip…"));
    save(&mut harness, "start.png");
}

#[test]
fn a_session_from_opening_to_the_exported_picture() {
    let mut harness = harness(demo(), egui::vec2(1280.0, 800.0));
    wait_for(&mut harness, "the clip", |h| has(h, "Video picture"));
    assert!(has(&harness, "Timeline"));

    // step, go to a place by typing, play and pause
    harness.get_by_label("Next frame").click();
    harness.run_steps(4);
    assert!(harness.query_by_label_contains("frame 1").is_some());
    harness.key_press(egui::Key::G);
    harness.run_steps(2);
    harness.get_by_label("Place").type_text("f150");
    harness.run_steps(1);
    harness.key_press(egui::Key::Enter);
    wait_for(&mut harness, "frame 150", |h| has(h, "frame 150"));

    // the palette knows every command
    command(&mut harness, "difference");

    wait_for_answer(&mut harness);
    // export through the path box
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("picture.png");
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::S);
    wait_for(&mut harness, "the path box", |h| has(h, "Path"));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.get_by_label("Path").type_text(&file.to_string_lossy());
    harness.run_steps(1);
    harness.get_by_label("Save").click();
    wait_for(&mut harness, "the file", |_| file.exists());
    let image = image::open(&file).expect("a picture");
    assert_eq!(image.width(), 1280);
    assert!(image.height() > 720, "the caption stands below the picture");
    image.save(screens().join("exported.png")).expect("written");
    save(&mut harness, "session.png");

    command(&mut harness, "light");
    save(&mut harness, "session-light.png");
}

#[test]
fn a_large_window_shows_the_same_session() {
    let mut harness = harness(demo(), egui::vec2(2560.0, 1440.0));
    wait_for(&mut harness, "the clip", |h| has(h, "Video picture"));
    wait_for_answer(&mut harness);
    assert!(has(&harness, "Timeline") && has(&harness, "Question"));
    save(&mut harness, "session-2560.png");
    command(&mut harness, "light");
    save(&mut harness, "session-2560-light.png");
}

#[test]
fn a_broken_file_is_explained_and_the_window_goes_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("broken.mp4");
    std::fs::write(&path, b"no film").expect("written");
    let mut harness = harness(Startup { files: vec![path], ..Startup::default() }, egui::vec2(900.0, 600.0));
    wait_for(&mut harness, "the notice", |h| h.query_by_label_contains("broken.mp4").is_some());
    harness.get_by_label("Dismiss").click();
    harness.run_steps(3);
    assert!(has(&harness, "Open the demo clip"));
}

#[test]
fn a_table_of_an_unknown_recorder_is_read_once_its_columns_are_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let table = dir.path().join("my eyes.csv");
    let rows: String = (0..400).map(|i| format!("{},{},{}\n", i * 20, 0.4, 0.6)).collect();
    std::fs::write(&table, format!("clock_ms,eye_x,eye_y\n{rows}")).expect("written");
    let clip = project("assets/demo/kitchen_desk.mp4");
    let startup = Startup { files: vec![clip, table], ..Startup::default() };
    let mut harness = harness(startup, egui::vec2(1280.0, 800.0));
    wait_for(&mut harness, "the form", |h| h.query_by_label_contains("Columns of my eyes.csv").is_some());
    save(&mut harness, "mapping.png");
    harness.get_by_label("Use these columns").click();
    wait_for(&mut harness, "the gaze", |h| h.query_by_label_contains("400 samples").is_some());
}
