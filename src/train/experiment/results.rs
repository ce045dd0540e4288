//! What the cells of a grid say together: means over seeds, their spread, and rows against each other.

use std::collections::{HashMap, HashSet};

use sha2::{Digest as _, Sha256};

use super::grid::{Cell, Experiment, name_of};
use super::runs;
use crate::eval::{Measures, Paired, Prediction, PredictionFile, by_chance, evaluate, paired};
use crate::grounding::groundnlq::GazeMode;
use crate::project::{AnnotationFile, QueryKey, query_ids};
use crate::train::TrainError;
use crate::train::checkpoint::RunFolder;
use crate::train::command::train_command;
use crate::train::data::annotations;
use crate::train::metrics;
use crate::train::settings::to_toml;

/// The report's columns.
pub const MEASURES: [&str; 4] = ["R1@0.3", "R1@0.5", "R5@0.3", "R5@0.5"];
/// What rows are compared by.
const THRESHOLD: f64 = 0.3;

#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// All queries first, then each subset.
    pub tables: Vec<Table>,
    /// Whether best epochs were chosen by other queries than those of the tables.
    pub is_held_out: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub name: String,
    pub queries: usize,
    /// The judged clips were made up.
    pub is_synthetic: bool,
    pub rows: Vec<Row>,
    /// Windows as long as the annotated moments, anywhere in the clip.
    pub chance: [f64; 4],
}

/// All seeds of one model, gaze mode and freezing.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub model: String,
    pub mode: GazeMode,
    pub freeze: bool,
    pub seeds: usize,
    /// Mean and standard deviation over seeds, in the order of `MEASURES`, fractions.
    pub recalls: [(f64, f64); 4],
    /// R1@0.3 against the first row, over the same queries; absent for that row itself.
    pub against_first: Option<Paired>,
    /// The same against the row with a frozen estimator, for one that learns.
    pub against_frozen: Option<Paired>,
    /// SHA-256 of the configuration of the first seed, 12 digits.
    pub config: String,
    /// The first seed's.
    pub command: String,
}

/// How often each query was right, over seeds.
type Hits = HashMap<QueryKey, f64>;

/// Reads each cell's test, or its best epoch.
pub fn read(experiment: &Experiment, cells: &[Cell]) -> Result<Results, TrainError> {
    let is_held_out = !experiment.test.is_empty();
    let predictions = cells.iter().map(|cell| of_cell(experiment, cell)).collect::<Result<Vec<_>, _>>()?;
    let all = match is_held_out {
        true => annotations(&experiment.test, "test")?,
        false => annotations(&cells[0].run.data.validation, "data.validation")?,
    };
    let mut tables = vec![table(experiment, cells, &predictions, &all, "all queries".to_owned())?];
    for subset in &experiment.subsets {
        let ids = query_ids(&subset.queries)?;
        let mut some = all.clone();
        some.retain(&ids);
        if some.queries().next().is_none() {
            let what = format!("no judged query is in the subset `{}`", subset.name);
            return Err(TrainError::Data { what, path: subset.queries.clone() });
        }
        let predictions: Vec<_> = predictions.iter().map(|of_cell| only(of_cell, &ids)).collect();
        tables.push(table(experiment, cells, &predictions, &some, subset.name.clone())?);
    }
    Ok(Results { tables, is_held_out })
}

fn only(predictions: &[Prediction], ids: &HashSet<String>) -> Vec<Prediction> {
    predictions.iter().filter(|prediction| ids.contains(&prediction.key.query_id())).cloned().collect()
}

/// What was predicted in a cell's last run, at its best epoch.
fn of_cell(experiment: &Experiment, cell: &Cell) -> Result<Vec<Prediction>, TrainError> {
    let runs = runs(experiment, cell);
    let folder: &RunFolder = &runs.last().expect("a cell has a training").0;
    let rows = metrics::read(&folder.metrics());
    let merit = |row: &serde_json::Value| Some(row["R1@0.3"].as_f64()? + row["R1@0.5"].as_f64()?);
    let best =
        rows.iter().filter(|row| row["kind"] == "validation").filter_map(|row| Some((row, merit(row)?)));
    // the first of equals, as the run keeps it
    let best = best.reduce(|best, row| if row.1 > best.1 { row } else { best });
    let Some(epoch) = best.and_then(|(row, _)| row["epoch"].as_u64()) else {
        let what = "no validation in the metrics".to_owned();
        return Err(TrainError::Data { what, path: folder.metrics() });
    };
    Ok(PredictionFile::load(&folder.predictions(epoch))?.predictions)
}

fn table(
    experiment: &Experiment,
    cells: &[Cell],
    predictions: &[Vec<Prediction>],
    annotations: &AnnotationFile,
    name: String,
) -> Result<Table, TrainError> {
    let key = |cell: &Cell| (cell.model.clone(), cell.mode, cell.freeze);
    let mut rows: Vec<Row> = Vec::new();
    let mut hits_of_rows: Vec<Hits> = Vec::new();
    let mut done = 0;
    for group in cells.chunk_by(|a, b| key(a) == key(b)) {
        let mut recalls = Vec::new();
        let mut hits = Hits::new();
        for of_cell in &predictions[done..done + group.len()] {
            recalls.push(judge(of_cell, annotations, &mut hits)?);
        }
        done += group.len();
        hits.values_mut().for_each(|hits| *hits /= group.len() as f64);
        let compare = |other: &Hits| compare(annotations, &hits, other, experiment.resamples);
        let first = &group[0];
        let (model, mode, freeze) = key(first);
        let frozen = rows.iter().position(|row| row.model == model && row.mode == mode && row.freeze);
        let folder = experiment.output.join(&first.name);
        rows.push(Row {
            model,
            mode,
            freeze,
            seeds: group.len(),
            recalls: [0, 1, 2, 3].map(|i| spread(recalls.iter().map(|of_cell: &[f64; 4]| of_cell[i]))),
            against_first: hits_of_rows.first().map(&compare),
            against_frozen: frozen.map(|row| compare(&hits_of_rows[row])),
            config: hash(&to_toml(&first.run)),
            command: train_command("grounding", experiment.base_file(), &first.set, &folder),
        });
        hits_of_rows.push(hits);
    }
    let chance = judge(&by_chance(annotations, 5, 1), annotations, &mut Hits::new())?;
    let (queries, is_synthetic) = (annotations.queries().count(), annotations.is_synthetic);
    Ok(Table { name, queries, is_synthetic, rows, chance })
}

/// Each query that was right adds to `hits`.
fn judge(
    predictions: &[Prediction],
    annotations: &AnnotationFile,
    hits: &mut Hits,
) -> Result<[f64; 4], TrainError> {
    let measures = Measures { thresholds: vec![0.3, 0.5], top_k: vec![1, 5], resamples: 0, seed: 1 };
    let report = evaluate(annotations, predictions, &measures)?;
    for (prediction, ious) in predictions.iter().zip(&report.per_query_iou) {
        let is_hit = ious.first().is_some_and(|iou| *iou > THRESHOLD);
        *hits.entry(prediction.key.clone()).or_default() += f64::from(is_hit);
    }
    Ok(MEASURES.map(|name| report.official.recall.get(name).copied().unwrap_or(f64::NAN)))
}

fn compare(annotations: &AnnotationFile, hits: &Hits, other: &Hits, resamples: usize) -> Paired {
    let mut values = Vec::new();
    for (place, clip) in annotations.clips.iter().enumerate() {
        for query in &clip.queries {
            let key = clip.key_of(query);
            if let (Some(a), Some(b)) = (hits.get(&key), other.get(&key)) {
                values.push((place, *a, *b));
            }
        }
    }
    paired(&values, resamples, 1)
}

/// Mean, and standard deviation of a sample; 0 for one value alone.
fn spread(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let squares: f64 = values.map(|value| (value - mean).powi(2)).sum();
    (mean, if count > 1.0 { (squares / (count - 1.0)).sqrt() } else { 0.0 })
}

fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

impl Row {
    pub fn estimator(&self) -> &'static str {
        match (self.mode, self.freeze) {
            (GazeMode::Off, _) => "none",
            (_, true) => "frozen",
            (_, false) => "learned",
        }
    }

    /// As the report names methods.
    pub fn method(&self) -> String {
        match self.mode {
            GazeMode::Off => "GroundNLQ".to_owned(),
            GazeMode::Positive => "GazeNLQ".to_owned(),
            GazeMode::Negate => "GazeNLQ*".to_owned(),
            other => format!("GazeNLQ* ({})", name_of(other)),
        }
    }
}
