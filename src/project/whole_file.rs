//! Files that are written whole or not at all.

use std::io::Write as _;
use std::path::Path;

/// Writes beside the file's place first, then renames over it. When this returns, the file survives
/// a power cut as well.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(name);
    let result = std::fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    if result.is_err() {
        let _ = std::fs::remove_file(&beside); // nothing half-made is left behind
        return result;
    }
    sync_folder(path);
    Ok(())
}

/// Makes a rename last. Not every system can, and the rename itself has happened.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Ok(folder) = std::fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}
