//! `gazenlq doctor`: what this machine has, for a bug report.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::{Ending, out};
use crate::nn::{ModelDir, Registry};
use crate::render::Gpu;

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

pub fn run(args: &DoctorArgs) -> Result<Ending> {
    let graphics = Gpu::headless().map_or_else(|e| format!("none: {e}"), |gpu| gpu.describe());
    let ffmpeg = crate::video::ffmpeg_versions();
    let decoders = crate::video::decoders();
    let registry = Registry::open(ModelDir::from_env());
    let query_basis = crate::features::query_basis(registry.dir());
    let missing = registry.missing();
    let compute = crate::nn::device_name();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    if args.json {
        out::json(&json!({
            "version": env!("CARGO_PKG_VERSION"), "ffmpeg": ffmpeg, "decoders": decoders,
            "graphics": graphics, "compute": compute, "query_basis": query_basis, "threads": threads,
            "models_dir": registry.dir().path(), "missing_models": missing,
        }))?;
    } else {
        let models = if missing.is_empty() {
            format!("all in {}", registry.dir().path().display())
        } else {
            format!("missing {}: run `gazenlq models fetch`", missing.join(", "))
        };
        let rows = [
            ("gazenlq", env!("CARGO_PKG_VERSION").to_owned()),
            ("ffmpeg", ffmpeg),
            ("decoders", decoders.join(", ")),
            ("graphics", graphics),
            ("compute", format!("{compute}, {threads} threads")),
            ("questions", query_basis.to_owned()),
            ("models", models),
        ];
        out::table(&["", ""], &rows.map(|(name, value)| vec![name.to_owned(), value]));
    }
    Ok(if missing.is_empty() { Ending::Fine } else { Ending::Absent })
}
