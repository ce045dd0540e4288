//! A grid of trainings: models, gaze modes, freezing, seeds; each cell a run of its own, and tables over
//! all of them. A cell that is done is not done again, so that a grid can be stopped, gone on with, and
//! spread over machines that share a folder.

mod grid;
mod plot;
mod results;
mod text;

use std::path::PathBuf;

use candle_core::Device;

pub use grid::{Cell, Experiment, Subset, Variant};
pub use results::{Results, Row, Table};
pub use text::markdown;

use super::TrainError;
use super::checkpoint::RunFolder;
use super::config::GroundingRun;
use super::grounding_task::train_grounding;
use super::run::Ended;
use super::settings::{difference, to_toml};
use crate::job::JobCtx;
use crate::project::write_whole;

/// How far a grid is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Every cell is done; the tables are written.
    Done(Results),
    /// The cells asked for are done, those of other parts are not: their names.
    Waiting(Vec<String>),
    /// Asked to stop in this cell; everything is saved.
    Interrupted(String),
}

/// Trains the cells of part `part` of `parts` (from 1), then writes the tables if no cell is missing.
pub fn run_experiment(
    experiment: &Experiment,
    [part, parts]: [usize; 2],
    device: &Device,
    ctx: &JobCtx,
) -> Result<Progress, TrainError> {
    let cells = experiment.cells()?;
    for (index, cell) in cells.iter().enumerate().filter(|(index, _)| index % parts == part - 1) {
        tracing::info!("cell {} of {}: {}", index + 1, cells.len(), cell.name);
        for (folder, run) in runs(experiment, cell) {
            if is_done(&folder, &run)? {
                continue;
            }
            match train_grounding(&run, &folder, folder.has_checkpoint(), device, ctx)? {
                Ended::Done { .. } => {}
                Ended::Interrupted { .. } => return Ok(Progress::Interrupted(cell.name.clone())),
            }
        }
    }
    let mut waiting = Vec::new();
    for cell in &cells {
        for (folder, run) in runs(experiment, cell) {
            if !is_done(&folder, &run)? {
                waiting.push(cell.name.clone());
                break;
            }
        }
    }
    if !waiting.is_empty() {
        return Ok(Progress::Waiting(waiting));
    }
    let results = results::read(experiment, &cells)?;
    let write = |name: &str, text: String| {
        let path: PathBuf = experiment.output.join(name);
        write_whole(&path, text.as_bytes()).map_err(TrainError::io(&path))
    };
    write("table.md", text::markdown(&results))?;
    write("table.csv", text::csv(&results))?;
    for (number, table) in results.tables.iter().enumerate() {
        let name = if number == 0 { "table.svg".to_owned() } else { format!("table-{number}.svg") };
        write(&name, plot::svg(table))?;
    }
    Ok(Progress::Done(results))
}

/// Whether a run is done. One of another configuration is an error: its numbers would be taken for those
/// of this one.
fn is_done(folder: &RunFolder, run: &GroundingRun) -> Result<bool, TrainError> {
    if !folder.is_done() {
        return Ok(false);
    }
    let path = folder.config();
    let done = std::fs::read_to_string(&path).map_err(TrainError::io(&path))?;
    let Some(change) = difference(&done, &to_toml(run)) else { return Ok(true) };
    let what = format!(
        "this cell was done with another configuration: {change}; name another `output`, or remove the folder"
    );
    Err(TrainError::Data { what, path: folder.path().to_owned() })
}

/// What a cell consists of: its training and, where there are queries to test with, its test.
fn runs(experiment: &Experiment, cell: &Cell) -> Vec<(RunFolder, GroundingRun)> {
    let trained = experiment.output.join(&cell.name);
    let mut runs = vec![(RunFolder::new(&trained), cell.run.clone())];
    if !experiment.test.is_empty() {
        runs.push((RunFolder::new(&trained.join("test")), cell.judging(&trained, &experiment.test)));
    }
    runs
}
