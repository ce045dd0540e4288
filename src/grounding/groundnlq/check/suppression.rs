//! Suppression from given windows: every case with every set of parameters.

use std::path::Path;

use candle_core::Tensor;
use serde::Deserialize;

use super::{Report, Tensors, difference, json, named, tensors, values};
use crate::grounding::groundnlq::GroundNlqError;
use crate::grounding::{NmsConfig, NmsMethod, Window, nms, nms_indices};

#[derive(Deserialize)]
struct Description {
    cases: Vec<String>,
    params: Vec<Params>,
    raw: Option<Raw>,
}

#[derive(Deserialize)]
struct Params {
    tag: String,
    iou_threshold: f32,
    min_score: f32,
    max_seg_num: usize,
    use_soft_nms: bool,
    multiclass: bool,
    sigma: f32,
    voting_thresh: f32,
}

#[derive(Deserialize)]
struct Raw {
    iou_threshold: f32,
    sigma: f32,
    min_score: f32,
}

pub fn check(folder: &Path, report: &mut Report) -> Result<(), GroundNlqError> {
    let description: Description = json(&folder.join("nms.json"))?;
    let path = folder.join("nms.safetensors");
    let fixture = tensors(&path)?;
    for params in &description.params {
        let config = NmsConfig {
            method: if params.use_soft_nms { NmsMethod::Soft } else { NmsMethod::Hard },
            iou_threshold: params.iou_threshold,
            sigma: params.sigma,
            min_score: params.min_score,
            keep: params.max_seg_num,
            voting_iou: (!params.multiclass && params.voting_thresh > 0.0).then_some(params.voting_thresh),
        };
        let (mut segments, mut scores) = (0f64, 0f64);
        for case in &description.cases {
            // voting over empty windows divides by zero, so that not every pair is there
            let name = format!("{case}.{}", params.tag);
            let Some(expected) = fixture.get(&format!("{name}.segments")) else { continue };
            let found = nms(&windows(&fixture, &format!("{case}.in"), &path)?, &config);
            segments = segments.max(difference(&ends(&found), &values(expected)?));
            let expected = values(named(&fixture, &format!("{name}.scores"), &path)?)?;
            let found: Vec<f32> = found.iter().map(|w| w.score).collect();
            scores = scores.max(difference(&found, &expected));
        }
        // means over votes depend on the order of the sum; chosen windows are exact
        let exact = if config.voting_iou.is_some() { 1e-4 } else { 0.0 };
        report.add(format!("nms.{}.segments", params.tag), segments, exact);
        report.add(format!("nms.{}.scores", params.tag), scores, 1e-6);
    }
    let Some(raw) = &description.raw else { return Ok(()) };
    for (number, method) in [NmsMethod::Vanilla, NmsMethod::Linear, NmsMethod::Soft].into_iter().enumerate() {
        let config = NmsConfig {
            method,
            iou_threshold: raw.iou_threshold,
            sigma: raw.sigma,
            min_score: raw.min_score,
            keep: usize::MAX,
            voting_iou: None,
        };
        let (mut indices, mut kept) = (0f64, 0f64);
        for case in &description.cases {
            let Some(expected) = fixture.get(&format!("{case}.raw_m{number}.inds")) else { continue };
            let input = windows(&fixture, &format!("{case}.in"), &path)?;
            let found = nms_indices(&input, &config);
            let chosen: Vec<f32> = found.iter().map(|(index, _)| *index as f32).collect();
            indices = indices.max(difference(&chosen, &values(expected)?));
            let found = found.iter().flat_map(|(i, score)| [input[*i].start, input[*i].end, *score]);
            let expected = values(named(&fixture, &format!("{case}.raw_m{number}.dets"), &path)?)?;
            kept = kept.max(difference(&found.collect::<Vec<_>>(), &expected));
        }
        report.add(format!("nms.raw_m{number}.inds"), indices, 0.0);
        report.add(format!("nms.raw_m{number}.dets"), kept, 1e-6);
    }
    Ok(())
}

pub fn windows(fixture: &Tensors, name: &str, path: &Path) -> Result<Vec<Window>, GroundNlqError> {
    let part =
        |part: &str| -> Result<&Tensor, GroundNlqError> { named(fixture, &format!("{name}.{part}"), path) };
    let (ends, scores) = (values(part("segments")?)?, values(part("scores")?)?);
    let pairs = ends.as_chunks::<2>().0.iter().zip(scores);
    Ok(pairs.map(|(&[start, end], score)| Window { start, end, score }).collect())
}

pub fn ends(windows: &[Window]) -> Vec<f32> {
    windows.iter().flat_map(|w| [w.start, w.end]).collect()
}
