//! `gazenlq query CLIP "TEXT"`: ranked moments, without a window.

use anyhow::Result;
use clap::Args;

use super::{ClipArgs, Ending, GazeModeArg, out};
use crate::export::table::{AnswerRow, answer_object};
use crate::grounding::GazeMode;
use crate::pipeline;

#[derive(Debug, Args)]
pub struct QueryArgs {
    #[command(flatten)]
    clip: ClipArgs,
    /// The question, in plain English; may be given more than once
    #[arg(required = true)]
    text: Vec<String>,
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
    let opened = args.clip.open(&ctx)?;
    let mode = GazeMode::from(args.gaze_mode);
    if mode == GazeMode::Recorded && opened.companions.gaze.is_none() {
        anyhow::bail!(
            "gaze mode `recorded` needs a gaze recording of {}: name it with --with FILE",
            args.clip.clip.display()
        );
    }
    let pipeline = pipeline::load_for(&opened.info.path, &ctx)?;
    anyhow::ensure!(
        pipeline.modes().contains(&mode),
        "{} has no gaze mode `{}`: it takes the gaze that it predicts",
        pipeline.label(),
        mode.name()
    );
    let features = pipeline::features_for(&opened.info, &opened.table);
    pipeline.extract(&opened.info.path, &features, args.feature_fps, &ctx)?;
    out::end_progress();

    let mut has_moments = true;
    for text in &args.text {
        let gaze = opened.companions.gaze.as_ref();
        let answer = pipeline.localize(&features, text, mode, gaze, args.top)?;
        has_moments &= !answer.moments.is_empty();
        let unknown = answer.unknown_words();
        if !unknown.is_empty() {
            out::warning(format_args!("not understood in \"{text}\": {}", unknown.join(", ")));
        }
        let row = AnswerRow { query: text, gaze_mode: mode, answer: &answer, truth: None };
        if args.json {
            out::json(&answer_object(&opened.info, &opened.table, &row))?;
        } else {
            print_table(text, &row);
        }
    }
    Ok(if has_moments { Ending::Fine } else { Ending::Absent })
}

fn print_table(text: &str, row: &AnswerRow<'_>) {
    let answer = row.answer;
    out::line(format_args!(
        "{text}   [{}; question by {}; gaze: {}]",
        answer.pipeline, answer.query_basis, answer.gaze_basis
    ));
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
