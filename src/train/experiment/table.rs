//! What the cells of a grid say together: means over seeds, their spread, and each row against the first.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::grid::{Cell, Experiment, name_of};
use crate::eval::{Measures, Paired, PredictionFile, evaluate, paired};
use crate::project::{AnnotationFile, QueryKey};
use crate::train::TrainError;
use crate::train::checkpoint::RunFolder;
use crate::train::data::annotations;
use crate::train::metrics;
use crate::train::settings::to_toml;

/// The report's columns.
pub const MEASURES: [&str; 4] = ["R1@0.3", "R1@0.5", "R5@0.3", "R5@0.5"];
/// What rows are compared by.
const THRESHOLD: f64 = 0.3;

#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    pub rows: Vec<Row>,
}

/// All seeds of one model, gaze mode and freezing.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub model: String,
    pub mode: String,
    pub freeze: bool,
    pub seeds: usize,
    /// Mean and standard deviation over seeds, in the order of `MEASURES`, fractions.
    pub recalls: [(f64, f64); 4],
    /// R1@0.3 against the first row, over the same queries; absent for that row itself.
    pub against_first: Option<Paired>,
    /// SHA-256 of the configuration of the first seed, 12 digits.
    pub config: String,
    /// The first seed's.
    pub command: String,
}

/// Reads each cell's best epoch.
pub fn table(experiment: &Experiment, cells: &[Cell], file: &Path) -> Result<Table, TrainError> {
    let mut rows: Vec<Row> = Vec::new();
    let mut first: Option<HashMap<QueryKey, f64>> = None;
    let key = |cell: &Cell| (cell.model.clone(), name_of(cell.mode), cell.freeze);
    for group in cells.chunk_by(|a, b| key(a) == key(b)) {
        let annotations = annotations(&group[0].run.data.validation, "data.validation")?;
        let mut recalls = Vec::new();
        // how often a query was right, over seeds
        let mut hits: HashMap<QueryKey, f64> = HashMap::new();
        for cell in group {
            let of_cell =
                judge(&RunFolder::new(&experiment.output.join(&cell.name)), &annotations, &mut hits)?;
            recalls.push(of_cell);
        }
        hits.values_mut().for_each(|hits| *hits /= group.len() as f64);
        let against_first =
            first.as_ref().map(|first| compare(&annotations, &hits, first, experiment.resamples));
        first.get_or_insert(hits);
        let (model, mode, freeze) = key(&group[0]);
        let base = experiment.base.display().to_string();
        let set: String = group[0].set.iter().map(|set| format!(" --set '{set}'")).collect();
        rows.push(Row {
            model,
            mode,
            freeze,
            seeds: group.len(),
            recalls: [0, 1, 2, 3].map(|i| spread(recalls.iter().map(|of_cell: &[f64; 4]| of_cell[i]))),
            against_first,
            config: hash(&to_toml(&group[0].run)),
            command: format!("gazenlq train grounding {base}{set} (a cell of {})", file.display()),
        });
    }
    Ok(Table { rows })
}

/// The figures of a run's best epoch; each query that was right adds to `hits`.
fn judge(
    folder: &RunFolder,
    annotations: &AnnotationFile,
    hits: &mut HashMap<QueryKey, f64>,
) -> Result<[f64; 4], TrainError> {
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
    let predictions = PredictionFile::load(&folder.predictions(epoch))?.predictions;
    let measures = Measures { thresholds: vec![0.3, 0.5], top_k: vec![1, 5], resamples: 0, seed: 1 };
    let report = evaluate(annotations, &predictions, &measures)?;
    for (prediction, ious) in predictions.iter().zip(&report.per_query_iou) {
        let is_hit = ious.first().is_some_and(|iou| *iou > THRESHOLD);
        *hits.entry(prediction.key.clone()).or_default() += f64::from(is_hit);
    }
    Ok(MEASURES.map(|name| report.official.recall.get(name).copied().unwrap_or(f64::NAN)))
}

fn compare(
    annotations: &AnnotationFile,
    hits: &HashMap<QueryKey, f64>,
    first: &HashMap<QueryKey, f64>,
    resamples: usize,
) -> Paired {
    let mut values = Vec::new();
    for (place, clip) in annotations.clips.iter().enumerate() {
        for query in &clip.queries {
            let key = clip.key_of(query);
            if let (Some(a), Some(b)) = (hits.get(&key), first.get(&key)) {
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
        match (self.mode.as_str(), self.freeze) {
            ("off", _) => "none",
            (_, true) => "frozen",
            (_, false) => "learned",
        }
    }
}

impl Table {
    pub fn markdown(&self) -> String {
        let mut text = "| model | gaze | estimator | seeds | ".to_owned();
        let _ =
            writeln!(text, "{} | R1@0.3 against the first row | p | configuration |", MEASURES.join(" | "));
        text += "|---|---|---|---|---|---|---|---|---|---|---|\n";
        for row in &self.rows {
            let recalls = row.recalls.map(|(mean, sd)| format!("{:.2} ± {:.2}", mean * 100.0, sd * 100.0));
            let (against, p) = match &row.against_first {
                Some(Paired { difference, interval, p_value }) => (
                    format!(
                        "{:+.2} ({:+.2} to {:+.2})",
                        difference * 100.0,
                        interval.low * 100.0,
                        interval.high * 100.0
                    ),
                    format!("{p_value:.3}"),
                ),
                None => (String::new(), String::new()),
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {against} | {p} | {} |",
                row.model,
                row.mode,
                row.estimator(),
                row.seeds,
                recalls.join(" | "),
                row.config,
            );
        }
        text += "\nPercent, mean ± standard deviation over seeds, each seed at its best epoch on these very queries.\n";
        text += "The comparison is a paired bootstrap over clips of R1@0.3, averaged over seeds; 95 % intervals.\n\n";
        for row in &self.rows {
            let _ = writeln!(text, "- {}: `{}`", row.config, row.command);
        }
        text
    }

    pub fn csv(&self) -> String {
        let mut text = "model,gaze,estimator,seeds".to_owned();
        for name in MEASURES {
            let _ = write!(text, ",{name}_mean,{name}_sd");
        }
        text += ",difference,low,high,p,configuration,command\n";
        for row in &self.rows {
            let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            let _ = write!(text, "{},{},{},{}", quoted(&row.model), row.mode, row.estimator(), row.seeds);
            for (mean, sd) in row.recalls {
                let _ = write!(text, ",{mean},{sd}");
            }
            match &row.against_first {
                Some(p) => {
                    let _ = write!(
                        text,
                        ",{},{},{},{}",
                        p.difference, p.interval.low, p.interval.high, p.p_value
                    );
                }
                None => text += ",,,,",
            }
            let _ = writeln!(text, ",{},{}", row.config, quoted(&row.command));
        }
        text
    }
}
