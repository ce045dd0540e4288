#![no_main]
//! Any gaze table, beside any list of picture times.

use gazenlq_fuzz::{parts, read_gaze, with_files};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [table, world, camera] = parts(data);
    let files = [("gaze.csv", table), ("world_timestamps.csv", world), ("scene_camera.json", camera)];
    with_files(&files, |dir| read_gaze(&dir.join("gaze.csv")));
});
