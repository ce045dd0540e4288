//! The command line that trains the same again, for a person to paste into a shell.

use std::path::Path;

use crate::project::shell_quoted;

/// `gazenlq train` of `what` (`gaze`, `grounding`) into `output`; without a file every setting is the
/// default, but for those in `set`.
pub fn train_command(what: &str, config: Option<&Path>, set: &[String], output: &Path) -> String {
    let config = config.map(|path| format!(" {}", shell_quoted(path.display()))).unwrap_or_default();
    let set: String = set.iter().map(|set| format!(" --set {}", shell_quoted(set))).collect();
    format!("gazenlq train {what}{config}{set} --output {}", shell_quoted(output.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_what_there_is() {
        let set = ["seed=3".to_owned(), "data.text='the texts'".to_owned()];
        let whole = train_command("grounding", Some(Path::new("my base.toml")), &set, Path::new("out/a"));
        let expected = r"gazenlq train grounding 'my base.toml' --set seed=3 --set 'data.text='\''the texts'\''' --output out/a";
        assert_eq!(whole, expected);
        assert_eq!(train_command("gaze", None, &[], Path::new("b")), "gazenlq train gaze --output b");
    }
}
