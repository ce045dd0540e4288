//! A name for a file's content that survives renaming: size and hash of its two ends.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use sha2::{Digest as _, Sha256};

const END_BYTES: u64 = 1 << 20;

/// 32 hex digits from the length, the first and the last MiB.
pub(super) fn content_id(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let len = file.metadata()?.len();
    let mut hasher = Sha256::new();
    hasher.update(len.to_le_bytes());
    let mut buffer = Vec::new();
    (&mut file).take(END_BYTES).read_to_end(&mut buffer)?;
    hasher.update(&buffer);
    if len > END_BYTES {
        file.seek(SeekFrom::Start(len.saturating_sub(END_BYTES).max(END_BYTES)))?;
        buffer.clear();
        file.take(END_BYTES).read_to_end(&mut buffer)?;
        hasher.update(&buffer);
    }
    Ok(hasher.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect())
}
