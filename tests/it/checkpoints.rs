//! Checkpoint files as they come: TorchScript archives, files that are cut, and files that are none.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use gazenlq::features::{ClipTextConfig, ClipTextTower, TowerConfig};
use gazenlq::grounding::groundnlq::{Config, expected_tensors};

use crate::support::{gazenlq, gazenlq_in, json, project, shared, stderr, stdout};

fn text_tower(checkpoint: &Path, config: ClipTextConfig) -> (ClipTextTower, HashMap<String, Tensor>) {
    let tensors = gazenlq::nn::clip_checkpoint(checkpoint).unwrap().expect("a CLIP checkpoint");
    let wide = tensors.iter().map(|(name, t)| (name.clone(), t.to_dtype(DType::F32).unwrap()));
    let weights = VarBuilder::from_tensors(wide.collect(), DType::F32, &Device::Cpu);
    (ClipTextTower::new(weights, config).unwrap(), tensors)
}

fn assert_near(found: &Tensor, expected: &[f32], tolerance: f32, what: &str) {
    let found = found.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(found.len(), expected.len(), "{what}");
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst <= tolerance, "{what} is off by {worst}");
}

/// The archive is made by `tests/fixtures/make_clip_torchscript.py`.
#[test]
fn a_torchscript_archive_gives_both_towers_and_the_texts_their_vectors() {
    let file = project("tests/fixtures/clip_torchscript.pt");
    let config = ClipTextConfig {
        tower: TowerConfig { width: 32, layers: 2, heads: 4, inner: 128, projection: 24 },
        vocabulary: 50,
        context: 12,
    };
    let (tower, tensors) = text_tower(&file, config);
    let expected: serde_json::Value =
        serde_json::from_slice(&std::fs::read(file.with_extension("json")).unwrap()).unwrap();
    let texts: Vec<Vec<u32>> = serde_json::from_value(expected["texts"].clone()).unwrap();
    let embeddings: Vec<Vec<f32>> = serde_json::from_value(expected["embeddings"].clone()).unwrap();
    assert_eq!(texts.len(), embeddings.len());
    for (ids, embedding) in texts.iter().zip(&embeddings) {
        assert_near(&tower.project(ids).unwrap(), embedding, 2e-5, &format!("text {ids:?}"));
    }
    // two towers of 16 tensors a block (three of attention's joined ones), and what stands around them
    assert_eq!(tensors.len(), 3 * 16 + (5 + 3) + 5);
    let shape = |name: &str| tensors[name].dims().to_vec();
    assert_eq!(shape("vision_model.embeddings.patch_embedding.weight"), [16, 3, 8, 8]);
    assert_eq!(shape("visual_projection.weight"), [24, 16]);
    assert_eq!(tensors["visual_projection.weight"].dtype(), DType::F16);
    assert_eq!(tensors["text_model.final_layer_norm.weight"].dtype(), DType::F32);
}

#[test]
fn the_text_tower_of_a_torchscript_archive_agrees_with_its_authors_code() {
    let Some(folder) = shared("reference/features/clip_openai_ts") else { return };
    let config = ClipTextConfig {
        tower: TowerConfig { width: 128, layers: 2, heads: 2, inner: 512, projection: 96 },
        vocabulary: 600,
        context: 77,
    };
    let (tower, _) = text_tower(&folder.join("model.pt"), config);
    let expected = candle_core::safetensors::load(folder.join("expected.safetensors"), &Device::Cpu).unwrap();
    let ids = expected["input_ids"].to_dtype(DType::U32).unwrap().to_vec2::<u32>().unwrap();
    for (index, ids) in ids.iter().enumerate() {
        // the end mark has the largest id; what follows it is padding
        let end = ids.iter().enumerate().max_by_key(|(at, id)| (**id, usize::MAX - at)).unwrap().0;
        let row = |name: &str| expected[name].get(index).unwrap();
        let hidden = row("ln_final").narrow(0, 0, end + 1).unwrap().flatten_all().unwrap();
        let found = tower.hidden(&ids[..=end]).unwrap();
        assert_near(&found, &hidden.to_vec1::<f32>().unwrap(), 1e-4, &format!("tokens of text {index}"));
        let embedding = row("text_embed").to_vec1::<f32>().unwrap();
        let found = tower.project(&ids[..=end]).unwrap();
        assert_near(&found, &embedding, 1e-4, &format!("vector of text {index}"));
    }
}

/// The checkpoint is made by `tests/fixtures/make_clip_torchscript.py --whole FOLDER`.
#[test]
#[ignore = "needs a folder with a checkpoint of 350 MB: name it in GAZENLQ_WHOLE_CLIP"]
fn a_whole_checkpoint_goes_from_its_file_to_the_vector_of_a_query() {
    let folder = std::env::var_os("GAZENLQ_WHOLE_CLIP").expect("GAZENLQ_WHOLE_CLIP names the folder");
    let file = Path::new(&folder).join("ViT-B-16.pt");
    let models = tempfile::tempdir().unwrap();
    let output = gazenlq_in(models.path(), &["models", "import", file.to_str().unwrap(), "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(json(&output)["is_official"], false);
    let dir = gazenlq::nn::ModelDir::new(models.path());
    let tower = ClipTextTower::load(&dir, &Device::Cpu).unwrap();
    let expected: serde_json::Value =
        serde_json::from_slice(&std::fs::read(file.with_extension("json")).unwrap()).unwrap();
    let texts: Vec<Vec<u32>> = serde_json::from_value(expected["texts"].clone()).unwrap();
    let embeddings: Vec<Vec<f32>> = serde_json::from_value(expected["embeddings"].clone()).unwrap();
    for (ids, embedding) in texts.iter().zip(&embeddings) {
        assert_near(&tower.project(ids).unwrap(), embedding, 1e-3, &format!("text {ids:?}"));
    }
    let vector = tower.embed("a cup").unwrap();
    assert!((vector.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-4);
}

/// One sentence on standard error that names the file, exit code 2, nothing on standard output.
#[track_caller]
fn refused(args: &[&str], expected: &[&str]) {
    let models = tempfile::tempdir().unwrap();
    let output = gazenlq_in(models.path(), args);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{args:?} said {said}");
    assert!(said.starts_with("error: ") && said.trim_end().lines().count() == 1, "{args:?} said {said}");
    assert!(!said.contains("panicked"), "{said}");
    for part in expected {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
    assert!(stdout(&output).is_empty(), "{args:?} wrote {}", stdout(&output));
    assert_eq!(std::fs::read_dir(models.path()).unwrap().count(), 0, "{args:?} left something behind");
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_string_lossy().into_owned()
}

#[test]
fn a_checkpoint_cut_anywhere_is_refused_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let whole = std::fs::read(project("tests/fixtures/clip_torchscript.pt")).unwrap();
    for end in [0, 1, 3, 40, whole.len() / 2, whole.len() - 30, whole.len() - 21] {
        let file = written(dir.path(), "model.pth.tar", &whole[..end]);
        let expected = if end > 1 { "cut short" } else { "no PyTorch file" };
        refused(&["models", "import", &file], &[expected, "model.pth.tar"]);
    }
    let Some(old) = shared("reference/features/pth_zoo/legacy_nonzip.pth") else { return };
    let whole = std::fs::read(old).unwrap();
    for end in [20, 200, whole.len() / 2, whole.len() - 1] {
        let file = written(dir.path(), "old.pth", &whole[..end]);
        refused(&["models", "import", &file], &["early", "old.pth"]);
    }
}

#[test]
fn files_that_are_no_checkpoints_are_refused_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let text = written(dir.path(), "notes.pth", b"to do: train the network\n");
    refused(&["models", "import", &text], &["notes.pth", "no PyTorch file"]);
    let text = written(dir.path(), "notes.safetensors", b"to do: train the network\n");
    refused(&["models", "import", &text], &["notes.safetensors", "safetensors"]);
    let absent = dir.path().join("absent.pth");
    refused(&["models", "import", &absent.to_string_lossy()], &["absent.pth"]);
    refused(&["models", "import", &dir.path().to_string_lossy()], &[&dir.path().to_string_lossy()]);
    let clip = project("tests/fixtures/clip_torchscript.pt");
    refused(
        &["models", "import", &clip.to_string_lossy()],
        &["clip_torchscript.pt", "not ViT-B/16", "[49408, 512]"],
    );
}

#[test]
fn a_configuration_that_cannot_be_read_is_refused_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let weights = written(dir.path(), "model.safetensors", &[]);
    let cases: [(&str, &[u8], &str); 4] = [
        ("latin.toml", b"name = \"caf\xe9\"\n", "UTF-8"),
        ("latin.yaml", b"model:\n  name: caf\xe9\n", "UTF-8"),
        ("typo.toml", b"[network]\nwidth = = 3\n", "line 2"),
        ("notes.txt", b"width 384", ".toml"),
    ];
    for (name, bytes, expected) in cases {
        let config = written(dir.path(), name, bytes);
        refused(&["models", "import", &weights, "--config", &config], &[name, expected]);
    }
}

/// A small network's weights, all of them the same number.
fn tiny() -> (Config, HashMap<String, Tensor>) {
    let mut config = Config::default();
    (config.features.video_dim, config.features.text_dim) = (8, 8);
    config.features.max_steps = 64;
    (config.network.width, config.network.head_width) = (16, 16);
    config.network.arch = [1, 1, 1, 0, 2];
    let filled = |shape: Vec<usize>| (Tensor::ones(shape, DType::F32, &Device::Cpu).unwrap() * 0.1).unwrap();
    let tensors = expected_tensors(&config).unwrap().into_iter().map(|(name, shape)| (name, filled(shape)));
    (config.clone(), tensors.collect())
}

#[test]
fn weights_that_are_no_numbers_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (config, mut tensors) = tiny();
    let config = written(dir.path(), "config.toml", config.to_toml().as_bytes());
    let file = dir.path().join("model.safetensors");
    let models = dir.path().join("models");
    let import = ["models", "import", file.to_str().unwrap(), "--config", &config, "--json"];
    candle_core::safetensors::save(&tensors, &file).unwrap();
    let output = gazenlq_in(&models, &import);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(json(&output)["id"], "model");

    for (value, said) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let name = "backbone.vid_stem.0.mlp.0.bias";
        let mut values = tensors[name].to_vec1::<f32>().unwrap();
        values[5] = value;
        let count = values.len();
        tensors.insert(name.to_owned(), Tensor::from_vec(values, count, &Device::Cpu).unwrap());
        candle_core::safetensors::save(&tensors, &file).unwrap();
        refused(&import, &[name, "value 5", said, "model.safetensors"]);
    }
}

#[test]
fn the_list_of_models_says_what_stands_in_for_what() {
    let models = tempfile::tempdir().unwrap();
    let list = |code: i32| {
        let output = gazenlq_in(models.path(), &["models", "list", "--json"]);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        json(&output)["models"].as_array().unwrap().clone()
    };
    let missing = |models: &[serde_json::Value]| {
        let missing = models.iter().filter(|m| m["is_missing"] == true);
        missing.map(|m| m["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(missing(&list(1)).contains(&"clip-vit-b16".to_owned()));
    for (id, files) in
        [("clip-image", vec!["model.safetensors"]), ("clip-bridge", vec!["bridge.safetensors", "names.json"])]
    {
        std::fs::create_dir(models.path().join(id)).unwrap();
        files.iter().for_each(|name| std::fs::write(models.path().join(id).join(name), "x").unwrap());
    }
    assert!(!missing(&list(1)).iter().any(|id| id.starts_with("clip")));
    let output = gazenlq(&["models", "fetch", "no-such-model"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("clip-vit-b16"), "{}", stderr(&output));
}
