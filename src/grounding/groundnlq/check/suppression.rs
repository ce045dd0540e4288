//! Suppression from given windows: every case with every set of parameters.

use std::path::Path;

use candle_core::Tensor;
use serde::Deserialize;

use super::{Report, Tensors, difference, json, named, tensors, values, window_difference};
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
        for case in &description.cases {
            // voting over empty windows divides by zero, so that not every pair is there
            let name = format!("{case}.{}", params.tag);
            if !fixture.contains_key(&format!("{name}.segments")) {
                continue;
            }
            let expected = windows(&fixture, &name, &path)?;
            let mut input = windows(&fixture, &format!("{case}.in"), &path)?;
            if config.method == NmsMethod::Hard {
                // PyTorch's sort leaves the order of equal scores open, and the choice depends on
                // it: among equals, ours looks first at what the reference chose
                let place = |window: &Window| expected.iter().position(|e| e == window);
                input.sort_by_key(|window| place(window).unwrap_or(usize::MAX));
            }
            let (segments, scores) = window_difference(&nms(&input, &config), &expected);
            // means over votes depend on the order of the sum; chosen windows are exact
            let exact = if config.voting_iou.is_some() { 1e-4 } else { 0.0 };
            report.add(format!("nms.{name}.segments"), segments, exact);
            report.add(format!("nms.{name}.scores"), scores, 1e-6);
        }
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
        for case in &description.cases {
            let name = format!("{case}.raw_m{number}");
            let Some(expected) = fixture.get(&format!("{name}.inds")) else { continue };
            let input = windows(&fixture, &format!("{case}.in"), &path)?;
            let found = nms_indices(&input, &config);
            let chosen: Vec<f32> = found.iter().map(|(index, _)| *index as f32).collect();
            report.add(format!("nms.{name}.inds"), difference(&chosen, &values(expected)?), 0.0);
            let found = found.iter().flat_map(|(i, score)| [input[*i].start, input[*i].end, *score]);
            let expected = values(named(&fixture, &format!("{name}.dets"), &path)?)?;
            let error = difference(&found.collect::<Vec<_>>(), &expected);
            report.add(format!("nms.{name}.dets"), error, 1e-6);
        }
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
