//! Training against the reference, by the code behind `gazenlq models check`.

use candle_core::Device;
use gazenlq::train::check::check;

use crate::support::shared;

#[track_caller]
fn passes(case: &str, at_least: usize) {
    let Some(folder) = shared(&format!("reference/groundnlq/{case}")) else { return };
    let stages = check(&folder, &Device::Cpu).unwrap();
    for stage in &stages {
        println!("{} {}: {:.2e} of {:.0e}", stage.case, stage.name, stage.error, stage.tolerance);
    }
    assert!(stages.len() >= at_least, "{case}: only {} stages", stages.len());
    let wrong = stages.iter().find(|stage| !stage.is_within());
    assert!(wrong.is_none(), "the first stage out of tolerance: {wrong:?}");
}

#[test]
fn labels_losses_gradients_and_six_steps() {
    passes("tiny_groundnlq", 250);
}

#[test]
fn the_same_with_text_in_the_pyramid_and_without_a_positive_point() {
    passes("tiny_groundnlq_star", 250);
}

#[test]
fn one_step_of_the_full_network() {
    passes("full_groundnlq", 6);
}

#[test]
fn learning_rates_and_losses_alone() {
    let Some(folder) = shared("reference/groundnlq") else { return };
    // the folder itself, without those in it
    let alone = tempfile::tempdir().unwrap();
    for name in ["losses.safetensors", "lr_schedule.json"] {
        std::fs::copy(folder.join(name), alone.path().join(name)).unwrap();
    }
    let stages = check(alone.path(), &Device::Cpu).unwrap();
    assert_eq!(stages.len(), 8);
    let wrong = stages.iter().find(|stage| !stage.is_within());
    assert!(wrong.is_none(), "out of tolerance: {wrong:?}");
}
