#![no_main]
//! NumPy arrays.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = gazenlq::nn::npy::parse_npy(data);
});
