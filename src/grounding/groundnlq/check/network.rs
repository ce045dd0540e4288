//! A whole network: weights, stages, logits, offsets, windows; then the same with trimmed padding.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::suppression::windows;
use super::{Report, Tensors, difference, generate, json, named, tensors, values, window_difference};
use crate::grounding::Window;
use crate::grounding::groundnlq::{
    Ask, Config, GroundNlq, GroundNlqError, LevelOutput, Mismatch, StateDict, StepGrid, VideoPadding,
    candidates, expected_tensors, in_seconds, read_checkpoint, reference_config, suppressed,
};
use crate::nn::NnError;

/// The parts of `meta.json` that matter here; small cases list their samples, large ones have one.
#[derive(Deserialize)]
struct Meta {
    seed: String,
    config: Option<String>,
    samples: Option<Vec<Sample>>,
    #[serde(rename = "T")]
    steps: Option<usize>,
    #[serde(rename = "L")]
    tokens: Option<usize>,
    duration: Option<f64>,
    gt_segments_grid: Option<Vec<[f64; 2]>>,
    #[serde(default)]
    decode: BTreeMap<String, Value>,
    #[serde(default)]
    columns: BTreeMap<String, Vec<u32>>,
    #[serde(default)]
    state_dict_order: Vec<String>,
    weights_sha256: Option<String>,
    inputs_sha256: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
pub(crate) struct Sample {
    #[serde(rename = "T")]
    pub steps: usize,
    #[serde(rename = "L")]
    pub tokens: usize,
    duration: f64,
    /// The moments, in steps.
    #[serde(default, rename = "gt_segments_grid")]
    pub segments: Vec<[f64; 2]>,
}

/// How far each kind of number may be off.
struct Tolerances {
    stage: f64,
    output: f64,
}

const SEGMENT_STEPS: f64 = 1e-4;
const SEGMENT_SECS: f64 = 1e-3;
const SCORE: f64 = 1e-5;

pub fn check(folder: &Path, device: &Device, report: &mut Report) -> Result<(), GroundNlqError> {
    let case = Case::read(folder, report)?;
    let weights = case.weights(report)?;
    let mut config = case.config.clone();
    config.network.padding = VideoPadding::Full;
    let network = GroundNlq::from_tensors(&weights, config.clone(), device)?;
    let outputs = case.stages(&network, report)?;
    case.decoded(&outputs, report)?;
    drop(network);
    config.network.padding = VideoPadding::Trimmed;
    case.trimmed(&GroundNlq::from_tensors(&weights, config, device)?, report)
}

pub(crate) struct Case {
    folder: PathBuf,
    meta: Meta,
    pub config: Config,
    pub samples: Vec<Sample>,
    /// Video and text of each sample, one row a step.
    pub inputs: Vec<(Tensor, Tensor)>,
    tolerances: Tolerances,
    /// The file with the stages.
    expected: Tensors,
    expected_path: PathBuf,
}

impl Case {
    pub fn read(folder: &Path, report: &mut Report) -> Result<Self, GroundNlqError> {
        let path = folder.join("meta.json");
        let mut meta: Meta = json(&path)?;
        let fail = |what: String| GroundNlqError::Config { what, path: path.clone() };
        let own = ["config.yaml", "config.json", "config.toml"].map(|name| folder.join(name));
        let config = match (own.iter().find(|path| path.is_file()), &meta.config) {
            (Some(path), _) => Config::read(path)?,
            (None, Some(name)) => Config::of_reference_file(name)
                .ok_or_else(|| fail(format!("config `{name}` is none of the reference's files")))?,
            (None, None) => return Err(fail("no config file in the folder, and none named".to_owned())),
        };
        let samples = match (meta.samples.take(), meta.steps, meta.tokens, meta.duration) {
            (Some(samples), ..) => samples,
            (None, Some(steps), Some(tokens), Some(duration)) => {
                let segments = meta.gt_segments_grid.take().unwrap_or_default();
                vec![Sample { steps, tokens, duration, segments }]
            }
            _ => return Err(fail("neither `samples` nor `T`, `L` and `duration`".to_owned())),
        };
        let inputs = inputs(folder, &meta, &config, &samples, report)?;
        let small = folder.join("intermediates.safetensors");
        let is_small = small.is_file();
        let expected_path = if is_small { small } else { folder.join("outputs.safetensors") };
        let tolerances = match is_small {
            true => Tolerances { stage: 5e-5, output: 5e-5 },
            false => Tolerances { stage: 3e-4, output: 1e-4 },
        };
        let expected = tensors(&expected_path)?;
        Ok(Self {
            folder: folder.to_owned(),
            meta,
            config,
            samples,
            inputs,
            tolerances,
            expected,
            expected_path,
        })
    }

    /// From the folder's files, or made from the seed.
    pub fn weights(&self, report: &mut Report) -> Result<super::super::Tensors, GroundNlqError> {
        let path = self.folder.join("model.safetensors");
        let weights = if path.is_file() {
            read_checkpoint(&path, StateDict::Raw)?
        } else {
            let mut weights = super::super::Tensors::new();
            for (name, shape) in expected_tensors(&self.config)? {
                let values = generate::weight(&self.meta.seed, &name, &shape);
                weights.insert(name, Tensor::from_vec(values, shape, &Device::Cpu)?);
            }
            weights
        };
        let mismatch = Mismatch::of(&self.config, &weights)?;
        let count = mismatch.missing.len() + mismatch.unexpected.len() + mismatch.misshapen.len();
        report.add("tensors that do not fit", count as f64, 0.0);
        if !mismatch.is_usable() {
            return Err(GroundNlqError::Weights { mismatch: Box::new(mismatch), path });
        }
        if let Some(expected) = &self.meta.weights_sha256 {
            let mut hash = Sha256::new();
            for name in &self.meta.state_dict_order {
                let tensor = weights.get(name).map(values).transpose()?.unwrap_or_default();
                hash.update(bytemuck::cast_slice(&tensor));
            }
            report.add("weights (SHA-256)", agreement(hash, expected), 0.0);
        }
        let checkpoint = self.folder.join("checkpoint.pth.tar");
        if checkpoint.is_file() {
            for (which, file) in [(StateDict::Raw, "model"), (StateDict::Ema, "ema")] {
                let path = self.folder.join(format!("{file}.safetensors"));
                if path.is_file() {
                    let found = read_checkpoint(&checkpoint, which)?;
                    let error = distance(&found, &read_checkpoint(&path, StateDict::Raw)?)?;
                    report.add(format!("checkpoint.pth.tar against {file}.safetensors"), error, 0.0);
                }
            }
        }
        Ok(weights)
    }

    /// All samples with the padding of the reference's batch; every stage that the file has.
    fn stages(
        &self,
        network: &GroundNlq,
        report: &mut Report,
    ) -> Result<Vec<Vec<LevelOutput>>, GroundNlqError> {
        let longest = self.samples.iter().map(|s| s.tokens).max().unwrap_or(0);
        let mut worst: Vec<(String, f64)> = Vec::new();
        let mut outputs = Vec::new();
        for (index, ((video, text), sample)) in self.inputs.iter().zip(&self.samples).enumerate() {
            let text = text.pad_with_zeros(0, 0, longest - sample.tokens)?;
            let (pass, levels) = network.stages(video, &text, sample.tokens)?;
            for (name, found) in pass.stages {
                let Some((expected, columns)) = self.expected_stage(&name) else { continue };
                let found = match columns {
                    Some(columns) => {
                        let columns = Tensor::new(columns, found.device())?;
                        found.index_select(&columns, 0)?
                    }
                    None => found,
                };
                let error = difference(&values(&found.t()?.contiguous()?)?, &values(&expected.get(index)?)?);
                match worst.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, worst)) => *worst = worst.max(error),
                    None => worst.push((name, error)),
                }
            }
            outputs.push(levels);
        }
        let is_output = |name: &str| name.starts_with("cls_logits.") || name.starts_with("offsets.");
        let mut unseen: Vec<&String> = self.expected.keys().collect();
        unseen.retain(|name| !is_output(name) && !worst.iter().any(|(seen, _)| bare(name) == seen));
        unseen.sort();
        for (name, error) in &worst {
            report.add(name, *error, self.tolerances.stage);
        }
        for name in unseen {
            report.add(format!("{name} (no such stage here)"), f64::INFINITY, self.tolerances.stage);
        }
        for level in 0..self.config.network.levels() {
            for kind in ["cls_logits", "offsets"] {
                let name = format!("{kind}.level{level}");
                let expected = named(&self.expected, &name, &self.expected_path)?;
                let mut error = 0f64;
                for (index, levels) in outputs.iter().enumerate() {
                    let found = output(&levels[level], kind, levels[level].extent.rows);
                    error = error.max(difference(&found, &values(&expected.get(index)?)?));
                }
                report.add(name, error, self.tolerances.output);
            }
        }
        Ok(outputs)
    }

    /// A stage's reference, and the rows it holds if not all.
    fn expected_stage(&self, name: &str) -> Option<(&Tensor, Option<&[u32]>)> {
        if let Some(columns) = self.meta.columns.get(name) {
            return Some((self.expected.get(&format!("cols.{name}"))?, Some(columns)));
        }
        let whole = self.expected.get(name).or_else(|| self.expected.get(&format!("full.{name}")));
        whole.map(|tensor| (tensor, None))
    }

    /// The reference's own logits and offsets in the place of ours. Windows before suppression are
    /// made from these: a level's stride multiplies what little the offsets are off, up to 64 times.
    fn reference_outputs(
        &self,
        levels: &[LevelOutput],
        index: usize,
    ) -> Result<Vec<LevelOutput>, GroundNlqError> {
        let of_level = |(level, ours): (usize, &LevelOutput)| {
            let read = |kind: &str| {
                let name = format!("{kind}.level{level}");
                Ok::<_, GroundNlqError>(named(&self.expected, &name, &self.expected_path)?.get(index)?)
            };
            let offsets = read("offsets")?.t()?.to_vec2::<f32>()?;
            Ok(LevelOutput {
                logits: values(&read("cls_logits")?)?,
                offsets: offsets.into_iter().map(|pair| [pair[0], pair[1]]).collect(),
                ..ours.clone()
            })
        };
        levels.iter().enumerate().map(of_level).collect()
    }

    fn decoded(&self, outputs: &[Vec<LevelOutput>], report: &mut Report) -> Result<(), GroundNlqError> {
        let path = self.folder.join("decode.safetensors");
        if !path.is_file() {
            return Ok(());
        }
        let expected = tensors(&path)?;
        for (tag, parameters) in &self.meta.decode {
            let fail = |what| GroundNlqError::Config { what, path: self.folder.join("meta.json") };
            let decode = reference_config::decode(parameters).map_err(fail)?;
            let mut worst = [("pre", 0f64, 0f64), ("nms_grid", 0.0, 0.0), ("final", 0.0, 0.0)];
            for (index, (levels, sample)) in outputs.iter().zip(&self.samples).enumerate() {
                let before = candidates(&self.reference_outputs(levels, index)?, &decode);
                let after = suppressed(&candidates(levels, &decode), &decode);
                let duration = sample.duration as f32;
                let grid = StepGrid::from(&self.config.features);
                let secs = |w: &Window| in_seconds(w, &grid, &decode, duration);
                let last: Vec<Window> = after.iter().map(secs).collect();
                for ((stage, segments, scores), found) in worst.iter_mut().zip([before, after, last]) {
                    let expected = windows(&expected, &format!("{tag}.s{index}.{stage}"), &path)?;
                    let (by_ends, by_score) = window_difference(&found, &expected);
                    (*segments, *scores) = (segments.max(by_ends), scores.max(by_score));
                }
            }
            for (stage, segments, scores) in worst {
                let tolerance = if stage == "final" { SEGMENT_SECS } else { SEGMENT_STEPS };
                report.add(format!("decode.{tag}.{stage}.segments"), segments, tolerance);
                report.add(format!("decode.{tag}.{stage}.scores"), scores, SCORE);
            }
        }
        Ok(())
    }

    /// Each sample alone, by the functions that everyone calls: the reference's numbers at less work.
    fn trimmed(&self, network: &GroundNlq, report: &mut Report) -> Result<(), GroundNlqError> {
        let path = self.folder.join("single.safetensors");
        let single = path.is_file().then(|| tensors(&path)).transpose()?;
        let name = |index: usize, rest: &str| format!("s{index}.{rest}");
        let mut worst = BTreeMap::<String, f64>::new();
        for (index, ((video, text), sample)) in self.inputs.iter().zip(&self.samples).enumerate() {
            if single.is_none() && self.samples.len() > 1 {
                return Ok(()); // the texts of a batch are padded, so nothing is known of one alone
            }
            let (_, levels) = network.stages(video, text, sample.tokens)?;
            for (level, found) in levels.iter().enumerate() {
                for kind in ["cls_logits", "offsets"] {
                    let stage = format!("{kind}.level{level}");
                    let expected = match &single {
                        Some(single) => named(single, &name(index, &stage), &path)?,
                        None => named(&self.expected, &stage, &self.expected_path)?,
                    };
                    let valid = found.extent.valid;
                    let expected = values(&expected.narrow(2, 0, valid)?)?;
                    let error = difference(&output(found, kind, valid), &expected);
                    let worst = worst.entry(stage).or_default();
                    *worst = worst.max(error);
                }
            }
            let Some(single) = &single else { continue };
            let clip = network.encode_clip(video, None, sample.duration as f32)?;
            let found = network.localize(&clip, text, &Ask::default())?.windows;
            let expected = windows(single, &name(index, "final"), &path)?;
            let (segments, scores) = window_difference(&found, &expected);
            for (stage, error) in [("final.segments", segments), ("final.scores", scores)] {
                let worst = worst.entry(stage.to_owned()).or_default();
                *worst = worst.max(error);
            }
        }
        for (stage, error) in worst {
            let tolerance = match stage.as_str() {
                "final.segments" => SEGMENT_SECS,
                "final.scores" => SCORE,
                _ => self.tolerances.output,
            };
            report.add(format!("trimmed.{stage}"), error, tolerance);
        }
        Ok(())
    }
}

fn inputs(
    folder: &Path,
    meta: &Meta,
    config: &Config,
    samples: &[Sample],
    report: &mut Report,
) -> Result<Vec<(Tensor, Tensor)>, GroundNlqError> {
    let path = folder.join("inputs.safetensors");
    let stored = path.is_file().then(|| tensors(&path)).transpose()?;
    let mut hashes = BTreeMap::from([("vid", Sha256::new()), ("txt", Sha256::new())]);
    let mut inputs = Vec::new();
    for (index, sample) in samples.iter().enumerate() {
        let mut one = |kind: &str, dim: usize, steps: usize| -> Result<Tensor, GroundNlqError> {
            let columns = match &stored {
                Some(stored) => named(stored, &format!("raw.v{index}.{kind}"), &path)?.clone(),
                None => {
                    let values = generate::input(&meta.seed, index, kind, dim * steps);
                    Tensor::from_vec(values, (dim, steps), &Device::Cpu)?
                }
            };
            if let Some(hash) = hashes.get_mut(kind) {
                hash.update(bytemuck::cast_slice(&values(&columns)?));
            }
            if columns.dims() != [dim, steps] {
                let what = format!("input {kind} {index} is {:?}, expected [{dim}, {steps}]", columns.dims());
                return Err(NnError::format(&path, what).into());
            }
            Ok(columns.t()?.contiguous()?)
        };
        let video = one("vid", config.features.video_dim, sample.steps)?;
        inputs.push((video, one("txt", config.features.text_dim, sample.tokens)?));
    }
    for (kind, expected) in meta.inputs_sha256.iter().flatten() {
        if let Some(hash) = hashes.remove(kind.as_str()) {
            report.add(format!("inputs.{kind} (SHA-256)"), agreement(hash, expected), 0.0);
        }
    }
    Ok(inputs)
}

pub(super) fn agreement(hash: Sha256, expected: &str) -> f64 {
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found == expected { 0.0 } else { f64::INFINITY }
}

fn distance(found: &super::super::Tensors, expected: &super::super::Tensors) -> Result<f64, GroundNlqError> {
    if found.len() != expected.len() {
        return Ok(f64::INFINITY);
    }
    let mut worst = 0f64;
    for (name, expected) in expected {
        let Some(found) = found.get(name) else { return Ok(f64::INFINITY) };
        worst = worst.max(difference(&values(found)?, &values(expected)?));
    }
    Ok(worst)
}

/// The first `rows` of logits, or of offsets with all distances to the start first.
fn output(level: &LevelOutput, kind: &str, rows: usize) -> Vec<f32> {
    if kind == "cls_logits" {
        return level.logits[..rows].to_vec();
    }
    let side = |side: usize| level.offsets[..rows].iter().map(move |pair| pair[side]);
    side(0).chain(side(1)).collect()
}

/// A fixture's name of a stage without the mark that it is partial.
fn bare(name: &str) -> &str {
    name.strip_prefix("cols.").or(name.strip_prefix("full.")).unwrap_or(name)
}
