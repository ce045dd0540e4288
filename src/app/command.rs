//! Everything that can be asked of the window.
//!
//! `Command` is what panels and finished jobs put in the outbox. What a person can ask by name is in
//! `actions.rs`.

use std::path::PathBuf;
use std::sync::Arc;

use super::annotate::AnnotateCommand;
use super::dataset::{DataSetCommand, DataSetPage};
use super::dialogs::PathRequest;
use super::marks::MarkCommand;
use super::state::HeatSpan;
use super::training::TrainingCommand;
use super::view_state::SideTab;
use super::work::WorkCommand;
use crate::export::table::TableFormat;
use crate::gaze::Aggregate;
use crate::gaze::recording::{ColumnMapping, UnknownTable};
use crate::grounding::GazeMode;
use crate::playback::PlaybackCommand;
use crate::render::{Colormap, Compare, HeatMode};
use crate::time::MediaTime;
use crate::view::theme::ThemeChoice;

#[derive(Clone, Debug)]
pub enum Command {
    Playback(PlaybackCommand),
    Session(SessionCommand),
    Query(QueryCommand),
    Mark(MarkCommand),
    Overlay(OverlayCommand),
    DataSet(DataSetCommand),
    Training(TrainingCommand),
    /// What is said about the open clip or case.
    Annotate(AnnotateCommand),
    /// The project as a whole.
    Work(WorkCommand),
    App(AppCommand),
}

/// What is open.
#[derive(Clone, Debug)]
pub enum SessionCommand {
    /// Files and folders that belong together: a clip, its gaze, its annotations.
    Open(Vec<PathBuf>),
    /// What is chosen joins the clip that is open.
    ImportDialog,
    OpenDialog,
    OpenFolderDialog,
    OpenDemo,
    OpenSyntheticDemo,
    /// Take a session off the list of recent ones.
    ForgetRecent(Vec<PathBuf>),
    Close,
    /// Added to every gaze time before it is compared with the clip's clock.
    SetGazeOffset(MediaTime),
    /// Read the unknown table with these columns, as a preview or for good.
    MapGaze {
        mapping: Box<ColumnMapping>,
        is_final: bool,
    },
    /// Show the form for the columns of the gaze table that is open.
    MapColumns,
    /// The form for this table.
    ShowTable(Box<UnknownTable>),
    /// Leave the table alone; what a preview replaced comes back.
    ForgetTable,
}

/// Questions and their answers.
#[derive(Clone, Debug)]
pub enum QueryCommand {
    Ask(String),
    AskAllAnnotated,
    /// One question a line of a text file.
    AskFileDialog,
    AskFile(PathBuf),
    AskAll(Vec<String>),
    Select(u64),
    Remove(u64),
    SetGazeMode(GazeMode),
    /// Jump to the moment of this rank, from 0.
    Jump(usize),
    /// To the next or previous moment of the list.
    JumpBy(i32),
    JumpToTruth,
    Loop(usize),
    LoopTruth,
    CancelWork,
    /// Compute what a cancel left undone.
    Resume,
}

/// What is drawn over the picture.
#[derive(Clone, Copy, Debug)]
pub enum OverlayCommand {
    Heat(HeatMode),
    Span(HeatSpan),
    CycleHeat(i32),
    Opacity(f32),
    Threshold(f32),
    Colormap(Colormap),
    Compare(Compare),
    CycleCompare,
    TogglePoint,
    Aggregate(Aggregate),
    /// Swaps predicted and recorded: held, it flickers between them.
    Flicker,
    ToggleTrail,
    ToggleFixations,
    TrailSecs(f32),
}

/// The window itself.
#[derive(Clone, Debug)]
pub enum AppCommand {
    Screenshot {
        has_caption: bool,
    },
    ScreenshotTo {
        path: PathBuf,
        has_caption: bool,
    },
    CopyPicture,
    /// The drawn picture, for the clipboard.
    Clipboard(Arc<image::RgbaImage>),
    ExportResults(TableFormat),
    ExportResultsTo(PathBuf, TableFormat),
    /// Asks where to save something.
    SaveAs(PathRequest),
    DataSetPage(DataSetPage),
    /// The in-app path box, where no native dialog came.
    PathBox(PathRequest),
    FetchModels,
    ToggleSound,
    Theme(ThemeChoice),
    ToggleFullscreen,
    TogglePanel(PanelId),
    TogglePalette,
    ToggleTemplates,
    ToggleSettings,
    ToggleHelp(HelpPage),
    ToggleModelCard,
    ToggleNotices,
    TogglePerformance,
    DismissNotice(u64),
    DismissNotices,
    /// What a notice offers, and the notice goes.
    TakeOffer(u64),
    FocusQuery,
    FocusLane(Option<String>),
    NextPanel(i32),
    Layout(LayoutPreset),
    ScaleUi(f32),
    FeatureRate(f32),
    ToggleModeLanes,
    Diagnostics,
    DiagnosticsTo(PathBuf),
    CopyText(String),
    FocusSearch,
    ResetZoom,
    PixelZoom,
    GoTo,
    ZoomToSelection,
    FitTimeline,
    ZoomTimeline(f32),
    LoopSelection,
    ShowSide(SideTab),
    /// The chosen question's text is to be written, or the case's note.
    FocusOwnText,
    FocusNote,
    Quit,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PanelId {
    #[default]
    Question,
    Session,
    Results,
    Timeline,
}

impl PanelId {
    /// In the order in which the keyboard goes through them.
    pub const ALL: [Self; 4] = [Self::Question, Self::Session, Self::Results, Self::Timeline];

    pub fn label(self) -> &'static str {
        match self {
            Self::Question => "Question panel",
            Self::Session => "Session panel",
            Self::Results => "Results panel",
            Self::Timeline => "Timeline panel",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HelpPage {
    #[default]
    Keys,
    Mouse,
    Words,
    About,
}

impl HelpPage {
    pub fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Mouse => "mouse",
            Self::Words => "words",
            Self::About => "about",
        }
    }
}

/// Which panels are open: arrangements with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutPreset {
    /// Picture and timeline.
    Watch,
    /// Everything that belongs to a question.
    Ground,
    /// The picture alone.
    Picture,
    /// Time and the person's own moments.
    Annotate,
    /// As on the first day, sizes as well.
    Reset,
}

macro_rules! from_subsystem {
    ($($variant:ident($type:ty)),*) => {
        $(impl From<$type> for Command {
            fn from(command: $type) -> Self {
                Self::$variant(command)
            }
        })*
    };
}
from_subsystem!(
    Playback(PlaybackCommand),
    Session(SessionCommand),
    Query(QueryCommand),
    Mark(MarkCommand),
    Overlay(OverlayCommand),
    DataSet(DataSetCommand),
    Training(TrainingCommand),
    Annotate(AnnotateCommand),
    Work(WorkCommand),
    App(AppCommand)
);
