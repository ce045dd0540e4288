//! Words of commands that a person may paste into a shell.

use std::fmt::Display;

/// One word of a command, as bash and its relatives read it.
pub fn shell_quoted(word: impl Display) -> String {
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
}
