//! Feature stores, and a split from stores to figures, against the reference's files.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use gazenlq::eval::{Measures, PredictionFile, evaluate};
use gazenlq::project::AnnotationFile;
use gazenlq::stores::{ClipPlace, FeatureLevel, FeatureSet, FeatureStore, TEXT_ARRAYS, VIDEO_ARRAYS};
use serde_json::Value;

use crate::support::{gazenlq, shared, stderr};

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("readable")).expect("JSON")
}

fn arg(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[test]
fn stored_features_have_the_reference_s_shapes_and_sums() {
    let Some(dir) = shared("reference/features/features") else { return };
    let expected = read(&dir.join("expected.json"));
    let video = FeatureStore::open(&dir.join("video_lmdb")).unwrap();
    let text = FeatureStore::open(&dir.join("text_lmdb")).unwrap();
    let folder = FeatureStore::open(&dir).unwrap();
    let mut seen = 0;
    for (name, expected) in expected.as_object().unwrap() {
        let tensor = match name {
            n if n.starts_with("q_") => text.get(n, TEXT_ARRAYS),
            n if n.contains(".hdf5") => continue,
            n if n.contains('.') => folder.get(n.split('.').next().unwrap(), VIDEO_ARRAYS),
            n => video.get(n, VIDEO_ARRAYS),
        };
        let tensor = tensor.unwrap_or_else(|e| panic!("{name}: {e}"));
        let mut shape: Vec<usize> = serde_json::from_value(expected["shape"].clone()).unwrap();
        if shape.len() == 1 {
            shape.insert(0, 1);
        }
        assert_eq!(tensor.dims(), shape, "{name}");
        let values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let sum: f64 = values.iter().map(|v| f64::from(*v)).sum();
        assert!((sum - expected["sum"].as_f64().unwrap()).abs() < 1e-6, "{name}: {sum}");
        for (found, expected) in values.iter().zip(expected["first"].as_array().into_iter().flatten()) {
            assert!((f64::from(*found) - expected.as_f64().unwrap()).abs() < 1e-12, "{name}");
        }
        seen += 1;
    }
    assert!(seen >= 10, "{seen} entries");
    let error = FeatureStore::open(&dir.join("feats.hdf5")).err().expect("is refused").to_string();
    assert!(error.contains("np.save"), "{error}");
}

#[test]
fn clips_are_cut_out_of_a_video_s_features_by_time() {
    let dir = tempfile::tempdir().unwrap();
    let rows: Vec<f32> = (0..40).flat_map(|i| [i as f32, 0.0]).collect();
    write_npy(&dir.path().join("video.npy"), 2, &rows);
    let set = FeatureSet {
        store: Arc::new(FeatureStore::open(dir.path()).unwrap()),
        level: FeatureLevel::Video,
        stride_frames: 16.0,
        fps: 30.0,
        offset_secs: 0.0,
        any_length: false,
    };
    let cut = |start: f64, end: f64| {
        let place = ClipPlace {
            clip_uid: "clip",
            video_uid: "video",
            video_secs: Some([start, end]),
            duration_secs: end - start,
        };
        set.clip(&place).map(|clip| {
            let rows = clip.features.to_vec2::<f32>().unwrap();
            (rows[0][0], rows[rows.len() - 1][0], clip.start_secs)
        })
    };
    // floor(start * 30 / 16) to ceil(end * 30 / 16); the first step starts a little before the clip
    assert_eq!(cut(5.0, 10.0).unwrap(), (9.0, 18.0, 9.0 * 16.0 / 30.0 - 5.0));
    assert_eq!(cut(-4e-7, 1000.0).unwrap(), (0.0, 39.0, 4e-7));
    assert!(cut(500.0, 600.0).is_err_and(|e| e.to_string().contains("features end at 21.3 s")));
}

pub fn write_npy(path: &Path, dim: usize, values: &[f32]) {
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {dim}), }}\n", values.len() / dim);
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes().chain(values.iter().flat_map(|v| v.to_le_bytes())));
    std::fs::write(path, bytes).expect("written");
}

/// The end-to-end case with what is to be changed in it.
struct Case {
    dir: PathBuf,
    video: PathBuf,
    annotations: PathBuf,
}

impl Case {
    fn new() -> Option<Self> {
        let dir = shared("reference/groundnlq/e2e")?;
        Some(Self { video: dir.join("video_lmdb"), annotations: dir.join("nlq_val.json"), dir })
    }

    fn run(&self, output: &Path, more: &[&str]) -> Output {
        let file = |name: &str| arg(&self.dir.join(name));
        let args = [
            "localize".to_owned(),
            "--annotations".into(),
            arg(&self.annotations),
            "--model".into(),
            file("checkpoint.pth.tar"),
            "--config".into(),
            file("config.yaml"),
            "--video-features".into(),
            arg(&self.video),
            "--text-features".into(),
            file("text_lmdb"),
            "--output".into(),
            arg(output),
        ];
        let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
        gazenlq(&args)
    }

    fn refused(&self, more: &[&str], expected: &str) {
        let dir = tempfile::tempdir().unwrap();
        let output = self.run(&dir.path().join("out.jsonl"), more);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "said {said}");
        assert!(said.starts_with("error: ") && said.trim_end().lines().count() == 1, "said {said}");
        assert!(said.contains(expected) && !said.contains("panicked"), "said {said}");
    }
}

#[test]
fn a_split_goes_from_stores_to_the_reference_s_figures() {
    let Some(case) = Case::new() else { return };
    let out = tempfile::tempdir().unwrap();
    let metrics = read(&case.dir.join("expected_metrics.json"));
    for (batch, lines) in [("16", false), ("1", true)] {
        let name = format!("bs{batch}");
        let path = out.path().join(format!("{name}.jsonl"));
        let case = Case {
            // the lines name the same queries as the official file
            annotations: case.dir.join(if lines { "val.jsonl" } else { "nlq_val.json" }),
            ..Case::new().unwrap()
        };
        let output = case.run(&path, &["--text-batch", batch, "--top", "5"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let found = PredictionFile::load(&path).unwrap();
        let expected =
            PredictionFile::load(&case.dir.join(format!("expected_predictions_{name}.json"))).unwrap();
        assert_eq!(found.predictions.len(), expected.predictions.len());
        let (mut worst_secs, mut worst_score) = (0.0f64, 0.0f64);
        for (found, expected) in found.predictions.iter().zip(&expected.predictions) {
            assert_eq!(found.key, expected.key);
            assert_eq!(found.windows.len(), expected.windows.len(), "{}", found.key);
            for (f, e) in found.windows.iter().zip(&expected.windows) {
                worst_secs = worst_secs.max((f.start - e.start).abs()).max((f.end - e.end).abs());
                worst_score = worst_score.max((f.score.unwrap() - e.score.unwrap()).abs());
            }
        }
        println!("{name}: windows within {worst_secs:.1e} s, scores within {worst_score:.1e}");
        assert!(worst_secs < 2e-3 && worst_score < 1e-5, "{name}: {worst_secs} s, {worst_score}");
        let annotations = AnnotationFile::load(&case.annotations).unwrap();
        let measures = Measures { top_k: vec![1, 5, 10], resamples: 0, ..Measures::default() };
        let report = evaluate(&annotations, &found.predictions, &measures).unwrap();
        for (row, threshold) in ["0.3", "0.5"].iter().enumerate() {
            for (column, k) in [1, 5, 10].iter().enumerate() {
                let found = report.official.recall[&format!("R{k}@{threshold}")];
                assert_eq!(Some(found), metrics[&name][row][column].as_f64(), "{name} R{k}@{threshold}");
            }
        }
    }
}

#[test]
fn a_run_that_was_stopped_goes_on_and_shards_make_the_whole() {
    let Some(case) = Case::new() else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let whole = path("whole.jsonl");
    assert_eq!(case.run(&whole, &[]).status.code(), Some(0));
    let bytes = std::fs::read(&whole).unwrap();
    // the last line was being written
    std::fs::write(&whole, &bytes[..bytes.len() * 2 / 3]).unwrap();
    let output = case.run(&whole, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!String::from_utf8_lossy(&output.stdout).contains(" 0 were there"));
    assert_eq!(std::fs::read(&whole).unwrap(), bytes);
    // other settings do not go into the same file
    let output = case.run(&whole, &["--top", "7"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("other settings"), "{}", stderr(&output));

    let mut shards = Vec::new();
    for i in 1..=3 {
        let file = path(&format!("shard{i}.jsonl"));
        assert_eq!(case.run(&file, &["--shard", &format!("{i}/3")]).status.code(), Some(0));
        shards.extend(PredictionFile::load(&file).unwrap().predictions);
    }
    // as `cat` joins them
    let joined: Vec<u8> =
        (1..=3).flat_map(|i| std::fs::read(path(&format!("shard{i}.jsonl"))).unwrap()).collect();
    assert_eq!(PredictionFile::parse(&joined).unwrap().predictions, shards);
    let mut all = PredictionFile::load(&whole).unwrap().predictions;
    all.sort_by(|a, b| a.key.cmp(&b.key));
    shards.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(all, shards);
}

#[test]
fn broken_feature_stores_are_refused_in_one_sentence() {
    let Some(case) = Case::new() else { return };
    let annotations = AnnotationFile::load(&case.annotations).unwrap();
    let (clip, query) = annotations.queries().next().unwrap();
    let only = clip.key_of(query).query_id();
    let only = ["--only", only.as_str()];
    let dir = tempfile::tempdir().unwrap();
    let with = |name: &str, fill: &dyn Fn(&Path)| {
        let folder = dir.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        fill(&folder);
        Case { video: folder, ..Case::new().unwrap() }
    };
    let clip_file = |folder: &Path| folder.join(format!("{}.npy", clip.clip_uid));
    let lmdb = std::fs::read(case.dir.join("video_lmdb/data.mdb")).unwrap();
    let cut =
        |n: usize| with(&format!("cut{n}"), &|f| std::fs::write(f.join("data.mdb"), &lmdb[..n]).unwrap());
    cut(20_000).refused(&only, "cut off");
    cut(100).refused(&only, "too short");
    // the text store is a sound LMDB that has none of the clips
    Case { video: case.dir.join("text_lmdb"), ..Case::new().unwrap() }
        .refused(&only, "there are no features of");
    with("text", &|f| std::fs::write(f.join("data.mdb"), "no database ".repeat(400)).unwrap())
        .refused(&only, "no LMDB file");
    with("empty", &|_| {}).refused(&only, "there are no features of");
    with("dim", &|f| write_npy(&clip_file(f), 7, &[0.0; 70])).refused(&only, "vectors of 20, found 7");
    let mut nan = [0.0; 200];
    nan[45] = f32::NAN;
    with("nan", &|f| write_npy(&clip_file(f), 20, &nan)).refused(&only, "value 5 of step 2 is NaN");
    with("long", &|f| write_npy(&clip_file(f), 20, &[0.0; 20 * 80])).refused(&only, "annotated as 21.3 s");
    with("short", &|f| {
        write_npy(&clip_file(f), 20, &[0.0; 200]);
        let bytes = std::fs::read(clip_file(f)).unwrap();
        std::fs::write(clip_file(f), &bytes[..bytes.len() - 30]).unwrap();
    })
    .refused(&only, "holds 192 values");
    with("pt", &|f| std::fs::write(f.join(format!("{}.pt", clip.clip_uid)), "text").unwrap())
        .refused(&only, &clip.clip_uid);
    Case { video: dir.path().join("absent"), ..Case::new().unwrap() }.refused(&only, "no feature store");
    case.refused(&["--only", "nobody_0"], "nobody_0");

    // without the clip the rest can still be had
    let output = with("none", &|_| {}).run(&dir.path().join("o.jsonl"), &["--skip-absent"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
}
