//! What the app told the user: shown until dismissed, kept in a history.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::command::Command;
use crate::view::notices::{Notice, Severity};

/// Good news goes by itself after this long, unless it offers something.
const GOOD_NEWS: Duration = Duration::from_secs(7);
/// What offers something, an undo for example, stays longer.
const OFFERED: Duration = Duration::from_secs(20);

#[derive(Default)]
pub struct Notices {
    shown: Vec<Notice>,
    history: Vec<Notice>,
    offers: BTreeMap<u64, Command>,
    until: BTreeMap<u64, Instant>,
    next_id: u64,
    began: Option<Instant>,
}

impl Notices {
    pub fn info(&mut self, text: impl Into<String>) {
        self.push(Severity::Info, text.into(), None);
    }

    /// Good news with something that can be done next.
    pub fn offer(&mut self, text: impl Into<String>, label: &str, command: Command) {
        self.push(Severity::Info, text.into(), Some((label, command)));
    }

    pub fn warning(&mut self, text: impl Into<String>) {
        self.push(Severity::Warning, text.into(), None);
    }

    pub fn error(&mut self, error: &anyhow::Error) {
        self.push(Severity::Error, format!("{error:#}"), None);
    }

    fn push(&mut self, severity: Severity, text: String, offer: Option<(&str, Command)>) {
        let began = *self.began.get_or_insert_with(Instant::now);
        let notice = Notice {
            id: self.next_id,
            severity,
            text,
            offer: offer.as_ref().map(|(label, _)| (*label).to_owned()),
            at_secs: began.elapsed().as_secs(),
        };
        self.next_id += 1;
        self.shown.retain(|n| n.text != notice.text);
        if severity == Severity::Info {
            let stays = if offer.is_some() { OFFERED } else { GOOD_NEWS };
            self.until.insert(notice.id, Instant::now() + stays);
        }
        if let Some((_, command)) = offer {
            self.offers.insert(notice.id, command);
        }
        self.shown.push(notice.clone());
        self.history.push(notice);
    }

    pub fn dismiss(&mut self, id: u64) {
        self.shown.retain(|n| n.id != id);
        self.offers.remove(&id);
        self.until.remove(&id);
    }

    pub fn dismiss_all(&mut self) {
        self.shown.clear();
        self.offers.clear();
        self.until.clear();
    }

    /// What a notice offers; it is gone then.
    pub fn take_offer(&mut self, id: u64) -> Option<Command> {
        let command = self.offers.remove(&id);
        self.dismiss(id);
        command
    }

    pub fn has_offer(&self, id: u64) -> bool {
        self.offers.contains_key(&id)
    }

    /// Lets good news go; gives when to look again.
    pub fn expire(&mut self, now: Instant) -> Option<Duration> {
        let over: Vec<u64> =
            self.until.iter().filter(|(_, until)| **until <= now).map(|(id, _)| *id).collect();
        over.into_iter().for_each(|id| self.dismiss(id));
        self.until.values().min().map(|until| *until - now)
    }

    pub fn shown(&self) -> &[Notice] {
        &self.shown
    }

    pub fn history(&self) -> &[Notice] {
        &self.history
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_news_goes_by_itself_and_bad_news_stays() {
        let mut notices = Notices::default();
        notices.info("saved");
        notices.warning("odd");
        notices.error(&anyhow::anyhow!("broken"));
        assert!(notices.expire(Instant::now()).is_some());
        assert_eq!(notices.shown().len(), 3);
        notices.expire(Instant::now() + GOOD_NEWS);
        let left: Vec<&str> = notices.shown().iter().map(|n| n.text.as_str()).collect();
        assert_eq!(left, ["odd", "broken"]);
        assert_eq!(notices.history().len(), 3);
    }

    #[test]
    fn an_offer_is_taken_once() {
        let mut notices = Notices::default();
        notices.offer("Removed", "Undo", super::super::work::WorkCommand::Undo.into());
        let id = notices.shown()[0].id;
        assert!(notices.take_offer(id).is_some() && notices.take_offer(id).is_none());
        assert!(notices.shown().is_empty());
    }
}
