//! `gazenlq data`: what is in annotation files, and what is odd.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};

use super::{Ending, out};
use crate::project::annotations::{LintReport, groundnlq_line, lint, narration_lines};
use crate::project::{AnnotationFile, write_whole};

#[derive(Debug, Args)]
pub struct DataArgs {
    #[command(subcommand)]
    command: DataCommand,
}

#[derive(Debug, Subcommand)]
enum DataCommand {
    /// Count what is odd in an annotation file
    Lint {
        file: PathBuf,
        /// Every kind with its first 20 places, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write annotations as GroundNLQ's lines
    Convert {
        file: PathBuf,
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Write EgoClip's narrations as lines to pretrain on
    Narrations {
        /// EgoClip's `egoclip.csv`
        egoclip: PathBuf,
        /// Annotations whose clips the narrations are cut to; may be given more than once
        #[arg(long, value_name = "FILE", required = true)]
        annotations: Vec<PathBuf>,
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

pub fn run(args: &DataArgs) -> Result<Ending> {
    match &args.command {
        DataCommand::Lint { file, json } => {
            let report = lint(file)?;
            if *json {
                out::json(&report)?
            } else {
                print(&report)
            }
            Ok(Ending::Fine)
        }
        DataCommand::Convert { file, output } => convert(file, output),
        DataCommand::Narrations { egoclip, annotations, output } => narrations(egoclip, annotations, output),
    }
}

fn print(report: &LintReport) {
    out::line(format_args!(
        "{}: {} videos, {} clips, {} annotations, {} queries listed, {} usable, {} with times, {} answers",
        report.layout,
        report.videos,
        report.clips,
        report.annotations,
        report.queries_listed,
        report.queries_usable,
        report.queries_with_times,
        report.answers
    ));
    let rows: Vec<Vec<String>> = report
        .findings
        .iter()
        .map(|(oddity, found)| {
            let first = found.places.first().cloned().unwrap_or_default();
            vec![found.count.to_string(), oddity.meaning().to_owned(), first]
        })
        .collect();
    if rows.is_empty() {
        out::line("nothing odd");
    } else {
        out::table(&["count", "what", "first"], &rows);
    }
    for key in &report.unusable {
        out::line(format_args!("cannot be asked: {key}"));
    }
}

fn convert(file: &Path, output: &Path) -> Result<Ending> {
    let annotations = AnnotationFile::load(file)?;
    let mut text = String::new();
    for (clip, query) in annotations.queries() {
        let mut line = groundnlq_line(clip, query)
            .with_context(|| format!("clip {} has no length: {}", clip.clip_uid, file.display()))?;
        if annotations.is_synthetic {
            line["synthetic"] = true.into();
        }
        text += &format!("{line}\n");
    }
    write_whole(output, text.as_bytes()).with_context(|| format!("cannot write {}", output.display()))?;
    let unasked: usize = annotations.clips.iter().map(|c| c.unasked.len()).sum();
    if unasked > 0 {
        out::warning(format_args!("{unasked} entries without words were left out, as the reference does"));
    }
    out::line(format_args!("{} queries", annotations.queries().count()));
    Ok(Ending::Fine)
}

fn narrations(egoclip: &Path, annotations: &[PathBuf], output: &Path) -> Result<Ending> {
    let mut all = AnnotationFile::default();
    for file in annotations {
        all.clips.extend(AnnotationFile::load(file)?.clips);
    }
    let bytes = std::fs::read(egoclip).with_context(|| format!("cannot read {}", egoclip.display()))?;
    let (lines, counts) =
        narration_lines(&bytes, &all).map_err(|what| anyhow::anyhow!("{what}: {}", egoclip.display()))?;
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    write_whole(output, text.as_bytes()).with_context(|| format!("cannot write {}", output.display()))?;
    out::line(format_args!(
        "{} lines of {} rows; {} are of videos without a clip, {} lie in no clip, {} cannot be read",
        counts.written, counts.rows, counts.other_videos, counts.outside, counts.unreadable
    ));
    Ok(if counts.written > 0 { Ending::Fine } else { Ending::Absent })
}
