//! `gazenlq submit` and `gazenlq ensemble`: prediction files → one file for the challenge.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Ending, out};
use crate::eval::ensemble::{EnsembleConfig, KEPT, ScoreRule, ensemble};
use crate::eval::predictions::{highlights_lines, our_header, our_line, submission};
use crate::eval::submission::check;
use crate::eval::{Prediction, PredictionFile, Provenance};
use crate::project::{AnnotationFile, write_whole};

#[derive(Debug, Args)]
pub struct SubmitArgs {
    /// Prediction files; the shards of one run together
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    predictions: Vec<PathBuf>,
    /// The annotations of the split that is submitted, to check against
    #[arg(long, value_name = "FILE")]
    annotations: PathBuf,
    /// Where to write the submission; without it the files are only checked
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[arg(long, value_enum, default_value = "ego4d")]
    format: SubmitFormat,
    /// Windows of each query
    #[arg(long, default_value_t = 5)]
    top: usize,
    /// Write scores too
    #[arg(long)]
    keep_scores: bool,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SubmitFormat {
    /// The Ego4D challenge's JSON
    Ego4d,
    /// QVHighlights lines
    Qvhighlights,
}

pub fn submit(args: &SubmitArgs) -> Result<Ending> {
    let annotations = AnnotationFile::load(&args.annotations)?;
    let mut predictions = Vec::new();
    for path in &args.predictions {
        predictions.extend(PredictionFile::load(path)?.predictions);
    }
    predictions.iter_mut().for_each(|p| p.windows.truncate(args.top));
    let checked = check(&annotations, &predictions);
    if args.json {
        out::json(
            &json!({ "is_valid": !checked.has_errors() && checked.missing.is_empty(), "checked": checked }),
        )?;
    } else {
        out::line(format_args!(
            "{} predictions for {} queries, {} missing",
            checked.predicted,
            checked.queries,
            checked.missing.len()
        ));
    }
    for (fault, key) in &checked.faults {
        out::warning(format_args!("{key}: {}", fault.meaning()));
    }
    if let Some((fault, key)) = checked.faults.iter().find(|(fault, _)| fault.is_error()) {
        anyhow::bail!("this is no valid submission, and nothing was written: {key} is {}", fault.meaning());
    }
    if let Some(path) = &args.output {
        let text = match args.format {
            SubmitFormat::Ego4d => submission(&predictions, args.top, args.keep_scores).to_string(),
            SubmitFormat::Qvhighlights => highlights_lines(&predictions, args.top),
        };
        save(path, &text)?;
    }
    if let Some(first) = checked.missing.first() {
        out::warning(format_args!(
            "{} queries have no prediction, the first is {first}",
            checked.missing.len()
        ));
        return Ok(Ending::Absent);
    }
    Ok(Ending::Fine)
}

#[derive(Debug, Args)]
pub struct EnsembleArgs {
    /// One prediction file a model; of equal windows the last file's count
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    predictions: Vec<PathBuf>,
    /// Where to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// What a window that several models agree on is ranked by
    #[arg(long, value_enum, default_value = "reference")]
    score_rule: ScoreRuleArg,
    /// A factor on each model's scores
    #[arg(long, value_delimiter = ',', value_name = "W,..")]
    weights: Vec<f64>,
    /// Write our own lines with scores instead of a submission without
    #[arg(long)]
    keep_scores: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ScoreRuleArg {
    /// The mean of the best and the middle score, as GroundNLQ has it
    Reference,
    /// The sum of the scores, so that agreement counts
    ClusterSum,
}

pub fn run_ensemble(args: &EnsembleArgs) -> Result<Ending> {
    let mut models = Vec::new();
    for path in &args.predictions {
        let file = PredictionFile::load(path)?;
        if !file.has_scores() {
            out::warning(format_args!(
                "no scores in {}: 0.5, 0.35, 0.245, … stand in, by rank",
                path.display()
            ));
        }
        models.push(file.predictions);
    }
    let rule = match args.score_rule {
        ScoreRuleArg::Reference => ScoreRule::Reference,
        ScoreRuleArg::ClusterSum => ScoreRule::ClusterSum,
    };
    let config = EnsembleConfig { rule, weights: args.weights.clone() };
    let (merged, empty) = ensemble(&models, &config)?;
    let predictions: Vec<Prediction> = merged.into_iter().map(|e| e.prediction).collect();
    let text = if args.keep_scores {
        let provenance = Provenance {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: "ensemble".to_owned(),
            settings: json!({ "ensemble": config.settings(), "files": args.predictions }),
            ..Provenance::default()
        };
        let lines = predictions.iter().map(|p| format!("{}\n", our_line(p)));
        std::iter::once(format!("{}\n", our_header(&provenance))).chain(lines).collect()
    } else {
        submission(&predictions, KEPT, false).to_string()
    };
    save(&args.output, &text)?;
    out::line(format_args!("{} queries from {} files", predictions.len(), models.len()));
    if let Some(first) = empty.first() {
        out::warning(format_args!(
            "{} queries have no window in any file, the first is {first}",
            empty.len()
        ));
        return Ok(Ending::Absent);
    }
    Ok(Ending::Fine)
}

fn save(path: &Path, text: &str) -> Result<()> {
    write_whole(path, text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}
