//! A grid of trainings: models, gaze modes, freezing, seeds; each cell a run of its own, and tables over
//! all of them. A cell that is done is not done again, so that a grid can be stopped, gone on with, and
//! spread over machines that share a folder.

mod grid;
mod plot;
mod table;

use std::path::{Path, PathBuf};

use candle_core::Device;

pub use grid::{Cell, Experiment, Variant};
pub use table::{Row, Table};

use super::TrainError;
use super::checkpoint::RunFolder;
use super::grounding_task::train_grounding;
use super::run::Ended;
use crate::job::JobCtx;

/// How far a grid is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Every cell is done; the tables are written.
    Done(Table),
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
        let folder = RunFolder::new(&experiment.output.join(&cell.name));
        if is_done(&folder) {
            continue;
        }
        match train_grounding(&cell.run, &folder, folder.has_checkpoint(), device, ctx)? {
            Ended::Done { .. } => {}
            Ended::Interrupted { .. } => return Ok(Progress::Interrupted(cell.name.clone())),
        }
    }
    let waiting = cells.iter().filter(|cell| !is_done(&RunFolder::new(&experiment.output.join(&cell.name))));
    let waiting: Vec<String> = waiting.map(|cell| cell.name.clone()).collect();
    if !waiting.is_empty() {
        return Ok(Progress::Waiting(waiting));
    }
    let table = table::table(experiment, &cells, file)?;
    let write = |name: &str, text: String| {
        let path: PathBuf = experiment.output.join(name);
        std::fs::write(&path, text).map_err(TrainError::io(&path))
    };
    write("table.md", table.markdown())?;
    write("table.csv", table.csv())?;
    write("table.svg", plot::svg(&table))?;
    Ok(Progress::Done(table))
}

/// The last weights are written at the very end.
fn is_done(folder: &RunFolder) -> bool {
    folder.path().join("last").join("import.toml").is_file()
}
