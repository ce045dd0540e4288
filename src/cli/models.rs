//! `gazenlq models`: the networks on this machine.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Ending, out};
use crate::nn::{ModelDir, ModelState, ModelStatus, Registry};

#[derive(Debug, Args)]
pub struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// What is here, what is missing, and under which licence
    List {
        /// JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Download what is missing from its named source, check its SHA-256, convert it once
    Fetch,
}

pub fn run(args: &ModelsArgs) -> Result<Ending> {
    let registry = Registry::open(ModelDir::from_env());
    match args.command {
        ModelsCommand::List { json } => list(&registry, json),
        ModelsCommand::Fetch => fetch(&registry),
    }
}

fn list(registry: &Registry, as_json: bool) -> Result<Ending> {
    let status = registry.status();
    if as_json {
        let models: Vec<_> = status
            .iter()
            .map(|m| json!({ "id": m.entry.id, "is_present": is_present(m), "is_optional": m.entry.optional, "licence": m.entry.licence }))
            .collect();
        out::json(&json!({ "dir": registry.dir().path(), "models": models }))?;
    } else {
        out::line(format_args!("models in {}", registry.dir().path().display()));
        let rows: Vec<Vec<String>> = status
            .iter()
            .map(|m| {
                let state = match (&m.state, m.entry.optional) {
                    (ModelState::Present { .. }, _) => "here",
                    (ModelState::Missing { .. }, true) => "missing (optional)",
                    (ModelState::Missing { .. }, false) => "missing",
                };
                vec![m.entry.id.clone(), state.into(), m.entry.licence.clone()]
            })
            .collect();
        out::table(&["model", "state", "licence"], &rows);
    }
    Ok(if registry.is_complete() { Ending::Fine } else { Ending::Absent })
}

fn fetch(registry: &Registry) -> Result<Ending> {
    let ctx = out::progress_ctx();
    let result = registry.fetch_missing(&ctx);
    out::end_progress();
    result?;
    list(registry, false)
}

fn is_present(model: &ModelStatus) -> bool {
    matches!(model.state, ModelState::Present { .. })
}
