//! The command line: the same library functions as the window, without one.
//!
//! Results go to stdout (a table for people or `--json`), progress and warnings to stderr.
//! Exit codes: 0 fine, 1 finished but something asked for is absent, 2 error.

mod analyze;
mod data;
mod doctor;
mod eval;
mod experiment;
mod features;
mod gaze;
mod localize;
mod models;
mod out;
mod probe;
mod project;
mod query;
mod render;
mod submit;
mod synth;
mod train;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::grounding::GazeMode;
use crate::job::JobCtx;
use crate::session::{self, OpenedClip};

/// Ask an egocentric clip a question; see where the wearer looked and when the answer happened.
#[derive(Debug, Parser)]
#[command(name = "gazenlq", version, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Files and folders to open together in the window: a clip, its gaze, its annotations
    pub files: Vec<PathBuf>,
    /// A question to ask as soon as the clip is open
    #[arg(long, value_name = "TEXT")]
    pub query: Option<String>,
    /// Which gaze the answer uses
    #[arg(long, value_enum, default_value = "off")]
    pub gaze_mode: GazeModeArg,
    /// Where the playhead stands at first, in seconds
    #[arg(long = "at", value_name = "SECONDS")]
    pub at_secs: Option<f64>,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// What is in a video file
    Probe(probe::ProbeArgs),
    /// What is in a gaze recording
    Gaze(gaze::GazeArgs),
    /// Ask a clip a question
    Query(query::QueryArgs),
    /// Draw one annotated picture
    Render(render::RenderArgs),
    /// The networks: what is here, what is missing, fetch
    Models(models::ModelsArgs),
    /// Run a grounding network over a split's feature files
    Localize(Box<localize::LocalizeArgs>),
    /// Score prediction files against annotations
    Eval(eval::EvalArgs),
    /// Why queries fail: classes, flags, profiles, two models side by side
    Analyze(Box<analyze::AnalyzeArgs>),
    /// Merge several models' prediction files
    Ensemble(submit::EnsembleArgs),
    /// Check predictions and write a submission
    Submit(submit::SubmitArgs),
    /// Features of videos and questions, to train and to localize with
    Features(features::FeaturesArgs),
    /// Train the networks
    Train(train::TrainArgs),
    /// Train a grid of networks and compare them
    Experiment(experiment::ExperimentArgs),
    /// People's project files: show, merge, compare, export, import
    Project(project::ProjectArgs),
    /// Look into annotation files
    Data(data::DataArgs),
    /// Render clips of a made-up world with complete truth
    Synth(synth::SynthArgs),
    /// Versions, devices, codecs and models on this machine
    Doctor(doctor::DoctorArgs),
}

/// A clip and what belongs to it.
#[derive(Debug, clap::Args)]
struct ClipArgs {
    /// The clip
    clip: PathBuf,
    /// Gaze recording or annotation file that belongs to the clip
    #[arg(long = "with", value_name = "FILE")]
    companions: Vec<PathBuf>,
}

impl ClipArgs {
    fn open(&self, ctx: &JobCtx) -> anyhow::Result<OpenedClip> {
        let mut paths = vec![self.clip.clone()];
        paths.extend(self.companions.iter().cloned());
        let opened = session::open_clip(&paths, ctx)?;
        for warning in &opened.companions.warnings {
            out::warning(warning);
        }
        if let Some(table) = &opened.companions.unknown_table {
            out::warning(format_args!(
                "the columns of {} are not known: open it in the window with the clip and say what they mean",
                table.path.display()
            ));
        }
        Ok(opened)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GazeModeArg {
    /// Whole pictures only
    #[default]
    Off,
    /// Weigh what the model thinks was looked at
    Predicted,
    /// Weigh what was looked at
    Recorded,
    /// Weigh what was not looked at
    Negative,
}

impl From<GazeModeArg> for GazeMode {
    fn from(mode: GazeModeArg) -> Self {
        match mode {
            GazeModeArg::Off => Self::Off,
            GazeModeArg::Predicted => Self::Predicted,
            GazeModeArg::Recorded => Self::Recorded,
            GazeModeArg::Negative => Self::Negative,
        }
    }
}

/// Ctrl-C asks the work to stop where nothing is lost, and so does a cluster that wants its machine back.
fn cancel_on_signals(ctx: &JobCtx) -> anyhow::Result<()> {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        let ctx = ctx.clone();
        // SAFETY: the action only stores to an atomic, which a signal handler may do.
        #[expect(unsafe_code, reason = "no safe function registers a signal's action")]
        unsafe {
            signal_hook_registry::register(signal, move || ctx.cancel())?;
        }
    }
    Ok(())
}

/// How a command ended, short of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Fine,
    /// Finished, but something asked for is absent.
    Absent,
}

/// Runs one headless command.
pub fn run(command: Command) -> ExitCode {
    let result = match command {
        Command::Probe(args) => probe::run(&args),
        Command::Gaze(args) => gaze::run(&args),
        Command::Query(args) => query::run(&args),
        Command::Render(args) => render::run(&args),
        Command::Models(args) => models::run(&args),
        Command::Localize(args) => localize::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Analyze(args) => analyze::run(&args),
        Command::Ensemble(args) => submit::run_ensemble(&args),
        Command::Submit(args) => submit::submit(&args),
        Command::Experiment(args) => experiment::run(&args),
        Command::Features(args) => features::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Project(args) => project::run(&args),
        Command::Data(args) => data::run(&args),
        Command::Synth(args) => synth::run(&args),
        Command::Doctor(args) => doctor::run(&args),
    };
    match result {
        Ok(Ending::Fine) => ExitCode::SUCCESS,
        Ok(Ending::Absent) => ExitCode::from(1),
        Err(error) => {
            out::error(&error);
            ExitCode::from(2)
        }
    }
}

/// Opens the window on what was named.
pub fn open_window(args: Args) -> ExitCode {
    let places = crate::app::Places::of_user();
    crate::logging::start(places.logs.as_deref());
    let startup = crate::app::Startup {
        places,
        files: args.files,
        query: args.query,
        gaze_mode: args.gaze_mode.into(),
        at: args.at_secs.map(crate::time::MediaTime::from_secs),
    };
    match crate::app::run(startup) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out::error(&error);
            ExitCode::from(2)
        }
    }
}
