//! Helpers that tests call; they call the API, so that a refactor touches one place.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A file of the reference and data folder, which may stand beside the project. `None`, with the
/// reason printed, where it does not.
pub fn shared(relative: &str) -> Option<PathBuf> {
    let root = std::env::var_os("GAZENLQ_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join(relative);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {relative} is not on this machine");
    None
}

/// A file of the project.
pub fn project(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Runs the program and returns what it said.
pub fn gazenlq(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gazenlq")).args(args).output().expect("the program starts")
}

/// The same with a folder of models of its own.
pub fn gazenlq_in(models: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gazenlq"));
    command.args(args).env("GAZENLQ_MODELS", models).output().expect("the program starts")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Standard output as JSON.
pub fn json(output: &Output) -> serde_json::Value {
    let text = stdout(output);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("not JSON ({e}): {text}\n{}", stderr(output)))
}
