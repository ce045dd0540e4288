//! A box for a path, where no native file dialog answers.

use std::path::PathBuf;

use egui::{Key, Ui};

use crate::app::command::{AppCommand, Command, QueryCommand, SessionCommand};
use crate::app::dataset::DataSetCommand;
use crate::app::dialogs::PathRequest;
use crate::app::view_state::ViewState;
use crate::app::work::WorkCommand;
use crate::view::controls::note_ui;

pub fn path_box_ui(ui: &mut Ui, view: &mut ViewState, out: &mut Vec<Command>) {
    let Some(asked) = &mut view.path_box else { return };
    let mut is_done = false;
    let modal = egui::Modal::new(egui::Id::unique("path-box")).show(ui.ctx(), |ui| {
        ui.set_width(540.0);
        let (title, verb) = match asked.request {
            PathRequest::Open | PathRequest::OpenFolder => ("Path of a file or folder to open", "Open"),
            PathRequest::Import => ("Path of a gaze recording or annotation file for this clip", "Open"),
            PathRequest::Questions => ("Path of a text file with one question a line", "Open"),
            PathRequest::SaveScreenshot { .. } => ("Save the picture as", "Save"),
            PathRequest::SaveResults(..) => ("Save the results as", "Save"),
            PathRequest::SaveDiagnostics => ("Save the diagnostics as", "Save"),
            PathRequest::SaveCases(_) => ("Save one row a query as", "Save"),
            PathRequest::SavePredictions(..) => ("Save the network's predictions as", "Save"),
            PathRequest::SaveReport(_) => ("Save the report as (.html or .md)", "Save"),
            PathRequest::NewProject => ("Save the new project as", "Save"),
            PathRequest::SaveProject(_) => ("Save the project as", "Save"),
            PathRequest::SaveAnnotations(..) => ("Save the moments as", "Save"),
            PathRequest::MediaFolder => ("Folder below which the media are now", "Open"),
            PathRequest::Colleague => ("Path of a second annotator's project", "Open"),
            PathRequest::Merge => ("Path of a project to merge into this one", "Open"),
            PathRequest::MergeBase => ("Path of the project that both started from", "Open"),
            PathRequest::ImportAnnotations => {
                ("Path of annotations: Ego4D JSON, QVHighlights, CSV, ELAN or WebVTT", "Open")
            }
        };
        ui.strong(title);
        let response = ui.add(egui::TextEdit::singleline(&mut asked.text).desired_width(f32::INFINITY));
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Path"));
        response.request_focus();
        if verb == "Save" {
            let folder = std::path::absolute(asked.text.trim()).ok();
            let folder = folder.as_deref().and_then(std::path::Path::parent).map(|p| p.display().to_string());
            note_ui(ui, format!("In the folder {}", folder.unwrap_or_default()));
        } else {
            let text = "The system's file dialog did not come, so the path is typed here; \
                files can also be dropped on the window.";
            note_ui(ui, text);
        }
        let path = PathBuf::from(asked.text.trim());
        let is_warned = asked.replaces.as_ref() == Some(&path);
        let verb = if is_warned { "Replace" } else { verb };
        if is_warned {
            ui.colored_label(ui.visuals().warn_fg_color, "There is a file of this name.");
        }
        let is_entered = ui.input(|i| i.key_pressed(Key::Enter));
        ui.horizontal(|ui| {
            if (ui.button(verb).clicked() || is_entered) && !path.as_os_str().is_empty() {
                if verb == "Save" && path.is_file() {
                    asked.replaces = Some(path);
                } else {
                    out.push(command(&asked.request, path, is_warned));
                    is_done = true;
                }
            }
            is_done |= ui.button("Close").clicked();
        });
    });
    if is_done || modal.should_close() {
        view.path_box = None;
    }
}

fn command(request: &PathRequest, path: PathBuf, may_replace: bool) -> Command {
    match request {
        PathRequest::Open | PathRequest::OpenFolder | PathRequest::Import => {
            SessionCommand::Open(vec![path]).into()
        }
        PathRequest::Questions => QueryCommand::AskFile(path).into(),
        PathRequest::SaveScreenshot { has_caption, .. } => {
            AppCommand::ScreenshotTo { path, has_caption: *has_caption }.into()
        }
        PathRequest::SaveResults(_, format) => AppCommand::ExportResultsTo(path, *format).into(),
        PathRequest::SaveDiagnostics => AppCommand::DiagnosticsTo(path).into(),
        PathRequest::SaveCases(_) => DataSetCommand::ExportCases(path).into(),
        PathRequest::SavePredictions(_, gaze) => DataSetCommand::Predict { gaze: *gaze, path }.into(),
        PathRequest::SaveReport(_) => DataSetCommand::ExportReport(path).into(),
        PathRequest::NewProject => WorkCommand::New { path, may_replace }.into(),
        PathRequest::SaveProject(_) => WorkCommand::SaveAs { path, may_replace }.into(),
        PathRequest::SaveAnnotations(_, format) => WorkCommand::ExportTo(path, *format).into(),
        PathRequest::MediaFolder => WorkCommand::FindMedia(path).into(),
        PathRequest::Colleague => WorkCommand::ColleagueFrom(path).into(),
        PathRequest::Merge => WorkCommand::MergeFrom(path).into(),
        PathRequest::MergeBase => WorkCommand::MergeBaseFrom(path).into(),
        PathRequest::ImportAnnotations => WorkCommand::ImportFrom(path).into(),
    }
}
