#![no_main]
//! Annotations as other programs keep them: CSV, ELAN, WebVTT and the JSON layouts.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for format in gazenlq::project::exchange::ExchangeFormat::ALL {
        let _ = gazenlq::project::exchange::parse(data, format, "c");
    }
    let _ = gazenlq::project::exchange::ExchangeFormat::of(data);
});
