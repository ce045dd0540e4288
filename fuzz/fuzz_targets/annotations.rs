#![no_main]
//! Annotation JSON of Ego4D NLQ.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = gazenlq::project::AnnotationFile::parse(data);
});
