//! WebVTT: one cue a moment, the question as its text. Players show it over the clip.

use std::fmt::Write as _;

use super::pieces::{Extra, Piece, clip_of};
use crate::project::AnnotatedClip;

const EXTRA: &str = "NOTE gazenlq ";

pub fn write(clip: &AnnotatedClip) -> String {
    let extra = serde_json::to_string(&Extra::of(clip)).unwrap_or_default();
    // an arrow would end the comment
    let mut text = format!("WEBVTT\n\n{EXTRA}{}\n", extra.replace("-->", "--\\u003e"));
    let mut cues = Vec::new();
    for query in &clip.queries {
        let id = shown(&clip.key_of(query).query_id()).replace("-->", "->");
        for (order, [start, end]) in query.windows.iter().enumerate() {
            cues.push((*start, *end, format!("{id} {}", order + 1), shown(&query.text)));
        }
    }
    cues.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (start, end, id, question) in cues {
        let question = question.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = write!(text, "\n{id}\n{} --> {}\n{question}\n", time_of(start), time_of(end));
    }
    text
}

fn time_of(secs: f64) -> String {
    let millis = (secs.max(0.0) * 1e3).round() as u64;
    let (hours, minutes, secs) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1000 % 60);
    format!("{hours:02}:{minutes:02}:{secs:02}.{:03}", millis % 1000)
}

/// Text as one line of a cue: an empty line would end it.
fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub fn parse(bytes: &[u8], clip: &str) -> Result<AnnotatedClip, String> {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n");
    if !text.starts_with("WEBVTT") {
        return Err("it does not begin with WEBVTT".to_owned());
    }
    let mut extra = Extra::default();
    let mut pieces = Vec::new();
    let mut number = 1;
    for block in text.split("\n\n") {
        let first_line = number;
        number += block.matches('\n').count() + 2;
        let block = block.trim_matches('\n');
        if let Some(json) = block.strip_prefix(EXTRA) {
            // what was damaged elsewhere is left out
            extra = serde_json::from_str(json).unwrap_or_default();
            continue;
        }
        let lines: Vec<&str> = block.lines().collect();
        // a time line is the first or, after an identifier, the second; other blocks are comments
        let Some(at) = lines.iter().take(2).position(|line| line.contains("-->")) else { continue };
        let window = window_of(lines[at])
            .ok_or_else(|| format!("line {}: no times: {}", first_line + at, lines[at]))?;
        let id = if at == 1 { lines[0].trim() } else { "" };
        let (name, order) = match id.rsplit_once(' ') {
            Some((name, order)) if order.parse::<u64>().is_ok() => (name, order.parse().unwrap_or_default()),
            _ => ("cue", u64::MAX),
        };
        let question = plain(&lines[at + 1..].join(" "));
        pieces.push(Piece { name: name.to_owned(), order, window, text: question });
    }
    Ok(clip_of(extra, pieces, clip, shown))
}

fn window_of(line: &str) -> Option<[f64; 2]> {
    let (start, rest) = line.split_once("-->")?;
    // settings may follow the end
    Some([secs_of(start.trim())?, secs_of(rest.split_whitespace().next()?)?])
}

/// `mm:ss.ttt` or `hh:mm:ss.ttt`
fn secs_of(text: &str) -> Option<f64> {
    let (whole, millis) = text.split_once('.')?;
    if millis.len() != 3 {
        return None;
    }
    let mut total: u64 = 0;
    let parts: Vec<&str> = whole.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    for part in parts {
        total = total.checked_mul(60)?.checked_add(part.parse::<u32>().ok()?.into())?;
    }
    let millis = total.checked_mul(1000)?.checked_add(millis.parse::<u16>().ok()?.into())?;
    Some(millis as f64 / 1e3)
}

/// Without tags, and with what was escaped.
fn plain(text: &str) -> String {
    let mut found = String::new();
    let mut is_tag = false;
    for c in text.chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            c if !is_tag => found.push(c),
            _ => {}
        }
    }
    let found = found.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}");
    shown(&found.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_program_is_read() {
        let text = "WEBVTT - talk\n\nSTYLE\n::cue { color: red }\n\nNOTE a comment\n\n00:01.500 --> 00:02.000 align:start\n<v Ann>Where is <b>it</b>?\n\n2\n01:00:00.000 --> 01:00:01.250\nWhere is it?\n";
        let clip = parse(text.as_bytes(), "v").expect("reads");
        assert_eq!(clip.queries.len(), 1);
        assert_eq!(clip.queries[0].text, "Where is it?");
        assert_eq!(clip.queries[0].windows, [[1.5, 2.0], [3600.0, 3601.25]]);
        let error = parse(b"WEBVTT\n\n1\n00:0x.500 --> 00:02.000\nq\n", "v").expect_err("no time");
        assert!(error.starts_with("line 4: no times"), "{error}");
    }
}
