#![no_main]
//! Text of EGTEA Gaze+; the header is given so that the rows are reached.

use gazenlq_fuzz::{read_gaze, with_files};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = [b"## Number of Samples: 9\nTime\n", data].concat();
    with_files(&[("gaze.txt", &text)], |dir| read_gaze(&dir.join("gaze.txt")));
});
