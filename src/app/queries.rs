//! The questions asked of the open clip, and what each gaze mode answered.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::grounding::{GazeMode, Localization};
use crate::time::TimeRange;

/// One answer for each gaze mode that could be used.
pub type Answers = BTreeMap<GazeMode, Arc<Localization>>;

pub struct Query {
    pub id: u64,
    pub text: String,
    /// The annotated moment, where this question is one of the annotation file's.
    pub truth: Option<TimeRange>,
    pub answers: Answers,
}

#[derive(Default)]
pub struct Queries {
    list: Vec<Query>,
    selected: Option<u64>,
    next_id: u64,
    pub mode: GazeMode,
    /// Rank that was jumped to last, from 0.
    pub moment: Option<usize>,
}

impl Queries {
    /// Adds a question, or chooses it again if it was asked before.
    pub fn ask(&mut self, text: &str, truth: Option<TimeRange>) -> u64 {
        self.moment = None;
        if let Some(query) = self.list.iter().find(|q| q.text == text) {
            self.selected = Some(query.id);
            return query.id;
        }
        let id = self.next_id;
        self.next_id += 1;
        self.list.push(Query { id, text: text.to_owned(), truth, answers: Answers::new() });
        self.selected = Some(id);
        id
    }

    pub fn clear(&mut self) {
        *self = Self { mode: self.mode, next_id: self.next_id, ..Self::default() };
    }

    /// Chooses by place in the list, for a session that is opened again.
    pub fn select_nth(&mut self, at: usize) {
        if let Some(query) = self.list.get(at) {
            self.select(query.id);
        }
    }

    pub fn select(&mut self, id: u64) {
        if self.list.iter().any(|q| q.id == id) {
            self.selected = Some(id);
            self.moment = None;
        }
    }

    pub fn remove(&mut self, id: u64) {
        self.list.retain(|q| q.id != id);
        if self.selected == Some(id) {
            self.selected = self.list.last().map(|q| q.id);
            self.moment = None;
        }
    }

    pub fn set_answers(&mut self, id: u64, answers: Answers) {
        if let Some(query) = self.list.iter_mut().find(|q| q.id == id) {
            query.answers = answers;
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Query> {
        self.list.iter()
    }

    pub fn selected(&self) -> Option<&Query> {
        self.selected.and_then(|id| self.list.iter().find(|q| q.id == id))
    }

    /// The answer on screen: the chosen question in the chosen gaze mode.
    pub fn shown(&self) -> Option<&Arc<Localization>> {
        self.selected()?.answers.get(&self.mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_the_same_question_again_chooses_it_instead_of_adding_it() {
        let mut queries = Queries::default();
        let first = queries.ask("Where is the cat?", None);
        queries.ask("Where is the cup?", None);
        assert_eq!(queries.ask("Where is the cat?", None), first);
        assert_eq!(queries.iter().count(), 2);
        assert_eq!(queries.selected().map(|q| q.id), Some(first));
    }

    #[test]
    fn removing_the_chosen_question_chooses_another() {
        let mut queries = Queries::default();
        queries.ask("a", None);
        let second = queries.ask("b", None);
        queries.remove(second);
        assert_eq!(queries.selected().map(|q| q.text.as_str()), Some("a"));
    }
}
