//! `gazenlq query CLIP "TEXT"`: ranked moments, without a window.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{Ending, GazeModeArg, out};
use crate::export::table::{AnswerRow, answer_object};
use crate::grounding::{GazeMode, Localizer as _};
use crate::pipeline::LightPipeline;
use crate::session;

#[derive(Debug, Args)]
pub struct QueryArgs {
    /// The clip; files beside it (gaze) may follow with --with
    clip: PathBuf,
    /// The question, in plain English; may be given more than once
    #[arg(required = true)]
    text: Vec<String>,
    /// Gaze recording or annotation file that belongs to the clip
    #[arg(long = "with", value_name = "FILE")]
    companions: Vec<PathBuf>,
    /// Which gaze the answer uses
    #[arg(long, value_enum, default_value = "off")]
    gaze_mode: GazeModeArg,
    /// Pictures looked at in each second of the clip
    #[arg(long, default_value_t = 1.0, value_name = "FPS")]
    feature_fps: f32,
    /// How many moments to return
    #[arg(long, default_value_t = 5)]
    top: usize,
    /// One JSON object a question instead of a table
    #[arg(long)]
    json: bool,
}

pub fn run(args: &QueryArgs) -> Result<Ending> {
    let ctx = out::progress_ctx();
    let mut paths = vec![args.clip.clone()];
    paths.extend(args.companions.iter().cloned());
    let opened = session::open_clip(&paths, &ctx)?;
    for warning in &opened.companions.warnings {
        out::warning(warning);
    }
    let mode = GazeMode::from(args.gaze_mode);
    if mode == GazeMode::Recorded && opened.companions.gaze.is_none() {
        anyhow::bail!(
            "gaze mode `recorded` needs a gaze recording of {}: name it with --with FILE",
            args.clip.display()
        );
    }
    let pipeline = LightPipeline::load_default(&ctx)?;
    let features = LightPipeline::features_for(&opened.info, &opened.table);
    pipeline.extract(&opened.info.path, &features, args.feature_fps, &ctx)?;
    out::end_progress();

    let mut has_moments = true;
    for text in &args.text {
        let gaze = opened.companions.gaze.as_ref();
        let answer = pipeline.localize(&features, text, mode, gaze, args.top)?;
        has_moments &= !answer.moments.is_empty();
        let row = AnswerRow { query: text, gaze_mode: mode, answer: &answer, truth: None };
        if args.json {
            out::json(&answer_object(&opened.info, &row))?;
        } else {
            print_table(text, &row);
        }
    }
    Ok(if has_moments { Ending::Fine } else { Ending::Absent })
}

fn print_table(text: &str, row: &AnswerRow<'_>) {
    out::line(format_args!("{text}   [{}, gaze {}]", row.answer.pipeline, row.gaze_mode.name()));
    let rows: Vec<Vec<String>> = row
        .answer
        .moments
        .iter()
        .enumerate()
        .map(|(i, m)| {
            vec![
                (i + 1).to_string(),
                m.range.start().to_string(),
                m.range.end().to_string(),
                format!("{:.3}", m.score),
            ]
        })
        .collect();
    if rows.is_empty() {
        out::line("no moment stands out");
    } else {
        out::table(&["rank", "start", "end", "score"], &rows);
    }
}
