#![no_main]
//! Project files, which come back as they are written, and the records beside them.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let path = std::path::Path::new("/data/p.json");
    if let Ok(project) = gazenlq::project::file::parse(data, path) {
        let text = gazenlq::project::file::text_of(&project, path);
        assert!(gazenlq::project::file::parse(text.as_bytes(), path).is_ok());
    }
    let _ = gazenlq::project::parse_journal(data);
});
