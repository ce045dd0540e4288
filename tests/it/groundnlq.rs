//! GroundNLQ and GazeNLQ against the reference, by the code behind `gazenlq models check`.

use std::path::Path;

use candle_core::{Device, Tensor};
use gazenlq::grounding::groundnlq::{
    Ask, Config, FusionPosition, GazeFeatures, GazeMode, GroundNlq, Mismatch, StateDict, Tensors,
    TextPadding, align_tokens, check, expected_tensors, import, imported, read_checkpoint,
};
use gazenlq::nn::ModelDir;

use crate::support::{gazenlq, json, shared, stderr, stdout};

#[track_caller]
fn passes(case: &str) {
    let Some(folder) = shared(&format!("reference/groundnlq/{case}")) else { return };
    let stages = check::check(&folder, &Device::Cpu).unwrap();
    for stage in &stages {
        println!("{} {}: {:.2e} of {:.0e}", stage.case, stage.name, stage.error, stage.tolerance);
    }
    assert!(stages.len() > 10, "{case}: only {} stages", stages.len());
    let wrong = stages.iter().find(|stage| !stage.is_within());
    assert!(wrong.is_none(), "the first stage out of tolerance: {wrong:?}");
}

#[test]
fn tiny_network() {
    passes("tiny_groundnlq");
}

#[test]
fn tiny_network_with_text_in_the_pyramid() {
    passes("tiny_groundnlq_star");
}

#[test]
fn full_network() {
    passes("full_groundnlq");
}

#[test]
fn full_network_with_text_in_the_pyramid() {
    passes("full_groundnlq_star");
}

#[test]
fn suppression() {
    passes("nms");
}
