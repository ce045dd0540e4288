//! Where the command line writes: results to stdout, progress and warnings to stderr.

use std::io::{IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::job::{JobCtx, Progress};

/// One line of a result. A closed pipe (`| head`) is no error.
pub fn line(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

pub fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?);
    Ok(())
}

pub fn warning(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr(), "warning: {text}");
}

/// The whole chain of causes in one sentence.
pub fn error(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
}

/// Columns aligned by their widest cell.
pub fn table(header: &[&str], rows: &[Vec<String>]) {
    let widths: Vec<usize> = (0..header.len())
        .map(|i| {
            rows.iter()
                .filter_map(|r| r.get(i))
                .map(|c| c.chars().count())
                .chain([header[i].len()])
                .max()
                .unwrap_or(0)
        })
        .collect();
    let print = |cells: &mut dyn Iterator<Item = &str>| {
        let text: Vec<String> = cells.zip(&widths).map(|(c, w)| format!("{c:<w$}")).collect();
        line(text.join("  ").trim_end());
    };
    print(&mut header.iter().copied());
    for row in rows {
        print(&mut row.iter().map(String::as_str));
    }
}

/// Between two looks at the progress in a terminal, and between two lines in a log.
const IN_TERMINAL: Duration = Duration::from_millis(150);
const IN_LOG: Duration = Duration::from_secs(30);
/// Characters of a whole bar.
const BAR: usize = 20;

/// A context whose progress is shown on one stderr line, a few times a second; where stderr is a file, by
/// a line now and then.
pub fn progress_ctx() -> JobCtx {
    let is_terminal = std::io::stderr().is_terminal();
    let (pause, first) = if is_terminal { (IN_TERMINAL, None) } else { (IN_LOG, Some(Instant::now())) };
    let slot: Arc<Mutex<(Option<JobCtx>, Option<Instant>)>> = Arc::new(Mutex::new((None, first)));
    let ctx = JobCtx::with_wake(Arc::new({
        let slot = Arc::clone(&slot);
        move || {
            let Ok(mut slot) = slot.try_lock() else { return };
            if slot.1.is_some_and(|last| last.elapsed() < pause) {
                return;
            }
            slot.1 = Some(Instant::now());
            let Some(text) = slot.0.as_ref().map(|ctx| progress_text(&ctx.progress(), is_terminal)) else {
                return;
            };
            let _ = match is_terminal {
                true => write!(std::io::stderr(), "\r\x1b[K{text}"),
                false => writeln!(std::io::stderr(), "{text}"),
            };
        }
    }));
    if let Ok(mut slot) = slot.lock() {
        slot.0 = Some(ctx.clone());
    }
    ctx
}

/// Ends the progress line, so that the next text starts on a clean one.
pub fn end_progress() {
    if std::io::stderr().is_terminal() {
        let _ = write!(std::io::stderr(), "\r\x1b[K");
    }
}

fn progress_text(progress: &Progress, has_bar: bool) -> String {
    let mut text = progress.stage.clone();
    if let Some(fraction) = progress.fraction() {
        if has_bar {
            let full = (fraction.clamp(0.0, 1.0) * BAR as f32) as usize;
            text += &format!("  [{}{}]", "#".repeat(full), "-".repeat(BAR - full));
        }
        text += &format!("  {}/{}", progress.done, progress.total);
    }
    if !progress.note.is_empty() {
        text += &format!("  {}", progress.note);
    }
    if let Some(left) = progress.left_secs() {
        let rate = progress.done as f64 / progress.elapsed_secs.max(1e-3);
        text += &format!("  {rate:.1}/s  {left:.0} s left");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_has_a_bar_a_rate_and_the_time_left() {
        let progress = Progress {
            stage: "Training".to_owned(),
            note: "loss 0.5".to_owned(),
            done: 25,
            total: 100,
            elapsed_secs: 10.0,
        };
        let text = progress_text(&progress, true);
        assert_eq!(text, "Training  [#####---------------]  25/100  loss 0.5  2.5/s  30 s left");
        assert!(!progress_text(&progress, false).contains('['));
        let waiting =
            Progress { stage: "Opening".to_owned(), note: String::new(), done: 0, total: 0, ..progress };
        assert_eq!(progress_text(&waiting, true), "Opening");
    }
}
