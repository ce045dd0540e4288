//! `gazenlq synth`: clips of a made-up world with complete truth.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use super::{Ending, out};
use crate::synth::{DEFAULTS, SynthConfig, make_set};

#[derive(Debug, Args)]
#[command(after_long_help = AFTER)]
pub struct SynthArgs {
    /// Where the set goes; a set that was stopped is continued
    #[arg(short, long, alias = "out", value_name = "DIR", required_unless_present = "print_config")]
    output: Option<PathBuf>,
    /// How many clips
    #[arg(long, default_value_t = 1, value_name = "N")]
    clips: u64,
    /// Names the set: the same seed and configuration give the same set
    #[arg(long, default_value_t = 0, value_name = "S")]
    seed: u64,
    /// Width and height in pixels, instead of the configuration's
    #[arg(long, value_name = "PIXELS")]
    size: Option<u32>,
    /// Seconds of each clip, instead of the configuration's
    #[arg(long, value_name = "SECONDS")]
    length: Option<f64>,
    /// Difficulty and looks, as TOML; see --help for every knob
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Show every knob with its default, as a configuration file
    #[arg(long)]
    print_config: bool,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

const AFTER: &str = concat!(
    "Everything in a set is synthetic: nothing was recorded. synth.json says so for the folder; every video\n",
    "(title and comment), every JSON file, and every line of the .jsonl files, says so itself. The gaze tables\n",
    "(exactly Ego4D's layout) and the lists of names and ids do not: keep them with synth.json.\n\n",
    "  clips/UID.mp4            the pictures\n",
    "  gaze/UID.csv             recorded gaze, in Ego4D's layout\n",
    "  boxes/UID.jsonl          a line a picture: true gaze, what is looked at, box and visible share of all\n",
    "  truth/UID.json           the story: things, deeds with their times, sentences, questions\n",
    "  nlq_train.json, nlq_val.json  questions, in Ego4D's official layout\n",
    "  videos_train.txt, videos_val.txt  names of the clips, as `gazenlq train gaze` takes them\n",
    "  queries.jsonl            which questions only the eyes can answer, and which are ambiguous\n",
    "  queries_gaze_only.txt    the ids of the first kind, as `gazenlq eval --only` takes them\n",
    "  narrations_train.jsonl, narrations_val.jsonl  sentences, in GroundNLQ's layout\n",
    "  synth.json               version, seed, configuration, hashes\n\n",
    "Every knob of --config with its default:\n\n",
    include_str!("../synth/defaults.toml")
);

pub fn run(args: &SynthArgs) -> Result<Ending> {
    if args.print_config {
        out::line(DEFAULTS.trim_end());
        return Ok(Ending::Fine);
    }
    let mut config = args.config.as_deref().map_or_else(|| Ok(SynthConfig::default()), SynthConfig::read)?;
    config.clip.size = args.size.unwrap_or(config.clip.size);
    config.clip.length_secs = args.length.unwrap_or(config.clip.length_secs);
    let folder = args.output.as_deref().context("name the folder with --output DIR")?;
    anyhow::ensure!(args.clips > 0, "--clips takes a number above 0");
    let ctx = out::progress_ctx();
    super::cancel_on_signals(&ctx)?;
    let made = make_set(&config, args.seed, args.clips, folder, &ctx);
    out::end_progress();
    let report = match made {
        Ok(report) => report,
        Err(crate::synth::SynthError::Cancelled(_)) => {
            out::warning(format_args!(
                "stopped; whole clips are kept, and the same command goes on with the next: {}",
                folder.display()
            ));
            return Ok(Ending::Absent);
        }
        Err(error) => return Err(error.into()),
    };
    if args.json {
        out::json(&report)?;
        return Ok(Ending::Fine);
    }
    out::line(format_args!(
        "{} synthetic clips in {}: {} made, {} were there",
        report.wanted,
        folder.display(),
        report.made,
        report.kept
    ));
    out::line(format_args!(
        "{} questions to train with, {} to validate; {} of them need gaze",
        report.train_queries, report.val_queries, report.gaze_only_queries
    ));
    if report.frames > 0 {
        out::line(format_args!(
            "{} pictures in {:.1} s, {:.0} a second",
            report.frames,
            report.secs,
            report.frames as f64 / report.secs
        ));
    }
    Ok(Ending::Fine)
}
