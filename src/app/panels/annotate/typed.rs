//! Boxes whose text is written down when they are left: one step of the history, not one a letter.

use egui::{Id, Key, Response, TextEdit, Ui};

use crate::app::command::Command;
use crate::app::view_state::AnnotateView;

/// The boxes of one frame. What was typed into a box that is no longer shown is written down as well.
pub struct Typing<'a> {
    view: &'a mut AnnotateView,
    seen: Vec<Id>,
}

/// Text on its way: of which box, and what writing it down means.
pub struct Typed {
    id: Id,
    text: String,
    command: Command,
}

impl<'a> Typing<'a> {
    pub fn begin(view: &'a mut AnnotateView) -> Self {
        Self { view, seen: Vec::new() }
    }

    pub fn end(self, out: &mut Vec<Command>) {
        let is_left = self.view.typed.as_ref().is_some_and(|typed| !self.seen.contains(&typed.id));
        if is_left {
            out.extend(self.view.typed.take().map(|typed| typed.command));
        }
    }

    pub fn view(&mut self) -> &mut AnnotateView {
        self.view
    }

    /// What a box shows: what is being typed into it, else what is written down.
    pub fn text(&self, id: Id, written: &str) -> String {
        let typed = self.view.typed.as_ref().filter(|typed| typed.id == id);
        typed.map_or_else(|| written.to_owned(), |typed| typed.text.clone())
    }

    /// One line; Enter or going elsewhere writes it down, Escape leaves it as it was.
    pub fn line_ui(
        &mut self,
        ui: &mut Ui,
        id: Id,
        name: &str,
        written: &str,
        width: f32,
        command: impl FnOnce(String) -> Command,
    ) -> (Response, Option<Command>) {
        self.box_ui(ui, id, name, written, command, |ui, text| {
            ui.add(TextEdit::singleline(text).id(id).hint_text(name).desired_width(width))
        })
    }

    /// Several lines; Shift+Enter begins a new one.
    pub fn lines_ui(
        &mut self,
        ui: &mut Ui,
        id: Id,
        name: &str,
        written: &str,
        hint: &str,
        command: impl FnOnce(String) -> Command,
    ) -> (Response, Option<Command>) {
        self.box_ui(ui, id, name, written, command, |ui, text| {
            let edit = TextEdit::multiline(text).id(id).desired_rows(2).hint_text(hint);
            let return_key = egui::KeyboardShortcut::new(egui::Modifiers::SHIFT, Key::Enter);
            ui.add(edit.desired_width(f32::INFINITY).return_key(return_key))
        })
    }

    fn box_ui(
        &mut self,
        ui: &mut Ui,
        id: Id,
        name: &str,
        written: &str,
        command: impl FnOnce(String) -> Command,
        edit: impl FnOnce(&mut Ui, &mut String) -> Response,
    ) -> (Response, Option<Command>) {
        self.seen.push(id);
        let mut text = self.text(id, written);
        let response = edit(ui, &mut text);
        response.widget_info(|| {
            let mut info = egui::WidgetInfo::labeled(egui::Role::TextInput, true, name);
            info.current_text_value = Some(text.clone());
            info
        });
        if response.changed() {
            self.view.typed = Some(Typed { id, text: text.clone(), command: command(text) });
        }
        if response.has_focus() && ui.input(|i| i.key_pressed(Key::Enter) && !i.modifiers.shift) {
            response.surrender_focus();
        }
        let is_mine = self.view.typed.as_ref().is_some_and(|typed| typed.id == id);
        if !is_mine || response.has_focus() {
            return (response, None);
        }
        let typed = self.view.typed.take();
        if ui.input(|i| i.key_pressed(Key::Escape)) {
            return (response, None);
        }
        (response, typed.map(|typed| typed.command))
    }
}
