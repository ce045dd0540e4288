//! The whole method in one test: a made-up world, features of its pictures and questions, the gaze
//! estimator, GazeNLQ, and the figures, through the functions behind the commands.
//!
//! The set is so small that only what was learned from can be asked: the test says that pictures,
//! features, labels and predictions agree about time, and that both trainings learn, not that a
//! network of this size finds moments in new clips.

use crate::support::{gazenlq, stderr};
use candle_core::Device;
use gazenlq::dataset::Videos;
use gazenlq::eval::{Measures, Prediction, PredictionFile, by_chance, evaluate};
use gazenlq::extract::{self, LightEncoder, extract_features};
use gazenlq::features::{EfficientNetLite2, MiniLm};
use gazenlq::grounding::groundnlq::GazeMode;
use gazenlq::job::JobCtx;
use gazenlq::nn::ModelDir;
use gazenlq::project::AnnotationFile;
use gazenlq::synth::{SynthConfig, make_set};
use gazenlq::train::metrics::read as read_metrics;
use gazenlq::train::{GazeRun, GroundingRun, RunFolder, train_gaze, train_grounding};

#[test]
fn from_a_seed_to_recall() {
    let models = ModelDir::from_env();
    if [EfficientNetLite2::file(&models), MiniLm::file(&models)].iter().any(|file| !file.is_file()) {
        println!("skipped: the encoders are not on this machine");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (at, ctx) = (|name: &str| dir.path().join(name), JobCtx::detached());

    // a world
    let mut world = SynthConfig::default();
    (world.clip.length_secs, world.clip.size, world.clip.fps) = (16.0, 96, 5);
    world.clip.val_share = 0.25;
    world.picture.shutter = 0.1;
    let made = make_set(&world, 11, 12, &at("world"), &ctx).unwrap();
    println!("{} questions to learn from, {} held out", made.train_queries, made.val_queries);

    // features
    let train = AnnotationFile::load(&at("world/nlq_train.json")).unwrap();
    let held_out = AnnotationFile::load(&at("world/nlq_val.json")).unwrap();
    let videos = Videos::list(&[at("world/clips")], &ctx).unwrap();
    let encoder = LightEncoder::load(&models).unwrap();
    let files = [train, held_out];
    let report = extract_features(&encoder, &files, &videos, &at("features"), &ctx).unwrap();
    assert_eq!((report.videos, report.absent.len()), (12, 0));
    let again = extract_features(&encoder, &files, &videos, &at("features"), &ctx).unwrap();
    assert_eq!((again.videos, again.queries), (0, 0), "what is there is kept");

    // gaze
    let mut gaze = GazeRun::default();
    gaze.data.features.path = at("features/gaze");
    gaze.data.recordings = at("world/gaze");
    gaze.data.train = vec![at("world/videos_train.txt")];
    gaze.data.validation = vec![at("world/videos_train.txt")];
    (gaze.loader.batch_size, gaze.dropout) = (3, 0.0);
    (gaze.schedule.learning_rate, gaze.schedule.epochs, gaze.schedule.warmup_epochs) = (3e-3, 20, 1);
    gaze.saving.validate_every = 1000;
    gaze.model.network.width = 32;
    let estimator = &mut gaze.model.gaze;
    (estimator.input_dim, estimator.hidden, estimator.heads) = (extract::GAZE_DIM, 32, 2);
    (estimator.glu_layers, estimator.sequence) = (2, 32);
    train_gaze(&gaze, &RunFolder::new(&at("gaze")), false, &Device::Cpu, &ctx).unwrap();
    let rows = read_metrics(&at("gaze/metrics.jsonl"));
    let figure = |name: &str| rows.iter().rev().find_map(|row| row[name].as_f64()).unwrap();
    println!("KL {:.3}, of the mean map {:.3}", figure("kl"), figure("mean_map_kl"));
    assert!(figure("kl") < figure("mean_map_kl"), "the estimator is no better than the mean map");

    // grounding, with the tokens of that estimator
    let mut run = GroundingRun::default();
    run.data.train = vec![at("world/nlq_train.json")];
    run.data.validation = vec![at("world/nlq_train.json")];
    run.data.video.path = at("features/video");
    run.data.gaze.path = at("features/gaze");
    run.data.text = at("features/text");
    run.start.estimator = at("gaze");
    (run.loader.batch_size, run.drop_path) = (8, 0.0);
    (run.schedule.learning_rate, run.schedule.epochs, run.schedule.warmup_epochs) = (3e-3, 40, 1);
    run.saving.validate_every = 1000;
    run.loss.ranges = vec![[0.0, 4.0], [2.0, 8.0], [4.0, 10_000.0]];
    let model = &mut run.model;
    model.gaze = gaze.model.gaze.clone();
    model.gaze.mode = GazeMode::Positive;
    (model.features.video_dim, model.features.text_dim) = (extract::VIDEO_DIM, extract::TEXT_DIM);
    (model.features.stride_frames, model.features.window_frames) = (16.0, 16.0);
    model.network.arch = [2, 1, 1, 0, 2];
    (model.network.width, model.network.heads, model.network.head_width) = (32, 2, 32);
    model.network.embed_kernel = 1;
    model.decode.adds_half_window = false;
    train_grounding(&run, &RunFolder::new(&at("grounding")), false, &Device::Cpu, &ctx).unwrap();

    // figures, beside luck
    let predictions = PredictionFile::load(&at("grounding/predictions-epoch041.jsonl")).unwrap().predictions;
    let measures = Measures { resamples: 0, ..Measures::default() };
    let recall =
        |found: &[Prediction]| evaluate(&files[0], found, &measures).unwrap().honest.recall["R1@0.3"];
    let (found, luck) = (recall(&predictions), recall(&by_chance(&files[0], 5, 1)));
    println!("R1@0.3 {found:.3}, by luck {luck:.3}");
    assert!(found > 0.4 && found > 3.0 * luck, "no better than luck");

    // the same network in the terminal: with the gaze that it predicts, and with what was recorded
    let localize = |name: &str, gaze: &[&str]| {
        let place = |name: &str| at(name).to_string_lossy().into_owned();
        let mut args = vec!["localize".to_owned()];
        for (flag, value) in [
            ("--annotations", place("world/nlq_train.json")),
            ("--model", place("grounding/best/model.safetensors")),
            ("--config", place("grounding/best/config.toml")),
            ("--video-features", place("features/video")),
            ("--text-features", place("features/text")),
            ("--gaze-features", place("features/gaze")),
            ("--output", place(name)),
        ] {
            args.extend([flag.to_owned(), value]);
        }
        args.extend(gaze.iter().map(|arg| (*arg).to_owned()));
        let output = gazenlq(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(output.status.success(), "{}", stderr(&output));
        PredictionFile::load(&at(name)).unwrap().predictions
    };
    let recordings = at("world/gaze").to_string_lossy().into_owned();
    let with_own = localize("own.jsonl", &[]);
    let with_recorded = localize("recorded.jsonl", &["--recorded-gaze", &recordings]);
    assert!((recall(&with_own) - found).abs() < 1e-9, "the terminal gives the training's own figure");
    println!("R1@0.3 with recorded gaze {:.3}", recall(&with_recorded));
    assert_eq!(with_recorded.len(), with_own.len());
    assert!(with_recorded != with_own, "what was recorded makes no difference");
}
