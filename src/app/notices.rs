//! What the app told the user: shown until dismissed, kept in a history.

use crate::view::notices::{Notice, Severity};

#[derive(Default)]
pub struct Notices {
    shown: Vec<Notice>,
    history: Vec<Notice>,
    next_id: u64,
}

impl Notices {
    pub fn info(&mut self, text: impl Into<String>) {
        self.push(Severity::Info, text.into());
    }

    pub fn warning(&mut self, text: impl Into<String>) {
        self.push(Severity::Warning, text.into());
    }

    pub fn error(&mut self, error: &anyhow::Error) {
        self.push(Severity::Error, format!("{error:#}"));
    }

    fn push(&mut self, severity: Severity, text: String) {
        let notice = Notice { id: self.next_id, severity, text };
        self.next_id += 1;
        self.shown.retain(|n| n.text != notice.text);
        self.shown.push(notice.clone());
        self.history.push(notice);
    }

    pub fn dismiss(&mut self, id: u64) {
        self.shown.retain(|n| n.id != id);
    }

    pub fn shown(&self) -> &[Notice] {
        &self.shown
    }

    pub fn history(&self) -> &[Notice] {
        &self.history
    }
}
