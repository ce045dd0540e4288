#![no_main]
//! Prediction files in every layout.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = gazenlq::eval::PredictionFile::parse(data);
});
