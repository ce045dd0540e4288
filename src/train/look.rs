//! A run as one looks at it from outside while it goes on: its curves so far, and examples of what the
//! network says by now. Everything is read from the run's folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde_json::Value;

use super::checkpoint::RunFolder;
use super::config::{GazeRun, GroundingRun};
use super::data::annotations;
use super::{TrainError, metrics, settings};
use crate::eval::PredictionFile;
use crate::project::is_of_synthetic_set;

/// Examples shown of a run.
const EXAMPLES: usize = 8;
/// Windows of a query that are shown.
const WINDOWS: usize = 3;

/// The configuration of a run, whichever of the two it is.
#[derive(Clone, Debug, PartialEq)]
pub enum RunConfig {
    Grounding(Box<GroundingRun>),
    Gaze(Box<GazeRun>),
}

impl RunConfig {
    /// Reads a run's TOML file.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let grounding = settings::read::<GroundingRun>(Some(path), &[]);
        let gaze = settings::read::<GazeRun>(Some(path), &[]);
        match (grounding, gaze) {
            (Ok(run), _) => Ok(Self::Grounding(Box::new(run))),
            (_, Ok(run)) => Ok(Self::Gaze(Box::new(run))),
            // what is wrong with it as the kind of run that it is meant to be
            (Err(_), Err(error)) if names_recordings(path) => Err(error),
            (Err(error), Err(_)) => Err(error),
        }
    }

    /// Whether a TOML file is meant as a run's, be it with mistakes.
    pub fn is_meant(path: &Path) -> bool {
        let has_section = |table: toml::Table| {
            ["model", "data", "schedule"]
                .iter()
                .any(|key| table.get(*key).is_some_and(|part| part.is_table()))
        };
        Self::read(path).is_ok() || settings::table_of(path).is_ok_and(has_section)
    }

    pub fn title(&self) -> &'static str {
        match self {
            Self::Grounding(_) => "Grounding network",
            Self::Gaze(_) => "Gaze estimator",
        }
    }

    /// Annotations, or lists of videos, that it is judged by.
    pub fn validation(&self) -> &[PathBuf] {
        match self {
            Self::Grounding(run) => &run.data.validation,
            Self::Gaze(run) => &run.data.validation,
        }
    }

    pub fn epochs(&self) -> u64 {
        match self {
            Self::Grounding(run) => run.schedule.total_epochs(),
            Self::Gaze(run) => run.schedule.total_epochs(),
        }
    }
}

/// Only the gaze estimator learns from recordings.
fn names_recordings(path: &Path) -> bool {
    let has_recordings = |table: toml::Table| {
        table.get("data").is_some_and(|data| data.get("recordings").or(data.get("features")).is_some())
    };
    settings::table_of(path).is_ok_and(has_recordings)
}

/// Named figures over steps.
pub type Curves = BTreeMap<String, Vec<[f64; 2]>>;

/// What a run says by now.
#[derive(Clone, Debug, Default)]
pub struct RunLook {
    pub config: Option<RunConfig>,
    /// Of the steps that were noted.
    pub training: Curves,
    /// Of the validations.
    pub validation: Curves,
    /// Steps and epochs done, as far as they were noted.
    pub step: u64,
    pub epoch: u64,
    /// It has trained to its end.
    pub is_done: bool,
    /// There is a checkpoint to go on from.
    pub can_resume: bool,
    pub moments: Vec<MomentExample>,
    pub maps: Vec<MapExample>,
    /// It is judged on made-up clips.
    pub is_synthetic: bool,
}

/// A question with its truth and what the network answers, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct MomentExample {
    pub question: String,
    pub duration_secs: f64,
    pub truth: Vec<[f64; 2]>,
    /// Best first.
    pub found: Vec<[f64; 2]>,
    pub iou: f64,
}

/// Where the wearer looked and where the estimator thinks so: `[side * side]` each.
#[derive(Clone, Debug, PartialEq)]
pub struct MapExample {
    pub truth: Vec<f32>,
    pub predicted: Vec<f32>,
}

impl RunLook {
    /// Whether this folder is a run's.
    pub fn is_run(folder: &Path) -> bool {
        let run = RunFolder::new(folder);
        run.config().is_file() && run.metrics().is_file()
    }

    /// Looks at a run's folder; one that has not begun has nothing to show.
    pub fn read(folder: &Path) -> Result<Self, TrainError> {
        let run = RunFolder::new(folder);
        let mut look = Self { can_resume: run.has_checkpoint(), is_done: run.is_done(), ..Self::default() };
        if run.config().is_file() {
            look.config = Some(RunConfig::read(&run.config())?);
        }
        look.is_synthetic =
            look.config.iter().flat_map(RunConfig::validation).any(|file| is_of_synthetic_set(file));
        for row in metrics::read(&run.metrics()) {
            look.add(&row);
        }
        look.maps = maps(&run.examples())?;
        if let Some(RunConfig::Grounding(config)) = &look.config
            && look.epoch > 0
        {
            look.moments = moments(config, &run, look.epoch)?;
        }
        Ok(look)
    }

    fn add(&mut self, row: &Value) {
        let Some(object) = row.as_object() else { return };
        let step = row["step"].as_u64().unwrap_or_default();
        let is_validation = row["kind"] == "validation";
        self.step = self.step.max(step);
        if is_validation {
            self.epoch = self.epoch.max(row["epoch"].as_u64().unwrap_or_default());
        }
        let curves = if is_validation { &mut self.validation } else { &mut self.training };
        for (name, value) in object {
            if let Some(value) = value.as_f64().filter(|_| name != "step" && name != "epoch") {
                curves.entry(name.clone()).or_default().push([step as f64, value]);
            }
        }
    }
}

/// The first queries of the validation, each from another clip as long as there are enough.
fn moments(config: &GroundingRun, run: &RunFolder, epoch: u64) -> Result<Vec<MomentExample>, TrainError> {
    let path: PathBuf = run.predictions(epoch);
    if !path.is_file() || config.data.validation.iter().any(|file| !file.is_file()) {
        return Ok(Vec::new());
    }
    let annotations = annotations(&config.data.validation, "data.validation")?;
    let predictions = PredictionFile::load(&path)?.predictions;
    let by_key: BTreeMap<_, _> = predictions.iter().map(|p| (&p.key, p)).collect();
    let stride = (annotations.queries().count() / EXAMPLES).max(1);
    let mut examples = Vec::new();
    for (clip, query) in annotations.queries().step_by(stride).take(EXAMPLES) {
        let Some(found) = by_key.get(&clip.key_of(query)) else { continue };
        let found: Vec<[f64; 2]> = found.windows.iter().take(WINDOWS).map(|w| [w.start, w.end]).collect();
        let iou = |window: &[f64; 2]| {
            query.windows.iter().map(|truth| crate::eval::hull_iou(*window, *truth)).fold(0.0, f64::max)
        };
        examples.push(MomentExample {
            question: query.text.clone(),
            duration_secs: clip.duration_secs.unwrap_or(1.0),
            truth: query.windows.clone(),
            iou: found.first().map_or(0.0, iou),
            found,
        });
    }
    Ok(examples)
}

fn maps(path: &Path) -> Result<Vec<MapExample>, TrainError> {
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let tensors = candle_core::safetensors::load(path, &Device::Cpu)?;
    let rows = |name: &str| match tensors.get(name) {
        Some(tensor) => tensor.flatten_from(1)?.to_vec2::<f32>(),
        None => Ok(Vec::new()),
    };
    let pairs = rows("truth")?.into_iter().zip(rows("predicted")?);
    Ok(pairs.map(|(truth, predicted)| MapExample { truth, predicted }).collect())
}

/// Writes examples of maps for `RunLook` to find.
pub fn write_maps(run: &RunFolder, examples: &[MapExample], side: usize) -> Result<(), TrainError> {
    if examples.is_empty() {
        return Ok(());
    }
    let joined = |of: &dyn Fn(&MapExample) -> &Vec<f32>| {
        let cells: Vec<f32> = examples.iter().flat_map(|example| of(example).iter().copied()).collect();
        Tensor::from_vec(cells, (examples.len(), side, side), &Device::Cpu)
    };
    let tensors = std::collections::HashMap::from([
        ("truth", joined(&|example| &example.truth)?),
        ("predicted", joined(&|example| &example.predicted)?),
    ]);
    let path = run.examples();
    let part = path.with_extension("part");
    candle_core::safetensors::save(&tensors, &part)?;
    std::fs::rename(&part, &path).map_err(TrainError::io(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_tells_its_curves_its_kind_and_its_maps() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunFolder::new(dir.path());
        assert!(!RunLook::is_run(dir.path()));
        std::fs::write(run.config(), settings::to_toml(&GazeRun::default())).unwrap();
        let rows = "{\"kind\":\"train\",\"step\":0,\"epoch\":0,\"loss\":5.0}\n\
                    {\"kind\":\"train\",\"step\":10,\"epoch\":0,\"loss\":4.0}\n\
                    {\"kind\":\"validation\",\"step\":12,\"epoch\":1,\"kl\":2.5}\n{\"kind\":\"tra";
        std::fs::write(run.metrics(), rows).unwrap();
        let example = MapExample { truth: vec![0.0, 1.0, 0.0, 0.0], predicted: vec![0.25; 4] };
        write_maps(&run, std::slice::from_ref(&example), 2).unwrap();
        assert!(RunLook::is_run(dir.path()));
        let look = RunLook::read(dir.path()).unwrap();
        assert!(!look.is_synthetic);
        assert_eq!(look.training["loss"], [[0.0, 5.0], [10.0, 4.0]]);
        assert_eq!(look.validation["kl"], [[12.0, 2.5]]);
        assert_eq!((look.step, look.epoch, look.is_done, look.can_resume), (12, 1, false, false));
        assert!(matches!(look.config, Some(RunConfig::Gaze(_))));
        assert_eq!(look.maps, [example]);
    }

    #[test]
    fn a_configuration_with_a_mistake_is_still_one_and_the_mistake_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.toml");
        let cases = [
            ("[schedule]\nepoch = 3\n", true, "epoch"),
            ("[data]\nrecordings = 'gaze'\nfeature = {}\n", true, "`feature`"),
            ("[data]\nvideos = {}\n", true, "`videos`"),
            // a network's
            ("[network]\nwidth = 96\n", false, "network"),
            ("[schedule\n", false, "run.toml"),
        ];
        for (text, is_meant, named) in cases {
            std::fs::write(&path, text).unwrap();
            assert_eq!(RunConfig::is_meant(&path), is_meant, "{text}");
            let error = RunConfig::read(&path).unwrap_err().to_string();
            assert!(error.contains(named) && error.contains("run.toml"), "{error}");
            // each kind of run has other keys
            assert_eq!(error.contains("untracked"), text.contains("recordings"), "{error}");
        }
    }
}
