//! A data set in the window, driven by the names of its widgets: annotations, feature stores and a
//! checkpoint are enough to look at every query; a video is not needed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use candle_core::{Device, Tensor};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use gazenlq::app::{App, Startup};
use gazenlq::dataset::{Analysis, DataSet, DataSetFiles, ModelFiles, Wanted, open_case};
use gazenlq::eval::failure::Recovery;
use gazenlq::grounding::groundnlq::{Config, GazeMode};
use gazenlq::job::JobCtx;
use gazenlq::project::recognise;
use serde_json::json;

use crate::groundnlq::{made, tiny, weights};
use crate::gui::{Dropped, command, has, save, save_as, wait_for};
use crate::nlq_split::write_npy;
use crate::support::{project, shared};

/// Seconds of every clip of the made data set.
const CLIP_SECS: f64 = 32.0;

/// Writes a data set of three clips into a folder; `named` is what a user would name.
pub struct Made {
    dir: tempfile::TempDir,
}

impl Made {
    pub fn new(config: &Config) -> Self {
        let made = Self { dir: tempfile::tempdir().unwrap() };
        let clip = |uid: &str, start: f64, queries: serde_json::Value| {
            json!({"clip_uid": uid, "video_start_sec": start, "video_end_sec": start + CLIP_SECS,
                "clip_start_sec": 0, "clip_end_sec": CLIP_SECS,
                "annotations": [{"annotation_uid": format!("note-{uid}"), "language_queries": queries}]})
        };
        let cup = json!({"query": "Where is the cup?", "template": "Objects: Where is object X?",
            "clip_start_sec": 3.0, "clip_end_sec": 9.5});
        let door = json!({"query": "Who came\nthrough the door? ", "template": "People: Who did I talk to?",
            "clip_start_sec": 20.0, "clip_end_sec": 24.0});
        let file = json!({"version": "2.0", "videos": [{"video_uid": "whole-film", "clips": [
            clip("first-clip", 0.0, json!([cup, door, {"query": null}])),
            clip("second-clip", 5.0, json!([cup])),
            clip("third-clip", 9.0, json!([{"query": "Was it late?", "clip_start_sec": 1.0, "clip_end_sec": 2.0}]))]}]});
        std::fs::write(made.path("val.json"), file.to_string()).unwrap();
        for folder in ["video", "text", "gaze"] {
            std::fs::create_dir(made.path(folder)).unwrap();
        }
        let [steps, windows] = [57, 60];
        for clip in ["first-clip", "second-clip"] {
            made.array("video", clip, &[steps, config.features.video_dim], clip);
            made.array("gaze", clip, &[windows, config.gaze.input_dim], clip);
        }
        // the third clip has no video features, and its query no text features
        for query in ["note-first-clip_0", "note-first-clip_1", "note-second-clip_0"] {
            made.array("text", query, &[6, config.features.text_dim], query);
        }
        let tensors = weights(config).into_iter().collect();
        candle_core::safetensors::save(&tensors, made.path("tiny.safetensors")).unwrap();
        std::fs::write(made.path("tiny.toml"), config.to_toml()).unwrap();
        let predicted = json!({"version": "1.0", "challenge": "ego4d_nlq_challenge", "results": [
            {"clip_uid": "first-clip", "annotation_uid": "note-first-clip", "query_idx": 0,
             "predicted_times": [[1.0, 2.0], [3.0, 9.0]]}]});
        std::fs::write(made.path("other.json"), predicted.to_string()).unwrap();
        made
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Numbers that follow from `name`, under `key`.
    pub fn array(&self, folder: &str, key: &str, shape: &[usize; 2], name: &str) {
        let values = made(name, shape).flatten_all().unwrap().to_vec1::<f32>().unwrap();
        write_npy(&self.path(folder).join(format!("{key}.npy")), shape[1], &values);
    }

    fn named(&self, names: &[&str]) -> Startup {
        Startup { files: names.iter().map(|name| self.path(name)).collect(), ..Startup::default() }
    }
}

const TRUE: egui::accesskit::Toggled = egui::accesskit::Toggled::True;

const ALL: [&str; 6] = ["val.json", "video", "text", "tiny.safetensors", "tiny.toml", "other.json"];

fn window(startup: Startup) -> Harness<'static, App> {
    let size = egui::vec2(1280.0, 800.0);
    Harness::builder().wgpu().with_size(size).build_eframe(move |cc| App::new(cc, startup))
}

fn search(harness: &mut Harness<'static, App>, text: &str) {
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::F);
    harness.run_steps(2);
    harness.get_by_label("Search the queries").type_text(text);
}

fn has_part(harness: &Harness<'static, App>, label: &str) -> bool {
    harness.query_all_by_label_contains(label).next().is_some()
}

#[test]
fn queries_are_looked_at_without_any_video() {
    let set = Made::new(&tiny());
    let mut harness = window(set.named(&ALL));
    wait_for(&mut harness, "the first query's answer", |h| has_part(h, "Moment 1: "));
    assert!(has(&harness, "5 of 5 queries"));
    harness.get_by_label("Files").click();
    harness.run_steps(3);
    assert!(has(&harness, "Ego4D NLQ: 3 clips, 5 queries, 1 of them without words"));
    assert!(has(&harness, "20 values, 2 of 3 clips") && has(&harness, "12 values, 3 of 4 queries"));
    assert!(has_part(&harness, "Truth: annotated") && has_part(&harness, "Moments: 1 "));
    // the network's moments beside those of the file
    assert!(has_part(&harness, "other: 2"));
    save(&mut harness, "dataset.png");

    // down with the key: a line break in a query does not break its row
    harness.key_press(egui::Key::ArrowDown);
    wait_for(&mut harness, "the second query", |h| {
        h.get_by_label("Query 2: Who came through the door?").accesskit_node().toggled() == Some(TRUE)
    });
    wait_for(&mut harness, "the second answer", |h| has_part(h, "Moment 1: "));
    harness.key_press(egui::Key::ArrowDown);
    wait_for(&mut harness, "the entry without words", |h| has_part(h, "no words to ask"));
    harness.get_by_label("Query 5: Was it late?").click();
    wait_for(&mut harness, "why it cannot be asked", |h| has_part(h, "no text features of this query"));

    // search, template, clip
    search(&mut harness, "cup second");
    wait_for(&mut harness, "one row", |h| has(h, "1 of 5 queries") && !has_part(h, "Query 1: "));
    harness.run_steps(2);
    harness.get_by_label("Query 4: Where is the cup?").click();
    wait_for(&mut harness, "the fourth answer", |h| has_part(h, "Moment 1: "));
    assert!(has(&harness, "Clip second-clip, 0:32.000, from 0:05.000 of its video"));
    command(&mut harness, "light");
    save(&mut harness, "dataset-light.png");
}

#[test]
fn moments_of_a_file_are_judged_like_the_network_s() {
    let set = Made::new(&tiny());
    // without a network the file is what there is
    let mut harness = window(set.named(&["val.json", "other.json"]));
    wait_for(&mut harness, "the file's verdict", |h| has(h, "The right moment stands at rank 2 of 2"));
    harness.key_press(egui::Key::Num2);
    harness.run_steps(3);
    let second = harness.get_by_label("Moment 2: 0:03.000 to 0:09.000");
    assert_eq!(second.accesskit_node().toggled(), Some(TRUE));
    // a network and its features join the open data set
    for name in ["video", "text", "tiny.safetensors", "tiny.toml"] {
        harness.input_mut().dropped_files.push(Arc::new(Dropped(set.path(name))));
    }
    wait_for(&mut harness, "the classes", |h| has_part(h, "2 ranking: 1 "));
    harness.get_by_label("Files").click();
    wait_for(&mut harness, "the network", |h| has_part(h, "GroundNLQ, ["));
    assert!(has(&harness, "The right moment stands at rank 2 of 2"));
    wait_for(&mut harness, "the network's moments", |h| has_part(h, "Network: 1 "));
}

#[test]
fn candidates_before_soft_nms_and_the_training_split_are_found_by_name() {
    let set = Made::new(&tiny());
    let write = |name: &str, windows: serde_json::Value| {
        let file = json!({"version": "1.0", "challenge": "ego4d_nlq_challenge", "results": [
            {"clip_uid": "second-clip", "annotation_uid": "note-second-clip", "query_idx": 0,
             "predicted_times": windows}]});
        std::fs::write(set.path(name), file.to_string()).unwrap();
    };
    write("kept.json", json!([[20.0, 21.0]]));
    write("kept.raw.json", json!([[20.0, 21.0], [3.0, 9.0]]));
    std::fs::copy(set.path("val.json"), set.path("train.json")).unwrap();
    let mut harness = window(set.named(&["val.json", "kept.json", "kept.raw.json"]));
    wait_for(&mut harness, "the classes", |h| has_part(h, "1 correct: "));
    harness.get_by_label("Files").click();
    wait_for(&mut harness, "its raw file", |h| {
        has_part(h, "1 of 5 queries; candidates before Soft-NMS of 1")
    });
    assert!(has_part(&harness, "beside 5 queries to train with"));
    assert!(!has_part(&harness, "kept.raw.json: "), "it is no model of its own");
    let files = DataSetFiles {
        annotations: set.path("val.json"),
        predictions: ["kept.raw.json", "kept.json"].map(|name| set.path(name)).to_vec(),
        ..DataSetFiles::default()
    };
    let (data, _) = DataSet::open(files, None, &JobCtx::detached()).unwrap();
    let analysis = Analysis::new(&data, Wanted::default(), &JobCtx::detached()).unwrap().unwrap();
    assert!(analysis.report.raw_candidates_known && analysis.models.len() == 1);
    assert!(analysis.report.profiles.iter().any(|profile| profile.characteristic == "object frequency"));
    // proposed and suppressed, which the file alone cannot tell from never proposed
    let row =
        (0..data.rows.len()).find(|row| data.row(*row).unwrap().key().clip_uid == "second-clip").unwrap();
    assert_eq!(analysis.finding(row).unwrap().recovery, Some(Recovery::Suppressed));
}

#[test]
fn other_rates_of_the_features_move_the_moments() {
    let set = Made::new(&tiny());
    let data = open(&set, &["tiny.safetensors", "tiny.toml"], &["video", "text"]);
    let windows = |data: &DataSet| -> Vec<[f64; 2]> {
        let (_, case) = open_case(data, &data.row(0).unwrap(), None, &JobCtx::detached()).unwrap();
        assert_eq!((case.levels.len(), case.words.len()), (3, 6));
        case.windows.iter().map(|w| [w.start, w.end]).collect()
    };
    let before = windows(&data);
    let ends = |windows: &[[f64; 2]]| windows.iter().map(|w| w[1]).fold(0.0, f64::max);
    assert!(ends(&before) > 20.0);
    let mut later = data.clone();
    later.stores.video.as_mut().unwrap().set.offset_secs = 1.5;
    for (after, before) in windows(&later).iter().zip(&before) {
        assert!((after[0] - before[0] - 1.5).abs() < 1e-4 || before[0] == 0.0, "{after:?} {before:?}");
    }
    let mut slower = data.clone();
    slower.stores.video.as_mut().unwrap().set.stride_frames /= 2.0;
    // 57 steps of half the length, and half a window
    assert!(ends(&windows(&slower)) < 57.0 * 0.27 + 0.3);
}

fn open(set: &Made, model: &[&str; 2], stores: &[&str]) -> DataSet {
    let files = DataSetFiles {
        annotations: set.path("val.json"),
        model: Some(ModelFiles { weights: set.path(model[0]), config: Some(set.path(model[1])) }),
        stores: stores.iter().map(|name| set.path(name)).collect(),
        ..DataSetFiles::default()
    };
    let (data, warnings) = DataSet::open(files, None, &JobCtx::detached()).unwrap();
    assert_eq!(warnings, [] as [String; 0]);
    data
}

#[test]
fn gaze_features_are_told_from_video_features_and_used() {
    for mode in [GazeMode::Positive, GazeMode::Negate, GazeMode::Complement, GazeMode::NegAttention] {
        let mut config = tiny();
        config.gaze.mode = mode;
        let set = Made::new(&config);
        let data = open(&set, &["tiny.safetensors", "tiny.toml"], &["gaze", "video", "text"]);
        assert_eq!(
            (data.stores.video.as_ref().unwrap().dim, data.stores.gaze.as_ref().unwrap().dim),
            (20, 10)
        );
        let row = data.row(0).unwrap();
        let (encoded, case) = open_case(&data, &row, None, &JobCtx::detached()).unwrap();
        assert!(!case.windows.is_empty());
        let gaze = case.gaze.expect("attention to the gaze");
        assert_eq!(gaze.values.len(), 57);
        // a clip that was kept gives the same answer
        let (_, again) = open_case(&data, &row, Some(encoded), &JobCtx::detached()).unwrap();
        assert_eq!(again.windows, case.windows);
        let without = open(&set, &["tiny.safetensors", "tiny.toml"], &["video", "text"]);
        assert!(without.hindrance().unwrap().contains("gaze features"), "{mode:?}");
    }
}

#[test]
fn a_clip_of_a_long_video_plays_its_part() {
    let set = Made::new(&tiny());
    std::fs::create_dir(set.path("films")).unwrap();
    let film = set.path("films").join("whole-film.mp4");
    std::fs::copy(project("assets/demo/kitchen_desk.mp4"), film).unwrap();
    let mut names = ALL.to_vec();
    names.push("films");
    let mut harness = window(set.named(&names));
    wait_for(&mut harness, "the video", |h| has(h, "Video picture"));
    wait_for(&mut harness, "the answer", |h| has_part(h, "Moment 1: "));
    // the second clip starts 5 s into the video, and its true moment 3 s into the clip
    harness.get_by_label("Query 4: Where is the cup?").click();
    wait_for(&mut harness, "frame 240", |h| has(h, "frame 240"));
    save(&mut harness, "dataset-video.png");
}

#[test]
fn the_whole_val_split_is_listed() {
    let Some(annotations) = shared("data/nlq/ego4d_nlq_v2_val.json") else { return };
    let Some(predictions) = shared("data/nlq/predictions_vslnet_egovlp_v2val_5872.json") else { return };
    let config = tiny();
    let set = Made::new(&config);
    let file = gazenlq::project::AnnotationFile::load(&annotations).unwrap();
    for clip in file.clips.iter().take(3) {
        let steps = (clip.duration_secs.unwrap() * 1.87) as usize;
        let uid = &clip.clip_uid;
        set.array("video", uid, &[steps, config.features.video_dim], uid);
        for query in &clip.queries {
            let id = clip.key_of(query).query_id();
            set.array("text", &id, &[9, config.features.text_dim], &id);
        }
    }
    let mut startup = set.named(&["video", "text", "tiny.safetensors", "tiny.toml"]);
    startup.files.extend([annotations, predictions]);
    let mut harness = window(startup);
    wait_for(&mut harness, "the answer", |h| has_part(h, "Moment 1: "));
    assert!(has(&harness, "4554 of 4554 queries"));
    harness.run_steps(4);
    save(&mut harness, "dataset-val.png");
    command(&mut harness, "light");
    save(&mut harness, "dataset-val-light.png");
    // the last row is reached, and laid out, without the ones before it
    search(&mut harness, "phone");
    wait_for(&mut harness, "fewer rows", |h| {
        !has(h, "4554 of 4554 queries") && has_part(h, " of 4554 queries")
    });
}

#[test]
fn a_folder_of_everything_is_one_data_set() {
    let Some(folder) = shared("reference/groundnlq/e2e") else { return };
    // among single arrays that end like checkpoints
    let found = recognise(std::slice::from_ref(&folder));
    assert_eq!(found.model, Some(folder.join("checkpoint.pth.tar")));
    assert_eq!((found.stores.len(), found.predictions.len()), (2, 2));
    assert!(found.is_data_set() && found.config.is_some());
    // a clip's own folder is none, whatever settings lie beside it
    let demo = recognise(&[project("assets/demo")]);
    assert!(demo.annotations.is_some() && demo.video.is_some() && !demo.is_data_set());

    let mut harness = window(Startup { files: vec![folder], ..Startup::default() });
    wait_for(&mut harness, "the answer", |h| has_part(h, "Moment 1: "));
    assert!(has(&harness, "24 of 24 queries"));
    // the network's own answer and the reference's file agree
    wait_for(&mut harness, "both lanes", |h| has_part(h, "Moments: 1 ") && has_part(h, "expec…ons_bs1: 1 "));
    save(&mut harness, "dataset-e2e.png");
}

#[test]
fn what_belongs_to_a_data_set_asks_for_its_annotations() {
    let set = Made::new(&tiny());
    let mut harness = window(set.named(&["video", "tiny.safetensors"]));
    wait_for(&mut harness, "the notice", |h| has_part(h, "annotation file is not among them"));
    assert!(has(&harness, "Open the demo clip"));
}

#[test]
fn stores_that_do_not_fit_are_named_and_the_rest_opens() {
    let set = Made::new(&tiny());
    std::fs::create_dir(set.path("strange")).unwrap();
    write_npy(&set.path("strange/nobody.npy"), 3, &[0.0; 9]);
    std::fs::create_dir(set.path("wide")).unwrap();
    write_npy(&set.path("wide/first-clip.npy"), 7, &[0.0; 70]);
    std::fs::write(set.path("text.pth"), "no checkpoint").unwrap();
    let files = DataSetFiles {
        annotations: set.path("val.json"),
        model: Some(ModelFiles { weights: set.path("text.pth"), config: Some(set.path("tiny.toml")) }),
        stores: vec![set.path("strange"), set.path("absent")],
        predictions: vec![set.path("val.json")],
        ..DataSetFiles::default()
    };
    let (data, warnings) = DataSet::open(files.clone(), None, &JobCtx::detached()).unwrap();
    assert!(data.model.is_none() && data.stores.video.is_none() && data.rows.len() == 5);
    for part in ["text.pth", "`nobody`", "absent", "no prediction file"] {
        assert!(warnings.iter().any(|w| w.contains(part)), "{part} is not in {warnings:?}");
    }
    let model = ModelFiles { weights: set.path("tiny.safetensors"), config: None };
    let files =
        DataSetFiles { model: Some(model), stores: vec![set.path("wide")], predictions: Vec::new(), ..files };
    let (data, warnings) = DataSet::open(files, Some(&data), &JobCtx::detached()).unwrap();
    // the configuration beside the checkpoint was found
    assert!(data.model.is_some());
    assert!(warnings[0].contains("vectors of 7") && warnings[0].contains("20"), "{warnings:?}");
    // and what the network is asked has to be numbers
    let nothing = Tensor::zeros((1, 1), candle_core::DType::F32, &Device::Cpu).unwrap();
    assert!(data.model.unwrap().network.encode_clip(&nothing, None, 1.0).is_err());
}

/// Maps with all weight in one cell, one a picture, as `[pictures, 64, 64]`.
fn write_maps(path: &Path, count: usize, cell: usize) {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({count}, 64, 64), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    for _ in 0..count {
        bytes.extend((0..64 * 64).flat_map(|i| f32::from(u8::from(i == cell)).to_le_bytes()));
    }
    std::fs::write(path, bytes).unwrap();
}

/// The whole film was recorded, looking at the lower left; Ego4D counts from below.
fn write_recording(set: &Made) {
    std::fs::create_dir(set.path("eyes")).unwrap();
    let rows: String = (0..2_000).map(|i| format!("{:.3},0.2,0.2\n", f64::from(i) * 0.02)).collect();
    let recorded = format!("component_timestamp_s,norm_pos_x,norm_pos_y\n{rows}");
    std::fs::write(set.path("eyes/whole-film.csv"), recorded).unwrap();
}

#[test]
fn gaze_in_the_true_moments_is_judged_and_filtered_by() {
    let set = Made::new(&tiny());
    write_recording(&set);
    // the model looks at the same place in the first clip, and at the middle in the second
    write_maps(&set.path("eyes/first-clip.npy"), 64, 51 * 64 + 12);
    write_maps(&set.path("eyes/second-clip.npy"), 64, 32 * 64 + 32);
    let mut harness = window(set.named(&["val.json", "other.json", "eyes"]));
    wait_for(&mut harness, "the classes", |h| has_part(h, "1 correct: "));
    harness.get_by_label("Gaze").click();
    wait_for(&mut harness, "the judged gaze", |h| has_part(h, "centre bias: 1 "));
    assert!(has_part(&harness, "4 queries with recorded gaze, 3 with predicted maps as well"));
    save(&mut harness, "dataset-gaze.png");
    harness.get_by_label_contains("centre bias: 1 ").click();
    wait_for(&mut harness, "its query", |h| has(h, "1 of 5 queries"));
    assert!(has(&harness, "Query 4: Where is the cup?"));
}

#[test]
fn the_network_s_own_predictions_join_the_data_set() {
    let mut config = tiny();
    config.gaze.mode = GazeMode::Positive;
    let set = Made::new(&config);
    write_recording(&set);
    let mut harness =
        window(set.named(&["val.json", "video", "text", "gaze", "tiny.safetensors", "tiny.toml", "eyes"]));
    wait_for(&mut harness, "the first answer", |h| has_part(h, "Moment 1: "));
    let runs =
        [("own.jsonl", None), ("off.jsonl", Some("gaze off")), ("recorded.jsonl", Some("gaze recorded"))];
    for (run, mode) in runs.map(|(name, mode)| (set.path(name), mode)) {
        if let Some(mode) = mode {
            harness.get_by_label("Files").click();
            harness.run_steps(3);
            harness.get_by_label("Gaze of the run").click();
            harness.run_steps(3);
            harness.get_by_label(mode).click();
            harness.run_steps(3);
        }
        harness.get_by_label("Predict the whole split…").click();
        save_as(&mut harness, &run);
        // as a lane of the timeline
        let lane = format!("{}: 1 ", run.file_stem().unwrap().to_string_lossy());
        wait_for(&mut harness, "the file among the others", |h| has_part(h, &lane));
    }
    let found = runs.map(|(name, _)| gazenlq::eval::PredictionFile::load(&set.path(name)).unwrap());
    // the third clip has no features
    assert_eq!(found.each_ref().map(|file| file.predictions.len()), [3, 3, 3]);
    let [own, off, recorded] = found.map(|file| file.predictions[0].windows.clone());
    assert_ne!(own, off, "gaze makes a difference");
    assert_ne!(own, recorded, "what was recorded is not what was predicted");
}
