//! `gazenlq doctor`: what this machine has, for a bug report.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{Ending, out};
use crate::diagnostics::{Machine, write_bundle};

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
    /// Also write an archive with this report and the logs of the window's last runs
    #[arg(long, value_name = "ZIP")]
    bundle: Option<PathBuf>,
}

pub fn run(args: &DoctorArgs) -> Result<Ending> {
    let machine = Machine::look();
    if let Some(path) = &args.bundle {
        write_bundle(path, &machine, &[], crate::app::Places::of_user().logs.as_deref())?;
    }
    if args.json {
        out::json(&machine)?;
    } else {
        let rows: Vec<Vec<String>> =
            machine.rows().into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
        out::table(&["", ""], &rows);
    }
    Ok(if machine.missing_models.is_empty() { Ending::Fine } else { Ending::Absent })
}
