//! `gazenlq data`: what is in annotation files, and what is odd.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};

use super::{Ending, out};
use crate::project::annotations::{LintReport, groundnlq_line, lint};
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
        #[arg(long, value_name = "FILE")]
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

fn convert(file: &std::path::Path, output: &std::path::Path) -> Result<Ending> {
    let annotations = AnnotationFile::load(file)?;
    let mut text = String::new();
    for (clip, query) in annotations.queries() {
        let line = groundnlq_line(clip, query)
            .with_context(|| format!("clip {} has no length: {}", clip.clip_uid, file.display()))?;
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
