//! What a person can ask of the window by name: menu, keys, palette, help page and tests all read
//! `ACTIONS`.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::annotate::{self, AnnotateCommand, Edge, Nudge};
use super::command::{
    AppCommand, Command, HelpPage, LayoutPreset, OverlayCommand, PanelId, QueryCommand, SessionCommand,
};
use super::dataset::{self, DataSetCommand, DataSetPage};
use super::dialogs::PathRequest;
use super::events;
use super::marks::{self, MarkCommand};
use super::state::{AppState, HeatSpan, MODEL_STEP};
use super::tasks::TaskKind;
use super::training::TrainingCommand;
use super::view_state::SideTab;
use super::work::WorkCommand;
use crate::dataset::Condition;
use crate::export::table::TableFormat;
use crate::grounding::GazeMode;
use crate::playback::PlaybackCommand;
use crate::project::exchange::ExchangeFormat;
use crate::project::{ReviewState, Verdict};
use crate::render::HeatMode;
use crate::time::MediaTime;
use crate::view::theme::ThemeChoice;

/// One thing a person can ask for by name.
pub struct Action {
    /// Stable name, for the palette and scripts.
    pub id: &'static str,
    pub group: &'static str,
    pub label: &'static str,
    pub tooltip: &'static str,
    pub shortcuts: &'static [KeyboardShortcut],
    pub is_enabled: fn(&AppState) -> bool,
    pub command: fn(&AppState) -> Command,
}

const fn key(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}
const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}
const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}
const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}
const fn ctrl_alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::ALT), key)
}
const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key)
}
const fn alt_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT.plus(Modifiers::SHIFT), key)
}

fn always(_: &AppState) -> bool {
    true
}
fn has_clip(state: &AppState) -> bool {
    state.player.is_some()
}
/// A clip that was opened itself, and not as a row of a data set.
fn has_own_clip(state: &AppState) -> bool {
    has_clip(state) && !has_data_set(state)
}
fn has_list(state: &AppState) -> bool {
    has_data_set(state) || has_moments(state)
}
fn has_sound(state: &AppState) -> bool {
    state.player.as_ref().is_some_and(|player| player.info().has_audio)
}
fn has_gaze(state: &AppState) -> bool {
    state.gaze.is_some()
}
fn has_own_gaze(state: &AppState) -> bool {
    has_own_clip(state) && has_gaze(state)
}
fn has_moments(state: &AppState) -> bool {
    state.queries.shown().is_some_and(|answer| !answer.moments.is_empty())
        || state.dataset.as_ref().is_some_and(|set| !set.moments().is_empty())
}
fn has_data_set(state: &AppState) -> bool {
    state.dataset.is_some()
}
fn can_train(state: &AppState) -> bool {
    let is_open = state.training.as_ref().is_some_and(|session| !session.look.is_done);
    is_open && !state.tasks.is_running(TaskKind::Train)
}
/// A query is chosen in a data set.
fn has_row(state: &AppState) -> bool {
    state.dataset.as_ref().is_some_and(|set| set.selected.is_some())
}
/// Prediction files were analyzed.
fn has_analysis(state: &AppState) -> bool {
    state.dataset.as_ref().is_some_and(|set| set.analysis().is_some())
}
fn has_anything(state: &AppState) -> bool {
    has_clip(state) || has_data_set(state)
}
fn has_truth(state: &AppState) -> bool {
    state.truth().is_some()
}
fn has_range(state: &AppState) -> bool {
    state.marks.range.is_some()
}
fn has_stretch(state: &AppState) -> bool {
    state.range_or_moment().is_some()
}
fn has_markers(state: &AppState) -> bool {
    !state.markers().is_empty()
}
fn can_create(state: &AppState) -> bool {
    state.clip_name().is_some() && (has_range(state) || state.chosen_moment().is_some())
}
fn has_own(state: &AppState) -> bool {
    annotate::chosen_moment(state).is_some()
}
fn has_own_moments(state: &AppState) -> bool {
    annotate::queries_here(state).iter().any(|query| !query.moments.is_empty())
}
fn is_here(state: &AppState) -> bool {
    state.clip_name().is_some()
}
fn has_case(state: &AppState) -> bool {
    annotate::case_key(state).is_some()
}
fn has_predictions(state: &AppState) -> bool {
    state.dataset.as_ref().is_some_and(|set| !set.data.predictions.is_empty())
}
fn has_queries(state: &AppState) -> bool {
    !state.work.project().queries.is_empty()
}
fn has_fixes_here(state: &AppState) -> bool {
    has_gaze(state) && !annotate::fixes_here(state).is_empty()
}
/// Of a recording that the project knows; those of a data set's clips are only shown.
fn can_correct_gaze(state: &AppState) -> bool {
    has_gaze(state) && state.work.gaze_source().is_some()
}
fn has_agreement(state: &AppState) -> bool {
    !state.agreement.is_empty()
}
fn has_gaze_stretch(state: &AppState) -> bool {
    can_correct_gaze(state) && has_stretch(state)
}
/// While something is dragged Escape gives up the drag.
fn can_deselect(state: &AppState) -> bool {
    !state.work.is_in_gesture() && (has_own(state) || state.annotate.is_gaze_tool)
}
fn can_undo(state: &AppState) -> bool {
    state.work.is_in_gesture() || state.work.steps.can_undo()
}
fn can_redo(state: &AppState) -> bool {
    state.work.steps.can_redo()
}
fn deselect(state: &AppState) -> Command {
    match state.annotate.is_gaze_tool {
        true => AnnotateCommand::ToggleGazeTool.into(),
        false => AnnotateCommand::Choose(None).into(),
    }
}
/// Escape: what is chosen first, then what runs, then the open case.
fn escape(state: &AppState) -> Command {
    if can_deselect(state) {
        deselect(state)
    } else if is_busy(state) {
        QueryCommand::CancelWork.into()
    } else {
        DataSetCommand::OpenCase(false).into()
    }
}
fn has_open_case(state: &AppState) -> bool {
    state.dataset.as_ref().is_some_and(|set| set.is_case_open)
}
/// Enter: the range becomes a moment; a chosen moment gets its words, unless the range says otherwise.
/// In a data set with neither, the case is opened or closed.
fn enter(state: &AppState) -> Command {
    let chosen = annotate::chosen_moment(state).map(|(_, moment)| moment.range);
    match (chosen, state.marks.range, &state.dataset) {
        (Some(chosen), Some(range), _) if range != chosen => AnnotateCommand::NewMoment.into(),
        (Some(_), ..) => AppCommand::FocusOwnText.into(),
        (None, None, Some(set)) => DataSetCommand::OpenCase(!set.is_case_open).into(),
        (None, ..) => AnnotateCommand::NewMoment.into(),
    }
}
fn can_resume(state: &AppState) -> bool {
    state.is_extraction_unfinished()
}
fn is_busy(state: &AppState) -> bool {
    state.tasks.is_computing()
}

macro_rules! actions {
    ($($group:literal { $($id:literal $label:literal, $tooltip:literal, [$($key:expr),*], $enabled:expr, $command:expr;)* })*) => {
        &[$($(Action {
            id: $id, group: $group, label: $label, tooltip: $tooltip,
            shortcuts: &[$($key),*], is_enabled: $enabled, command: $command,
        }),*),*]
    };
}

/// Every named action, in menu order.
pub const ACTIONS: &[Action] = actions! {
    "File" {
        "open" "Open…", "Open a clip with its gaze recording and its annotations, or the files of a data set", [ctrl(Key::O)], always, |_| SessionCommand::OpenDialog.into();
        "open-folder" "Open a folder…", "Open a recording's folder, or a data set's feature store, imported model or videos", [], always, |_| SessionCommand::OpenFolderDialog.into();
        "open-demo" "Open the demo clip", "A short synthetic walk with recorded gaze and known moments", [], always, |_| SessionCommand::OpenDemo.into();
        "open-synthetic" "Watch GazeNLQ at work", "A synthetic minute with its truth, answered by the small GazeNLQ that was trained on such clips", [], always, |_| SessionCommand::OpenSyntheticDemo.into();
        "map-columns" "Columns of the gaze table…", "Say what the columns of the open gaze table mean, and their units", [], has_own_gaze, |_| SessionCommand::MapColumns.into();
        "import" "Add to this session…", "Open a gaze recording or annotations for the clip that is open", [ctrl_shift(Key::O)], has_own_clip, |_| SessionCommand::ImportDialog.into();
        "new-project" "New project…", "Begin a project in a file of its own, about what is open", [ctrl(Key::N)], always, |_| WorkCommand::NewDialog.into();
        "save" "Save the project", "Save it where it lies; without a name yet, choose one", [ctrl(Key::S)], always, |_| WorkCommand::Save.into();
        "save-as" "Save the project as…", "Save it under another name and go on there", [ctrl_shift(Key::S)], always, |_| WorkCommand::SaveAsDialog.into();
        "close" "Close", "Close the clip or the data set, and everything that belongs to it", [ctrl(Key::W)], has_anything, |_| SessionCommand::Close.into();
        "screenshot" "Annotated screenshot…", "Save the picture with its overlays at source resolution, and below it what it shows", [shift(Key::S), ctrl(Key::E)], has_clip, |_| AppCommand::Screenshot { has_caption: true }.into();
        "screenshot-bare" "Screenshot without a caption…", "Save the picture with its overlays at source resolution, and nothing else", [], has_clip, |_| AppCommand::Screenshot { has_caption: false }.into();
        "copy-picture" "Copy the picture", "Put the picture with its overlays on the clipboard", [ctrl_shift(Key::C)], has_clip, |_| AppCommand::CopyPicture.into();
        "export-json" "Export results as JSON…", "Save every question asked with its moments", [], has_moments, |_| AppCommand::ExportResults(TableFormat::Json).into();
        "export-csv" "Export results as CSV…", "Save every question asked with its moments", [], has_moments, |_| AppCommand::ExportResults(TableFormat::Csv).into();
        "fetch-models" "Download models…", "Fetch the default networks from their named sources and check them", [], always, |_| AppCommand::FetchModels.into();
        "diagnostics" "Save diagnostics…", "Versions, devices, models, the log and what the open file says of itself in one archive, for a bug report; no media", [], always, |_| AppCommand::Diagnostics.into();
        "settings" "Settings…", "Appearance, sound, how finely clips are looked through", [ctrl(Key::Comma)], always, |_| AppCommand::ToggleSettings.into();
        "quit" "Quit", "Close the window", [ctrl(Key::Q)], always, |_| AppCommand::Quit.into();
    }
    "Edit" {
        "undo" "Undo", "Take back the last change of moments, tags, gaze or layout", [ctrl(Key::Z)], can_undo, |_| WorkCommand::Undo.into();
        "redo" "Redo", "Do again what was taken back", [ctrl_shift(Key::Z), ctrl(Key::Y)], can_redo, |_| WorkCommand::Redo.into();
        "history" "History", "Every step so far; click one to go back to it", [ctrl(Key::H)], is_here, |_| AppCommand::ShowSide(SideTab::History).into();
        "annotate" "Annotation panel", "Show the panel with your own moments, tags and verdicts", [], is_here, |_| AppCommand::ShowSide(SideTab::Annotate).into();
        "new-moment" "New moment", "The marked range becomes a moment of yours, else, in a clip of its own, the chosen predicted moment; of a chosen one, write the question; in a data set without a range, open or close the case", [key(Key::Enter)], |s| can_create(s) || has_own(s) || has_row(s), enter;
        "copy-truth" "Correct the annotated moment", "Copy the annotated moment into your own, to be corrected; the file stays as it is", [], |s| is_here(s) && has_truth(s), |_| AnnotateCommand::CopyTruth.into();
        "new-question" "New question", "Add a question of your own about this clip", [], is_here, |_| AnnotateCommand::NewQuery.into();
        "own-start" "Starts here", "The start of the chosen moment comes to the playhead", [key(Key::Q)], has_own, |_| AnnotateCommand::ToPlayhead(Edge::Start).into();
        "own-end" "Ends here", "The end of the chosen moment comes to the playhead", [key(Key::W)], has_own, |_| AnnotateCommand::ToPlayhead(Edge::End).into();
        "own-edge" "Other edge", "Which edge the nudges move: start, end, or the whole moment", [key(Key::E)], has_own, |_| AnnotateCommand::NextEdge.into();
        "nudge-back" "Nudge back one frame", "The chosen edge goes one picture back", [alt(Key::Comma)], has_own, |_| AnnotateCommand::Nudge(Nudge::Frames(-1)).into();
        "nudge-forward" "Nudge forward one frame", "The chosen edge goes one picture on", [alt(Key::Period)], has_own, |_| AnnotateCommand::Nudge(Nudge::Frames(1)).into();
        "nudge-back-step" "Nudge back one model step", "The chosen edge goes one feature back", [alt_shift(Key::Comma)], has_own, |_| AnnotateCommand::Nudge(Nudge::Steps(-1)).into();
        "nudge-forward-step" "Nudge forward one model step", "The chosen edge goes one feature on", [alt_shift(Key::Period)], has_own, |_| AnnotateCommand::Nudge(Nudge::Steps(1)).into();
        "split" "Split at the playhead", "Two moments of the chosen one", [key(Key::B)], has_own, |_| AnnotateCommand::Split.into();
        "join" "Join with the next", "The chosen moment and the next of the same question become one", [ctrl(Key::J)], has_own, |_| AnnotateCommand::Join.into();
        "duplicate" "Duplicate", "A second moment at the same place", [ctrl(Key::D)], has_own, |_| AnnotateCommand::Duplicate.into();
        "delete" "Delete the moment", "Delete the chosen moment of yours", [key(Key::Delete), key(Key::Backspace)], has_own, |_| AnnotateCommand::Delete.into();
        "loop-own" "Loop my moment", "Play the chosen moment of yours over and over", [shift(Key::R)], has_own, |_| AnnotateCommand::LoopOwn.into();
        "next-own" "Next moment of mine", "Choose the next of your moments", [alt(Key::ArrowDown)], has_own_moments, |_| AnnotateCommand::Step(1).into();
        "previous-own" "Previous moment of mine", "Choose the moment of yours before", [alt(Key::ArrowUp)], has_own_moments, |_| AnnotateCommand::Step(-1).into();
        "deselect" "Choose nothing", "No moment is chosen, no tool is on (Esc)", [], can_deselect, deselect;
        "gaze-tool" "Correct the gaze", "Clicks on the picture say where the wearer looked", [shift(Key::C)], can_correct_gaze, |_| AnnotateCommand::ToggleGazeTool.into();
        "gaze-invalid" "Gaze means nothing here", "Mark the recorded gaze as invalid over the range, else over the chosen moment", [], has_gaze_stretch, |_| AnnotateCommand::InvalidateRange.into();
        "gaze-restore" "Back to the recorded gaze", "Delete the corrections at the playhead", [], has_fixes_here, |_| AnnotateCommand::RemoveFixesHere.into();
    }
    "Playback" {
        "toggle-play" "Play / pause", "Start or stop playing", [key(Key::Space)], has_clip, |_| PlaybackCommand::Toggle.into();
        "shuttle-back" "Shuttle backwards", "Play backwards; again for twice the speed", [key(Key::J)], has_clip, |_| PlaybackCommand::Shuttle(-1).into();
        "pause" "Pause", "Pause and return to normal speed", [key(Key::K)], has_clip, |_| PlaybackCommand::Shuttle(0).into();
        "shuttle-forward" "Shuttle forwards", "Play forwards; again for twice the speed", [key(Key::L)], has_clip, |_| PlaybackCommand::Shuttle(1).into();
        "previous-frame" "Previous frame", "Step one stored picture back", [key(Key::Comma)], has_clip, |_| PlaybackCommand::Step(-1).into();
        "next-frame" "Next frame", "Step one stored picture forward", [key(Key::Period)], has_clip, |_| PlaybackCommand::Step(1).into();
        "back-1s" "Back 1 s", "One second back", [key(Key::ArrowLeft)], has_clip, |_| PlaybackCommand::StepTime(MediaTime::from_millis(-1000)).into();
        "forward-1s" "Forward 1 s", "One second forward", [key(Key::ArrowRight)], has_clip, |_| PlaybackCommand::StepTime(MediaTime::from_millis(1000)).into();
        "back-5s" "Back 5 s", "Five seconds back", [shift(Key::ArrowLeft)], has_clip, |_| PlaybackCommand::StepTime(MediaTime::from_millis(-5000)).into();
        "forward-5s" "Forward 5 s", "Five seconds forward", [shift(Key::ArrowRight)], has_clip, |_| PlaybackCommand::StepTime(MediaTime::from_millis(5000)).into();
        "back-model-step" "Back one model step", "One feature of GroundNLQ: 0.535 s", [alt(Key::ArrowLeft)], has_clip, |_| PlaybackCommand::StepTime(MediaTime::ZERO - MODEL_STEP).into();
        "forward-model-step" "Forward one model step", "One feature of GroundNLQ: 0.535 s", [alt(Key::ArrowRight)], has_clip, |_| PlaybackCommand::StepTime(MODEL_STEP).into();
        "previous-event" "Previous event", "Previous edge of a moment, marker or gap in the gaze; of one lane only, if its name in the timeline is clicked", [ctrl(Key::ArrowLeft)], has_clip, |s| events::seek_event(s, false);
        "worst-gaze" "Where gaze agrees least", "The picture in which predicted and recorded gaze agree least", [], has_agreement, events::seek_least_agreement;
        "next-event" "Next event", "Next edge of a moment, marker or gap in the gaze; of one lane only, if its name in the timeline is clicked", [ctrl(Key::ArrowRight)], has_clip, |s| events::seek_event(s, true);
        "previous-fixation" "Previous fixation", "Jump to the fixation before", [key(Key::A)], has_gaze, |s| events::seek_fixation(s, false);
        "next-fixation" "Next fixation", "Jump to the next fixation", [key(Key::S)], has_gaze, |s| events::seek_fixation(s, true);
        "start" "Start of the clip", "Jump to the first picture", [key(Key::Home)], has_clip, |_| PlaybackCommand::Seek(MediaTime::ZERO).into();
        "end" "End of the clip", "Jump to the last picture", [key(Key::End)], has_clip, |_| PlaybackCommand::Seek(MediaTime::MAX).into();
        "go-to" "Go to…", "Type a time, a frame or a percentage: 1:23.4, 83.4s, f2490, 35%", [key(Key::G)], has_clip, |_| AppCommand::GoTo.into();
        "slower" "Slower", "Speed down by 10 %", [key(Key::OpenBracket)], has_clip, |s| s.rate_times(1.0 / 1.1);
        "faster" "Faster", "Speed up by 10 %", [key(Key::CloseBracket)], has_clip, |s| s.rate_times(1.1);
        "half-speed" "Half the speed", "Speed divided by two", [shift(Key::OpenBracket), key(Key::OpenCurlyBracket)], has_clip, |s| s.rate_times(0.5);
        "double-speed" "Twice the speed", "Speed times two", [shift(Key::CloseBracket), key(Key::CloseCurlyBracket)], has_clip, |s| s.rate_times(2.0);
        "normal-speed" "Normal speed", "Back to 1x", [key(Key::Backslash)], has_clip, |_| PlaybackCommand::SetRate(1.0).into();
        "loop" "Loop on / off", "Loop the chosen moment or range, or stop looping", [key(Key::R)], has_clip, |_| AppCommand::LoopSelection.into();
        "sound" "Sound on / off", "Hear the clip while it plays forwards at normal speed", [ctrl_shift(Key::U)], has_sound, |_| AppCommand::ToggleSound.into();
        "back" "Back to where I was", "Undo the last jump", [shift(Key::Backspace), ctrl(Key::OpenBracket)], has_clip, |_| PlaybackCommand::Back.into();
        "forward" "Forward again", "Where the last jump back came from", [ctrl(Key::CloseBracket)], has_clip, |_| PlaybackCommand::Forward.into();
    }
    "Review" {
        "verdict-model" "Model wrong", "The case's verdict: the model is wrong", [], has_case, |_| AnnotateCommand::Verdict(Verdict::ModelWrong).into();
        "verdict-truth" "Truth wrong", "The case's verdict: the annotation is wrong", [ctrl(Key::Num9)], has_case, |_| AnnotateCommand::Verdict(Verdict::TruthWrong).into();
        "verdict-both" "Both acceptable", "The case's verdict: the prediction is as good as the annotation", [], has_case, |_| AnnotateCommand::Verdict(Verdict::BothAcceptable).into();
        "verdict-unclear" "Cannot tell", "The case's verdict: it cannot be told from the clip", [], has_case, |_| AnnotateCommand::Verdict(Verdict::CannotTell).into();
        "tag-1" "Tag 1", "Set or remove the tag on key 1", [ctrl(Key::Num1)], has_case, |_| AnnotateCommand::TagKey('1').into();
        "tag-2" "Tag 2", "Set or remove the tag on key 2", [ctrl(Key::Num2)], has_case, |_| AnnotateCommand::TagKey('2').into();
        "tag-3" "Tag 3", "Set or remove the tag on key 3", [ctrl(Key::Num3)], has_case, |_| AnnotateCommand::TagKey('3').into();
        "tag-4" "Tag 4", "Set or remove the tag on key 4", [ctrl(Key::Num4)], has_case, |_| AnnotateCommand::TagKey('4').into();
        "tag-5" "Tag 5", "Set or remove the tag on key 5", [ctrl(Key::Num5)], has_case, |_| AnnotateCommand::TagKey('5').into();
        "tag-6" "Tag 6", "Set or remove the tag on key 6", [ctrl(Key::Num6)], has_case, |_| AnnotateCommand::TagKey('6').into();
        "tag-7" "Tag 7", "Set or remove the tag on key 7", [ctrl(Key::Num7)], has_case, |_| AnnotateCommand::TagKey('7').into();
        "tag-8" "Tag 8", "Set or remove the tag on key 8", [ctrl(Key::Num8)], has_case, |_| AnnotateCommand::TagKey('8').into();
        "note" "Write a note", "A note on this case", [ctrl(Key::Semicolon)], has_case, |_| AppCommand::FocusNote.into();
        "review-done" "Reviewed", "This case is done", [ctrl_shift(Key::Enter)], has_case, |_| AnnotateCommand::Review(ReviewState::Done).into();
        "queue" "Make a review queue", "Put the cases in the order in which they should be looked at: models agree but are wrong, wrong with confidence, close calls, a random sample", [], has_predictions, |_| AnnotateCommand::MakeQueue.into();
        "queue-next" "Next case of the queue", "The next case that is still to do", [ctrl_alt(Key::ArrowRight)], has_predictions, |_| AnnotateCommand::StepQueue(1).into();
        "queue-previous" "Previous case of the queue", "The case before that is still to do", [ctrl_alt(Key::ArrowLeft)], has_predictions, |_| AnnotateCommand::StepQueue(-1).into();
        "colleague" "Compare with a second annotator…", "Their moments beside yours, and how far you agree", [], is_here, |_| WorkCommand::ColleagueDialog.into();
        "merge" "Merge a project…", "Somebody's work into this project; what both have changed is listed", [], is_here, |_| WorkCommand::MergeDialog.into();
        "import-moments" "Import moments…", "Questions and moments of Ego4D JSON, QVHighlights, CSV, ELAN or WebVTT into the project", [], is_here, |_| WorkCommand::ImportDialog.into();
        "export-ego4d" "Export moments as Ego4D JSON…", "The project's questions and moments as Ego4D NLQ annotations", [], has_queries, |_| WorkCommand::ExportDialog(ExchangeFormat::Ego4d).into();
        "export-highlights" "Export moments as QVHighlights…", "The project's questions and moments as QVHighlights lines", [], has_queries, |_| WorkCommand::ExportDialog(ExchangeFormat::QvHighlights).into();
        "export-moments-csv" "Export moments as CSV…", "The project's questions and moments as a table", [], has_queries, |_| WorkCommand::ExportDialog(ExchangeFormat::Csv).into();
        "export-elan" "Export moments for ELAN…", "One .eaf file for each clip", [], has_queries, |_| WorkCommand::ExportDialog(ExchangeFormat::Elan).into();
        "export-webvtt" "Export moments as WebVTT…", "One file of subtitles for each clip", [], has_queries, |_| WorkCommand::ExportDialog(ExchangeFormat::WebVtt).into();
    }
    "Marks" {
        "mark-in" "Range starts here", "Begin of the range at the playhead", [key(Key::I)], is_here, |_| MarkCommand::In.into();
        "mark-out" "Range ends here", "End of the range at the playhead", [key(Key::O)], is_here, |_| MarkCommand::Out.into();
        "range-from-moment" "Range from the moment", "The range becomes the chosen moment", [key(Key::X)], |s| s.chosen_moment().or(s.truth()).is_some(), |_| MarkCommand::RangeFromMoment.into();
        "clear-range" "Clear the range", "No range any more", [alt(Key::X)], has_range, |_| MarkCommand::ClearRange.into();
        "go-to-in" "Go to the start of the range", "Jump to where the range begins", [shift(Key::I)], has_range, |_| MarkCommand::GoToIn.into();
        "go-to-out" "Go to the end of the range", "Jump to where the range ends", [shift(Key::O)], has_range, |_| MarkCommand::GoToOut.into();
        "copy-range" "Copy the range", "Start and end in seconds and frames, as text", [], has_range, |s| AppCommand::CopyText(s.range_text()).into();
        "add-marker" "Marker here", "Put a marker at the playhead; on a marker, write its note", [key(Key::M)], has_own_clip, |_| MarkCommand::AddMarker.into();
        "next-marker" "Next marker", "Jump to the marker after the playhead", [shift(Key::M)], has_markers, |s| marks::seek_marker(s, true);
        "previous-marker" "Previous marker", "Jump to the marker before the playhead", [ctrl_shift(Key::M)], has_markers, |s| marks::seek_marker(s, false);
    }
    "Query" {
        "focus-query" "Ask a question", "Put the cursor in the question box", [key(Key::Slash)], has_clip, |_| AppCommand::FocusQuery.into();
        "ask-all" "Ask all annotated questions", "Run every question of the annotation file for this clip", [ctrl(Key::Enter)], |s| !s.annotations.is_empty(), |_| QueryCommand::AskAllAnnotated.into();
        "ask-file" "Ask questions from a file…", "A text file with one question a line", [], has_own_clip, |_| QueryCommand::AskFileDialog.into();
        "templates" "Question templates…", "The 13 kinds of question of Ego4D NLQ", [ctrl(Key::T)], has_own_clip, |_| AppCommand::ToggleTemplates.into();
        "truth" "Jump to the true moment", "Start of the annotated moment", [key(Key::Num0)], has_truth, |_| QueryCommand::JumpToTruth.into();
        "rank-1" "Jump to moment 1", "Start of the best moment", [key(Key::Num1)], has_moments, |_| QueryCommand::Jump(0).into();
        "rank-2" "Jump to moment 2", "Start of the second moment", [key(Key::Num2)], has_moments, |_| QueryCommand::Jump(1).into();
        "rank-3" "Jump to moment 3", "Start of the third moment", [key(Key::Num3)], has_moments, |_| QueryCommand::Jump(2).into();
        "rank-4" "Jump to moment 4", "Start of the fourth moment", [key(Key::Num4)], has_moments, |_| QueryCommand::Jump(3).into();
        "rank-5" "Jump to moment 5", "Start of the fifth moment", [key(Key::Num5)], has_moments, |_| QueryCommand::Jump(4).into();
        "loop-truth" "Loop the true moment", "Play the annotated moment over and over", [shift(Key::Num0)], has_truth, |_| QueryCommand::LoopTruth.into();
        "loop-1" "Loop moment 1", "Play the best moment over and over", [shift(Key::Num1), key(Key::Exclamationmark)], has_moments, |_| QueryCommand::Loop(0).into();
        "loop-2" "Loop moment 2", "Play the second moment over and over", [shift(Key::Num2)], has_moments, |_| QueryCommand::Loop(1).into();
        "loop-3" "Loop moment 3", "Play the third moment over and over", [shift(Key::Num3)], has_moments, |_| QueryCommand::Loop(2).into();
        "loop-4" "Loop moment 4", "Play the fourth moment over and over", [shift(Key::Num4)], has_moments, |_| QueryCommand::Loop(3).into();
        "loop-5" "Loop moment 5", "Play the fifth moment over and over", [shift(Key::Num5)], has_moments, |_| QueryCommand::Loop(4).into();
        "gaze-off" "Gaze mode: off", "Whole pictures only", [], has_clip, |_| QueryCommand::SetGazeMode(GazeMode::Off).into();
        "gaze-predicted" "Gaze mode: predicted", "Weigh what the model thinks was looked at", [], has_clip, |_| QueryCommand::SetGazeMode(GazeMode::Predicted).into();
        "gaze-recorded" "Gaze mode: recorded", "Weigh what was looked at", [], |s| has_gaze(s) && !s.is_for_trained, |_| QueryCommand::SetGazeMode(GazeMode::Recorded).into();
        "gaze-negative" "Gaze mode: negative", "Weigh what was not looked at", [], has_clip, |_| QueryCommand::SetGazeMode(GazeMode::Negative).into();
        "mode-lanes" "Compare the gaze modes", "One lane of moments for each gaze mode in the timeline", [], has_own_clip, |_| AppCommand::ToggleModeLanes.into();
        "model-card" "Which model is this?", "The networks behind the answer, their weights, licences and how often they are right", [], always, |_| AppCommand::ToggleModelCard.into();
        "resume" "Go on looking", "Compute what is still missing of this clip", [], can_resume, |_| QueryCommand::Resume.into();
        "cancel" "Cancel the computation", "Stop; what is computed so far is kept. A tool that is on goes off first, and a moment is chosen no more; an open case is closed last.", [key(Key::Escape)], |s| is_busy(s) || can_deselect(s) || has_open_case(s), escape;
    }
    "Data set" {
        "open-case" "Open or close the case", "The chosen query over the whole window, or the table again; Enter does so while no range is marked and no moment of yours is chosen", [key(Key::F4)], has_row, |s| DataSetCommand::OpenCase(s.dataset.as_ref().is_some_and(|set| !set.is_case_open)).into();
        "next-failure" "Next failure", "The next query of the table that is not right at rank 1", [key(Key::N)], has_data_set, |_| DataSetCommand::NextFailure(1).into();
        "previous-failure" "Previous failure", "The query before in the table that is not right at rank 1", [shift(Key::N)], has_data_set, |_| DataSetCommand::NextFailure(-1).into();
        "next-alike" "Next failure of this class", "The next query of the table with the same error class", [ctrl(Key::PageDown)], has_analysis, |_| DataSetCommand::NextAlike(1).into();
        "previous-alike" "Previous failure of this class", "The query before in the table with the same error class", [ctrl(Key::PageUp)], has_analysis, |_| DataSetCommand::NextAlike(-1).into();
        "clear-filter" "Show all queries", "No condition on the rows of the table", [], has_data_set, |_| DataSetCommand::ClearFilter.into();
        "export-cases" "Export the cases as CSV…", "One row a query: class, flags, IoU, rank, windows, and the hashes of the files", [], has_analysis, |s| AppCommand::SaveAs(PathRequest::SaveCases(dataset::suggested_name(s, "cases.csv"))).into();
        "export-report" "Save the report…", "Everything that the panels show, with thresholds and hashes, as one file that opens offline: HTML, or Markdown", [], has_analysis, |s| AppCommand::SaveAs(PathRequest::SaveReport(dataset::suggested_name(s, "report.html"))).into();
        "page-why" "Why queries fail", "Classes, ranking, boundaries, flags", [], has_analysis, |_| AppCommand::DataSetPage(DataSetPage::Why).into();
        "page-where" "Where queries fail", "By length, position, template and other characteristics", [], has_analysis, |_| AppCommand::DataSetPage(DataSetPage::Where).into();
        "page-compare" "Compare models", "Who is right where, and how classes change", [], has_analysis, |_| AppCommand::DataSetPage(DataSetPage::Compare).into();
        "page-what-if" "What if, and thresholds", "Other settings behind the network, and what the definitions use", [], has_analysis, |_| AppCommand::DataSetPage(DataSetPage::WhatIf).into();
        "page-gaze" "Gaze and answers", "Predicted against recorded gaze in the true moments, and whether it goes with the answers", [], has_analysis, |_| AppCommand::DataSetPage(DataSetPage::Gaze).into();
        "page-files" "Files of the data set", "Annotations, features, predictions and videos", [], has_analysis, |_| AppCommand::DataSetPage(DataSetPage::Files).into();
        "search" "Search the queries", "Put the cursor in the search box", [ctrl(Key::F)], has_data_set, |_| AppCommand::FocusSearch.into();
        "next-row" "Next query or moment", "In a data set the query below and its answer, else the next moment of the list", [key(Key::ArrowDown)], has_list, |s| s.step_list(1);
        "previous-row" "Previous query or moment", "In a data set the query above and its answer, else the moment before in the list", [key(Key::ArrowUp)], has_list, |s| s.step_list(-1);
        "next-page" "Ten queries down", "Ten rows further", [key(Key::PageDown)], has_data_set, |_| DataSetCommand::Step(10).into();
        "previous-page" "Ten queries up", "Ten rows back", [key(Key::PageUp)], has_data_set, |_| DataSetCommand::Step(-10).into();
        "this-clip" "This clip's queries, or all", "Only the queries of the chosen query's clip", [], has_data_set, |s| DataSetCommand::OnlyThisClip(s.dataset.as_ref().is_some_and(|set| !set.filter.conditions.iter().any(|c| matches!(c, Condition::Clip(_))))).into();
    }
    "Training" {
        "train-start" "Start or resume the training", "Go on from the run's checkpoint, or begin", [], can_train, |_| TrainingCommand::Start.into();
        "train-stop" "Stop the training", "Save after the current step", [], |s| s.tasks.is_running(TaskKind::Train), |_| TrainingCommand::Stop.into();
        "train-close" "Close the training", "Back to what was open; a training that runs is saved and stopped", [], |s| s.training.is_some(), |_| TrainingCommand::Close.into();
    }
    "Overlays" {
        "cycle-heat" "Next heatmap", "Off, predicted, recorded, both, difference", [key(Key::H)], has_clip, |_| OverlayCommand::CycleHeat(1).into();
        "cycle-heat-back" "Previous heatmap", "Difference, both, recorded, predicted, off", [shift(Key::H)], has_clip, |_| OverlayCommand::CycleHeat(-1).into();
        "heat-predicted" "Predicted heatmap", "Where a model thinks the wearer looked", [key(Key::P)], has_clip, |_| OverlayCommand::Heat(HeatMode::Predicted).into();
        "heat-recorded" "Recorded heatmap", "Where the wearer looked", [key(Key::T)], has_gaze, |_| OverlayCommand::Heat(HeatMode::Recorded).into();
        "heat-difference" "Difference", "Predicted minus recorded", [key(Key::D)], has_gaze, |_| OverlayCommand::Heat(HeatMode::Difference).into();
        "span-window" "Heatmap: model window", "Mean of the 32 pictures around the playhead, as the model's target is made", [], has_clip, |_| OverlayCommand::Span(HeatSpan::Window).into();
        "span-picture" "Heatmap: this picture", "Only what was looked at in this picture", [], has_clip, |_| OverlayCommand::Span(HeatSpan::Picture).into();
        "span-range" "Heatmap: whole range or moment", "Mean over the marked range, else over the chosen moment", [], has_stretch, |_| OverlayCommand::Span(HeatSpan::Range).into();
        "compare" "Compare: off, wipe, side by side", "Predicted on the left, recorded on the right", [key(Key::C)], has_clip, |_| OverlayCommand::CycleCompare.into();
        "flicker" "Flicker", "Swap the predicted and the recorded heatmap; hold the key to flicker", [key(Key::V)], has_gaze, |_| OverlayCommand::Flicker.into();
        "less-opaque" "Heatmap fainter", "Opacity down by a tenth", [ctrl_alt(Key::Minus)], has_clip, |s| OverlayCommand::Opacity(s.overlay.opacity - 0.1).into();
        "more-opaque" "Heatmap stronger", "Opacity up by a tenth", [ctrl_alt(Key::Equals), ctrl_alt(Key::Plus)], has_clip, |s| OverlayCommand::Opacity(s.overlay.opacity + 0.1).into();
        "gaze-point" "Gaze point", "The recorded point of this picture", [shift(Key::G)], has_gaze, |_| OverlayCommand::TogglePoint.into();
        "scanpath" "Scanpath", "The last seconds of gaze", [shift(Key::P)], has_gaze, |_| OverlayCommand::ToggleTrail.into();
        "fixations" "Fixations", "Circles, larger for longer", [shift(Key::F)], has_gaze, |_| OverlayCommand::ToggleFixations.into();
        "pixel-zoom" "One to one", "One pixel of the clip on one pixel of the screen", [], has_clip, |_| AppCommand::PixelZoom.into();
        "fit-picture" "Fit the picture", "Undo zoom and pan", [ctrl_alt(Key::Num0)], has_clip, |_| AppCommand::ResetZoom.into();
    }
    "View" {
        "palette" "Command palette…", "Find any command by name", [ctrl(Key::P), ctrl(Key::K), ctrl_shift(Key::P)], always, |_| AppCommand::TogglePalette.into();
        "help" "Keyboard shortcuts", "All keys on one page", [key(Key::Questionmark)], always, |_| AppCommand::ToggleHelp(HelpPage::Keys).into();
        "manual" "Help", "Keys, mouse, and what the words and numbers mean", [key(Key::F1)], always, |_| AppCommand::ToggleHelp(HelpPage::Words).into();
        "notices" "Notices", "Everything the app has told you", [], always, |_| AppCommand::ToggleNotices.into();
        "layout-watch" "Layout: watch", "Picture and timeline", [key(Key::F2)], always, |_| AppCommand::Layout(LayoutPreset::Watch).into();
        "layout-ground" "Layout: ground", "Session, picture, answers and timeline", [key(Key::F3)], always, |_| AppCommand::Layout(LayoutPreset::Ground).into();
        "layout-annotate" "Layout: annotate", "Timeline and your own moments", [key(Key::F5)], always, |_| AppCommand::Layout(LayoutPreset::Annotate).into();
        "layout-picture" "Layout: picture alone", "No panels; again to bring them back", [key(Key::F)], has_clip, |_| AppCommand::Layout(LayoutPreset::Picture).into();
        "layout-reset" "Reset the layout", "Panels as on the first day", [], always, |_| AppCommand::Layout(LayoutPreset::Reset).into();
        "next-panel" "Next panel", "Move the keyboard's focus to the next panel", [key(Key::F6)], always, |_| AppCommand::NextPanel(1).into();
        "previous-panel" "Previous panel", "Move the keyboard's focus to the panel before", [shift(Key::F6)], always, |_| AppCommand::NextPanel(-1).into();
        "panel-session" "Session panel", "What is open, on the left", [ctrl_shift(Key::B)], always, |_| AppCommand::TogglePanel(PanelId::Session).into();
        "panel-results" "Results panel", "Answers, on the right", [ctrl_shift(Key::R)], always, |_| AppCommand::TogglePanel(PanelId::Results).into();
        "panel-timeline" "Timeline", "Time, at the bottom", [ctrl_shift(Key::T)], always, |_| AppCommand::TogglePanel(PanelId::Timeline).into();
        "timeline-out" "Zoom the timeline out", "See more of the clip", [key(Key::Minus)], has_anything, |_| AppCommand::ZoomTimeline(1.0 / 1.5).into();
        "timeline-in" "Zoom the timeline in", "See less of the clip, larger", [key(Key::Equals), key(Key::Plus)], has_anything, |_| AppCommand::ZoomTimeline(1.5).into();
        "timeline-fit" "Fit the timeline", "See the whole clip", [shift(Key::Z)], has_anything, |_| AppCommand::FitTimeline.into();
        "timeline-selection" "Zoom to range or moment", "See the marked range, else the chosen moment, and a little around it", [key(Key::Z)], has_stretch, |_| AppCommand::ZoomToSelection.into();
        "performance" "Performance", "What drawing, decoding and uploading take", [], always, |_| AppCommand::TogglePerformance.into();
        "theme-dark" "Dark", "Light text on dark", [], always, |_| AppCommand::Theme(ThemeChoice::Dark).into();
        "theme-light" "Light", "Dark text on light", [], always, |_| AppCommand::Theme(ThemeChoice::Light).into();
        "theme-system" "As the system", "Follow the desktop", [], always, |_| AppCommand::Theme(ThemeChoice::System).into();
        "theme-contrast" "High contrast", "White and yellow on black", [], always, |_| AppCommand::Theme(ThemeChoice::HighContrast).into();
        "ui-larger" "Larger text and controls", "Scale the window up by a tenth", [ctrl(Key::Plus), ctrl(Key::Equals)], always, |_| AppCommand::ScaleUi(0.1).into();
        "ui-smaller" "Smaller text and controls", "Scale the window down by a tenth", [ctrl(Key::Minus)], always, |_| AppCommand::ScaleUi(-0.1).into();
        "ui-normal" "Text and controls at 100 %", "Undo the scale", [ctrl(Key::Num0)], always, |_| AppCommand::ScaleUi(0.0).into();
        "fullscreen" "Full screen", "The window over the whole screen", [key(Key::F11)], always, |_| AppCommand::ToggleFullscreen.into();
    }
};

impl Action {
    pub fn by_id(id: &str) -> Option<&'static Self> {
        ACTIONS.iter().find(|action| action.id == id)
    }

    /// How its first key reads on this system, or an empty text.
    pub fn shortcut_text(&self, ctx: &egui::Context) -> String {
        self.shortcuts.first().map(|s| key_text(ctx, s)).unwrap_or_default()
    }
}

/// `Ctrl+=` rather than `Ctrl+Equals`: as it stands on the key.
pub fn key_text(ctx: &egui::Context, shortcut: &KeyboardShortcut) -> String {
    let key = shortcut.logical_key;
    let sign = match key {
        Key::Equals => "=",
        Key::Minus => "-",
        Key::Plus => "+",
        Key::Comma => ",",
        Key::Semicolon => ";",
        Key::Period => ".",
        Key::Slash => "/",
        Key::Backslash => "\\",
        Key::Questionmark => "?",
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        Key::OpenCurlyBracket => "{",
        Key::CloseCurlyBracket => "}",
        Key::ArrowLeft => "\u{2190}",
        Key::ArrowRight => "\u{2192}",
        Key::ArrowUp => "\u{2191}",
        Key::ArrowDown => "\u{2193}",
        _ => return ctx.format_shortcut(shortcut),
    };
    let text = ctx.format_shortcut(shortcut);
    let name = [key.symbol_or_name(), key.name()].into_iter().find(|name| text.ends_with(name));
    name.map_or(text.clone(), |name| format!("{}{sign}", &text[..text.len() - name.len()]))
}

/// Takes the keys of this frame. Keys with more modifiers win; bare keys belong to a text box
/// while one has the focus.
pub fn consume_shortcuts(ctx: &egui::Context, state: &AppState, out: &mut Vec<Command>) {
    let is_typing = ctx.text_edit_focused();
    // a control that was reached with Tab keeps the keys that work it
    let is_on_control = !is_typing && ctx.memory(|memory| memory.focused()).is_some();
    let mut candidates: Vec<(&Action, &KeyboardShortcut)> = ACTIONS
        .iter()
        .filter(|action| (action.is_enabled)(state))
        .flat_map(|action| action.shortcuts.iter().map(move |s| (action, s)))
        .filter(|(_, s)| !is_typing || s.modifiers.command || is_free_of_text(s.logical_key))
        .filter(|(_, s)| !is_on_control || s.modifiers.any() || !works_a_control(s.logical_key))
        .collect();
    candidates.sort_by_key(|(_, s)| {
        std::cmp::Reverse(
            u8::from(s.modifiers.shift) + u8::from(s.modifiers.alt) + u8::from(s.modifiers.command),
        )
    });
    for (action, shortcut) in candidates {
        if ctx.input_mut(|input| input.consume_shortcut(shortcut)) {
            out.push((action.command)(state));
        }
    }
}

fn works_a_control(key: Key) -> bool {
    matches!(key, Key::Space | Key::Enter | Key::ArrowLeft | Key::ArrowRight | Key::ArrowUp | Key::ArrowDown)
}

/// Keys that write nothing: they work while a text box has the focus.
fn is_free_of_text(key: Key) -> bool {
    matches!(key, Key::Escape | Key::F1 | Key::F2 | Key::F3 | Key::F4 | Key::F5 | Key::F6 | Key::F11)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn no_two_actions_share_a_key_or_a_name() {
        let mut keys = BTreeMap::new();
        let mut ids = BTreeMap::new();
        for action in ACTIONS {
            assert!(ids.insert(action.id, ()).is_none(), "two actions are called {}", action.id);
            for s in action.shortcuts {
                let name = format!("{:?}+{:?}", s.modifiers, s.logical_key);
                if let Some(other) = keys.insert(name.clone(), action.id) {
                    panic!("{name} runs both {other} and {}", action.id);
                }
            }
        }
    }

    #[test]
    fn every_action_says_what_it_does() {
        for action in ACTIONS {
            assert!(!action.label.is_empty() && !action.tooltip.is_empty(), "{}", action.id);
        }
    }
}
