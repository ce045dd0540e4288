//! Every shader is valid WGSL, before a user's device finds out.

use crate::support::project;

#[test]
fn shaders_parse_and_validate() {
    let mut count = 0;
    for entry in std::fs::read_dir(project("shaders")).expect("shaders").flatten() {
        let source = std::fs::read_to_string(entry.path()).expect("text");
        let module =
            naga::front::wgsl::parse_str(&source).unwrap_or_else(|e| panic!("{}", e.emit_to_string(&source)));
        let mut validator = naga::valid::Validator::new(
            naga::valid::ValidationFlags::all(),
            naga::valid::Capabilities::empty(),
        );
        validator.validate(&module).unwrap_or_else(|e| panic!("{}: {e:?}", entry.path().display()));
        count += 1;
    }
    assert!(count > 0);
}
