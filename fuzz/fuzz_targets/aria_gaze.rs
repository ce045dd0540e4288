#![no_main]
//! Aria eye gaze beside a calibration and a VRS recording.

use gazenlq_fuzz::{parts, read_gaze, with_files};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [rows, calibration, vrs] = parts(data);
    let header = b"tracking_timestamp_us,yaw_rads_cpf,pitch_rads_cpf,depth_m\n";
    let table = [&header[..], rows].concat();
    let files = [("gaze.csv", &table[..]), ("online_calibration.jsonl", calibration), ("recording.vrs", vrs)];
    with_files(&files, |dir| read_gaze(&dir.join("gaze.csv")));
});
