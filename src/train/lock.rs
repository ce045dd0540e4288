//! One run is written by one process: two would mix their checkpoints and metrics.

use std::fs::{File, OpenOptions, TryLockError};

use super::TrainError;
use super::checkpoint::RunFolder;

const LOCK: &str = "run.lock";

/// Keeps other processes from writing a run for as long as it lives. The system takes it away from a
/// process that is killed, so the file may stay.
#[must_use]
pub struct RunLock {
    _file: File,
}

impl RunFolder {
    /// Makes the folder, if there is none, and keeps others from writing it.
    pub fn lock(&self) -> Result<RunLock, TrainError> {
        std::fs::create_dir_all(self.path()).map_err(TrainError::io(self.path()))?;
        let path = self.path().join(LOCK);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(TrainError::io(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(TrainError::Locked(self.path().to_owned())),
            // some file systems of clusters know no locks, and people train there
            Err(TryLockError::Error(error)) => {
                tracing::warn!("a second training would not be noticed: {error}: {}", path.display());
            }
        }
        Ok(RunLock { _file: file })
    }
}
