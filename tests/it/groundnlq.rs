//! GroundNLQ and GazeNLQ against the reference, by the code behind `gazenlq models check`.

use candle_core::{Device, Tensor};
use gazenlq::grounding::groundnlq::{
    Ask, Config, FusionPosition, GazeFeatures, GazeMode, GroundNlq, Imported, Mismatch, Precision, StateDict,
    Tensors, TextPadding, check, expected_tensors, import, imported, read_checkpoint,
};
use gazenlq::nn::ModelDir;

use crate::support::{gazenlq, json, project, shared, stderr, stdout};

#[track_caller]
fn passes(case: &str) {
    let Some(folder) = shared(&format!("reference/groundnlq/{case}")) else { return };
    let stages = check::check(&folder, &Device::Cpu).unwrap();
    for stage in &stages {
        println!("{} {}: {:.2e} of {:.0e}", stage.case, stage.name, stage.error, stage.tolerance);
    }
    assert!(stages.len() > 10, "{case}: only {} stages", stages.len());
    let wrong = stages.iter().find(|stage| !stage.is_within());
    assert!(wrong.is_none(), "the first stage out of tolerance: {wrong:?}");
}

#[test]
fn tiny_network() {
    passes("tiny_groundnlq");
}

#[test]
fn tiny_network_with_text_in_the_pyramid() {
    passes("tiny_groundnlq_star");
}

#[test]
fn full_network() {
    passes("full_groundnlq");
}

#[test]
fn full_network_with_text_in_the_pyramid() {
    passes("full_groundnlq_star");
}

#[test]
fn suppression() {
    passes("nms");
}

#[test]
fn gaze_estimator_alignment_and_fusion_as_pytorch_has_them() {
    let stages = check::check(&project("tests/fixtures/gazenlq"), &Device::Cpu).unwrap();
    for stage in &stages {
        println!("{} {}: {:.2e} of {:.0e}", stage.case, stage.name, stage.error, stage.tolerance);
    }
    assert_eq!(stages.len(), 52, "40 and 10 tensors, and the weights of both cases");
    let wrong = stages.iter().find(|stage| !stage.is_within());
    assert!(wrong.is_none(), "the first stage out of tolerance: {wrong:?}");
}

/// Numbers that depend on the name only, about -1..1.
pub fn made(name: &str, shape: &[usize]) -> Tensor {
    let mut state = name.bytes().fold(17u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b))) | 1;
    let values: Vec<f32> = (0..shape.iter().product::<usize>())
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state as f32 / u32::MAX as f32 - 0.5) * 1.2
        })
        .collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

pub fn tiny() -> Config {
    let mut config = Config::default();
    config.features.video_dim = 20;
    config.features.text_dim = 12;
    config.features.max_steps = 64;
    config.network.arch = [2, 1, 2, 0, 2];
    config.network.width = 16;
    config.network.head_width = 16;
    config.gaze.input_dim = 10;
    config.gaze.hidden = 16;
    config.gaze.heads = 2;
    config
}

pub fn weights(config: &Config) -> Tensors {
    let expected = expected_tensors(config).unwrap();
    expected.into_iter().map(|(name, shape)| (name.clone(), made(&name, &shape))).collect()
}

fn answer(config: &Config, weights: &Tensors, steps: usize) -> Vec<[u32; 3]> {
    let network = GroundNlq::from_tensors(weights, config.clone(), &Device::Cpu).unwrap();
    let features = made("omnivore", &[steps + 3, 10]);
    let gaze = GazeFeatures { clip_start_secs: 0.4, ..GazeFeatures::new(features, &config.gaze) };
    let gaze = network.gaze_tokens(&gaze, steps).unwrap();
    let clip = network.encode_clip(&made("video", &[steps, 20]), gaze.as_ref(), 30.0).unwrap();
    let ask = Ask { keep: Some(50), ..Ask::default() };
    let found = network.localize(&clip, &made("text", &[5, 12]), &ask).unwrap().windows;
    assert!(!found.is_empty());
    found.iter().map(|w| [w.start, w.end, w.score].map(f32::to_bits)).collect()
}

#[test]
fn gaze_with_zero_scales_is_groundnlq_bit_for_bit() {
    let plain = answer(&tiny(), &weights(&tiny()), 41);
    for position in [FusionPosition::PreStem, FusionPosition::InStem] {
        for mode in [GazeMode::Positive, GazeMode::Negate, GazeMode::Complement, GazeMode::NegAttention] {
            let mut config = tiny();
            config.gaze.mode = mode;
            config.fusion.position = position;
            let mut weights = weights(&config);
            assert_ne!(answer(&config, &weights, 41), plain, "{mode:?} at {position:?} does nothing");
            for (name, tensor) in &mut weights {
                if name.starts_with("gaze_fusion.") && name.contains("scale_") {
                    *tensor = tensor.zeros_like().unwrap();
                }
            }
            assert_eq!(answer(&config, &weights, 41), plain, "{mode:?} at {position:?}");
        }
    }
}

#[test]
fn predicted_gaze_maps_are_probabilities() {
    let mut config = tiny();
    config.gaze.mode = GazeMode::Positive;
    let network = GroundNlq::from_tensors(&weights(&config), config, &Device::Cpu).unwrap();
    // more windows than one sequence
    let gaze = GazeFeatures::new(made("omnivore", &[70, 10]), &network.config().gaze);
    let estimates = network.estimator().unwrap().estimate(&gaze).unwrap();
    assert_eq!(estimates.maps.dims(), [70, 64, 64]);
    let sums = estimates.maps.flatten_from(1).unwrap().sum(1).unwrap().to_vec1::<f32>().unwrap();
    assert!(sums.iter().all(|sum| (sum - 1.0).abs() < 1e-4), "{sums:?}");
}

#[test]
fn gaze_modes_differ() {
    let mut answers = Vec::new();
    for mode in [GazeMode::Positive, GazeMode::Negate, GazeMode::Complement, GazeMode::NegAttention] {
        let mut config = tiny();
        config.gaze.mode = mode;
        config.fusion.gaze_window = 9;
        answers.push(answer(&config, &weights(&config), 41));
        config.fusion.position = FusionPosition::ReplaceStem;
        answers.push(answer(&config, &weights(&config), 41));
    }
    for (i, one) in answers.iter().enumerate() {
        assert!(answers[..i].iter().all(|other| other != one), "answer {i} is like an earlier one");
    }
}

#[test]
fn long_clips_are_cut_and_explained() {
    let config = tiny();
    let network = GroundNlq::from_tensors(&weights(&config), config, &Device::Cpu).unwrap();
    let clip = network.encode_clip(&made("video", &[150, 20]), None, 80.0).unwrap();
    let ask = Ask { explain: true, text_padding: TextPadding::Padded, keep: None };
    let found = network.localize(&clip, &made("text", &[5, 12]), &ask).unwrap();
    assert_eq!(found.pieces, 4);
    assert!(found.windows.iter().all(|w| w.start >= 0.0 && w.start <= w.end && w.end <= 80.0));
    let explanation = found.explanation.unwrap();
    for piece in &explanation.pieces {
        assert_eq!(piece.levels.iter().map(|l| l.probability.len()).collect::<Vec<_>>(), [64, 32, 16]);
        assert!(!piece.candidates.is_empty());
        assert_eq!(piece.attention.len(), 2);
        for row in &piece.attention[0].weights {
            // five tokens: the padding is never looked at
            assert!(row.len() == 5 && (row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
    }
    assert!((explanation.pieces[1].start_secs - 32.0 * 16.043 / 30.0).abs() < 1e-4);
}

#[test]
fn attention_to_the_gaze_is_explained_wherever_the_gaze_enters() {
    for (position, window, places) in [
        (FusionPosition::PreStem, 0, vec!["gaze_fusion.gaze_attn"]),
        (FusionPosition::PreStem, 9, vec!["gaze_fusion.gaze_attn"]),
        (FusionPosition::InStem, 0, vec!["vid_stem.0.gaze_attn", "vid_stem.1.gaze_attn"]),
    ] {
        let mut config = tiny();
        config.gaze.mode = GazeMode::Positive;
        config.fusion.position = position;
        config.fusion.gaze_window = window;
        let network = GroundNlq::from_tensors(&weights(&config), config, &Device::Cpu).unwrap();
        let gaze = GazeFeatures::new(made("omnivore", &[44, 10]), &network.config().gaze);
        let gaze = network.gaze_tokens(&gaze, 41).unwrap();
        let clip = network.encode_clip(&made("video", &[41, 20]), gaze.as_ref(), 30.0).unwrap();
        let ask = Ask { explain: true, ..Ask::default() };
        let found = network.localize(&clip, &made("text", &[5, 12]), &ask).unwrap();
        let attention = &found.explanation.unwrap().pieces[0].attention;
        let seen: Vec<_> = attention.iter().filter(|map| map.place.ends_with("gaze_attn")).collect();
        assert_eq!(seen.iter().map(|map| map.place.as_str()).collect::<Vec<_>>(), places);
        for (i, row) in seen[0].weights.iter().enumerate() {
            assert!(row.len() == 41 && (row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{row:?}");
            let outside = row.iter().enumerate().filter(|(j, _)| window > 0 && i.abs_diff(*j) > 4);
            assert!(outside.into_iter().all(|(_, weight)| *weight == 0.0), "row {i} sees beyond its window");
        }
    }
}

#[test]
fn features_that_cannot_be_used_are_refused_in_a_sentence() {
    let config = tiny();
    let network = GroundNlq::from_tensors(&weights(&config), config, &Device::Cpu).unwrap();
    let error = network.encode_clip(&made("video", &[9, 21]), None, 5.0).unwrap_err().to_string();
    assert!(error.contains("20") && error.contains("[9, 21]"), "{error}");
    let nan = (made("video", &[9, 20]) * f64::NAN).unwrap();
    let error = network.encode_clip(&nan, None, 5.0).unwrap_err().to_string();
    assert!(error.contains("step 0") && error.contains("NaN"), "{error}");
}

#[test]
fn a_checkpoint_is_imported_once_and_what_does_not_fit_is_named() {
    let config = tiny();
    let mut tensors = weights(&config);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("half.safetensors");
    let save = |tensors: &Tensors| {
        let half = |(name, tensor): (&String, &Tensor)| {
            (format!("module.{name}"), tensor.to_dtype(candle_core::DType::F16).unwrap())
        };
        candle_core::safetensors::save(&tensors.iter().map(half).collect(), &file).unwrap();
    };
    tensors.insert("extra".to_owned(), made("extra", &[2]));
    save(&tensors);
    let models = ModelDir::new(dir.path().join("models"));
    let (model, mismatch) =
        import(&file, StateDict::Raw, &config, "tiny", &models, Precision::Single).unwrap();
    assert_eq!(mismatch.unexpected, [("extra".to_owned(), vec![2])]);
    assert_eq!(model.config, config);
    assert_eq!(imported(&models).len(), 1);
    model.load(&Device::Cpu).unwrap();
    assert!(
        Mismatch::of(&config, &read_checkpoint(&model.weights(), StateDict::Raw).unwrap())
            .unwrap()
            .is_exact()
    );

    // half the size, and the same network
    let (halved, _) = import(&file, StateDict::Raw, &config, "half", &models, Precision::Half).unwrap();
    let size = |model: &Imported| std::fs::metadata(model.weights()).unwrap().len();
    assert!(size(&halved) < size(&model));
    halved.load(&Device::Cpu).unwrap();

    tensors.remove("reg_head.scale.1.scale");
    tensors.insert("backbone.vid_stem.0.ln1.weight".to_owned(), made("x", &[1, 8, 1]));
    save(&tensors);
    let error =
        import(&file, StateDict::Raw, &config, "tiny", &models, Precision::Single).unwrap_err().to_string();
    for part in
        ["reg_head.scale.1.scale", "backbone.vid_stem.0.ln1.weight", "[1, 16, 1]", "[1, 8, 1]", "extra"]
    {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
}

#[test]
fn checks_and_imports_from_the_command_line() {
    let Some(folder) = shared("reference/groundnlq/tiny_groundnlq_star") else { return };
    let folder = folder.to_str().unwrap();
    let found = json(&gazenlq(&["models", "check", folder, "--json"]));
    assert!(found["first_wrong"].is_null() && found["stages"].as_array().unwrap().len() > 50);
    // another folder of the same layout whose numbers are wrong
    let dir = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        std::fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    let path = dir.path().join("model.safetensors");
    let mut tensors = candle_core::safetensors::load(&path, &Device::Cpu).unwrap();
    let name = "backbone.vid_stem.1.mlp.0.bias";
    tensors.insert(name.to_owned(), (&tensors[name] + 1e-3).unwrap());
    candle_core::safetensors::save(&tensors, &path).unwrap();
    let output = gazenlq(&["models", "check", dir.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("vid_stem.1.out of"), "{}", stdout(&output));

    let shared = dir.path().join("model.safetensors");
    let models = dir.path().join("models");
    let program = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gazenlq"));
        command.args(args).env("GAZENLQ_MODELS", &models).output().unwrap()
    };
    let config = dir.path().join("config.yaml");
    let imported = program(&[
        "models",
        "import",
        &shared.to_string_lossy(),
        "--config",
        &config.to_string_lossy(),
        "--name",
        "small",
    ]);
    assert_eq!(imported.status.code(), Some(0), "{}", stderr(&imported));
    let listed = json(&program(&["models", "list", "--json"]));
    assert_eq!(listed["imported"][0]["id"], "small");
    assert_eq!(listed["imported"][0]["source"], "model.safetensors");

    let text = dir.path().join("text.pth");
    std::fs::write(&text, "not a checkpoint").unwrap();
    let output = gazenlq(&["models", "import", text.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).lines().count() == 1 && stderr(&output).contains("text.pth"),
        "{}",
        stderr(&output)
    );
}
