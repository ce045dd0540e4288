//! Where messages go: to standard error, and for the window also to a file of this run.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, fmt};

/// Logs of so many runs are kept: a crash can still be read about after the next start.
const KEPT: usize = 5;

/// Messages go to standard error, and with `folder` to a new file in it as well;
/// `RUST_LOG=gazenlq=debug` shows more.
pub fn start(folder: Option<&Path>) {
    let filter = || {
        EnvFilter::try_from_default_env()
            .unwrap_or_else(|_| EnvFilter::new("gazenlq=info,warn,wgpu_hal=error,wgpu_core=error,naga=error"))
    };
    let to_file = folder.and_then(new_log).map(|file| {
        fmt::layer().with_writer(Mutex::new(file)).with_ansi(false).with_target(false).with_filter(filter())
    });
    let to_stderr = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false)
        .with_filter(filter());
    tracing_subscriber::registry().with(to_stderr).with(to_file).init();
}

/// The logs of a folder, oldest first.
pub fn logs_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_log = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("gazenlq-") && name.ends_with(".log")
    };
    let mut logs: Vec<PathBuf> = entries.filter(is_log).collect();
    logs.sort();
    logs
}

/// A new file, after the oldest ones are gone. Without one the window works all the same.
fn new_log(folder: &Path) -> Option<File> {
    std::fs::create_dir_all(folder).ok()?;
    let logs = logs_in(folder);
    for old in &logs[..logs.len().saturating_sub(KEPT - 1)] {
        let _ = std::fs::remove_file(old); // another process may have been faster
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    // names in order of time; the process tells two of one second apart
    File::create(folder.join(format!("gazenlq-{:011}-{}.log", since.as_secs(), std::process::id()))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_logs_are_kept_and_older_ones_go() {
        let dir = tempfile::tempdir().expect("a folder");
        for i in 0..9 {
            std::fs::write(dir.path().join(format!("gazenlq-{i:011}-1.log")), "").expect("written");
        }
        std::fs::write(dir.path().join("notes.log"), "").expect("written");
        assert!(new_log(dir.path()).is_some());
        let logs = logs_in(dir.path());
        assert_eq!(logs.len(), KEPT);
        assert!(logs[0].ends_with("gazenlq-00000000005-1.log"), "{logs:?}");
        assert!(dir.path().join("notes.log").exists());
    }
}
