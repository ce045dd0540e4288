//! Files that come with the program.

use std::path::{Path, PathBuf};

/// A folder of the project: in the working directory, beside the program, or in the sources.
pub fn shipped(folder: &str) -> Option<PathBuf> {
    let beside_program = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_path_buf));
    let roots =
        [std::env::current_dir().ok(), beside_program, Some(PathBuf::from(env!("CARGO_MANIFEST_DIR")))];
    roots.into_iter().flatten().map(|root| root.join(folder)).find(|dir| dir.is_dir())
}
