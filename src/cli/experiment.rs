//! `gazenlq experiment`: a grid of trainings and its tables.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{Ending, out};
use crate::nn;
use crate::train::experiment::{Experiment, Progress, markdown, run_experiment};
use crate::train::settings;

#[derive(Debug, Args)]
pub struct ExperimentArgs {
    /// The grid's TOML file
    file: Option<PathBuf>,
    /// Only part i of n of the cells, for machines that share the folder
    #[arg(long, default_value = "1/1", value_name = "I/N", value_parser = super::localize::parse_shard)]
    cell: (usize, usize),
    /// One setting of the grid, as `key=value`; may be given more than once
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Name the cells and stop
    #[arg(long)]
    list: bool,
    /// Write the grid's file with every default and stop
    #[arg(long)]
    print_config: bool,
}

pub fn run(args: &ExperimentArgs) -> Result<Ending> {
    let experiment: Experiment = settings::read(args.file.as_deref(), &args.overrides)?;
    if args.print_config {
        out::line(settings::to_toml(&experiment));
        return Ok(Ending::Fine);
    }
    if args.list {
        for (index, cell) in experiment.cells()?.iter().enumerate() {
            out::line(format_args!("{} {}", index + 1, cell.name));
        }
        return Ok(Ending::Fine);
    }
    let ctx = out::progress_ctx();
    super::cancel_on_signals(&ctx)?;
    let (part, parts) = args.cell;
    let progress = run_experiment(&experiment, [part, parts], &nn::device(), &ctx);
    out::end_progress();
    match progress? {
        Progress::Done(results) => {
            out::line(markdown(&results));
            out::line(format_args!(
                "table.md, table.csv and table.svg are in {}",
                experiment.output.display()
            ));
            Ok(Ending::Fine)
        }
        Progress::Waiting(cells) => {
            out::line(format_args!(
                "the cells of part {part} of {parts} are done; {} still to be done elsewhere: {}",
                cells.len(),
                cells.join(", ")
            ));
            Ok(Ending::Fine)
        }
        Progress::Interrupted(cell) => {
            out::line(format_args!("stopped in {cell}; everything is saved. The same command goes on"));
            Ok(Ending::Absent)
        }
    }
}
