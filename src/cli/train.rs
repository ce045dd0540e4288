//! `gazenlq train`: the gaze estimator, the grounding network.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Ending, out};
use crate::job::JobCtx;
use crate::nn::{self, Device};
use crate::train::{
    Ended, GazeRun, GroundingRun, RunFolder, TrainError, settings, train_command, train_gaze, train_grounding,
};

#[derive(Debug, Args)]
pub struct TrainArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The gaze estimator: features of videos and recorded gaze (GazeNLQ, first stage)
    Gaze(RunArgs),
    /// GroundNLQ or GazeNLQ: features, questions and moments
    Grounding(RunArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// The run's TOML file; without it every setting is the default
    config: Option<PathBuf>,
    /// One setting, as `section.key=value`; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Folder of the run: checkpoint, metrics, models
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Go on with the run in the folder
    #[arg(long)]
    resume: bool,
    /// Write the configuration with every default and stop
    #[arg(long)]
    print_config: bool,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub fn run(args: &TrainArgs) -> Result<Ending> {
    match &args.what {
        What::Gaze(args) => run_with::<GazeRun>(args, "gaze", train_gaze),
        What::Grounding(args) => run_with::<GroundingRun>(args, "grounding", train_grounding),
    }
}

type Train<T> = fn(&T, &RunFolder, bool, &Device, &JobCtx) -> Result<Ended, TrainError>;

fn run_with<T: Default + Serialize + DeserializeOwned>(
    args: &RunArgs,
    name: &str,
    train: Train<T>,
) -> Result<Ending> {
    let config: T = settings::read(args.config.as_deref(), &args.overrides)?;
    if args.print_config {
        out::line(settings::to_toml(&config));
        return Ok(Ending::Fine);
    }
    let folder = args.output.as_ref().context("name the folder of the run with --output DIR")?;
    let ctx = out::progress_ctx();
    super::cancel_on_signals(&ctx)?;
    let run = RunFolder::new(folder);
    let ended = train(&config, &run, args.resume, &nn::device(), &ctx);
    out::end_progress();
    match ended? {
        Ended::Done { steps, best, model } => {
            if args.json {
                out::json(&json!({ "steps": steps, "best": best, "model": model }))?;
                return Ok(Ending::Fine);
            }
            out::line(format_args!("{steps} steps done; the last weights are in {}", model.display()));
            if let Some((epoch, merit)) = best {
                let folder = folder.join("best");
                out::line(format_args!("best was epoch {epoch} ({merit:.4}), in {}", folder.display()));
            }
            Ok(Ending::Fine)
        }
        Ended::Interrupted { step, of } => {
            let command = train_command(name, args.config.as_deref(), &args.overrides, folder);
            // a run of no epochs has nothing to go on from
            let resume = if run.has_checkpoint() { " --resume" } else { "" };
            out::line(format_args!(
                "stopped after step {step} of {of}; everything is saved. Go on with: {command}{resume}"
            ));
            Ok(Ending::Absent)
        }
    }
}
