//! What can be asked of the project as a whole.

use std::path::PathBuf;
use std::sync::Arc;

use super::Missing;
use crate::project::exchange::ExchangeFormat;
use crate::project::{Agreement, Conflict, Project, Side, Source};

#[derive(Clone, Debug)]
pub enum WorkCommand {
    NewDialog,
    /// `may_replace`: the person has said that a file of this name may go.
    New {
        path: PathBuf,
        may_replace: bool,
    },
    Save,
    SaveAsDialog,
    SaveAs {
        path: PathBuf,
        may_replace: bool,
    },
    Undo,
    Redo,
    /// The last step, if the project is still as that step left it.
    UndoThis(u64),
    /// To the state after so many steps of the history.
    JumpTo(usize),
    Recover,
    DiscardRecovered,
    /// What becomes of unsaved changes, when something else is wanted.
    SaveAndLeave,
    LeaveUnsaved,
    Stay,
    /// Media that are not where the project says.
    FindMediaDialog,
    FindMedia(PathBuf),
    MediaFound(Vec<Source>),
    UseFoundMedia,
    ShowMissing(Missing),
    CloseMissing,
    /// A second annotator's project, to look at beside this one.
    ColleagueDialog,
    ColleagueFrom(PathBuf),
    Colleague(PathBuf, Arc<Project>),
    Compared(u64, Box<Agreement>),
    ForgetColleague,
    /// Somebody's work into this project.
    MergeDialog,
    MergeFrom(PathBuf),
    MergeWith(PathBuf, Arc<Project>),
    MergeBaseDialog,
    MergeBaseFrom(PathBuf),
    MergeBase(PathBuf, Arc<Project>),
    MergeListed(u64, Vec<Conflict>),
    ChooseSide(usize, Side),
    ChooseAll(Side),
    ApplyMerge,
    ForgetMerge,
    /// Annotations as other programs keep them.
    ExportDialog(ExchangeFormat),
    ExportTo(PathBuf, ExchangeFormat),
    ImportDialog,
    ImportFrom(PathBuf),
    Imported {
        path: PathBuf,
        clips: Arc<Vec<crate::project::AnnotatedClip>>,
    },
}
