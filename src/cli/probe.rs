//! `gazenlq probe FILE`: what is in a video file.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::{Ending, out};
use crate::video::VideoReader;

#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// A video file
    file: PathBuf,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Also the time of every stored picture, in seconds
    #[arg(long)]
    frames: bool,
}

pub fn run(args: &ProbeArgs) -> Result<Ending> {
    let reader = VideoReader::open(&args.file)?;
    let (info, table) = (reader.info(), reader.table());
    let times: Vec<f64> =
        if args.frames { table.times().iter().map(|t| t.secs()).collect() } else { Vec::new() };
    if args.json {
        let mut object = json!({
            "file": info.path, "container": info.container, "codec": info.codec,
            "stored_size": info.size, "display_size": info.display_size,
            "rotation_deg": info.rotation.degrees(), "pixel_aspect": info.pixel_aspect,
            "pixel_format": info.pixel_format, "bit_depth": info.bit_depth,
            "frames": table.len(), "duration_sec": info.duration.secs(),
            "first_frame_sec": table.range().start().secs(), "average_fps": info.average_fps,
            "is_variable_rate": info.is_variable_rate, "has_audio": info.has_audio,
            "content_id": info.content_id,
        });
        if args.frames {
            object["frame_times_sec"] = json!(times);
        }
        out::json(&object)?;
        return Ok(Ending::Fine);
    }
    let [width, height] = info.display_size;
    let rate = if info.is_variable_rate { "variable" } else { "constant" };
    let rows = [
        ("file", info.path.display().to_string()),
        ("container", info.container.clone()),
        ("codec", format!("{}, {}, {} bit", info.codec, info.pixel_format, info.bit_depth)),
        ("picture", format!("{width}x{height} as shown, {}x{} as stored", info.size[0], info.size[1])),
        ("rotation", format!("{}°", info.rotation.degrees())),
        ("frames", format!("{} at {:.3} fps, {rate} rate", table.len(), info.average_fps)),
        ("duration", info.duration.to_string()),
        ("first frame", table.range().start().to_string()),
        ("audio", if info.has_audio { "yes" } else { "no" }.into()),
        ("content id", info.content_id.clone()),
    ];
    out::table(&["", ""], &rows.map(|(name, value)| vec![name.to_owned(), value]));
    for (index, time) in times.iter().enumerate() {
        out::line(format_args!("{index}\t{time:.6}"));
    }
    Ok(Ending::Fine)
}
