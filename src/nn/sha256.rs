//! The hash that pins files and names models.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::NnError;

/// SHA-256 of a file, lower-case hex.
pub fn sha256_of(path: &Path) -> Result<String, NnError> {
    let mut file = File::open(path).map_err(NnError::io(path))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer).map_err(NnError::io(path))?;
        if count == 0 {
            return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        hash.update(&buffer[..count]);
    }
}
