//! `gazenlq gaze FILE`: what is in a gaze recording.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::{Ending, out};
use crate::gaze::{GazeState, detect_fixations};
use crate::session;

#[derive(Debug, Args)]
pub struct GazeArgs {
    /// A gaze file or a recording's folder
    file: PathBuf,
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

pub fn run(args: &GazeArgs) -> Result<Ending> {
    let ctx = out::progress_ctx();
    let loaded = session::load_gaze(&args.file, args.video.as_deref(), &ctx)?;
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
            "file": args.file, "format": format!("{:?}", track.format),
            "samples": track.samples.len(),
            "start_sec": first.map(|s| s.time.secs()), "end_sec": last.map(|s| s.time.secs()),
            "tracked": count(GazeState::Tracked), "out_of_frame": count(GazeState::OutOfFrame),
            "untracked": count(GazeState::Untracked), "fixations": fixations.len(),
        });
        if args.samples {
            object["gaze"] = track
                .samples
                .iter()
                .map(|s| json!({ "time_sec": s.time.secs(), "x": s.pos[0], "y": s.pos[1], "state": format!("{:?}", s.state) }))
                .collect();
        }
        out::json(&object)?;
    } else {
        let span = first.zip(last).map(|(a, b)| format!("{} to {}", a.time, b.time)).unwrap_or_default();
        let rows = [
            ("file", args.file.display().to_string()),
            ("format", format!("{:?}", track.format)),
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
