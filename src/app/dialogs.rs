//! Native file dialogs, each in its own job; where no portal answers, the path box opens instead.

use std::path::PathBuf;

use super::command::{AppCommand, QueryCommand, SessionCommand};
use super::dataset::DataSetCommand;
use super::state::AppState;
use super::tasks::{Done, TaskKind};
use super::work::WorkCommand;
use crate::dataset::GazeUse;
use crate::export::table::TableFormat;
use crate::project::exchange::ExchangeFormat;

/// What the in-app path box is asked for when the native dialog does not come.
#[derive(Clone, Debug, PartialEq)]
pub enum PathRequest {
    Open,
    OpenFolder,
    /// Joins the clip that is open.
    Import,
    /// A text file of questions.
    Questions,
    SaveDiagnostics,
    SaveScreenshot {
        name: String,
        has_caption: bool,
    },
    SaveResults(String, TableFormat),
    /// A data set's network over all of its queries.
    SavePredictions(String, GazeUse),
    /// One row a query of a data set.
    SaveCases(String),
    /// Why a data set's queries fail.
    SaveReport(String),
    NewProject,
    SaveProject(String),
    /// Where a project's media are now.
    MediaFolder,
    /// Somebody else's project: to look at, to merge, and what both started from.
    Colleague,
    Merge,
    MergeBase,
    SaveAnnotations(String, ExchangeFormat),
    ImportAnnotations,
}

/// Name offered for a new project.
pub const NEW_PROJECT: &str = "review.gazenlq.json";

/// Name offered for the archive.
pub const DIAGNOSTICS: &str = "gazenlq-diagnostics.zip";

/// Without a desktop portal `rfd` returns at once, as if the user had pressed cancel. A person
/// needs longer than this to do so.
const TOO_FAST_FOR_A_PERSON: std::time::Duration = std::time::Duration::from_millis(250);

/// Shows the dialog for a request and turns the choice into a command.
pub fn ask(state: &mut AppState, request: PathRequest) {
    state.tasks.start(TaskKind::Dialog, move |_| {
        let asked_at = std::time::Instant::now();
        let command =
            match &request {
                PathRequest::Open => rfd::FileDialog::new()
                    .set_title("Open a clip with its gaze and its annotations, or the files of a data set")
                    .pick_files()
                    .map(|files| SessionCommand::Open(files).into()),
                PathRequest::Import => rfd::FileDialog::new()
                    .set_title("Open a gaze recording or annotations for this clip")
                    .pick_files()
                    .map(|files| SessionCommand::Open(files).into()),
                PathRequest::Questions => rfd::FileDialog::new()
                    .set_title("A text file with one question a line")
                    .add_filter("text", &["txt", "md", "csv"])
                    .pick_file()
                    .map(|file| QueryCommand::AskFile(file).into()),
                PathRequest::SaveDiagnostics => {
                    save_dialog(DIAGNOSTICS, "zip").map(|path| AppCommand::DiagnosticsTo(path).into())
                }
                PathRequest::OpenFolder => rfd::FileDialog::new()
                    .set_title("Open a folder")
                    .pick_folders()
                    .map(|folders| SessionCommand::Open(folders).into()),
                PathRequest::SaveScreenshot { name, has_caption } => save_dialog(name, "png")
                    .map(|path| AppCommand::ScreenshotTo { path, has_caption: *has_caption }.into()),
                PathRequest::SaveResults(name, format) => save_dialog(name, format.extension())
                    .map(|path| AppCommand::ExportResultsTo(path, *format).into()),
                // the native dialog has asked whether a file may go
                PathRequest::NewProject => save_dialog(NEW_PROJECT, "json")
                    .map(|path| WorkCommand::New { path, may_replace: true }.into()),
                PathRequest::SaveProject(name) => save_dialog(name, "json")
                    .map(|path| WorkCommand::SaveAs { path, may_replace: true }.into()),
                PathRequest::MediaFolder => rfd::FileDialog::new()
                    .set_title("A folder below which the project's media are now")
                    .pick_folder()
                    .map(|folder| WorkCommand::FindMedia(folder).into()),
                PathRequest::Colleague => project_dialog("A second annotator's project")
                    .map(|p| WorkCommand::ColleagueFrom(p).into()),
                PathRequest::Merge => project_dialog("A project to merge into this one")
                    .map(|p| WorkCommand::MergeFrom(p).into()),
                PathRequest::MergeBase => project_dialog("The project that both started from")
                    .map(|p| WorkCommand::MergeBaseFrom(p).into()),
                PathRequest::SaveAnnotations(name, format) => save_dialog(name, format.extension())
                    .map(|path| WorkCommand::ExportTo(path, *format).into()),
                PathRequest::ImportAnnotations => rfd::FileDialog::new()
                    .set_title("Annotations: Ego4D JSON, QVHighlights, CSV, ELAN or WebVTT")
                    .add_filter("annotations", &["json", "jsonl", "csv", "eaf", "vtt"])
                    .pick_file()
                    .map(|path| WorkCommand::ImportFrom(path).into()),
                PathRequest::SaveCases(name) => {
                    save_dialog(name, "csv").map(|path| DataSetCommand::ExportCases(path).into())
                }
                PathRequest::SavePredictions(name, gaze) => save_dialog(name, "jsonl")
                    .map(|path| DataSetCommand::Predict { gaze: *gaze, path }.into()),
                PathRequest::SaveReport(name) => {
                    save_dialog(name, "html").map(|path| DataSetCommand::ExportReport(path).into())
                }
            };
        if command.is_none() && asked_at.elapsed() < TOO_FAST_FOR_A_PERSON {
            return Ok(Done::Next(Some(AppCommand::PathBox(request).into())));
        }
        Ok(Done::Next(command))
    });
}

fn project_dialog(title: &str) -> Option<PathBuf> {
    rfd::FileDialog::new().set_title(title).add_filter("project", &["json"]).pick_file()
}

fn save_dialog(name: &str, extension: &str) -> Option<PathBuf> {
    rfd::FileDialog::new().set_file_name(name).add_filter(extension, &[extension]).save_file()
}
