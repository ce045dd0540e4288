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
    /// Decode everything, and say what is broken
    #[arg(long)]
    check: bool,
}

pub fn run(args: &ProbeArgs) -> Result<Ending> {
    let mut reader = VideoReader::open(&args.file)?;
    let damage = if args.check { Some(check(&mut reader)?) } else { None };
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
        if let Some(damage) = &damage {
            object["decoded_frames"] = json!(damage.decoded);
            object["broken_packets"] = json!(damage.broken_packets);
        }
        out::json(&object)?;
        return Ok(ending(&damage, table.len()));
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
    let mut rows = rows.map(|(name, value)| vec![name.to_owned(), value]).to_vec();
    if let Some(damage) = &damage {
        let text = format!(
            "{} of {} pictures, {} broken packets",
            damage.decoded,
            table.len(),
            damage.broken_packets
        );
        rows.push(vec!["decoded".to_owned(), text]);
    }
    out::table(&["", ""], &rows);
    for (index, time) in times.iter().enumerate() {
        out::line(format_args!("{index}\t{time:.6}"));
    }
    Ok(ending(&damage, table.len()))
}

/// What came out of a file when all of it was decoded.
struct Damage {
    decoded: usize,
    broken_packets: u64,
}

fn check(reader: &mut VideoReader) -> Result<Damage> {
    let ctx = out::progress_ctx();
    ctx.stage("Decoding every picture");
    let total = reader.table().len() as u64;
    let mut decoded = 0;
    while reader.skip_frame()?.is_some() {
        decoded += 1;
        ctx.step(decoded as u64, total)?;
    }
    out::end_progress();
    Ok(Damage { decoded, broken_packets: reader.broken() })
}

/// Pictures that are listed and do not come out are absent.
fn ending(damage: &Option<Damage>, listed: usize) -> Ending {
    match damage {
        Some(damage) if damage.decoded < listed || damage.broken_packets > 0 => Ending::Absent,
        _ => Ending::Fine,
    }
}
