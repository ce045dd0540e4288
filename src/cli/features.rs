//! `gazenlq features`: stores of features from videos and questions, to train and to localize with.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{Ending, out};
use crate::dataset::Videos;
use crate::extract::{LightEncoder, extract_features};
use crate::nn::ModelDir;
use crate::project::AnnotationFile;

#[derive(Debug, Args)]
#[command(after_long_help = AFTER)]
pub struct FeaturesArgs {
    /// Ego4D NLQ JSON or GroundNLQ lines, narrations too; may be given more than once
    #[arg(long, value_name = "FILE", required = true)]
    annotations: Vec<PathBuf>,
    /// Videos, named after their clip's or video's uid, or folders of them
    #[arg(long, value_name = "DIR", required = true)]
    videos: Vec<PathBuf>,
    /// Folder of the stores; what is there already is kept
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

const AFTER: &str = "\
The encoders are the small ones of the default pipeline, EfficientNet-Lite2 and MiniLM, not those of the paper.

  video/UID.safetensors      one vector every 16 pictures of 30 a second
  gaze/UID.safetensors       one vector a window of 32 pictures, every 16
  text/QUERY.safetensors     one vector a word piece
  features.json              the encoder, rates and lengths of vectors";

pub fn run(args: &FeaturesArgs) -> Result<Ending> {
    let ctx = out::progress_ctx();
    super::cancel_on_signals(&ctx)?;
    let annotations =
        args.annotations.iter().map(|path| AnnotationFile::load(path)).collect::<Result<Vec<_>, _>>()?;
    let videos = Videos::list(&args.videos, &ctx)?;
    let encoder = LightEncoder::load(&ModelDir::from_env())?;
    let report = extract_features(&encoder, &annotations, &videos, &args.output, &ctx);
    out::end_progress();
    let report = report?;
    if args.json {
        out::json(&report)?;
    } else {
        out::line(format_args!(
            "{} videos and {} questions in {}, {} entries were there",
            report.videos,
            report.queries,
            args.output.display(),
            report.kept
        ));
    }
    if let Some(first) = report.absent.first() {
        out::warning(format_args!(
            "{} clips have no video among those named; the first is {first}",
            report.absent.len()
        ));
        return Ok(Ending::Absent);
    }
    Ok(Ending::Fine)
}
