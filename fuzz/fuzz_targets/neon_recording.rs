#![no_main]
//! A native Neon recording: positions, clocks, worn flags, calibration.

use gazenlq_fuzz::{parts, read_gaze, with_files};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [gaze, time, worn, scene, calibration] = parts(data);
    let files = [
        ("info.json", &b"{}"[..]),
        ("gaze ps1.raw", gaze),
        ("gaze ps1.time", time),
        ("worn ps1.raw", worn),
        ("Neon Scene Camera v1 ps1.time", scene),
        ("calibration.bin", calibration),
    ];
    with_files(&files, read_gaze);
});
