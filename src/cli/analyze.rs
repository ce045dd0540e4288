//! `gazenlq analyze`: why queries fail, by class, and where; two and more models side by side.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use rayon::prelude::*;
use serde_json::json;

use super::{Ending, out};
use crate::eval::PredictionFile;
use crate::eval::compare::{Comparison, compare};
use crate::eval::failure::{
    Adjusted, CaseNote, Class, Diagnosis, FailureConfig, FailureReport, Grouping, Profile, QuerySet, Ranked,
    adjusted, cases_csv, groupings,
};
use crate::eval::page::{Model, Page, Source};
use crate::eval::what_if::{Candidates, WhatIf, what_if};
use crate::job::JobCtx;
use crate::nn::sha256_of;
use crate::project::annotations::SYNTHETIC_NOTE;
use crate::project::{AnnotationFile, Judgement, Project, QueryKey, Verdict, file, write_whole};

#[derive(Debug, Args)]
pub struct AnalyzeArgs {
    /// Ego4D NLQ JSON, or GroundNLQ or QVHighlights lines, with times
    #[arg(long, value_name = "FILE")]
    annotations: PathBuf,
    /// Prediction files; two and more are compared with the first
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    predictions: Vec<PathBuf>,
    /// All candidates before Soft-NMS as prediction files, in the order of --predictions: they tell
    /// what was suppressed from what was never proposed
    #[arg(long, value_name = "FILE", num_args = 1..)]
    raw: Vec<PathBuf>,
    /// The training split's annotations, for the profile by object frequency
    #[arg(long, value_name = "FILE")]
    train: Option<PathBuf>,
    /// A project: its tags and verdicts go into the table, and a score with them stands beside the
    /// official one
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
    /// A window is right when its IoU is above this
    #[arg(long, value_name = "IOU")]
    theta: Option<f64>,
    /// Thresholds of the definitions as JSON: the `config` of an earlier --json, or part of it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What if: Soft-NMS with this sigma over the raw candidates, else over the stored windows
    #[arg(long, value_name = "SIGMA")]
    sigma: Option<f32>,
    /// What if: windows below this score are dropped
    #[arg(long, value_name = "SCORE")]
    min_score: Option<f32>,
    /// What if: windows kept of each query
    #[arg(long, value_name = "N")]
    keep: Option<usize>,
    /// What if: seconds added to every window
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    offset: Option<f64>,
    /// One row a query; with several prediction files `-2`, `-3` is added to the name
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Everything as one page: HTML that needs nothing else, or Markdown where the name ends in .md
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// JSON instead of tables
    #[arg(long)]
    json: bool,
}

pub fn run(args: &AnalyzeArgs) -> Result<Ending> {
    anyhow::ensure!(
        args.raw.is_empty() || args.raw.len() == args.predictions.len(),
        "--raw takes one file for each of the {} prediction files, found {}",
        args.predictions.len(),
        args.raw.len()
    );
    let config = config_of(args)?;
    let annotations = AnnotationFile::load(&args.annotations)?;
    let set = QuerySet::new(&annotations, &config);
    anyhow::ensure!(
        !set.is_empty(),
        "no query has a true moment, so nothing can be analyzed; give the annotations of a split with times: {}",
        args.annotations.display()
    );
    let train = args.train.as_deref().map(AnnotationFile::load).transpose()?;
    let train = train.map(|train| QuerySet::new(&train, &config));
    let groups = groupings(&set, train.as_ref());
    let models: Vec<Diagnosis> = (0..args.predictions.len())
        .into_par_iter()
        .map(|i| diagnose(args, i, &set, &config))
        .collect::<Result<_>>()?;
    let reports: Vec<FailureReport> = models
        .par_iter()
        .map(|model| {
            let mut report = model.report(&set, &groups);
            report.confusion.chance = Some(model.chance_of_confusion(&set, &JobCtx::detached())?);
            Ok(report)
        })
        .collect::<Result<_>>()?;
    let comparisons: Vec<Comparison> = models.iter().skip(1).map(|b| compare(&set, &models[0], b)).collect();
    let project = args.project.as_deref().map(file::load).transpose()?;
    let with_verdicts: Vec<Adjusted> = match &project {
        Some(project) => {
            let verdict = |key: &QueryKey| notes_on(project, key).iter().find_map(|j| j.verdict);
            models.iter().map(|model| adjusted(&set, model, verdict)).collect()
        }
        None => Vec::new(),
    };
    if let Some(path) = &args.csv {
        write_tables(args, path, &set, &models, project.as_ref())?;
    }
    if let Some(path) = &args.report {
        write_page(args, path, &set, &models, &reports, &comparisons)?;
    }
    if args.json {
        out::json(&json!({
            "annotations": args.annotations,
            "synthetic": set.is_synthetic,
            "models": reports,
            "comparisons": comparisons,
            "with_verdicts": with_verdicts,
        }))?;
    } else {
        reports.iter().for_each(|report| print_report(report, &set, &groups));
        comparisons.iter().for_each(print_comparison);
        for (report, a) in reports.iter().zip(&with_verdicts) {
            out::line(format_args!(
                "{} with verdicts: R1 {}  R{} {} over {} queries, {} left out as wrong truths, {} answers accepted",
                report.model,
                percent(a.r1),
                report.config.top_k,
                percent(a.r_k),
                a.queries,
                a.removed,
                a.accepted
            ));
        }
    }
    let is_whole = reports.iter().all(|r| r.header.missing == 0);
    Ok(if is_whole { Ending::Fine } else { Ending::Absent })
}

fn config_of(args: &AnalyzeArgs) -> Result<FailureConfig> {
    let mut config = match &args.config {
        Some(path) => {
            let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            serde_json::from_slice(&text)
                .with_context(|| format!("these are no thresholds of the analysis: {}", path.display()))?
        }
        None => FailureConfig::default(),
    };
    config.theta = args.theta.unwrap_or(config.theta);
    if let Some(fault) = config.fault() {
        anyhow::bail!("{fault}");
    }
    Ok(config)
}

fn settings(args: &AnalyzeArgs) -> WhatIf {
    WhatIf {
        sigma: args.sigma,
        min_score: args.min_score.unwrap_or(0.0),
        keep: args.keep,
        offset_secs: args.offset.unwrap_or(0.0),
        oracles: Vec::new(),
    }
}

fn diagnose(args: &AnalyzeArgs, i: usize, set: &QuerySet, config: &FailureConfig) -> Result<Diagnosis> {
    let path = &args.predictions[i];
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let of_file = || format!("cannot analyze {}", path.display());
    let file = PredictionFile::load(path)?;
    let mut ranked = Ranked::new(name, set, &file.predictions, config.kept).with_context(of_file)?;
    let raw = args.raw.get(i).map(|path| PredictionFile::load(path)).transpose()?;
    if let Some(raw) = &raw {
        ranked = ranked.with_raw(set, &raw.predictions).with_context(of_file)?;
    }
    let settings = settings(args);
    if settings == WhatIf::default() {
        return Ok(Diagnosis::new(set, ranked, config.clone()));
    }
    let candidates = match &raw {
        Some(raw) => Candidates::new(set, &raw.predictions, true).with_context(of_file)?,
        None => Candidates::new(set, &file.predictions, false).with_context(of_file)?,
    };
    if settings.sigma.is_some() && !candidates.is_raw {
        out::warning(format_args!(
            "the scores in {} have been through NMS already, so another sigma is an approximation; give the candidates with --raw",
            path.display()
        ));
    }
    let mut changed = what_if(set, &candidates, &settings, config);
    let windows = Arc::make_mut(&mut changed.ranked);
    windows.name = format!("{} (what if)", ranked.name);
    windows.raw_best = ranked.raw_best;
    changed.reclassify(set, config.clone());
    Ok(changed)
}

/// What everybody has said of a case; the project's own author first.
fn notes_on<'a>(project: &'a Project, key: &QueryKey) -> Vec<&'a Judgement> {
    let mut found: Vec<&Judgement> = project.judgements.iter().filter(|j| j.case == *key).collect();
    found.sort_by_key(|j| j.author != project.author);
    found
}

fn note_of(project: Option<&Project>, key: &QueryKey) -> CaseNote {
    let said = project.map(|p| notes_on(p, key)).unwrap_or_default();
    let mut tags: Vec<String> = said.iter().flat_map(|j| j.tags.iter().cloned()).collect();
    tags.sort_unstable();
    tags.dedup();
    let verdict = said.iter().find_map(|j| j.verdict).map_or("", Verdict::name).to_owned();
    CaseNote { tags, verdict }
}

fn write_tables(
    args: &AnalyzeArgs,
    path: &Path,
    set: &QuerySet,
    models: &[Diagnosis],
    project: Option<&Project>,
) -> Result<()> {
    let annotations = sha256_of(&args.annotations)?;
    for (i, model) in models.iter().enumerate() {
        let path = if i == 0 { path.to_path_buf() } else { numbered(path, i + 1) };
        let predictions = sha256_of(&args.predictions[i])?;
        let text = cases_csv(set, model, |key| note_of(project, key), [&annotations, &predictions])?;
        write_whole(&path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn write_page(
    args: &AnalyzeArgs,
    path: &Path,
    set: &QuerySet,
    models: &[Diagnosis],
    reports: &[FailureReport],
    comparisons: &[Comparison],
) -> Result<()> {
    let source =
        |path: &Path| -> Result<Source> { Ok(Source { path: path.to_path_buf(), sha256: sha256_of(path)? }) };
    let model = |(i, ((diagnosis, report), path)): (usize, ((_, _), &PathBuf))| {
        Ok(Model { diagnosis, report, predictions: source(path)?, raw: args.raw.get(i).cloned() })
    };
    let page = Page {
        set,
        annotations: source(&args.annotations)?,
        train: args.train.clone(),
        models: models
            .iter()
            .zip(reports)
            .zip(&args.predictions)
            .enumerate()
            .map(model)
            .collect::<Result<_>>()?,
        comparisons: comparisons.iter().collect(),
        what_if: &settings(args),
    };
    let is_markdown = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("md"));
    let text = if is_markdown { page.markdown() } else { page.html() };
    write_whole(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

/// `cases.csv` → `cases-2.csv`
fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|e| format!(".{}", e.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{number}{extension}"))
}

fn percent(share: f64) -> String {
    format!("{:.2}", share * 100.0)
}

fn print_report(report: &FailureReport, set: &QuerySet, groups: &[Grouping]) {
    let FailureReport { header, config, .. } = report;
    out::line(&report.model);
    if set.is_synthetic {
        out::line(SYNTHETIC_NOTE);
    }
    out::line(format_args!(
        "{} queries, {} without a prediction, {} with an unusable truth",
        header.queries, header.missing, header.invalid
    ));
    let k = config.top_k;
    out::line(format_args!(
        "R1@{t} {}  R{k}@{t} {}  mIoU {}  over every query; officially R1 {}  R{k} {}",
        percent(header.r1),
        percent(header.r_k),
        percent(header.mean_iou),
        percent(header.official_r1),
        percent(header.official_r_k),
        t = config.theta,
    ));
    print_classes(report);
    let rows: Vec<Vec<String>> = report
        .recoveries
        .iter()
        .filter(|c| c.count > 0)
        .map(|c| vec![c.what.name().to_owned(), c.count.to_string(), percent(c.share)])
        .collect();
    print_table("Where the right moment was", &["recoverability", "queries", "percent"], &rows);
    let mut flags: Vec<_> = report.flags.iter().filter(|c| c.count > 0).collect();
    flags.sort_by_key(|c| std::cmp::Reverse(c.count));
    let rows: Vec<Vec<String>> =
        flags.iter().map(|c| vec![c.what.name().to_owned(), c.count.to_string(), percent(c.share)]).collect();
    print_table("Flags", &["flag", "queries", "percent"], &rows);
    let rows: Vec<Vec<String>> = report
        .impacts
        .alone
        .iter()
        .map(|i| {
            let (r1, iou) = (percent(i.r1_gain), percent(i.mean_iou_gain));
            vec![i.oracle.name().to_owned(), i.cases.to_string(), r1, iou]
        })
        .collect();
    print_table("What a repair would add", &["repair", "cases", "R1", "mIoU"], &rows);
    for (profile, _) in report
        .profiles
        .iter()
        .zip(groups)
        .filter(|(p, _)| matches!(p.characteristic.as_str(), "template" | "length"))
    {
        print_profile(profile);
    }
    for (key, reason) in &report.invalid {
        let text = set.place_of(key).map_or("", |place| set.queries[place].text.as_str());
        tracing::debug!("{key}: {reason}: {text}");
    }
    out::line("");
}

fn print_classes(report: &FailureReport) {
    let mut rows = Vec::new();
    for class in &report.classes {
        let name = format!("{} {}", class.what.number(), class.what.name());
        rows.push(vec![name, class.count.to_string(), percent(class.share)]);
        if class.what == Class::Boundary {
            let kinds = report.boundaries.iter().filter(|k| k.count > 0);
            rows.extend(
                kinds.map(|k| vec![format!("    {}", k.what.name()), k.count.to_string(), percent(k.share)]),
            );
        }
        if let (Class::QueryConfusion, Some(chance)) = (class.what, report.confusion.chance) {
            rows.push(vec!["    by chance".to_owned(), String::new(), percent(chance)]);
        }
    }
    print_table("Why", &["class", "queries", "percent"], &rows);
}

fn print_profile(profile: &Profile) {
    let rows: Vec<Vec<String>> = profile
        .groups
        .iter()
        .filter(|g| g.n > 0)
        .map(|g| {
            let interval = format!("{}-{}", percent(g.r1_interval.low), percent(g.r1_interval.high));
            let note = if g.is_small { "too few to compare" } else { "" };
            let cells =
                [g.label.clone(), g.n.to_string(), percent(g.r1), interval, percent(g.miss), note.to_owned()];
            cells.to_vec()
        })
        .collect();
    let title = format!("By {}", profile.characteristic);
    print_table(&title, &[&profile.characteristic, "queries", "R1", "95 %", "missed", ""], &rows);
    if let Some(ratio) = profile.sensitivity {
        out::line(format_args!("highest by lowest: {ratio:.2}"));
    }
}

fn print_table(title: &str, header: &[&str], rows: &[Vec<String>]) {
    out::line(format_args!("\n{title}"));
    out::table(header, rows);
}

fn print_comparison(c: &Comparison) {
    out::line(format_args!("{} against {}", c.b, c.a));
    let rows: Vec<Vec<String>> =
        c.flip_rows().into_iter().map(|(name, count)| vec![name, count.to_string()]).collect();
    out::table(&["right at θ", "queries"], &rows);
    out::line(format_args!("McNemar's exact p {:.2e}", c.mcnemar_p));
    for (name, gain, interval) in
        [("R1", c.r1_gain, c.r1_interval), ("mIoU", c.mean_iou_gain, c.mean_iou_interval)]
    {
        out::line(format_args!(
            "{name} {:+.2} points, 95 % {:+.2} to {:+.2}",
            gain * 100.0,
            interval.low * 100.0,
            interval.high * 100.0
        ));
    }
    out::line(format_args!(
        "choosing the better answer each time: R1 {}  mIoU {}",
        percent(c.oracle_r1),
        percent(c.oracle_mean_iou)
    ));
    out::line(format_args!("{} queries with the same wrong answer from both", c.agree_but_wrong.len()));
    let header: Vec<String> =
        ["from / to".to_owned()].into_iter().chain((0..9).map(|i| i.to_string())).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = Class::ALL
        .iter()
        .map(|class| {
            let cells = c.transitions[class.number()].iter().map(usize::to_string);
            [format!("{} {}", class.number(), class.name())].into_iter().chain(cells).collect()
        })
        .collect();
    print_table("How classes change", &header, &rows);
    out::line("");
}
