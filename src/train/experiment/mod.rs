//! A grid of trainings: models, gaze modes, freezing, seeds; each cell a run of its own, and tables over
//! all of them. A cell that is done is not done again, so that a grid can be stopped, gone on with, and
//! spread over machines that share a folder.

mod grid;
mod plot;
mod results;
mod text;

use std::path::{Path, PathBuf};

use candle_core::Device;

pub use grid::{Cell, Experiment, Subset, Variant};
pub use results::{Results, Row, Table};
pub use text::markdown;

use super::TrainError;
use super::checkpoint::RunFolder;
use super::config::GroundingRun;
use super::grounding_task::train_grounding;
use super::run::Ended;
use crate::job::JobCtx;

/// How far a grid is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Every cell is done; the tables are written.
    Done(Results),
    /// The cells asked for are done, others are not: their names.
    Waiting(Vec<String>),
    /// Asked to stop in this cell; everything is saved.
    Interrupted(String),
}

/// Trains the cells of part `part` of `parts` (from 1), then writes the tables if no cell is missing.
/// `file` is what a row's command names.
pub fn run_experiment(
    experiment: &Experiment,
    file: &Path,
    [part, parts]: [usize; 2],
    device: &Device,
    ctx: &JobCtx,
) -> Result<Progress, TrainError> {
    let cells = experiment.cells()?;
    for (index, cell) in cells.iter().enumerate().filter(|(index, _)| index % parts == part - 1) {
        tracing::info!("cell {} of {}: {}", index + 1, cells.len(), cell.name);
        for (folder, run) in runs(experiment, cell) {
            if folder.is_done() {
                continue;
            }
            match train_grounding(&run, &folder, folder.has_checkpoint(), device, ctx)? {
                Ended::Done { .. } => {}
                Ended::Interrupted { .. } => return Ok(Progress::Interrupted(cell.name.clone())),
            }
        }
    }
    let is_waiting = |cell: &&Cell| runs(experiment, cell).iter().any(|(folder, _)| !folder.is_done());
    let waiting: Vec<String> = cells.iter().filter(is_waiting).map(|cell| cell.name.clone()).collect();
    if !waiting.is_empty() {
        return Ok(Progress::Waiting(waiting));
    }
    let results = results::read(experiment, &cells, file)?;
    let write = |name: &str, text: String| {
        let path: PathBuf = experiment.output.join(name);
        std::fs::write(&path, text).map_err(TrainError::io(&path))
    };
    write("table.md", text::markdown(&results))?;
    write("table.csv", text::csv(&results))?;
    for (number, table) in results.tables.iter().enumerate() {
        let name = if number == 0 { "table.svg".to_owned() } else { format!("table-{number}.svg") };
        write(&name, plot::svg(table))?;
    }
    Ok(Progress::Done(results))
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
