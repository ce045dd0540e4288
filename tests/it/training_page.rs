//! The training page as a user drives it.

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use gazenlq::app::{App, Startup};
use gazenlq::grounding::groundnlq::GazeMode;
use gazenlq::train::settings;

use crate::gui::{command, has, save, wait_for};
use crate::training::OnlyGazeTells;

fn harness(files: Vec<std::path::PathBuf>) -> Harness<'static, App> {
    let startup = Startup { files, ..Startup::default() };
    let size = egui::vec2(1280.0, 800.0);
    Harness::builder().wgpu().with_size(size).build_eframe(move |cc| App::new(cc, startup))
}

#[test]
fn a_training_is_begun_stopped_resumed_and_watched() {
    let data = OnlyGazeTells::write();
    let mut run = data.run(GazeMode::Positive, 30);
    run.saving.validate_every = 2;
    run.saving.log_every = 1;
    let config = data.dir.path().join("small.toml");
    std::fs::write(&config, settings::to_toml(&run)).unwrap();
    let mut harness = harness(vec![config]);
    wait_for(&mut harness, "the page", |h| has(h, "Grounding network") && has(h, "Start"));

    harness.get_by_label("Start").click();
    let has_curves = |h: &Harness<'static, App>| has(h, "Recall on the validation") && has(h, "Stop");
    wait_for(&mut harness, "the curves", has_curves);
    wait_for(&mut harness, "an example", |h| h.query_all_by_label_contains("IoU ").next().is_some());
    save(&mut harness, "training-dark.png");
    harness.get_by_label("Stop").click();
    wait_for(&mut harness, "the stop", |h| has(h, "Resume"));
    let checkpoint = data.dir.path().join("small.run/checkpoint.safetensors");
    assert!(checkpoint.is_file(), "a stop saves");
    assert!(!data.dir.path().join("small.run/last").exists(), "it was stopped before its end");

    harness.get_by_label("Resume").click();
    wait_for(&mut harness, "the end", |h| {
        h.query_all_by_label_contains("Done: epoch 32 of 32").next().is_some()
    });
    command(&mut harness, "close the training");
    wait_for(&mut harness, "the start page", |h| has(h, "Open the demo clip"));
}
