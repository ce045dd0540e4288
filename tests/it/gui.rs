//! The window as a user drives it: by the names of its widgets.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use gazenlq::app::{App, Places, Startup};
use gazenlq::nn::{ModelDir, Registry};

use crate::support::project;

pub fn harness(startup: Startup, size: egui::Vec2) -> Harness<'static, App> {
    Harness::builder().wgpu().with_size(size).build_eframe(move |cc| App::new(cc, startup))
}

pub fn demo() -> Startup {
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

/// Steps until nothing is computed any more, which takes as long as the machine needs.
pub fn wait_for_work(harness: &mut Harness<'static, App>) {
    let given_up = std::time::Instant::now() + std::time::Duration::from_mins(10);
    while !harness.state().is_idle() {
        assert!(std::time::Instant::now() < given_up, "the computation hangs");
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
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

pub fn press(harness: &mut Harness<'static, App>, key: egui::Key) {
    harness.key_press(key);
    harness.run_steps(3);
}

/// Types a place into the "go to" box.
pub fn go_to(harness: &mut Harness<'static, App>, place: &str) {
    press(harness, egui::Key::G);
    harness.get_by_label("Place").type_text(place);
    harness.run_steps(1);
    press(harness, egui::Key::Enter);
}

/// Answers the box that asks for a path to save to.
pub fn save_as(harness: &mut Harness<'static, App>, file: &Path) {
    wait_for(harness, "the path box", |h| has(h, "Path"));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.get_by_label("Path").type_text(&file.to_string_lossy());
    harness.run_steps(1);
    harness.get_by_label("Save").click();
    wait_for(harness, "the file", |_| file.exists());
    // the box that had the keyboard is gone
    harness.run_steps(3);
}

/// A file or folder as it is let go of over the window.
#[derive(Debug)]
pub struct Dropped(pub PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|e| e.to_string())
    }
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
    let hovered = ["P01.mp4", "P01_gaze.csv", "nlq_val.json"]
        .map(|name| egui::HoveredFile { path: Some(name.into()), ..egui::HoveredFile::default() });
    harness.input_mut().hovered_files = hovered.to_vec();
    harness.run_steps(2);
    save(&mut harness, "drop.png");
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
    go_to(&mut harness, "f150");
    wait_for(&mut harness, "frame 150", |h| has(h, "frame 150"));

    // the palette knows every command
    command(&mut harness, "difference");

    wait_for_answer(&mut harness);
    // export through the path box
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("picture.png");
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::S);
    save_as(&mut harness, &file);
    let image = image::open(&file).expect("a picture");
    assert_eq!(image.width(), 1280);
    assert!(image.height() > 720, "the caption stands below the picture");
    image.save(screens().join("exported.png")).expect("written");
    save(&mut harness, "session.png");

    command(&mut harness, "light");
    save(&mut harness, "session-light.png");
}

/// By names and keys alone, on an empty window.
fn from_drop_to_exported_picture(size: egui::Vec2) {
    let mut harness = harness(Startup::default(), size);
    harness.run_steps(3);
    harness.input_mut().dropped_files.push(Arc::new(Dropped(project("assets/demo"))));
    wait_for(&mut harness, "the clip", |h| has(h, "Video picture"));

    // where "/" is the shifted 7 it still begins a question, and "?" is the one that asks for help
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::Slash);
    harness.run_steps(3);
    assert!(harness.get_by_label("Question").is_focused() && !has(&harness, "Words and numbers"));
    harness.get_by_label("Question").type_text("Where did I put the coffee cup?");
    harness.run_steps(1);
    press(&mut harness, egui::Key::Enter);
    wait_for_answer(&mut harness);
    if Registry::open(ModelDir::from_env()).is_complete() {
        wait_for_work(&mut harness);
        // the question box lets go of the keyboard, so that keys are commands again
        press(&mut harness, egui::Key::Escape);
        press(&mut harness, egui::Key::Num2);
        let is_chosen = |h: &Harness<'static, App>, name: &str| {
            let toggled = h.get_by_label_contains(name).accesskit_node().toggled();
            toggled == Some(egui::accesskit::Toggled::True)
        };
        assert!(is_chosen(&harness, "Moment 2: "));
        harness.get_by_label_contains("Moment 1: ").click();
        harness.run_steps(3);
        assert!(is_chosen(&harness, "Moment 1: "));
        // keyboards report the shifted 1 by its sign
        let shown = |h: &Harness<'static, App>| h.state().playback_stats().expect("a clip").shown;
        let before = shown(&harness);
        harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::Exclamationmark);
        wait_for(&mut harness, "the loop", |h| shown(h) > before + 5);
        press(&mut harness, egui::Key::K);
    }
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("picture.png");
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::S);
    save_as(&mut harness, &file);
    assert_eq!(image::open(&file).expect("a picture").width(), 1280);

    // a second picture of the same name replaces the first only when that was meant
    std::fs::write(&file, "mine").expect("written");
    harness.key_press_modifiers(egui::Modifiers::SHIFT, egui::Key::S);
    wait_for(&mut harness, "the path box", |h| has(h, "Path"));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.get_by_label("Path").type_text(&file.to_string_lossy());
    harness.run_steps(1);
    harness.get_by_label("Save").click();
    wait_for(&mut harness, "the question", |h| has(h, "Replace"));
    assert_eq!(std::fs::read(&file).expect("there"), b"mine");
    harness.get_by_label("Replace").click();
    wait_for(&mut harness, "the new picture", |_| image::open(&file).is_ok());
    save(&mut harness, &format!("dropped-{}.png", size.x));
}

#[test]
fn everything_from_drop_to_exported_picture_goes_by_names_and_keys() {
    from_drop_to_exported_picture(egui::vec2(1280.0, 800.0));
}

#[test]
fn a_large_window_goes_the_same_way() {
    from_drop_to_exported_picture(egui::vec2(2560.0, 1440.0));
}

#[test]
fn columns_are_mapped_again_and_a_preview_can_be_taken_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let table = dir.path().join("eyes.csv");
    let rows: String = (0..300).map(|i| format!("{},{},{}\n", i * 20, 640, 360)).collect();
    std::fs::write(&table, format!("time,x,y\n{rows}")).expect("written");
    let clip = project("assets/demo/kitchen_desk.mp4");
    let startup = Startup { files: vec![clip, table], ..Startup::default() };
    let mut harness = harness(startup, egui::vec2(1280.0, 800.0));
    // milliseconds and pixels, by what is in the table
    wait_for(&mut harness, "the gaze", |h| h.query_by_label_contains("300 samples").is_some());
    wait_for(&mut harness, "the notice", |h| h.query_by_label_contains("milliseconds").is_some());
    command(&mut harness, "columns of the gaze table");
    wait_for(&mut harness, "the form", |h| h.query_by_label_contains("Columns of eyes.csv").is_some());
    save(&mut harness, "mapping-again.png");
    harness.get_by_label("Cancel").click();
    wait_for(&mut harness, "no form", |h| h.query_by_label_contains("Columns of eyes.csv").is_none());
    assert!(harness.query_by_label_contains("300 samples").is_some());
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

#[test]
fn a_range_is_marked_looped_drawn_over_and_cleared() {
    let mut harness = harness(demo(), egui::vec2(1280.0, 800.0));
    wait_for(&mut harness, "the clip", |h| has(h, "Video picture"));
    go_to(&mut harness, "f60");
    press(&mut harness, egui::Key::I);
    go_to(&mut harness, "f120");
    press(&mut harness, egui::Key::O);
    wait_for(&mut harness, "the range", |h| has(h, "0:02.000 – 0:04.000"));
    assert!(has(&harness, "Start of the range") && has(&harness, "End of the range"));
    command(&mut harness, "heatmap whole range");
    command(&mut harness, "fixations");
    save(&mut harness, "range.png");
    press(&mut harness, egui::Key::R);
    wait_for(&mut harness, "the loop from its start", |h| !has(h, "frame 120"));
    press(&mut harness, egui::Key::K);
    harness.key_press_modifiers(egui::Modifiers::ALT, egui::Key::X);
    wait_for(&mut harness, "no range", |h| !has(h, "Start of the range"));
}

#[test]
fn what_was_noted_is_there_when_the_clip_is_opened_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let places = Places::in_folders(dir.path(), dir.path());
    let size = egui::vec2(1280.0, 800.0);
    let startup = || Startup { places: places.clone(), ..demo() };
    let mut first = harness(startup(), size);
    wait_for(&mut first, "the clip", |h| has(h, "Video picture"));
    go_to(&mut first, "f150");
    press(&mut first, egui::Key::M);
    first.get_by_label("Note").type_text("the cat 猫");
    first.run_steps(2);
    save(&mut first, "marker.png");
    press(&mut first, egui::Key::Enter);
    assert!(has(&first, "Marker 0:05.000: the cat 猫"));

    // removed, and put back by what the notice offers
    press(&mut first, egui::Key::M);
    first.get_by_label("Remove the marker").click();
    wait_for(&mut first, "its removal", |h| h.query_by_label_contains("Marker 0:05.000").is_none());
    wait_for(&mut first, "the offer to undo it", |h| has(h, "Undo"));
    first.get_by_label("Undo").click();
    wait_for(&mut first, "its return", |h| has(h, "Marker 0:05.000: the cat 猫"));
    command(&mut first, "close");
    wait_for(&mut first, "the start page", |h| has(h, "Open kitchen_desk.mp4 again"));
    let notes = places.notes.clone().expect("a place");
    let is_kept = || std::fs::read_dir(&notes).is_ok_and(|files| files.count() == 1);
    wait_for(&mut first, "the place in the clip on disk", |_| is_kept());
    drop(first);

    let mut again = harness(startup(), size);
    wait_for(&mut again, "the marker", |h| has(h, "Marker 0:05.000: the cat 猫"));
    wait_for(&mut again, "the playhead", |h| has(h, "frame 150"));
}

#[test]
fn a_closed_clip_is_offered_again() {
    let mut harness = harness(demo(), egui::vec2(1280.0, 800.0));
    wait_for(&mut harness, "the clip", |h| has(h, "Video picture"));
    command(&mut harness, "close");
    wait_for(&mut harness, "the start page", |h| has(h, "Open kitchen_desk.mp4 again"));
    save(&mut harness, "start-recent.png");
    harness.get_by_label("Open kitchen_desk.mp4 again").click();
    wait_for(&mut harness, "the clip again", |h| has(h, "Video picture"));
}

#[test]
fn a_template_waits_for_its_first_slot() {
    let mut harness = harness(demo(), egui::vec2(1280.0, 800.0));
    wait_for(&mut harness, "the clip", |h| has(h, "Video picture"));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::T);
    harness.run_steps(2);
    harness.get_by_label("Template").type_text("where did i put");
    harness.run_steps(2);
    save(&mut harness, "templates.png");
    press(&mut harness, egui::Key::Enter);
    let question = |h: &Harness<'static, App>| h.get_by_label("Question").value();
    assert_eq!(question(&harness).as_deref(), Some("Where did I put X?"));
    harness.get_by_label("Question").type_text("the keys");
    harness.run_steps(2);
    assert_eq!(question(&harness).as_deref(), Some("Where did I put the keys?"));
}

#[test]
fn help_settings_and_the_model_card_open_and_the_keyboard_goes_round_the_panels() {
    let mut harness = harness(demo(), egui::vec2(1280.0, 800.0));
    wait_for(&mut harness, "the clip", |h| has(h, "Video picture"));
    press(&mut harness, egui::Key::F1);
    assert!(harness.query_by_label_contains("divided by their union").is_some());
    save(&mut harness, "help.png");
    press(&mut harness, egui::Key::F1);
    command(&mut harness, "which model is this");
    wait_for(&mut harness, "the card", |h| h.query_by_label_contains("Training-free").is_some());
    save(&mut harness, "model-card.png");
    command(&mut harness, "which model is this");
    command(&mut harness, "settings");
    assert!(has(&harness, "Appearance"));
    command(&mut harness, "settings");
    press(&mut harness, egui::Key::F6);
    assert!(harness.get_by_label("Session panel").is_focused());
    press(&mut harness, egui::Key::F2);
    assert!(!has(&harness, "Session panel") && has(&harness, "Timeline"));
}

#[test]
fn diagnostics_are_saved_without_media() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("report.zip");
    let mut harness = harness(Startup::default(), egui::vec2(900.0, 600.0));
    harness.run_steps(3);
    command(&mut harness, "save diagnostics");
    save_as(&mut harness, &file);
    let size = std::fs::metadata(&file).expect("there").len();
    assert!((200..100_000).contains(&size), "{size} bytes");
}

#[test]
fn questions_come_from_a_file_and_bad_ones_are_explained() {
    let dir = tempfile::tempdir().expect("a folder");
    let (good, bad) = (dir.path().join("good.txt"), dir.path().join("bad.txt"));
    std::fs::write(&good, "Where is the clock?\n杯子在哪里 ☕?\n").expect("written");
    std::fs::write(&bad, b"\xff\xfe").expect("written");
    let mut harness = harness(demo(), egui::vec2(1280.0, 800.0));
    wait_for(&mut harness, "the clip", |h| has(h, "Video picture"));
    for (file, sign) in [(&bad, "is not UTF-8"), (&good, "杯子在哪里 ☕?")] {
        command(&mut harness, "ask questions from a file");
        wait_for(&mut harness, "the path box", |h| has(h, "Path"));
        harness.get_by_label("Path").type_text(&file.to_string_lossy());
        harness.run_steps(1);
        press(&mut harness, egui::Key::Enter);
        wait_for(&mut harness, sign, |h| h.query_all_by_label_contains(sign).next().is_some());
    }
}
