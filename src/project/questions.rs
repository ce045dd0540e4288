//! A list of questions: a text file with one a line.

use std::path::{Path, PathBuf};

/// More at once is a data set, and has annotation files and `gazenlq localize`.
const MOST: usize = 500;
const MAX_BYTES: u64 = 1 << 20;

#[derive(Debug, thiserror::Error)]
pub enum QuestionsError {
    #[error("cannot read the questions: {reason}: {}", path.display())]
    Unreadable { reason: String, path: PathBuf },
    #[error("this is no list of questions ({found}); expected a text file with one question a line, {MOST} at most: {}", path.display())]
    NotAList { found: String, path: PathBuf },
}

/// The lines that are neither empty nor comments (`#`).
pub fn read_questions(path: &Path) -> Result<Vec<String>, QuestionsError> {
    let unreadable =
        |e: std::io::Error| QuestionsError::Unreadable { reason: e.to_string(), path: path.to_path_buf() };
    let not_a_list = |found: String| QuestionsError::NotAList { found, path: path.to_path_buf() };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > MAX_BYTES {
        return Err(not_a_list(format!("{size} bytes")));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| not_a_list("it is not UTF-8 text".into()))?;
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let questions: Vec<String> =
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect();
    match questions.len() {
        0 => Err(not_a_list("there is no question in it".into())),
        many if many > MOST => Err(not_a_list(format!("{many} lines"))),
        _ => Ok(questions),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<String>, QuestionsError> {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("questions.txt");
        std::fs::write(&path, bytes).expect("written");
        read_questions(&path)
    }

    #[test]
    fn one_question_a_line_whatever_the_editor() {
        let text = "\u{feff}Where is the cup?\r\n\r\n# later\r\n杯子在哪里？\n";
        assert_eq!(read(text.as_bytes()).expect("a list"), ["Where is the cup?", "杯子在哪里？"]);
    }

    #[test]
    fn what_is_no_list_is_explained() {
        for (bytes, word) in [(&b"\xff\xfe\x00"[..], "UTF-8"), (b"\n# only\n", "no question")] {
            let error = read(bytes).expect_err("no list").to_string();
            assert!(error.contains(word) && error.contains("questions.txt"), "{error}");
        }
        assert!(read("x\n".repeat(MOST + 1).as_bytes()).is_err());
    }
}
