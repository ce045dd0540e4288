//! The page as Markdown.

use std::fmt::Write as _;

use super::{Block, Page};

pub fn write(page: &Page<'_>) -> String {
    let mut text = String::new();
    for block in page.blocks() {
        match block {
            Block::Heading(level, title) => {
                let _ = writeln!(text, "{} {title}\n", "#".repeat(level.into()));
            }
            Block::Text(words) => {
                let _ = writeln!(text, "{words}\n");
            }
            Block::Code(code) => {
                let _ = writeln!(text, "```\n{code}\n```\n");
            }
            // the table below it says the same
            Block::Stack(_) => {}
            Block::Table { head, rows } => {
                let _ = writeln!(text, "| {} |", head.join(" | "));
                let _ = writeln!(text, "|{}", " --- |".repeat(head.len()));
                for row in rows {
                    let cells: Vec<String> = row.iter().map(|field| field.text.replace('|', "\\|")).collect();
                    let _ = writeln!(text, "| {} |", cells.join(" | "));
                }
                text.push('\n');
            }
        }
    }
    text
}
