//! The synthetic demo clip, answered by the networks that were trained on such clips.

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use gazenlq::app::{App, Startup};
use gazenlq::features::{EfficientNetLite2, MiniLm};
use gazenlq::nn::ModelDir;
use gazenlq::project::AnnotationFile;

use crate::gui::{command, has, save, wait_for, wait_for_work};
use crate::support::{gazenlq, json, project, stderr};

const CLIP: &str = "assets/synthetic/ee71270e-645a-4d08-99c8-9be2c132e9ba.mp4";
/// One of those that the window lists, and another one.
const LISTED: &str = "Where did I put the cutting board?";
const QUESTION: &str = "What did I put in the fridge?";

/// The encoders are fetched, unlike the networks themselves.
fn has_encoders() -> bool {
    let models = ModelDir::from_env();
    let is_here = EfficientNetLite2::file(&models).is_file() && MiniLm::file(&models).is_file();
    if !is_here {
        println!("skipped: the encoders are not on this machine");
    }
    is_here
}

#[test]
fn the_window_opens_it_from_the_start_page_and_answers_with_gazenlq() {
    if !has_encoders() {
        return;
    }
    let size = egui::vec2(1280.0, 800.0);
    let mut harness: Harness<'static, App> =
        Harness::builder().wgpu().with_size(size).build_eframe(|cc| App::new(cc, Startup::default()));
    harness.run_steps(3);
    harness.get_by_label("Watch GazeNLQ at work").click();
    wait_for(&mut harness, "the clip", |h| has(h, "Video picture"));
    harness.get_by_label(LISTED).click();
    let part = |h: &Harness<'static, App>, text: &str| h.query_all_by_label_contains(text).next().is_some();
    wait_for(&mut harness, "GroundNLQ", |h| part(h, "GroundNLQ, trained on synthetic clips; "));
    wait_for_work(&mut harness);
    wait_for(&mut harness, "the whole clip", |h| part(h, "Looked at 112 pictures"));
    command(&mut harness, "Gaze mode: predicted");
    wait_for(&mut harness, "GazeNLQ", |h| part(h, "GazeNLQ, trained on synthetic clips; "));
    command(&mut harness, "Jump to moment 1");
    harness.run_steps(8);
    save(&mut harness, "synthetic.png");
}

#[test]
fn the_terminal_answers_with_the_same_networks() {
    if !has_encoders() {
        return;
    }
    let clip = project(CLIP);
    let output = gazenlq(&["query", clip.to_str().unwrap(), QUESTION, "--gaze-mode", "predicted", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let answer = json(&output);
    assert!(answer.to_string().contains("GazeNLQ, trained on synthetic clips"), "{answer}");
    // it takes no recording
    let refused = gazenlq(&["query", clip.to_str().unwrap(), QUESTION, "--gaze-mode", "recorded"]);
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
}

#[test]
fn its_files_belong_together() {
    let clip = project(CLIP);
    let annotations = AnnotationFile::load(&clip.with_file_name("nlq.json")).unwrap();
    let annotated = annotations.clip_of(&clip).expect("the clip is annotated");
    assert!(annotated.queries.iter().any(|query| query.text == QUESTION));
    let about = std::fs::read(clip.with_file_name("synth.json")).unwrap();
    let about: serde_json::Value = serde_json::from_slice(&about).unwrap();
    assert!(about["synthetic"] == true && about["seed"] == 103, "{about}");
    assert!(clip.with_extension("csv").is_file());
}
