//! Files out: pictures and tables.

pub mod caption;
pub mod image;
mod ink;
pub mod table;

use std::io::Write as _;
use std::path::Path;

/// Writes a file whole or not at all: beside its place first, then renamed over it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(name);
    let result = std::fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    if result.is_err() {
        let _ = std::fs::remove_file(&beside); // nothing half-made is left behind
    }
    result
}
