//! Native file dialogs, each in its own job; where no portal answers, the path box opens instead.

use std::path::PathBuf;

use super::command::{AppCommand, QueryCommand, SessionCommand};
use super::dataset::DataSetCommand;
use super::state::AppState;
use super::tasks::{Done, TaskKind};
use crate::export::table::TableFormat;
use crate::grounding::groundnlq::GazeMode;

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
    SavePredictions(String, GazeMode),
    /// One row a query of a data set.
    SaveCases(String),
    /// Why a data set's queries fail.
    SaveReport(String),
}

/// Name offered for the archive.
pub const DIAGNOSTICS: &str = "gazenlq-diagnostics.zip";

/// Without a desktop portal `rfd` returns at once, as if the user had pressed cancel. A person
/// needs longer than this to do so.
const TOO_FAST_FOR_A_PERSON: std::time::Duration = std::time::Duration::from_millis(250);

/// Shows the dialog for a request and turns the choice into a command.
pub fn ask(state: &mut AppState, request: PathRequest) {
    state.tasks.start(TaskKind::Dialog, move |_| {
        let asked_at = std::time::Instant::now();
        let command = match &request {
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
            PathRequest::SaveCases(name) => {
                save_dialog(name, "csv").map(|path| DataSetCommand::ExportCases(path).into())
            }
            PathRequest::SavePredictions(name, mode) => {
                save_dialog(name, "jsonl").map(|path| DataSetCommand::Predict { mode: *mode, path }.into())
            }
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

fn save_dialog(name: &str, extension: &str) -> Option<PathBuf> {
    rfd::FileDialog::new().set_file_name(name).add_filter(extension, &[extension]).save_file()
}
