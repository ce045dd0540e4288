//! The failure analysis on real annotations and a real model's predictions, through the program.

use std::path::Path;

use crate::support::{gazenlq, json, shared, stderr, stdout};

fn files() -> Option<(String, String)> {
    let path = |name: &str| Some(shared(name)?.to_string_lossy().into_owned());
    Some((
        path("data/nlq/ego4d_nlq_v2_val.json")?,
        path("data/nlq/predictions_vslnet_egovlp_v2val_5872.json")?,
    ))
}

#[test]
fn a_real_split_is_explained_query_by_query() {
    let Some((annotations, predictions)) = files() else { return };
    let dir = tempfile::tempdir().unwrap();
    let csv = dir.path().join("cases.csv");
    let args = ["analyze", "--annotations", &annotations, "--predictions", &predictions, "--json", "--csv"];
    let output = gazenlq(&[&args[..], &[csv.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(1), "571 queries have no prediction: {}", stderr(&output));
    let report = &json(&output)["models"][0];
    let header = &report["header"];
    assert_eq!((header["queries"].as_u64(), header["missing"].as_u64()), (Some(4554), Some(571)));
    // 24 moments lie outside their clips, two entries have no text
    assert_eq!(header["invalid"].as_u64(), Some(26));
    // the official evaluator printed 2.36 and 7.28
    let percent = |name: &str| (header[name].as_f64().unwrap() * 1e4).round() / 100.0;
    assert_eq!((percent("official_r1"), percent("official_r_k")), (2.36, 7.28));
    let count = |class: &serde_json::Value| class["count"].as_u64().unwrap();
    let classes = report["classes"].as_array().unwrap();
    assert_eq!(classes.iter().map(count).sum::<u64>(), 4554);
    for at in report["theta_stack"].as_array().unwrap() {
        let counts = at["counts"].as_array().unwrap();
        assert_eq!(counts.iter().map(|c| c.as_u64().unwrap()).sum::<u64>(), 4554);
    }
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_path(&csv).unwrap().records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4554);
    check_rows_by_hand(&csv);
}

/// Class 1 and 2 of every row, worked out again from the file's own columns.
fn check_rows_by_hand(csv: &Path) {
    let mut reader = csv::Reader::from_path(csv).unwrap();
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|h| h == name).unwrap();
    let mut seen = 0;
    for row in reader.records().map(Result::unwrap) {
        let number = |name: &str| row[place(name)].parse::<f64>().ok();
        let (Some(s), Some(e), Some(a), Some(b)) =
            (number("start"), number("end"), number("start_1"), number("end_1"))
        else {
            continue;
        };
        let iou = (b.min(e) - a.max(s)).max(0.0) / (b.max(e) - a.min(s));
        assert!((iou - number("iou_1").unwrap()).abs() < 1e-12);
        let class = &row[place("class")];
        if class != "invalid truth" {
            assert_eq!(class == "correct", iou > 0.3, "{row:?}");
            assert_eq!(
                class == "boundary",
                (0.1..=0.3).contains(&iou) && number("right_rank").is_none(),
                "{row:?}"
            );
            seen += 1;
        }
    }
    assert!(seen > 3900);
}

#[test]
fn a_model_against_itself_never_flips() {
    let Some((annotations, predictions)) = files() else { return };
    let output =
        gazenlq(&["analyze", "--annotations", &annotations, "--predictions", &predictions, &predictions]);
    let text = stdout(&output);
    assert!(text.contains("McNemar's exact p 1.00e0") && text.contains("R1 +0.00 points"), "{text}");
    assert!(text.contains("5 query confusion") && text.contains("by chance"), "{text}");
}

#[test]
fn thresholds_that_mean_nothing_are_refused_in_a_sentence() {
    let Some((annotations, predictions)) = files() else { return };
    let run = |args: &[&str]| {
        let base = ["analyze", "--annotations", &annotations, "--predictions", &predictions];
        let output = gazenlq(&[&base[..], args].concat());
        assert_eq!(output.status.code(), Some(2));
        stderr(&output)
    };
    assert_eq!(run(&["--theta", "1.5"]), "error: `theta` is 1.5, expected a number from 0 to 1\n");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.json");
    std::fs::write(&path, r#"{"tetha": 0.3}"#).unwrap();
    let text = run(&["--config", path.to_str().unwrap()]);
    assert!(
        text.contains("these are no thresholds of the analysis") && text.contains("unknown field `tetha`"),
        "{text}"
    );
}

#[test]
fn the_report_is_one_page_that_loads_nothing() {
    let Some((annotations, predictions)) = files() else { return };
    let dir = tempfile::tempdir().unwrap();
    let page = |name: &str| {
        let path = dir.path().join(name);
        let args = ["analyze", "--annotations", &annotations, "--predictions", &predictions, "--report"];
        let output = gazenlq(&[&args[..], &[path.to_str().unwrap()]].concat());
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        std::fs::read_to_string(path).unwrap()
    };
    let html = page("why.html");
    assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
    assert_eq!(html.matches("<tr data-kind=").count(), 4554, "a row a case");
    for elsewhere in ["src=", "<link", "@import", "url("] {
        assert!(!html.contains(elsewhere), "{elsewhere} loads something");
    }
    for tag in ["table", "tr", "td", "details", "div", "span", "p"] {
        let opened = html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "<{tag}>");
    }
    let markdown = page("why.md");
    // the official evaluator printed 2.36 and 7.28
    assert!(markdown.contains("| officially (queries with a prediction) | 2.36 % | 7.28 % |"));
    assert!(markdown.contains("thresholds.json") && markdown.contains("SHA-256"));
}
