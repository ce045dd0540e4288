//! Undo and redo over data and layout together: in which order they were done. What the project was
//! before a step is in its own history; what the layout was is here.

use crate::app::panels::PanelSizes;
use crate::app::settings::Settings;
use crate::project::History;
use crate::view::timeline::TimelineOptions;

/// As many as the project's history keeps.
const MOST: usize = 1000;

/// Which panels are open, how large they are, and how the lanes are arranged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    is_session_panel_open: bool,
    is_results_panel_open: bool,
    is_timeline_open: bool,
    is_picture_alone: bool,
    timeline: TimelineOptions,
    sizes: PanelSizes,
}

impl Layout {
    pub fn of(settings: &Settings, timeline: &TimelineOptions, sizes: &PanelSizes) -> Self {
        Self {
            is_session_panel_open: settings.is_session_panel_open,
            is_results_panel_open: settings.is_results_panel_open,
            is_timeline_open: settings.is_timeline_open,
            is_picture_alone: settings.is_picture_alone,
            timeline: timeline.clone(),
            sizes: sizes.clone(),
        }
    }

    /// The sizes of panels are put back by who draws them.
    pub fn restore(self, settings: &mut Settings, timeline: &mut TimelineOptions, sizes: &mut PanelSizes) {
        settings.is_session_panel_open = self.is_session_panel_open;
        settings.is_results_panel_open = self.is_results_panel_open;
        settings.is_timeline_open = self.is_timeline_open;
        settings.is_picture_alone = self.is_picture_alone;
        (*timeline, *sizes) = (self.timeline, self.sizes);
    }

    fn is_like(&self, other: &Self) -> bool {
        let open = |layout: &Self| {
            let Self {
                is_session_panel_open, is_results_panel_open, is_timeline_open, is_picture_alone, ..
            } = *layout;
            [is_session_panel_open, is_results_panel_open, is_timeline_open, is_picture_alone]
        };
        open(self) == open(other) && self.timeline == other.timeline && self.sizes.is_like(&other.sizes)
    }

    /// What differs, in words.
    fn change_to(&self, other: &Self) -> &'static str {
        if self.timeline == other.timeline { "arrange panels" } else { "arrange lanes" }
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// One step of the project's history.
    Change,
    /// The layout before (of what was done) or after (of what was undone).
    Layout(&'static str, Box<Layout>),
}

/// What an undo or redo asks for.
pub enum Turn {
    Project,
    Layout(Layout),
}

#[derive(Debug, Default)]
pub struct Steps {
    done: Vec<Step>,
    undone: Vec<Step>,
    /// As it was in the last frame.
    layout: Option<Layout>,
}

impl Steps {
    /// A project with this history was opened. The layout belongs to the window and stays.
    pub fn begin(&mut self, history: &History) {
        self.done = history.steps().map(|_| Step::Change).collect();
        self.undone = history.undone_steps().map(|_| Step::Change).collect();
    }

    pub fn add_change(&mut self) {
        self.undone.clear();
        self.push(Step::Change);
    }

    /// Called once a frame. A change of layout leaves what can be redone alone: who looks around
    /// after an undo has not decided against going back.
    pub fn note_layout(&mut self, now: &Layout) {
        match self.layout.replace(now.clone()) {
            Some(before) if !before.is_like(now) => {
                self.push(Step::Layout(before.change_to(now), Box::new(before)));
            }
            _ => {}
        }
    }

    fn push(&mut self, step: Step) {
        self.done.push(step);
        if self.done.len() > MOST {
            self.done.remove(0);
        }
    }

    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    /// How many steps are done; the rest of the list is undone.
    pub fn position(&self) -> usize {
        self.done.len()
    }

    pub fn undo(&mut self) -> Option<Turn> {
        let step = self.done.pop()?;
        let (back, turn) = self.turned(step);
        self.undone.push(back);
        Some(turn)
    }

    pub fn redo(&mut self) -> Option<Turn> {
        let step = self.undone.pop()?;
        let (back, turn) = self.turned(step);
        self.done.push(back);
        Some(turn)
    }

    fn turned(&mut self, step: Step) -> (Step, Turn) {
        match step {
            Step::Change => (Step::Change, Turn::Project),
            Step::Layout(name, layout) => {
                // going there is not a change of layout
                let now = self.layout.replace(Layout::clone(&layout)).unwrap_or_default();
                (Step::Layout(name, Box::new(now)), Turn::Layout(*layout))
            }
        }
    }

    /// Names of all steps, oldest first: those done, then those that can be redone.
    pub fn names<'a>(&'a self, history: &'a History) -> Vec<&'a str> {
        let changes = self.done.iter().filter(|step| matches!(step, Step::Change)).count();
        let mut of_history: Vec<&str> = history.steps().collect();
        // the history may hold more than the list does
        let mut of_history = of_history.split_off(of_history.len().saturating_sub(changes)).into_iter();
        let mut undone = history.undone_steps();
        let mut names = Vec::with_capacity(self.done.len() + self.undone.len());
        for step in &self.done {
            names.push(match step {
                Step::Change => of_history.next().unwrap_or("change"),
                Step::Layout(name, _) => name,
            });
        }
        for step in self.undone.iter().rev() {
            names.push(match step {
                Step::Change => undone.next().unwrap_or("change"),
                Step::Layout(name, _) => name,
            });
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Edit, Filter, Project};

    fn layout(is_open: bool) -> Layout {
        Layout { is_session_panel_open: is_open, ..Layout::default() }
    }

    #[test]
    fn data_and_layout_are_undone_in_the_order_in_which_they_were_done() {
        let mut steps = Steps::default();
        let mut history = History::new(Project::new("a"));
        let edit = |history: &mut History, name: &str| {
            history.apply(Edit::PutFilter(Filter { name: name.into(), text: String::new() })).expect("fits");
        };
        steps.note_layout(&layout(true));
        edit(&mut history, "one");
        steps.add_change();
        steps.note_layout(&layout(false));
        edit(&mut history, "two");
        steps.add_change();
        assert_eq!(steps.names(&history), ["save filter", "arrange panels", "save filter"]);
        assert!(matches!(steps.undo(), Some(Turn::Project)));
        assert!(history.undo());
        let Some(Turn::Layout(found)) = steps.undo() else { panic!("the layout comes next") };
        assert_eq!(found, layout(true));
        // the frame after shows what was restored, which is no new step
        steps.note_layout(&found);
        assert_eq!((steps.position(), steps.can_redo()), (1, true));
        assert_eq!(steps.names(&history), ["save filter", "arrange panels", "save filter"]);
        let Some(Turn::Layout(again)) = steps.redo() else { panic!("and back") };
        assert_eq!(again, layout(false));
        assert!(matches!(steps.redo(), Some(Turn::Project)));
        assert!(history.redo() && steps.redo().is_none());
    }

    #[test]
    fn looking_around_after_an_undo_keeps_what_can_be_redone() {
        let mut steps = Steps::default();
        steps.note_layout(&layout(true));
        steps.add_change();
        steps.undo();
        steps.note_layout(&layout(false));
        assert!(steps.can_redo());
        steps.add_change();
        assert!(!steps.can_redo());
    }
}
