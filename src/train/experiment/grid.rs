//! Which trainings a grid is made of.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::grounding::groundnlq::GazeMode;
use crate::train::config::{GroundingRun, Start};
use crate::train::{TrainError, settings};

/// `gazenlq experiment`: the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Experiment {
    /// Folder of all runs and of the tables.
    pub output: PathBuf,
    /// The configuration of `gazenlq train grounding` that all cells start from.
    pub base: PathBuf,
    /// Settings of all cells, as `section.key=value`; `{seed}` stands for the cell's seed.
    pub set: Vec<String>,
    pub models: Vec<Variant>,
    pub modes: Vec<GazeMode>,
    /// Whether the estimator is frozen. Without gaze there is none, and one cell a seed.
    pub freeze: Vec<bool>,
    pub seeds: Vec<u64>,
    /// Annotations that nothing is chosen by: each cell's best weights are judged on them once, and the
    /// tables are of that. Without any, of `data.validation`, by which the best epoch was chosen.
    pub test: Vec<PathBuf>,
    /// Queries that have tables of their own.
    pub subsets: Vec<Subset>,
    /// Draws of the paired bootstrap.
    pub resamples: usize,
}

impl Default for Experiment {
    fn default() -> Self {
        Self {
            output: PathBuf::new(),
            base: PathBuf::new(),
            set: Vec::new(),
            models: vec![Variant { name: "GroundNLQ".to_owned(), set: Vec::new() }],
            modes: vec![GazeMode::Off, GazeMode::Positive, GazeMode::Negate],
            freeze: vec![true],
            seeds: vec![1, 2, 3],
            test: Vec::new(),
            subsets: Vec::new(),
            resamples: 10_000,
        }
    }
}

/// A model by name, as settings on top of the base.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Variant {
    pub name: String,
    pub set: Vec<String>,
}

/// Some of the annotated queries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Subset {
    pub name: String,
    /// Ids of queries, one a line.
    pub queries: PathBuf,
}

/// One training.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Of its folder.
    pub name: String,
    pub model: String,
    pub mode: GazeMode,
    pub freeze: bool,
    pub seed: u64,
    pub run: GroundingRun,
    /// Everything that was set on top of the base.
    pub set: Vec<String>,
}

impl Cell {
    /// The run that only judges, with what the cell's own run in `trained` found best.
    pub fn judging(&self, trained: &Path, test: &[PathBuf]) -> GroundingRun {
        let mut run = self.run.clone();
        (run.schedule.epochs, run.schedule.warmup_epochs) = (0, 0);
        run.start = Start { checkpoint: trained.to_owned(), ..Start::default() };
        run.model.fusion.pretrained_heads = true;
        run.data.validation = test.to_vec();
        run
    }
}

impl Experiment {
    /// Model by model, mode by mode; the seeds of one row beside each other.
    pub fn cells(&self) -> Result<Vec<Cell>, TrainError> {
        let empty = |key: &str| TrainError::Setting(format!("`{key}` is empty"));
        if self.output.as_os_str().is_empty() {
            return Err(empty("output"));
        }
        for (key, count) in [
            ("models", self.models.len()),
            ("modes", self.modes.len()),
            ("freeze", self.freeze.len()),
            ("seeds", self.seeds.len()),
        ] {
            if count == 0 {
                return Err(empty(key));
            }
        }
        let mut cells = Vec::new();
        for model in &self.models {
            for mode in &self.modes {
                let frozen = if *mode == GazeMode::Off { &self.freeze[..1] } else { &self.freeze[..] };
                for freeze in frozen {
                    for seed in &self.seeds {
                        let mode_name = name_of(*mode);
                        let mut set = self.set.clone();
                        set.extend(model.set.iter().cloned());
                        set.iter_mut().for_each(|set| *set = set.replace("{seed}", &seed.to_string()));
                        set.push(format!("model.gaze.mode={mode_name}"));
                        set.push(format!("model.gaze.freeze={freeze}"));
                        set.push(format!("seed={seed}"));
                        let run: GroundingRun = settings::read(self.base_file(), &set)?;
                        if run.data.validation.is_empty() {
                            let what = "a cell is judged by `data.validation`, which is empty";
                            return Err(TrainError::Setting(what.to_owned()));
                        }
                        let state = if *freeze { "frozen" } else { "learned" };
                        let name = match mode {
                            GazeMode::Off => format!("{}-off-seed{seed}", file_name(&model.name)),
                            _ => format!("{}-{mode_name}-{state}-seed{seed}", file_name(&model.name)),
                        };
                        let (model, mode, freeze, seed) = (model.name.clone(), *mode, *freeze, *seed);
                        cells.push(Cell { name, model, mode, freeze, seed, run, set });
                    }
                }
            }
        }
        Ok(cells)
    }

    /// Without one, every setting of the base is the default.
    pub fn base_file(&self) -> Option<&Path> {
        (!self.base.as_os_str().is_empty()).then_some(self.base.as_path())
    }
}

/// As TOML has it.
pub fn name_of(mode: GazeMode) -> String {
    serde_json::to_value(mode).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || "-_+.".contains(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_is_a_cell_and_off_is_one_a_seed() {
        let experiment = Experiment {
            output: "out".into(),
            set: vec!["data.validation=['a.json']".to_owned(), "start.estimator=gaze-{seed}".to_owned()],
            freeze: vec![true, false],
            seeds: vec![4, 5],
            ..Experiment::default()
        };
        let cells = experiment.cells().unwrap();
        assert_eq!(cells.len(), 2 + 4 + 4);
        assert_eq!(cells[0].name, "GroundNLQ-off-seed4");
        assert_eq!(cells[9].name, "GroundNLQ-negate-learned-seed5");
        assert_eq!((cells[9].run.seed, cells[9].run.model.gaze.freeze), (5, false));
        assert_eq!(cells[9].run.model.gaze.mode, GazeMode::Negate);
        assert_eq!(cells[9].run.start.estimator, Path::new("gaze-5"));
    }
}
