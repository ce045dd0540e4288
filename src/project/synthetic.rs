//! Files of a made-up world.

use std::path::Path;

/// Whether a file is part of a set of `gazenlq synth`, whose description lies in its folder or the one above.
pub fn is_of_synthetic_set(file: &Path) -> bool {
    let says_so = |folder: &Path| {
        let text = std::fs::read(folder.join("synth.json")).ok()?;
        let about: serde_json::Value = serde_json::from_slice(&text).ok()?;
        Some(about["synthetic"] == true)
    };
    file.ancestors().skip(1).take(2).any(|folder| says_so(folder) == Some(true))
}
