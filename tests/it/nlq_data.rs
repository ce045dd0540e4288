//! Annotations, predictions and figures, against the reference's files and the official evaluator.

use std::collections::HashMap;
use std::path::Path;

use gazenlq::eval::ensemble::{EnsembleConfig, ensemble, overlap};
use gazenlq::eval::{Measures, Prediction, PredictionFile, Report, Window, evaluate};
use gazenlq::features::canonical_query;
use gazenlq::project::AnnotationFile;
use gazenlq::project::annotations::{Oddity, groundnlq_line, lint};
use serde_json::Value;

use crate::support::{gazenlq, json, shared, stderr, stdout};

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("readable")).expect("JSON")
}

fn measures(top_k: &[usize]) -> Measures {
    Measures { top_k: top_k.to_vec(), resamples: 0, ..Measures::default() }
}

/// Equal to 1e-12, where null is NaN.
fn assert_same(found: f64, expected: &Value, what: &str) {
    match expected.as_f64() {
        Some(expected) => assert!((found - expected).abs() <= 1e-12, "{what}: {found}, expected {expected}"),
        None => assert!(expected.is_null() && found.is_nan(), "{what}: {found}, expected {expected}"),
    }
}

fn assert_report(annotations: &AnnotationFile, predictions: &[Prediction], expected: &Value) {
    let check = |names: &str, top_k: &[usize]| -> Report {
        let report = evaluate(annotations, predictions, &measures(top_k)).expect("scores");
        let recalls = expected[names].as_object().expect("recalls");
        assert_eq!(recalls.len(), report.official.recall.len());
        for (name, value) in recalls {
            assert_same(report.official.recall[name], value, name);
        }
        report
    };
    let report = check("script_recall", &[1, 3, 5]);
    check("loader_recall", &[1, 5, 10]);
    assert_same(report.official.miou, &expected["script_mIoU"], "mIoU");
    assert_same(report.official.mean_r1.unwrap(), &expected["mean_R1"], "mean R@1");
    assert_eq!(Some(report.num_predictions as u64), expected["num_predictions"].as_u64());
    assert_eq!(Some(report.num_gt_queries as u64), expected["num_gt_queries"].as_u64());
    let lists = ["per_query_iou", "per_query_iou_first50"].into_iter().find_map(|n| expected[n].as_array());
    for (found, expected) in report.per_query_iou.iter().zip(lists.into_iter().flatten()) {
        let expected = expected.as_array().expect("a list");
        assert_eq!(found.len(), expected.len());
        found.iter().zip(expected).for_each(|(found, expected)| assert_same(*found, expected, "IoU"));
    }
}

#[test]
fn synthetic_predictions_score_as_in_the_reference() {
    let Some(dir) = shared("reference/groundnlq/eval_synth") else { return };
    let annotations = AnnotationFile::load(&dir.join("synth_nlq_val.json")).unwrap();
    for name in ["p10", "p3_noscore", "p5_missing"] {
        let file = PredictionFile::load(&dir.join(format!("pred_{name}.json"))).unwrap();
        assert_report(&annotations, &file.predictions, &read(&dir.join(format!("expected_{name}.json"))));
    }
}

#[test]
fn real_predictions_score_as_in_the_reference() {
    let (Some(dir), Some(path)) =
        (shared("reference/groundnlq/eval_real"), shared("data/nlq/ego4d_nlq_v2_val.json"))
    else {
        return;
    };
    let annotations = AnnotationFile::load(&path).unwrap();
    let file = PredictionFile::load(&dir.join("pred_real.json")).unwrap();
    assert_report(&annotations, &file.predictions, &read(&dir.join("expected_real.json")));
}

/// Predictions that anyone can compute from the annotations.
#[test]
fn predictions_by_formula_score_as_in_the_reference() {
    let (Some(dir), Some(path)) =
        (shared("reference/groundnlq/eval_real"), shared("data/nlq/ego4d_nlq_v2_val.json"))
    else {
        return;
    };
    let annotations = AnnotationFile::load(&path).unwrap();
    let expected = read(&dir.join("expected_real_formula.json"));
    let predictions: Vec<Prediction> = annotations
        .queries()
        .map(|(clip, query)| {
            let key = clip.key_of(query);
            let duration = clip.duration_secs.expect("a length");
            let z = unit(&format!("dev/eval/{}", key.query_id()), 10);
            let windows = (0..5)
                .map(|k| {
                    let centre = (z[2 * k] + 1.0) / 2.0 * duration;
                    let half = (z[2 * k + 1] + 1.0) / 2.0 * 0.25 * duration;
                    let clamp = |t: f64| t.clamp(0.0, duration);
                    Window { start: clamp(centre - half), end: clamp(centre + half), score: None }
                })
                .collect();
            Prediction { key, query: None, windows }
        })
        .collect();
    let first = expected["first_prediction"].as_array().expect("windows");
    for (found, expected) in predictions[0].windows.iter().zip(first) {
        assert_same(found.start, &expected[0], "start");
        assert_same(found.end, &expected[1], "end");
    }
    assert_report(&annotations, &predictions, &expected);
}

/// The fixtures' generator: values in [-1, 1) from a name.
fn unit(name: &str, n: u64) -> Vec<f64> {
    let fnv = |h: u64, b: u8| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01B3);
    let h = name.bytes().fold(0xCBF2_9CE4_8422_2325, fnv);
    (1..=n)
        .map(|i| {
            let mut z = h.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            (z >> 40) as f64 * 2f64.powi(-24) * 2.0 - 1.0
        })
        .collect()
}

#[test]
fn the_program_prints_what_the_official_evaluator_printed() {
    let Some(dir) = shared("data/nlq") else { return };
    let arg = |name: &str| dir.join(name).to_string_lossy().into_owned();
    let (truth, found) = (arg("ego4d_nlq_v2_val.json"), arg("predictions_vslnet_egovlp_v2val_5872.json"));
    let output = gazenlq(&["eval", "--annotations", &truth, "--predictions", &found]);
    // queries without a prediction are something absent
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    let line = text.lines().find(|l| l.starts_with("official")).expect("a line");
    let cells: Vec<&str> = line.split_whitespace().skip(1).collect();
    let printed = std::fs::read_to_string(dir.join("official_evaluator_output_gpu20_summary.txt")).unwrap();
    let printed = printed.lines().rfind(|l| l.contains("2.36")).expect("figures");
    let official: Vec<&str> = printed.split(['|', ' ']).filter(|c| !c.is_empty()).collect();
    assert_eq!(cells, [["3983"].as_slice(), &official].concat());
    assert!(text.contains("3983 predictions for 4552 answerable queries of 4554 listed"), "{text}");

    let report = json(&gazenlq(&["eval", "--annotations", &truth, "--predictions", &found, "--json"]));
    let file = &report["files"][0];
    assert_eq!(file["honest"]["denominator"], 4552);
    let interval = &file["honest"]["intervals"]["R5@0.3"];
    let value = file["honest"]["recall"]["R5@0.3"].as_f64().unwrap();
    let (low, high) = (interval["low"].as_f64().unwrap(), interval["high"].as_f64().unwrap());
    assert!(low < value && value < high && high - low < 0.04, "{low} {value} {high}");
}

#[test]
fn annotations_convert_as_in_the_reference() {
    let Some(dir) = shared("reference/groundnlq/eval_synth") else { return };
    let numbers = |value: &Value| -> Vec<f64> {
        let windows = value["timestamps"].as_array().into_iter().flatten();
        windows.flat_map(|w| w.as_array().unwrap()).map(|t| t.as_f64().unwrap()).collect()
    };
    let file = AnnotationFile::load(&dir.join("synth_nlq_val.json")).unwrap();
    let text = std::fs::read_to_string(dir.join("expected_val.jsonl")).unwrap();
    let expected: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let found: Vec<Value> = file.queries().filter_map(|(c, q)| groundnlq_line(c, q)).collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        for key in ["query", "query_id", "video_id", "query_type", "duration"] {
            assert_eq!(found[key], expected[key]);
        }
        assert_eq!(numbers(found), numbers(expected));
    }
    // the lines hold the same queries as the official file
    let lines = AnnotationFile::load(&dir.join("expected_val.jsonl")).unwrap();
    let queries = |file: &AnnotationFile| -> Vec<_> {
        file.queries().map(|(c, q)| (c.key_of(q), q.text.clone(), q.windows.clone())).collect()
    };
    assert_eq!(queries(&lines), queries(&file));
    let test = AnnotationFile::load(&dir.join("expected_test.jsonl")).unwrap();
    assert!(test.queries().all(|(_, q)| q.windows.is_empty()));
}

#[test]
fn questions_are_spelt_as_the_text_features_were() {
    let Some(path) = shared("reference/groundnlq/query_normalise.json") else { return };
    let pairs: Vec<(String, String)> = serde_json::from_value(read(&path)).unwrap();
    for (raw, expected) in pairs {
        assert_eq!(canonical_query(&raw), expected, "{raw:?}");
    }
}

#[test]
fn the_oddities_of_the_official_file_are_counted() {
    let Some(path) = shared("data/nlq/ego4d_nlq_v2_val.json") else { return };
    let report = lint(&path).unwrap();
    assert_eq!((report.queries_listed, report.queries_usable), (4554, 4552));
    assert_eq!((report.annotations, report.clips, report.videos), (686, 415, 303));
    assert_eq!((report.unusable.len(), report.answers), (2, 360));
    let count = |oddity| report.findings.get(&oddity).map_or(0, |f| f.count);
    for (oddity, expected) in [
        (Oddity::QueryMissing, 2),
        (Oddity::TemplateNull, 17),
        (Oddity::TemplateMissing, 1),
        (Oddity::FormLabelInQuery, 455),
        (Oddity::FormLabelInAnswer, 360),
        (Oddity::WindowAfterClip, 86),
        (Oddity::EmptyWindow, 0),
        (Oddity::ReversedWindow, 0),
        (Oddity::CurlyApostrophe, 386),
    ] {
        assert_eq!(count(oddity), expected, "{oddity:?}");
    }
    assert_eq!(report.templates["Objects: Where is object X?"], 552);
}

#[test]
fn ensembles_are_merged_as_in_the_reference() {
    let Some(dir) = shared("reference/groundnlq/ensemble") else { return };
    let model = |i: usize| PredictionFile::load(&dir.join(format!("model{i}.json"))).unwrap().predictions;
    for (models, name) in [(vec![1, 2, 3], "expected_three.json"), (vec![1, 2], "expected_two.json")] {
        let expected = read(&dir.join(name));
        let models: Vec<_> = models.into_iter().map(model).collect();
        let (merged, empty) = ensemble(&models, &EnsembleConfig::default()).unwrap();
        assert!(empty.is_empty());
        let tops = expected["top1"].as_array().unwrap();
        assert_eq!(merged.len(), tops.len());
        for (found, expected) in merged.iter().zip(tops) {
            let found: Vec<[f64; 5]> =
                found.clusters.iter().map(|m| [m.start, m.end, m.score, 0.0, m.total]).collect();
            let expected: Vec<[f64; 5]> = serde_json::from_value(expected.clone()).unwrap();
            assert_eq!(found, expected);
        }
        let text = expected["submission"].to_string();
        let submission = PredictionFile::parse(text.as_bytes()).unwrap().predictions;
        let bare = |p: &Prediction| {
            let windows = p.windows.iter().map(|w| (w.start, w.end)).collect::<Vec<_>>();
            (p.key.clone(), windows)
        };
        let found: Vec<_> = merged.iter().map(|e| bare(&e.prediction)).collect();
        assert_eq!(found, submission.iter().map(bare).collect::<Vec<_>>());
    }
    for case in read(&dir.join("hull_iou.json"))["hull_iou"].as_array().unwrap() {
        let (a, b): ([f64; 2], [f64; 2]) = (
            serde_json::from_value(case[0].clone()).unwrap(),
            serde_json::from_value(case[1].clone()).unwrap(),
        );
        assert_same(overlap(a, b), &case[2], "hull IoU");
    }
}

#[test]
fn submissions_are_written_checked_and_merged() {
    let Some(dir) = shared("reference/groundnlq/eval_synth") else { return };
    let out = tempfile::tempdir().unwrap();
    let path = |name: &str| out.path().join(name).to_string_lossy().into_owned();
    let arg = |name: &str| dir.join(name).to_string_lossy().into_owned();
    let (truth, whole, part) = (arg("synth_nlq_val.json"), arg("pred_p10.json"), arg("pred_p5_missing.json"));
    let target = path("submission.json");
    let output = gazenlq(&["submit", "--predictions", &part, "--annotations", &truth, "--output", &target]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("have no prediction"));
    let written = read(Path::new(&target));
    assert_eq!(written["challenge"], "ego4d_nlq_challenge");
    assert!(written["results"][0]["predicted_times"].as_array().is_some_and(|w| w.len() == 5));

    // shards must not overlap
    let output = gazenlq(&["submit", "--predictions", &whole, &part, "--annotations", &truth]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("predicted more than once"), "{}", stderr(&output));

    let merged = path("merged.jsonl");
    let output = gazenlq(&["ensemble", "--predictions", &whole, &part, "--output", &merged, "--keep-scores"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let file = PredictionFile::load(Path::new(&merged)).unwrap();
    assert!(file.has_scores() && file.provenance.is_some_and(|p| p.model == "ensemble"));
    let keys: HashMap<_, _> = file.predictions.iter().map(|p| (&p.key, p.windows.len())).collect();
    assert!(keys.values().all(|n| *n == 5));
}

#[test]
fn broken_annotations_and_predictions_are_refused_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_string_lossy().into_owned()
    };
    let good = file(
        "good.json",
        br#"{"videos":[{"video_uid":"v","clips":[{"clip_uid":"c","annotations":[{"annotation_uid":"a",
        "language_queries":[{"query":"q?","clip_start_sec":0,"clip_end_sec":1}]}]}]}]}"#,
    );
    let bad = [
        file("latin1.json", b"{\"videos\":[{\"video_uid\":\"caf\xe9\"}]}"),
        file("cut.json", b"{\"version\":\"1.0\",\"results\":[{\"clip_uid\":"),
        file("empty.json", b""),
        file("other.json", b"{\"a\": 1}"),
        file(
            "short.json",
            br#"[{"clip_uid":"c","annotation_uid":"a","query_idx":0,"predicted_times":[[1]]}]"#,
        ),
        file("new.jsonl", b"{\"gazenlq_predictions\": 9, \"provenance\": {}}\n"),
        dir.path().join("absent.json").to_string_lossy().into_owned(),
    ];
    let refused = |args: &[&str], name: &str| {
        let output = gazenlq(args);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?} said {said}");
        assert!(said.starts_with("error: ") && said.trim_end().lines().count() == 1, "{args:?} said {said}");
        assert!(said.contains(name) && !said.contains("panicked"), "{args:?} said {said}");
    };
    for path in &bad {
        let name = Path::new(path).file_name().unwrap().to_string_lossy();
        refused(&["eval", "--annotations", &good, "--predictions", path], &name);
        refused(&["data", "lint", path], &name);
    }
}
