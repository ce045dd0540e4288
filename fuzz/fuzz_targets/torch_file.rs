#![no_main]
//! PyTorch files: zip archives, streams and the pickles inside.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = gazenlq::nn::torch_file::from_bytes(data);
});
