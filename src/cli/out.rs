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

/// A context whose progress is shown on one stderr line, a few times a second.
pub fn progress_ctx() -> JobCtx {
    if !std::io::stderr().is_terminal() {
        return JobCtx::detached();
    }
    let slot: Arc<Mutex<(Option<JobCtx>, Option<Instant>)>> = Arc::default();
    let ctx = JobCtx::with_wake(Arc::new({
        let slot = Arc::clone(&slot);
        move || {
            let Ok(mut slot) = slot.try_lock() else { return };
            if slot.1.is_some_and(|last| last.elapsed() < Duration::from_millis(150)) {
                return;
            }
            slot.1 = Some(Instant::now());
            if let Some(ctx) = &slot.0 {
                let _ = write!(std::io::stderr(), "\r\x1b[K{}", progress_text(&ctx.progress()));
            }
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

fn progress_text(progress: &Progress) -> String {
    let mut text = progress.stage.clone();
    if progress.total > 0 {
        text += &format!("  {}/{}", progress.done, progress.total);
    }
    if !progress.note.is_empty() {
        text += &format!("  {}", progress.note);
    }
    if let Some(left) = progress.left_secs() {
        text += &format!("  {left:.0} s left");
    }
    text
}
