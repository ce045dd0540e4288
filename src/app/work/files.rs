//! Names of project files.

use std::path::{Path, PathBuf};

/// Tells a project at sight, and opens in any editor.
pub const ENDING: &str = ".gazenlq.json";

/// Without its ending.
pub fn plain_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(ENDING).or(name.strip_suffix(".json")).unwrap_or(&name).to_owned()
}

/// With an ending, where it was typed without one.
pub fn with_ending(path: PathBuf) -> PathBuf {
    if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        return path;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ENDING);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_its_ending_once() {
        let names = ["study", "study.json", "study.gazenlq.json", "v1.2"].map(|n| with_ending(n.into()));
        let expected = ["study.gazenlq.json", "study.json", "study.gazenlq.json", "v1.2.gazenlq.json"];
        assert_eq!(names, expected.map(PathBuf::from));
        assert_eq!(names.map(|n| plain_name(&n)), ["study", "study", "study", "v1.2"]);
    }
}
