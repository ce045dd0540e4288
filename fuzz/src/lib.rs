//! What the fuzz targets share. Recordings are read from files, so the bytes go into a folder of
//! their own first; on Linux let `TMPDIR` be in memory.

use std::path::Path;

use gazenlq::gaze::detect_fixations;
use gazenlq::gaze::recording::{self, LoadContext};
use gazenlq::job::JobCtx;
use gazenlq::time::MediaTime;

/// Writes the files into a fresh folder and gives its path.
pub fn with_files(files: &[(&str, &[u8])], read: impl FnOnce(&Path)) {
    let Ok(dir) = tempfile::tempdir() else { return };
    for (name, bytes) in files {
        if std::fs::write(dir.path().join(name), bytes).is_err() {
            return;
        }
    }
    read(dir.path());
}

/// Loads a recording with and without a clip and uses what comes out.
pub fn read_gaze(path: &Path) {
    let times: Vec<MediaTime> = (0..4).map(|i| MediaTime::from_millis(i * 33)).collect();
    let with_clip = LoadContext {
        display_size: Some([1600, 1200]),
        frame_times: Some(&times),
        duration: Some(MediaTime::from_millis(133)),
        video: None,
        mapping: None,
    };
    for context in [LoadContext::default(), with_clip] {
        if let Ok(loaded) = recording::load(path, &context, &JobCtx::detached()) {
            let track = loaded.track;
            let _ = (track.at(MediaTime::ZERO), track.invalid_spans(), detect_fixations(&track));
            let _ = track.frame_labels(&times);
        }
    }
    let _ = (recording::sniff(path), recording::unknown_table(path));
}

/// Cuts one input into `N` files at the byte 0xFE.
pub fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut rest = data.splitn(N, |byte| *byte == 0xfe);
    std::array::from_fn(|_| rest.next().unwrap_or_default())
}
