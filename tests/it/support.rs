//! What several integration tests need.

use std::path::{Path, PathBuf};

/// A file or folder of the reference data, or `None` with a printed reason. `$GAZENLQ_SHARED`
/// names the data; without it, `../shared` beside the project.
pub fn shared(rel: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let path = std::env::var_os("GAZENLQ_SHARED").map_or_else(beside, PathBuf::from).join(rel);
    if !path.exists() {
        println!("skipped: {} is not on this machine", path.display());
        return None;
    }
    Some(path)
}
