//! `gazenlq gaze FILE`: what is in a gaze recording; `gazenlq gaze compare`: how well a prediction fits it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Ending, out};
use crate::gaze::metrics::Scores;
use crate::gaze::{GazeState, detect_fixations};
use crate::session;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct GazeArgs {
    #[command(subcommand)]
    command: Option<GazeCommand>,
    /// A gaze file or a recording's folder
    file: Option<PathBuf>,
    /// The clip it belongs to: needed by formats in pixels or on the recorder's clock
    #[arg(long)]
    video: Option<PathBuf>,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Also every sample: time_sec, x, y, state (fractions of the picture, origin top-left)
    #[arg(long)]
    samples: bool,
}

#[derive(Debug, Subcommand)]
enum GazeCommand {
    /// Score predicted gaze against recorded gaze, beside a centre Gaussian and the mean map
    Compare(CompareArgs),
}

#[derive(Debug, Args)]
struct CompareArgs {
    /// One map a picture, [pictures, 64, 64] in .npy or .safetensors, or a table of gaze points
    predicted: PathBuf,
    /// A gaze file or a recording's folder
    recorded: PathBuf,
    /// The clip: needed by formats in pixels or on the recorder's clock
    #[arg(long)]
    video: Option<PathBuf>,
    /// Pictures a second where no clip is given
    #[arg(long, default_value_t = 30.0, value_parser = frame_rate)]
    fps: f64,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

fn frame_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(fps) if (0.1..=1000.0).contains(&fps) => Ok(fps),
        _ => Err("expected a number of pictures a second from 0.1 to 1000".into()),
    }
}

pub fn run(args: &GazeArgs) -> Result<Ending> {
    match (&args.command, &args.file) {
        (Some(GazeCommand::Compare(args)), _) => compare(args),
        (None, file) => show(args, file.as_deref().context("name a gaze file or a recording's folder")?),
    }
}

fn compare(args: &CompareArgs) -> Result<Ending> {
    let ctx = out::progress_ctx();
    let video = args.video.as_deref();
    let found = session::compare_gaze(&args.predicted, &args.recorded, video, args.fps, &ctx)?;
    out::end_progress();
    let Some(found) = found else {
        out::warning("no picture has both a prediction and a fixation, so there is nothing to score");
        return Ok(Ending::Absent);
    };
    let columns = [("predicted", &found.predicted), ("centre", &found.centre), ("mean_map", &found.mean_map)];
    if args.json {
        let mut object = json!({ "frames_used": found.frames_used, "frames_given": found.frames_given });
        for (name, scores) in columns {
            object[name] = rows_of(scores).into_iter().collect();
        }
        out::json(&object)?;
    } else {
        let each = columns.map(|(_, scores)| rows_of(scores));
        let text = |value: &Value| value.as_f64().map_or("-".to_owned(), |v| format!("{v:.4}"));
        let rows: Vec<Vec<String>> = (0..each[0].len())
            .map(|i| {
                let cells = each.iter().map(|rows| text(&rows[i].1));
                std::iter::once(each[0][i].0.to_owned()).chain(cells).collect()
            })
            .collect();
        out::table(&["", "predicted", "centre Gaussian", "mean map"], &rows);
        out::line(format_args!("{} of {} pictures with a fixation", found.frames_used, found.frames_given));
    }
    Ok(Ending::Fine)
}

/// Names and values in the order in which they are shown.
fn rows_of(s: &Scores) -> Vec<(&'static str, Value)> {
    vec![
        ("cc", json!(s.correlation)),
        ("sim", json!(s.similarity)),
        ("nss", json!(s.nss)),
        ("auc_judd", json!(s.auc_judd)),
        ("auc_shuffled", json!(s.auc_shuffled)),
        ("kl_truth_to_predicted_nats", json!(s.kl_truth_to_predicted)),
        ("kl_predicted_to_truth_glc", json!(s.kl_predicted_to_truth)),
        ("f1_glc", json!(s.f1.f1)),
        ("recall_glc", json!(s.f1.recall)),
        ("precision_glc", json!(s.f1.precision)),
        ("threshold_glc", json!(s.f1.threshold)),
        ("auc_glc", json!(s.auc_centre_of_mass)),
        ("angular_error_deg", json!(s.angular_error_deg)),
    ]
}

fn show(args: &GazeArgs, file: &Path) -> Result<Ending> {
    let ctx = out::progress_ctx();
    let loaded = session::load_gaze(file, args.video.as_deref(), &ctx)?;
    out::end_progress();
    for warning in &loaded.warnings {
        out::warning(warning);
    }
    let track = &loaded.track;
    let count = |state| track.samples.iter().filter(|s| s.state == state).count();
    let (first, last) = (track.samples.first(), track.samples.last());
    let fixations = detect_fixations(track);
    if args.json {
        let mut object = json!({
            "file": file, "format": track.format,
            "samples": track.samples.len(),
            "start_sec": first.map(|s| s.time.secs()), "end_sec": last.map(|s| s.time.secs()),
            "tracked": count(GazeState::Tracked), "out_of_frame": count(GazeState::OutOfFrame),
            "untracked": count(GazeState::Untracked), "fixations": fixations.len(),
        });
        if args.samples {
            object["gaze"] = track
                .samples
                .iter()
                .map(|s| json!({ "time_sec": s.time.secs(), "x": s.pos[0], "y": s.pos[1], "state": s.state }))
                .collect();
        }
        out::json(&object)?;
    } else {
        let span = first.zip(last).map(|(a, b)| format!("{} to {}", a.time, b.time)).unwrap_or_default();
        let rows = [
            ("file", file.display().to_string()),
            ("format", track.format.name().to_owned()),
            ("samples", track.samples.len().to_string()),
            ("time", span),
            ("tracked", count(GazeState::Tracked).to_string()),
            ("out of frame", count(GazeState::OutOfFrame).to_string()),
            ("untracked", count(GazeState::Untracked).to_string()),
            ("fixations", fixations.len().to_string()),
        ];
        out::table(&["", ""], &rows.map(|(name, value)| vec![name.to_owned(), value]));
        if args.samples {
            for s in &track.samples {
                out::line(format_args!("{:.6},{:.6},{:.6},{:?}", s.time.secs(), s.pos[0], s.pos[1], s.state));
            }
        }
    }
    Ok(if track.samples.is_empty() { Ending::Absent } else { Ending::Fine })
}
