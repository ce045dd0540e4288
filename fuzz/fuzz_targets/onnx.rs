#![no_main]
//! ONNX models with a data file beside them.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = gazenlq::nn::onnx::read(data, &[0; 64]);
});
