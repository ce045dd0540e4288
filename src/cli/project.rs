//! `gazenlq project`: people's project files without the window: show, merge, compare, export and
//! import annotations.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{Ending, out};
use crate::project::exchange::{self, ExchangeFormat};
use crate::project::media::{MediaState, fingerprint, relink, state_of};
use crate::project::{
    AnnotatedClip, Edit, Id, Project, Source, SourceKind, agreement, file, journal_path, merge,
};

#[derive(Debug, Args)]
pub struct ProjectArgs {
    #[command(subcommand)]
    command: ProjectCommand,
}

#[derive(Debug, Subcommand)]
enum ProjectCommand {
    /// What is in a project file, and whether its media are where it says
    Show {
        project: PathBuf,
        /// JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// Two people's projects into one; what both have changed differently is listed
    Merge {
        first: PathBuf,
        second: PathBuf,
        /// What both started from: tells a change from what was there before, and what was deleted
        #[arg(long, value_name = "FILE")]
        base: Option<PathBuf>,
        #[arg(short, long, alias = "out", value_name = "FILE")]
        output: PathBuf,
        /// JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// How far two people agree: overlap and edges of moments, kappa of verdicts
    Agree {
        first: PathBuf,
        second: PathBuf,
        /// JSON instead of text
        #[arg(long)]
        json: bool,
    },
    /// Put a moved file, and others that moved with it, to their new place
    Relink {
        project: PathBuf,
        /// The source, as `show` lists it
        #[arg(long, value_name = "ID")]
        source: Id,
        /// Where the file is now
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// A project's questions and moments, or any annotation file's, as another program reads them
    Export {
        /// A project, Ego4D JSON, QVHighlights lines, CSV, ELAN or WebVTT
        input: PathBuf,
        #[arg(long, value_enum)]
        format: FormatArg,
        /// A file; for ELAN and WebVTT of several clips a folder
        #[arg(short, long, alias = "out", value_name = "PATH")]
        output: PathBuf,
        /// Only this clip
        #[arg(long, value_name = "UID")]
        clip: Option<String>,
    },
    /// Annotation files into a project, which is made if it is not there
    Import {
        #[arg(required = true)]
        inputs: Vec<PathBuf>,
        #[arg(long, value_name = "FILE")]
        project: PathBuf,
        /// Who the questions are by; the project's own author without
        #[arg(long, value_name = "NAME")]
        author: Option<String>,
        /// Whose the questions are where the file does not say: a clip's uid instead of the file's name
        #[arg(long, value_name = "UID")]
        clip: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    Ego4d,
    Qvhighlights,
    Csv,
    Elan,
    Webvtt,
}

impl From<FormatArg> for ExchangeFormat {
    fn from(format: FormatArg) -> Self {
        match format {
            FormatArg::Ego4d => Self::Ego4d,
            FormatArg::Qvhighlights => Self::QvHighlights,
            FormatArg::Csv => Self::Csv,
            FormatArg::Elan => Self::Elan,
            FormatArg::Webvtt => Self::WebVtt,
        }
    }
}

pub fn run(args: &ProjectArgs) -> Result<Ending> {
    match &args.command {
        ProjectCommand::Show { project, json } => show(project, *json),
        ProjectCommand::Merge { first, second, base, output, json } => {
            run_merge(first, second, base.as_deref(), output, *json)
        }
        ProjectCommand::Agree { first, second, json } => agree(first, second, *json),
        ProjectCommand::Relink { project, source, to } => run_relink(project, *source, to),
        ProjectCommand::Export { input, format, output, clip } => {
            export(input, (*format).into(), output, clip.as_deref())
        }
        ProjectCommand::Import { inputs, project, author, clip } => {
            import(inputs, project, author.as_deref(), clip.as_deref())
        }
    }
}

/// A project for writing: not while the window has unsaved work on it.
fn load_for_change(path: &Path) -> Result<Project> {
    let journal = journal_path(path);
    anyhow::ensure!(
        !journal.exists(),
        "the project is open, or has work that was never saved; open it in the window, save and close it first: {}",
        journal.display()
    );
    Ok(file::load(path)?)
}

fn show(path: &Path, as_json: bool) -> Result<Ending> {
    let project = file::load(path)?;
    let states: Vec<_> = project.sources.iter().map(|source| (source, state_of(source))).collect();
    let word = |state: &MediaState| match state {
        MediaState::Here => "here",
        MediaState::Changed => "another file is there",
        MediaState::Absent => "not found",
    };
    let moments: usize = project.queries.iter().map(|q| q.moments.len()).sum();
    let is_unsaved = journal_path(path).exists();
    if as_json {
        let sources: Vec<_> = states
            .iter()
            .map(|(s, state)| json!({ "id": s.id, "kind": s.kind, "path": s.path, "state": word(state) }))
            .collect();
        out::json(&json!({
            "author": project.author,
            "queries": project.queries.len(),
            "moments": moments,
            "judgements": project.judgements.len(),
            "gaze_fixes": project.gaze_fixes.len(),
            "markers": project.markers.len(),
            "sources": sources,
            "unsaved": is_unsaved,
        }))?;
    } else {
        out::line(format_args!(
            "{} queries with {moments} moments, {} judgements, {} gaze corrections, {} markers",
            project.queries.len(),
            project.judgements.len(),
            project.gaze_fixes.len(),
            project.markers.len()
        ));
        let rows: Vec<Vec<String>> = states
            .iter()
            .map(|(s, state)| {
                vec![
                    s.id.to_string(),
                    s.kind.name().to_owned(),
                    word(state).to_owned(),
                    s.path.display().to_string(),
                ]
            })
            .collect();
        if !rows.is_empty() {
            out::table(&["source", "kind", "state", "path"], &rows);
        }
        if is_unsaved {
            out::line("There is work beside it that was not saved: open it in the window to recover it.");
        }
    }
    let is_whole = states.iter().all(|(_, state)| *state == MediaState::Here);
    Ok(if is_whole { Ending::Fine } else { Ending::Absent })
}

fn run_merge(first: &Path, second: &Path, base: Option<&Path>, to: &Path, as_json: bool) -> Result<Ending> {
    let (a, b) = (file::load(first)?, file::load(second)?);
    let base = base.map(file::load).transpose()?;
    let (merged, conflicts) = merge(base.as_ref(), &a, &b);
    file::save(&merged, to)?;
    if as_json {
        out::json(&json!({ "conflicts": conflicts, "queries": merged.queries.len() }))?;
    } else {
        for conflict in &conflicts {
            let kept = if conflict.kept_second { "second" } else { "first" };
            out::line(format_args!(
                "{}: {} | {} (the {kept} is kept)",
                conflict.what,
                or_deleted(&conflict.first),
                or_deleted(&conflict.second)
            ));
        }
        out::line(format_args!("{} conflicts, merged into {}", conflicts.len(), to.display()));
    }
    Ok(if conflicts.is_empty() { Ending::Fine } else { Ending::Absent })
}

fn or_deleted(text: &str) -> &str {
    if text.is_empty() { "deleted" } else { text }
}

fn agree(first: &Path, second: &Path, as_json: bool) -> Result<Ending> {
    let found = agreement(&file::load(first)?, &file::load(second)?);
    if as_json {
        out::json(&found)?;
    } else {
        let (m, v) = (&found.moments, &found.verdicts);
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.3}"));
        for (name, value) in [
            ("questions that both have", m.queries.to_string()),
            ("questions that one has", (m.only_first + m.only_second).to_string()),
            ("moments that overlap", m.pairs.to_string()),
            ("moments that one has", m.unmatched.to_string()),
            ("mean IoU", number(m.mean_iou)),
            ("share with IoU above 0.5", number(m.share_above_half)),
            ("start, second less first, s", number(m.median_start_delta)),
            ("end, second less first, s", number(m.median_end_delta)),
            ("start, distance, s", number(m.median_start_distance)),
            ("end, distance, s", number(m.median_end_distance)),
            ("cases that both have judged", v.cases.to_string()),
            ("same verdict", v.agreed.to_string()),
            ("Cohen's kappa", number(v.kappa)),
        ] {
            out::line(format_args!("{name:<30} {value}"));
        }
    }
    let is_comparable = found.moments.queries + found.verdicts.cases > 0;
    Ok(if is_comparable { Ending::Fine } else { Ending::Absent })
}

fn run_relink(path: &Path, source: Id, to: &Path) -> Result<Ending> {
    let mut project = load_for_change(path)?;
    let edits = relink(&project, source, to)?;
    for edit in &edits {
        project.apply(edit)?;
    }
    file::save(&project, path)?;
    out::line(format_args!("{} sources found again", edits.len()));
    let is_whole = project.sources.iter().all(|s| state_of(s) == MediaState::Here);
    Ok(if is_whole { Ending::Fine } else { Ending::Absent })
}

/// From a project or from any file that can be imported.
fn clips_in(path: &Path) -> Result<Vec<AnnotatedClip>> {
    match file::load(path) {
        Ok(project) => Ok(exchange::clips_of(&project)),
        Err(file::ProjectFileError::NotProject { .. }) => Ok(exchange::load(path)?),
        Err(error) => Err(error.into()),
    }
}

fn export(input: &Path, format: ExchangeFormat, to: &Path, clip: Option<&str>) -> Result<Ending> {
    let mut clips = clips_in(input)?;
    clips.retain(|c| !c.queries.is_empty() && clip.is_none_or(|uid| c.clip_uid == uid));
    anyhow::ensure!(
        !clips.is_empty(),
        "there is no question{} to export in {}",
        clip.map(|uid| format!(" about clip {uid}")).unwrap_or_default(),
        input.display()
    );
    exchange::save(&clips, format, to)?;
    let moments: usize = clips.iter().flat_map(|c| &c.queries).map(|q| q.windows.len()).sum();
    let queries: usize = clips.iter().map(|c| c.queries.len()).sum();
    out::line(format_args!(
        "{queries} questions with {moments} moments about {} clips, as {}: {}",
        clips.len(),
        format.name(),
        to.display()
    ));
    Ok(Ending::Fine)
}

fn import(inputs: &[PathBuf], path: &Path, author: Option<&str>, clip: Option<&str>) -> Result<Ending> {
    let mut project =
        if path.exists() { load_for_change(path)? } else { Project::new(author.unwrap_or_default()) };
    let author = author.map_or_else(|| project.author.clone(), str::to_owned);
    let (mut queries, mut moments, mut known) = (0, 0, 0);
    for input in inputs {
        let mut clips = exchange::load(input)?;
        if let (Some(uid), [one]) = (clip, clips.as_mut_slice()) {
            uid.clone_into(&mut one.clip_uid);
        }
        let found = exchange::import(&project, &clips, &author);
        for edit in &found.edits {
            project.apply(edit)?;
        }
        queries += found.queries;
        moments += found.moments;
        known += found.known;
        let source = Source {
            id: Id::fresh(),
            kind: SourceKind::Annotations,
            path: std::path::absolute(input)?,
            fingerprint: fingerprint(input)?,
            clip: None,
        };
        let is_new = |s: &Source| s.path != source.path;
        if project.sources.iter().all(is_new) {
            project.apply(&Edit::PutSource(source))?;
        }
    }
    file::save(&project, path)?;
    let rest = if known > 0 { format!("; {known} were there already") } else { String::new() };
    out::line(format_args!("{queries} questions with {moments} moments added to {}{rest}", path.display()));
    Ok(Ending::Fine)
}
