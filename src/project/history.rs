//! A project with its undo and redo. History keeps whole snapshots, which share what did not change,
//! so no inverse operation exists that could be wrong. A drag is one gesture, hence one step.

use serde::{Deserialize, Serialize};

use super::{Edit, EditError, Project};

/// Steps that can be undone.
pub const MAX_STEPS: usize = 1000;

#[derive(Clone, Debug, Default)]
pub struct History {
    now: Project,
    past: Vec<Step>,
    future: Vec<Step>,
    gesture: Option<Gesture>,
}

/// What the project was before (in the past) or after (in the future) something was done.
#[derive(Clone, Debug)]
struct Step {
    name: String,
    project: Project,
}

#[derive(Clone, Debug)]
struct Gesture {
    name: String,
    before: Project,
    edits: Vec<Edit>,
}

/// What happened, to be written down: doing it again leads to the same project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// One completed gesture.
    Did {
        name: String,
        edits: Vec<Edit>,
    },
    Undid,
    Redid,
    /// Undone or redone to a state from before the record began: all of it.
    Became(Box<Project>),
}

impl History {
    pub fn new(project: Project) -> Self {
        Self { now: project, ..Self::default() }
    }

    pub fn project(&self) -> &Project {
        &self.now
    }

    /// One edit; a step of its own unless a gesture is open.
    pub fn apply(&mut self, edit: Edit) -> Result<Option<Change>, EditError> {
        if let Some(gesture) = &mut self.gesture {
            self.now.apply(&edit)?;
            if gesture.edits.last().is_some_and(|last| edit.supersedes(last)) {
                gesture.edits.pop();
            }
            gesture.edits.push(edit);
            return Ok(None);
        }
        let name = edit.name();
        self.apply_all(name, vec![edit])
    }

    /// Several edits as one step, all or none.
    pub fn apply_all(
        &mut self,
        name: impl Into<String>,
        edits: Vec<Edit>,
    ) -> Result<Option<Change>, EditError> {
        self.begin_gesture(name);
        for edit in edits {
            if let Err(error) = self.apply(edit) {
                self.cancel_gesture();
                return Err(error);
            }
        }
        Ok(self.end_gesture())
    }

    /// What follows until the end is one step. Within an open gesture this does nothing: the outer one
    /// counts.
    pub fn begin_gesture(&mut self, name: impl Into<String>) {
        if self.gesture.is_none() {
            self.gesture = Some(Gesture { name: name.into(), before: self.now.clone(), edits: Vec::new() });
        }
    }

    /// `None` when nothing changed.
    pub fn end_gesture(&mut self) -> Option<Change> {
        let Gesture { name, before, edits } = self.gesture.take()?;
        if before == self.now {
            return None;
        }
        self.push_past(Step { name: name.clone(), project: before });
        self.future.clear();
        Some(Change::Did { name, edits })
    }

    /// Back to before the gesture began.
    pub fn cancel_gesture(&mut self) {
        if let Some(gesture) = self.gesture.take() {
            self.now = gesture.before;
        }
    }

    pub fn is_in_gesture(&self) -> bool {
        self.gesture.is_some()
    }

    /// Names of the steps done, oldest first.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.past.iter().map(|step| step.name.as_str())
    }

    /// Names of the steps that were undone, the next to be redone first.
    pub fn undone_steps(&self) -> impl Iterator<Item = &str> {
        self.future.iter().rev().map(|step| step.name.as_str())
    }

    /// False when there is nothing to undo. An open gesture is given up first.
    pub fn undo(&mut self) -> bool {
        self.cancel_gesture();
        let Some(step) = self.past.pop() else { return false };
        let after = std::mem::replace(&mut self.now, step.project);
        self.future.push(Step { name: step.name, project: after });
        true
    }

    pub fn redo(&mut self) -> bool {
        self.cancel_gesture();
        let Some(step) = self.future.pop() else { return false };
        let before = std::mem::replace(&mut self.now, step.project);
        self.push_past(Step { name: step.name, project: before });
        true
    }

    /// Does a change that was written down.
    pub(super) fn replay(&mut self, change: Change) -> Result<(), EditError> {
        match change {
            Change::Did { name, edits } => {
                self.apply_all(name, edits)?;
            }
            Change::Undid => {
                self.undo();
            }
            Change::Redid => {
                self.redo();
            }
            Change::Became(project) => {
                let before = std::mem::replace(&mut self.now, *project);
                self.push_past(Step { name: "undo".to_owned(), project: before });
                self.future.clear();
            }
        }
        Ok(())
    }

    fn push_past(&mut self, step: Step) {
        self.past.push(step);
        if self.past.len() > MAX_STEPS {
            self.past.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::testing::edits;

    proptest! {
        #[test]
        fn undoing_all_is_the_start_and_redoing_all_the_end(edits in edits(40)) {
            let start = Project::new("a");
            let mut history = History::new(start.clone());
            let mut states = vec![start.clone()];
            for edit in edits {
                let before = history.project().clone();
                match history.apply(edit) {
                    Ok(Some(_)) => states.push(history.project().clone()),
                    Ok(None) => prop_assert_eq!(&before, history.project()),
                    Err(_) => prop_assert_eq!(&before, history.project(), "a failed edit changed something"),
                }
            }
            let end = history.project().clone();
            for state in states.iter().rev().skip(1) {
                prop_assert!(history.undo());
                prop_assert_eq!(state, history.project());
            }
            prop_assert!(!history.undo());
            prop_assert_eq!(history.project(), &start);
            while history.redo() {}
            prop_assert_eq!(history.project(), &end);
        }

        #[test]
        fn a_gesture_is_one_step_and_its_record_leads_to_the_same_project(edits in edits(30), is_given_up in any::<bool>()) {
            let start = Project::new("a");
            let mut history = History::new(start.clone());
            history.begin_gesture("drag");
            edits.into_iter().for_each(|edit| { let _ = history.apply(edit); });
            if is_given_up {
                history.cancel_gesture();
                prop_assert_eq!(history.project(), &start);
                return Ok(());
            }
            let end = history.project().clone();
            if let Some(change) = history.end_gesture() {
                let mut again = History::new(start.clone());
                again.replay(change).expect("fits");
                prop_assert_eq!(again.project(), &end);
                prop_assert!(history.undo());
            }
            prop_assert_eq!(history.project(), &start);
            prop_assert!(!history.undo());
        }
    }
}
