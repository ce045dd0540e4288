//! Training against the reference, by the code behind `gazenlq models check`.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use gazenlq::eval::{Measures, PredictionFile, evaluate};
use gazenlq::grounding::groundnlq::{GazeMode, GazeScope};
use gazenlq::job::JobCtx;
use gazenlq::project::AnnotationFile;
use gazenlq::stores::FeatureLevel;
use gazenlq::train::check::check;
use gazenlq::train::experiment::{Experiment, Progress, Subset, run_experiment};
use gazenlq::train::metrics::read as read_metrics;
use gazenlq::train::{
    Ended, GazeRun, GroundingRun, RunFolder, TrainError, settings, train_gaze, train_grounding,
};

use crate::support::shared;

#[track_caller]
fn passes(case: &str, at_least: usize) {
    let Some(folder) = shared(&format!("reference/groundnlq/{case}")) else { return };
    let stages = check(&folder, &Device::Cpu).unwrap();
    for stage in &stages {
        println!("{} {}: {:.2e} of {:.0e}", stage.case, stage.name, stage.error, stage.tolerance);
    }
    assert!(stages.len() >= at_least, "{case}: only {} stages", stages.len());
    let wrong = stages.iter().find(|stage| !stage.is_within());
    assert!(wrong.is_none(), "the first stage out of tolerance: {wrong:?}");
}

#[test]
fn labels_losses_gradients_and_six_steps() {
    passes("tiny_groundnlq", 250);
}

#[test]
fn the_same_with_text_in_the_pyramid_and_without_a_positive_point() {
    passes("tiny_groundnlq_star", 250);
}

#[test]
fn one_step_of_the_full_network() {
    passes("full_groundnlq", 6);
}

#[test]
fn learning_rates_and_losses_alone() {
    let Some(folder) = shared("reference/groundnlq") else { return };
    // the folder itself, without those in it
    let alone = tempfile::tempdir().unwrap();
    for name in ["losses.safetensors", "lr_schedule.json"] {
        std::fs::copy(folder.join(name), alone.path().join(name)).unwrap();
    }
    let stages = check(alone.path(), &Device::Cpu).unwrap();
    assert_eq!(stages.len(), 8);
    let wrong = stages.iter().find(|stage| !stage.is_within());
    assert!(wrong.is_none(), "out of tolerance: {wrong:?}");
}

/// Clips that look the same, asked the same; only the gaze tells when the moment is.
pub struct OnlyGazeTells {
    pub dir: tempfile::TempDir,
}

const CLIPS: usize = 24;
const STEPS: usize = 48;

impl OnlyGazeTells {
    pub fn write() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let step_secs = 16.043 / 30.0;
        let noise = |count: usize, seed: u32| -> Vec<f32> {
            let mut state = seed.wrapping_mul(2_654_435_761) | 1;
            let next = |_| {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                state as f32 / u32::MAX as f32 - 0.5
            };
            (0..count).map(next).collect()
        };
        let save = |store: &str, key: &str, name: &str, rows: usize, values: Vec<f32>| {
            let folder = dir.path().join(store);
            std::fs::create_dir_all(&folder).unwrap();
            let width = values.len() / rows;
            let tensor = Tensor::from_vec(values, (rows, width), &Device::Cpu).unwrap();
            let tensors = std::collections::HashMap::from([(name, tensor)]);
            candle_core::safetensors::save(&tensors, folder.join(format!("{key}.safetensors"))).unwrap();
        };
        let mut lines = String::new();
        for clip in 0..CLIPS {
            // 41 is prime: every clip has its own place
            let (start, length) = (1 + clip * 11 % 41, 5 + clip % 3);
            let looks = |window: usize| (start..start + length).contains(&window);
            let gaze = (0..STEPS + 1).flat_map(|window| {
                let sign = if looks(window) { 1.0 } else { -1.0 };
                let jitter = noise(6, (clip * 100 + window) as u32 + 1);
                (0..6).map(move |i| sign * (i as f32 - 2.2) + 0.3 * jitter[i])
            });
            save("video", &format!("clip{clip}"), "features", STEPS, noise(STEPS * 8, 5));
            save("gaze", &format!("clip{clip}"), "features", STEPS + 1, gaze.collect());
            save("text", &format!("query{clip}_0"), "token_features", 4, noise(4 * 6, 6));
            let line = serde_json::json!({
                "query": "where did I look?",
                "query_id": format!("query{clip}_0"),
                "duration": STEPS as f64 * step_secs,
                "video_id": format!("clip{clip}"),
                "query_type": "nlq",
                "timestamps": [[start as f64 * step_secs, (start + length) as f64 * step_secs]],
            });
            lines += &format!("{line}\n");
        }
        std::fs::write(dir.path().join("clips.jsonl"), lines).unwrap();
        Self { dir }
    }

    pub fn run(&self, mode: GazeMode, epochs: u64) -> GroundingRun {
        let at = |name: &str| self.dir.path().join(name);
        let mut run = GroundingRun::default();
        run.data.train = vec![at("clips.jsonl")];
        run.data.validation = vec![at("clips.jsonl")];
        run.data.video.path = at("video");
        run.data.gaze.path = at("gaze");
        run.data.text = at("text");
        run.loader.batch_size = 8;
        run.schedule.learning_rate = 2e-3;
        run.schedule.epochs = epochs;
        run.schedule.warmup_epochs = 2;
        run.saving.validate_every = 1000;
        run.loss.ranges = vec![[0.0, 4.0], [2.0, 8.0], [4.0, 10_000.0]];
        let model = &mut run.model;
        (model.features.video_dim, model.features.text_dim, model.features.max_steps) = (8, 6, 64);
        model.network.arch = [2, 1, 1, 0, 2];
        (model.network.width, model.network.heads, model.network.head_width) = (16, 2, 16);
        model.decode.adds_half_window = false;
        model.gaze.mode = mode;
        model.gaze.feature_scope = GazeScope::Clip;
        (model.gaze.input_dim, model.gaze.hidden, model.gaze.heads) = (6, 16, 2);
        model.gaze.glu_layers = 2;
        model.fusion.init_scale = 0.5;
        // a step sees the gaze round its own time, and need not learn where that is
        model.fusion.gaze_window = 3;
        run
    }
}

/// The last figure of this name in a run's metrics.
fn last(folder: &Path, name: &str) -> f64 {
    let rows = read_metrics(&folder.join("metrics.jsonl"));
    rows.iter().rev().find_map(|row| row[name].as_f64()).unwrap()
}

/// Asks to stop some way into a stage; what is done wakes its owner.
fn stops_in(stage: &'static str) -> JobCtx {
    let seen = AtomicUsize::new(0);
    let slot: Arc<Mutex<Option<JobCtx>>> = Arc::default();
    let ctx = JobCtx::with_wake(Arc::new({
        let slot = Arc::clone(&slot);
        move || {
            let ctx = slot.lock().unwrap().clone().unwrap();
            if ctx.progress().stage == stage && seen.fetch_add(1, Ordering::Relaxed) == 3 {
                ctx.cancel();
            }
        }
    }));
    *slot.lock().unwrap() = Some(ctx.clone());
    ctx
}

/// Goes on with a run that is stopped at its third step each time: how often that was.
fn in_pieces(train: impl Fn(bool, &JobCtx) -> Result<Ended, TrainError>) -> usize {
    let mut stops = 0;
    while let Ended::Interrupted { .. } = train(stops > 0, &stops_in("Training")).unwrap() {
        stops += 1;
    }
    stops
}

#[test]
fn gaze_alone_tells_the_answer_and_without_it_nothing_does() {
    let data = OnlyGazeTells::write();
    let recall = |mode: GazeMode, freeze: bool, name: &str| {
        let mut run = data.run(mode, 40);
        run.model.gaze.freeze = freeze;
        (run.drop_path, run.dropout, run.schedule.learning_rate) = (0.0, 0.0, 4e-3);
        let folder = data.dir.path().join(name);
        let ctx = JobCtx::detached();
        let ended = train_grounding(&run, &RunFolder::new(&folder), false, &Device::Cpu, &ctx).unwrap();
        assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
        last(&folder, "R1@0.3")
    };
    let (positive, learned) = (recall(GazeMode::Positive, true, "p"), recall(GazeMode::Positive, false, "u"));
    let off = recall(GazeMode::Off, true, "o");
    println!("R1@0.3 with frozen gaze {positive}, learned gaze {learned}, without {off}");
    assert!(positive > 0.9 && learned > 0.9 && off < 0.5);
}

#[test]
fn a_run_that_was_interrupted_ends_with_the_same_weights() {
    let data = OnlyGazeTells::write();
    let mut run = data.run(GazeMode::Negate, 3);
    run.saving.checkpoint_every = 2;
    run.model.gaze.freeze = false;
    let folder = |name: &str| data.dir.path().join(name);
    let whole =
        train_grounding(&run, &RunFolder::new(&folder("whole")), false, &Device::Cpu, &JobCtx::detached());
    assert!(matches!(whole.unwrap(), Ended::Done { steps: 15, .. }));
    let pieces = RunFolder::new(&folder("pieces"));
    let stops = in_pieces(|resume, ctx| train_grounding(&run, &pieces, resume, &Device::Cpu, ctx));
    assert!(stops >= 3, "only {stops} stops");
    for name in ["last/model.safetensors", "last-ema/model.safetensors"] {
        let read = |run: &str| std::fs::read(folder(run).join(name)).unwrap();
        assert!(read("whole") == read("pieces"), "{name} differs");
    }
    let rows = |run: &str| read_metrics(&folder(run).join("metrics.jsonl"));
    assert_eq!(rows("whole"), rows("pieces"));
    // another configuration is no continuation
    run.schedule.learning_rate = 1e-3;
    let error = train_grounding(&run, &pieces, true, &Device::Cpu, &JobCtx::detached()).unwrap_err();
    assert!(error.to_string().contains("schedule.learning_rate was 0.002 and is 0.001"), "{error}");
}

#[test]
fn an_estimator_that_was_interrupted_ends_with_the_same_weights() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = wandering_gaze(dir.path());
    (run.schedule.epochs, run.dropout, run.ema.decay) = (6, 0.1, 0.99);
    (run.saving.validate_every, run.saving.checkpoint_every) = (4, 1);
    let folder = |name: &str| RunFolder::new(&dir.path().join(name));
    let whole = train_gaze(&run, &folder("whole"), false, &Device::Cpu, &JobCtx::detached()).unwrap();
    assert!(matches!(whole, Ended::Done { steps: 18, .. }), "{whole:?}");
    let pieces = folder("pieces");
    let stops = in_pieces(|resume, ctx| train_gaze(&run, &pieces, resume, &Device::Cpu, ctx));
    assert!(stops >= 3, "only {stops} stops");
    for name in ["best/model.safetensors", "last/model.safetensors", "last-ema/model.safetensors"] {
        let read = |run: &RunFolder| std::fs::read(run.path().join(name)).unwrap();
        assert!(read(&folder("whole")) == read(&pieces), "{name} differs");
    }
    assert_eq!(read_metrics(&folder("whole").metrics()), read_metrics(&pieces.metrics()));
}

#[test]
fn a_run_is_written_by_one_process_alone() {
    let data = OnlyGazeTells::write();
    let run = data.run(GazeMode::Off, 1);
    let folder = RunFolder::new(&data.dir.path().join("shared"));
    let train = |resume| train_grounding(&run, &folder, resume, &Device::Cpu, &JobCtx::detached());
    let is_refused = |resume| {
        let error = train(resume).unwrap_err().to_string();
        let named = format!("the run in {} is being trained by another", folder.path().display());
        assert!(error.contains(&named), "{error}");
    };
    let others = RunFolder::new(folder.path()).lock().unwrap();
    is_refused(false);
    assert!(!folder.metrics().exists() && !folder.config().exists());
    drop(others);
    train(false).unwrap();
    let _others = RunFolder::new(folder.path()).lock().unwrap();
    is_refused(true);
}

/// Steps done as a run's checkpoint has them; 0 without one.
fn steps_saved(run: &Path) -> u64 {
    let Ok(bytes) = std::fs::read(run.join("checkpoint.safetensors")) else { return 0 };
    let (_, head) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let head = &head.metadata().as_ref().unwrap()["gazenlq"];
    serde_json::from_str::<serde_json::Value>(head).unwrap()["state"]["step"].as_u64().unwrap()
}

#[test]
fn a_killed_run_goes_on_from_its_last_checkpoint() {
    let data = OnlyGazeTells::write();
    let mut run = data.run(GazeMode::Positive, 20);
    run.saving.checkpoint_every = 1;
    let config = data.dir.path().join("run.toml");
    std::fs::write(&config, settings::to_toml(&run)).unwrap();
    let folder = |name: &str| data.dir.path().join(name);
    let command = |name: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gazenlq"));
        command.args(["train", "grounding"]).arg(&config).arg("--output").arg(folder(name));
        if folder(name).join("checkpoint.safetensors").is_file() {
            command.arg("--resume");
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let start = Instant::now();
    assert!(command("whole").status().unwrap().success());
    let whole = start.elapsed();
    let total = steps_saved(&folder("whole"));
    // ten moments, other ones each time; all of them together are shorter than the run. Every second one
    // comes after some step, as a process may take longer to begin than to be killed
    let mut random = RandomState::new().build_hasher();
    let mut midway = 0;
    for attempt in 0..10 {
        let saved = steps_saved(&folder("killed"));
        let mut child = command("killed").spawn().unwrap();
        while attempt % 2 == 1 && steps_saved(&folder("killed")) == saved {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it saved");
            std::thread::sleep(Duration::from_millis(2));
        }
        random.write_u32(attempt);
        std::thread::sleep(whole.mul_f64((random.finish() % 1000) as f64 / 20_000.0));
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was killed");
        child.kill().unwrap();
        child.wait().unwrap();
        midway += u32::from((saved + 1..total).contains(&steps_saved(&folder("killed"))));
    }
    assert!(midway >= 5, "only {midway} kills after a step and before the end");
    assert!(command("killed").status().unwrap().success());
    let read = |run: &str| std::fs::read(folder(run).join("last/model.safetensors")).unwrap();
    assert!(read("whole") == read("killed"));
}

/// The signals of Ctrl-C and of a cluster that wants its machine back.
#[cfg(unix)]
#[test]
fn a_signal_saves_and_says_how_to_go_on() {
    let data = OnlyGazeTells::write();
    let config = data.dir.path().join("run.toml");
    std::fs::write(&config, settings::to_toml(&data.run(GazeMode::Positive, 400))).unwrap();
    let folder = data.dir.path().join("stopped");
    for (signal, more) in [("INT", &[][..]), ("TERM", &["--resume"][..])] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gazenlq"));
        command.args(["train", "grounding"]).arg(&config).arg("--output").arg(&folder).args(more);
        let steps_before = read_metrics(&folder.join("metrics.jsonl")).len();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        while read_metrics(&folder.join("metrics.jsonl")).len() <= steps_before {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was asked to");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let asked = Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status();
        assert!(asked.unwrap().success());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{signal}: {said}");
        assert!(
            said.contains("everything is saved. Go on with: gazenlq train grounding"),
            "{signal}: {said}"
        );
        assert!(folder.join("checkpoint.safetensors").is_file());
    }
}

#[test]
fn what_cannot_be_trained_is_refused_in_a_sentence() {
    let data = OnlyGazeTells::write();
    let refused = |change: &dyn Fn(&mut GroundingRun)| {
        let mut run = data.run(GazeMode::Positive, 1);
        change(&mut run);
        let folder = RunFolder::new(&data.dir.path().join("refused"));
        train_grounding(&run, &folder, false, &Device::Cpu, &JobCtx::detached()).unwrap_err().to_string()
    };
    assert!(refused(&|run| run.data.train.clear()).contains("data.train"));
    assert!(refused(&|run| run.data.text = "".into()).contains("data.text"));
    assert!(refused(&|run| run.model.features.text_dim = 7).contains("vectors of 6, expected 7"));
    assert!(refused(&|run| run.loader.batch_size = 25).contains("loader.batch_size = 25"));
    assert!(refused(&|run| run.loss.ranges.truncate(2)).contains("loss.ranges has 2 entries"));
    assert!(refused(&|run| run.model.features.max_steps = 32).contains("48 steps"));
    assert!(refused(&|run| run.start.checkpoint = "/nowhere.safetensors".into()).contains("/nowhere"));
    let empty = data.dir.path().join("video");
    assert!(refused(&|run| run.start.estimator.clone_from(&empty)).contains("there are no weights in it"));
    assert!(refused(&|run| run.data.gaze.level = FeatureLevel::Video).contains("model.gaze.feature_scope"));
    assert!(refused(&|run| run.data.gaze.any_length = true).contains("`data.gaze.any_length`"));

    let refused = |change: &dyn Fn(&mut GazeRun)| {
        let mut run = GazeRun::default();
        change(&mut run);
        let folder = RunFolder::new(&data.dir.path().join("refused"));
        train_gaze(&run, &folder, false, &Device::Cpu, &JobCtx::detached()).unwrap_err().to_string()
    };
    assert!(refused(&|run| run.data.features.level = FeatureLevel::Video).contains("`data.features.level`"));
    assert!(refused(&|run| run.data.features.any_length = true).contains("`data.features.any_length`"));
    assert!(refused(&|run| run.data.features.offset_secs = 1.0).contains("`data.features.offset_secs`"));
}

/// Three videos whose features tell where their wearer looked: learned from two, judged by the third.
fn wandering_gaze(dir: &Path) -> GazeRun {
    let at = |name: &str| dir.join(name);
    std::fs::create_dir_all(at("recordings")).unwrap();
    std::fs::create_dir_all(at("features")).unwrap();
    // gaze wanders, and the features are its place, a sum and a product of its parts
    let place = |video: f64, secs: f64| {
        let phase = 0.9 * secs + 2.0 * video;
        [0.5 + 0.4 * phase.sin(), 0.5 + 0.4 * (0.63 * phase + video).cos()]
    };
    let windows = 40;
    for video in 0..3 {
        let name = format!("video{video}");
        let mut csv =
            "component_idx,component_timestamp_s,canonical_timestamp_s,confidence,norm_pos_x,norm_pos_y\n"
                .to_owned();
        for frame in 0..(windows + 1) * 16 {
            let secs = frame as f64 / 30.0;
            let [x, y] = place(f64::from(video), secs);
            csv += &format!("0,{secs},{secs},1,{x},{}\n", 1.0 - y);
        }
        std::fs::write(at("recordings").join(format!("{name}.csv")), csv).unwrap();
        let features = (0..windows).flat_map(|window| {
            let [x, y] = place(f64::from(video), (16.0 * window as f64 + 16.0) / 30.0);
            [x, y, x + y, x * y].map(|value| value as f32)
        });
        let features = Tensor::from_iter(features, &Device::Cpu).unwrap().reshape((windows, 4)).unwrap();
        let tensors = std::collections::HashMap::from([("features", features)]);
        candle_core::safetensors::save(&tensors, at("features").join(format!("{name}.safetensors"))).unwrap();
    }
    std::fs::write(at("train.txt"), "video0\nvideo1\n").unwrap();
    std::fs::write(at("val.txt"), "video2\n").unwrap();
    let mut run = GazeRun::default();
    run.data.features.path = at("features");
    run.data.recordings = at("recordings");
    run.data.train = vec![at("train.txt")];
    run.data.validation = vec![at("val.txt")];
    run.loader.batch_size = 4;
    run.dropout = 0.0;
    run.schedule.learning_rate = 5e-3;
    run.schedule.epochs = 30;
    run.saving.validate_every = 1000;
    let gaze = &mut run.model.gaze;
    (gaze.input_dim, gaze.hidden, gaze.heads, gaze.sequence, gaze.glu_layers) = (4, 32, 2, 8, 2);
    run.model.network.width = 16;
    run
}

#[test]
fn an_estimator_learns_where_the_wearer_looks() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let run = wandering_gaze(dir.path());
    let folder = at("run");
    let ended = train_gaze(&run, &RunFolder::new(&folder), false, &Device::Cpu, &JobCtx::detached()).unwrap();
    assert!(matches!(ended, Ended::Done { steps: 66, .. }), "{ended:?}");
    let figure = |name: &str| last(&folder, name);
    for name in ["kl", "mean_map_kl", "cc", "mean_map_cc", "f1", "mean_map_f1", "loss_nce"] {
        println!("{name} {:.3}", figure(name));
    }
    assert!(figure("kl") < 0.8 * figure("mean_map_kl"), "no better than the mean map");
    assert!(figure("cc") > figure("mean_map_cc"));

    // no epochs at all judges what was learned
    let mut judged = run.clone();
    (judged.schedule.epochs, judged.schedule.warmup_epochs) = (0, 0);
    judged.start.estimator = folder.join("last");
    let ended = train_gaze(&judged, &RunFolder::new(&at("judged")), false, &Device::Cpu, &JobCtx::detached());
    assert!(matches!(ended, Ok(Ended::Done { steps: 0, .. })), "{ended:?}");
    assert_eq!(last(&at("judged"), "kl"), figure("kl"));

    // a grounding network takes the estimator up
    let data = OnlyGazeTells::write();
    let mut grounding = data.run(GazeMode::Positive, 1);
    grounding.start.estimator = folder;
    let wrong =
        train_grounding(&grounding, &RunFolder::new(&at("wrong")), false, &Device::Cpu, &JobCtx::detached());
    let error = wrong.unwrap_err().to_string();
    assert!(error.contains("gaze.input_norm.weight") && error.contains("[4]"), "{error}");
}

#[test]
fn a_grid_is_trained_in_parts_and_becomes_a_table() {
    let data = OnlyGazeTells::write();
    let base = data.dir.path().join("base.toml");
    std::fs::write(&base, settings::to_toml(&data.run(GazeMode::Off, 1))).unwrap();
    let mut experiment = Experiment {
        output: data.dir.path().join("grid"),
        base,
        modes: vec![GazeMode::Off, GazeMode::Negate],
        seeds: vec![1, 2],
        resamples: 200,
        ..Experiment::default()
    };
    let part = |experiment: &Experiment, part: usize| {
        run_experiment(experiment, [part, 2], &Device::Cpu, &JobCtx::detached())
    };
    let Progress::Waiting(waiting) = part(&experiment, 1).unwrap() else { panic!("two cells are missing") };
    assert_eq!(waiting, ["GroundNLQ-off-seed2", "GroundNLQ-negate-frozen-seed2"]);
    let Progress::Done(results) = part(&experiment, 2).unwrap() else { panic!("all cells are done") };
    let [table] = &results.tables[..] else { panic!("there is no subset") };
    assert!(!results.is_held_out);
    assert_eq!(table.rows.len(), 2);
    assert_eq!((table.rows[0].seeds, table.rows[0].estimator()), (2, "none"));
    assert!(table.rows[0].against_first.is_none() && table.rows[1].against_first.is_some());
    // what a shell takes as it is, but for the paths
    for (row, cell) in table.rows.iter().zip(["GroundNLQ-off-seed1", "GroundNLQ-negate-frozen-seed1"]) {
        let command = &row.command;
        let (start, output) = command.split_once(" --output ").unwrap();
        assert!(
            start.starts_with("gazenlq train grounding ") && start.ends_with(" --set seed=1"),
            "{command}"
        );
        assert!(output.contains(cell) && !command.contains(['(', ')']), "{command}");
    }
    for name in ["table.md", "table.csv", "table.svg"] {
        let text = std::fs::read_to_string(experiment.output.join(name)).unwrap();
        assert!(text.contains("negate"), "{name}: {text}");
    }
    // nothing is done twice
    let written = |name: &str| {
        let path = experiment.output.join(name).join("last/model.safetensors");
        std::fs::metadata(path).unwrap().modified().unwrap()
    };
    let before = written("GroundNLQ-off-seed1");
    assert_eq!(part(&experiment, 1).unwrap(), Progress::Done(results));
    assert_eq!(written("GroundNLQ-off-seed1"), before);
    // and nothing is taken for what it is not
    experiment.set = vec!["schedule.learning_rate=1e-3".to_owned()];
    let error = part(&experiment, 1).unwrap_err().to_string();
    for part in ["schedule.learning_rate was 0.002 and is 0.001", "`output`", "GroundNLQ-off-seed1"] {
        assert!(error.contains(part), "{error}");
    }
}

/// As the tasks of a Slurm array, each of which succeeds if its own cells are done.
#[test]
fn a_part_of_a_grid_succeeds_without_the_others() {
    let data = OnlyGazeTells::write();
    let base = data.dir.path().join("base.toml");
    std::fs::write(&base, settings::to_toml(&data.run(GazeMode::Off, 1))).unwrap();
    let part = |part: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gazenlq"));
        command.args(["experiment", "--cell", part, "--set"]);
        command.arg(format!("output='{}'", data.dir.path().join("grid").display()));
        command.arg("--set").arg(format!("base='{}'", base.display()));
        command.args(["--set", "modes=['off']", "--set", "seeds=[1, 2]", "--set", "resamples=100"]);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        said
    };
    let said = part("1/2");
    assert!(said.contains("1 still to be done elsewhere: GroundNLQ-off-seed2"), "{said}");
    let said = part("2/2");
    assert!(said.contains("table.md, table.csv and table.svg are in"), "{said}");
}

#[test]
fn a_grid_is_judged_by_queries_that_nothing_was_chosen_by() {
    let data = OnlyGazeTells::write();
    let at = |name: &str| data.dir.path().join(name);
    let base = data.run(GazeMode::Off, 1);
    let validation = AnnotationFile::load(&base.data.validation[0]).unwrap();
    let ids: Vec<String> =
        validation.queries().map(|(clip, query)| clip.key_of(query).query_id()).take(2).collect();
    std::fs::write(at("some.txt"), ids.join("\n")).unwrap();
    std::fs::write(at("base.toml"), settings::to_toml(&base)).unwrap();
    let mut experiment = Experiment {
        output: at("grid"),
        base: at("base.toml"),
        modes: vec![GazeMode::Off, GazeMode::Positive],
        freeze: vec![true, false],
        seeds: vec![1],
        resamples: 100,
        test: base.data.validation.clone(),
        subsets: vec![Subset { name: "some".to_owned(), queries: at("some.txt") }],
        ..Experiment::default()
    };
    let run = |experiment: &Experiment| run_experiment(experiment, [1, 1], &Device::Cpu, &JobCtx::detached());
    // a test that is stopped is done by the next call
    let untested = Experiment { test: Vec::new(), ..experiment.clone() };
    assert!(matches!(run(&untested).unwrap(), Progress::Done(results) if !results.is_held_out));
    let stopped = run_experiment(&experiment, [1, 1], &Device::Cpu, &stops_in("Localizing")).unwrap();
    assert_eq!(stopped, Progress::Interrupted("GroundNLQ-off-seed1".to_owned()));
    let Progress::Done(results) = run(&experiment).unwrap() else { panic!("nothing is left to be done") };
    let [all, some] = &results.tables[..] else { panic!("one table of all and one of the subset") };
    assert!(results.is_held_out);
    assert_eq!((all.queries, some.queries), (validation.queries().count(), 2));
    // the test's files are those the tables are of: the same questions, so the same figures
    let predictions = at("grid/GroundNLQ-off-seed1/test/predictions-epoch000.jsonl");
    let predictions = PredictionFile::load(&predictions).unwrap().predictions;
    let measures = Measures { resamples: 0, ..Measures::default() };
    let report = evaluate(&validation, &predictions, &measures).unwrap();
    assert_eq!(all.rows[0].recalls[0].0, report.official.recall["R1@0.3"]);
    assert_eq!(
        all.rows.iter().map(|row| row.against_frozen.is_some()).collect::<Vec<_>>(),
        [false, false, true]
    );
    let text = std::fs::read_to_string(at("grid/table.md")).unwrap();
    for part in ["| GazeNLQ | learned |", "# Some: 2", "| chance |", "chosen by other queries"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let mut csv = csv::Reader::from_path(at("grid/table.csv")).unwrap();
    // as many fields in every line, or this fails
    let records = csv.records().collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(records.len(), 2 * (3 + 1));

    // another test is not what was done
    std::fs::copy(&experiment.test[0], at("other.jsonl")).unwrap();
    let other = Experiment { test: vec![at("other.jsonl")], ..experiment.clone() };
    let error = run(&other).unwrap_err().to_string();
    let folder = at("grid").join("GroundNLQ-off-seed1").join("test").display().to_string();
    assert!(error.contains("data.validation was") && error.contains(&folder), "{error}");

    std::fs::write(at("some.txt"), "nothing\n").unwrap();
    let error = run(&experiment).unwrap_err().to_string();
    assert!(error.contains("some.txt"), "{error}");
    experiment.subsets[0].queries = at("missing.txt");
    assert!(run(&experiment).unwrap_err().to_string().contains("missing.txt"));
}
