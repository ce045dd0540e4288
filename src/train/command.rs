//! The command line that trains the same again, for a person to paste into a shell.

use std::fmt::Display;
use std::path::Path;

/// `gazenlq train` of `what` (`gaze`, `grounding`) into `output`; without a file every setting is the
/// default, but for those in `set`.
pub fn train_command(what: &str, config: Option<&Path>, set: &[String], output: &Path) -> String {
    let config = config.map(|path| format!(" {}", shell_quoted(path.display()))).unwrap_or_default();
    let set: String = set.iter().map(|set| format!(" --set {}", shell_quoted(set))).collect();
    format!("gazenlq train {what}{config}{set} --output {}", shell_quoted(output.display()))
}

/// One word of a command, as bash and its relatives read it.
fn shell_quoted(word: impl Display) -> String {
    let word = word.to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word;
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_words_as_they_were() {
        let cases = [
            ("runs/grid/GazeNLQ-off-seed1", "runs/grid/GazeNLQ-off-seed1"),
            ("schedule.learning_rate=5e-4", "schedule.learning_rate=5e-4"),
            ("my runs", "'my runs'"),
            ("data.train=['a.json', 'b.json']", r"'data.train=['\''a.json'\'', '\''b.json'\'']'"),
            ("$HOME", "'$HOME'"),
            ("~", "'~'"),
            ("", "''"),
        ];
        for (word, quoted) in cases {
            assert_eq!(shell_quoted(word), quoted);
        }
    }

    #[test]
    fn a_command_names_what_there_is() {
        let set = ["seed=3".to_owned(), "data.text='the texts'".to_owned()];
        let whole = train_command("grounding", Some(Path::new("my base.toml")), &set, Path::new("out/a"));
        let expected = r"gazenlq train grounding 'my base.toml' --set seed=3 --set 'data.text='\''the texts'\''' --output out/a";
        assert_eq!(whole, expected);
        assert_eq!(train_command("gaze", None, &[], Path::new("b")), "gazenlq train gaze --output b");
    }
}
