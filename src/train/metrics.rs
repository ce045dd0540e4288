//! The numbers of a run, one JSON object a line: `metrics.jsonl`.
//!
//! A run that was killed after its last checkpoint repeats some steps: on opening, the rows of those
//! steps are taken out, so that each step stands there once.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::TrainError;
use super::checkpoint::State;
use super::run::Numbers;

pub struct Metrics {
    file: File,
    path: PathBuf,
}

impl Metrics {
    /// Goes on behind what a checkpoint has seen.
    pub fn open(path: PathBuf, state: &State) -> Result<Self, TrainError> {
        let is_before = |row: &Value| match row["kind"].as_str() {
            Some("validation") => row["epoch"].as_u64().is_some_and(|epoch| epoch <= state.validated),
            _ => row["step"].as_u64().is_some_and(|step| step < state.step),
        };
        let kept: String = read(&path).into_iter().filter(is_before).map(|row| format!("{row}\n")).collect();
        let partial = path.with_extension("part");
        std::fs::write(&partial, kept).map_err(TrainError::io(&partial))?;
        std::fs::rename(&partial, &path).map_err(TrainError::io(&path))?;
        let file = OpenOptions::new().append(true).open(&path).map_err(TrainError::io(&path))?;
        Ok(Self { file, path })
    }

    /// `kind` is `train` or `validation`.
    pub fn row(&mut self, kind: &str, step: u64, epoch: u64, numbers: &Numbers) -> Result<(), TrainError> {
        let mut row = json!({ "kind": kind, "step": step, "epoch": epoch });
        for (name, value) in numbers {
            row[name] = json!(value);
        }
        self.file.write_all(format!("{row}\n").as_bytes()).map_err(TrainError::io(&self.path))
    }
}

/// The rows of a metrics file; a line that was cut off is left out.
pub fn read(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
