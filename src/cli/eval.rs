//! `gazenlq eval`: the official figures of prediction files, and the honest ones beside them.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;

use super::{Ending, out};
use crate::eval::{Measures, PredictionFile, Report, Scores, by_chance, evaluate};
use crate::project::annotations::SYNTHETIC_NOTE;
use crate::project::{AnnotationFile, query_ids};

#[derive(Debug, Args)]
pub struct EvalArgs {
    /// Ego4D NLQ JSON, or GroundNLQ or QVHighlights lines, with times
    #[arg(long, value_name = "FILE")]
    annotations: PathBuf,
    /// Prediction files; each is scored by itself
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    predictions: Vec<PathBuf>,
    /// How many windows of each query are looked at
    #[arg(long, value_delimiter = ',', default_value = "1,3,5", value_name = "K,..")]
    topk: Vec<usize>,
    /// A window is right when its IoU is above this
    #[arg(long, value_delimiter = ',', default_value = "0.3,0.5", value_name = "IOU,..")]
    iou: Vec<f64>,
    /// Draws of whole clips behind the 95 % intervals; 0 for none
    #[arg(long, default_value_t = 1000, value_name = "N")]
    resamples: usize,
    /// Only the queries whose ids stand in this file, one a line
    #[arg(long, value_name = "FILE")]
    only: Option<PathBuf>,
    /// Beside them, what luck finds: windows as long as the annotated moments, anywhere in the clip
    #[arg(long)]
    chance: bool,
    /// With --json: the IoU of every window
    #[arg(long)]
    per_query: bool,
    /// JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub fn run(args: &EvalArgs) -> Result<Ending> {
    anyhow::ensure!(
        args.iou.iter().all(|iou| (0.0..=1.0).contains(iou)) && args.topk.iter().all(|k| *k > 0),
        "--iou takes numbers from 0 to 1 and --topk whole numbers from 1"
    );
    let mut annotations = AnnotationFile::load(&args.annotations)?;
    let only = args.only.as_deref().map(query_ids).transpose()?;
    if let Some(only) = &only {
        annotations.retain(only);
        anyhow::ensure!(annotations.queries().next().is_some(), "none of the annotated queries is asked for");
    }
    let measures = Measures {
        thresholds: args.iou.clone(),
        top_k: args.topk.clone(),
        resamples: args.resamples,
        ..Measures::default()
    };
    let mut reports = Vec::new();
    let mut files = Vec::new();
    for path in &args.predictions {
        let mut predictions = PredictionFile::load(path)?.predictions;
        if let Some(only) = &only {
            predictions.retain(|prediction| only.contains(&prediction.key.query_id()));
        }
        files.push((path.display().to_string(), predictions));
    }
    if args.chance {
        let keep = args.topk.iter().copied().max().unwrap_or(1);
        files.push(("chance".to_owned(), by_chance(&annotations, keep, measures.seed)));
    }
    for (path, predictions) in files {
        let mut report = evaluate(&annotations, &predictions, &measures)
            .with_context(|| format!("cannot score {path}"))?;
        if !args.per_query {
            report.per_query_iou.clear();
        }
        reports.push((path, report));
    }
    if args.json {
        let files: Result<Vec<_>, serde_json::Error> = reports
            .iter()
            .map(|(path, report)| {
                let mut object = serde_json::to_value(report)?;
                object["file"] = json!(path);
                Ok(object)
            })
            .collect();
        out::json(&json!({
            "annotations": args.annotations,
            "synthetic": annotations.is_synthetic,
            "files": files?,
        }))?;
    } else {
        reports.iter().for_each(|(path, report)| print(path, report, annotations.is_synthetic));
    }
    let is_whole = reports.iter().all(|(_, report)| report.missing == 0);
    Ok(if is_whole { Ending::Fine } else { Ending::Absent })
}

fn print(path: &str, report: &Report, is_synthetic: bool) {
    out::line(path);
    if is_synthetic {
        out::line(SYNTHETIC_NOTE);
    }
    out::line(format_args!(
        "{} predictions for {} answerable queries of {} listed",
        report.num_predictions, report.num_answerable, report.num_gt_queries
    ));
    let names: Vec<String> = report
        .top_k
        .iter()
        .flat_map(|k| report.thresholds.iter().map(move |threshold| format!("R{k}@{threshold}")))
        .collect();
    let header: Vec<&str> =
        ["percent", "over"].into_iter().chain(names.iter().map(String::as_str)).chain(["mIoU"]).collect();
    let row = |name: &str, scores: &Scores| {
        let values = names.iter().map(|n| scores.recall[n]).chain([scores.miou]);
        let cells = values.map(|v| format!("{:.2}", v * 100.0));
        [name.to_owned(), scores.denominator.to_string()].into_iter().chain(cells).collect::<Vec<_>>()
    };
    let spread = |scores: &Scores| {
        let found = names.iter().map(String::as_str).chain(["mIoU"]).map(|n| &scores.intervals[n]);
        let cells = found.map(|i| format!("{:.2}-{:.2}", i.low * 100.0, i.high * 100.0));
        ["  95 %".to_owned(), String::new()].into_iter().chain(cells).collect::<Vec<_>>()
    };
    let mut rows = Vec::new();
    for (name, scores) in [("official", &report.official), ("honest", &report.honest)] {
        rows.push(row(name, scores));
        if !scores.intervals.is_empty() {
            rows.push(spread(scores));
        }
    }
    out::table(&header, &rows);
    for (count, what) in [
        (report.missing, "queries have no prediction: left out officially, wrong in the honest figures"),
        (report.duplicates, "predictions repeat a query: counted again officially"),
        (report.of_unasked, "predictions are of entries without words"),
        (report.without_windows, "predictions have no window: wrong"),
        (report.undefined_ious, "first windows have an IoU of 0/0: the official mean IoU is NaN"),
    ] {
        if count > 0 {
            out::warning(format_args!("{count} {what}"));
        }
    }
}
