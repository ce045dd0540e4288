//! What people wrote about clips: annotated questions, question templates, files that belong together,
//! where they were in a clip, and the project that holds all of a person's own work.
//!
//! [`Project`] is changed by an [`Edit`] only, [`History`] undoes and redoes, [`Workspace`] keeps all
//! of it on the disk, gesture by gesture.

mod agreement;
pub mod annotations;
mod document;
mod edit;
pub mod exchange;
pub mod file;
mod gaze_fixes;
mod history;
mod id;
mod journal;
mod list;
pub mod media;
mod merge;
mod notes;
mod questions;
mod session;
mod shell;
mod shipped;
mod synthetic;
mod templates;
#[cfg(test)]
pub(crate) mod testing;
mod video_magic;
mod whole_file;
mod workspace;

pub use agreement::{Agreement, MomentAgreement, VerdictAgreement, agreement};
pub use annotations::{
    AnnotatedClip, AnnotatedQuery, AnnotationError, AnnotationFile, FEATURE_STEP_SECS, QueryKey, Slots,
    query_ids,
};
pub use document::{
    Filter, Fingerprint, GazeFix, GazeFixKind, Judgement, Marker, MarkerColour, Moment, Project, Query,
    ReviewState, Source, SourceKind, Tag, Verdict,
};
pub use edit::{Edit, EditError};
pub use file::ProjectFileError;
pub use gaze_fixes::{corrected as corrected_gaze, is_corrected};
pub use history::{Change, History};
pub use id::Id;
pub use journal::parse as parse_journal;
pub use list::{Keyed, List};
pub use merge::{Conflict, Side, merge, merge_choosing};
pub use notes::{ClipNotes, NotesError, OldMarker};
pub use questions::{QuestionsError, read_questions};
pub use session::{Session, is_named_like_a_video, is_project, recognise};
pub use shell::shell_quoted;
pub use shipped::shipped;
pub use synthetic::is_of_synthetic_set;
pub use templates::{TEMPLATES, Template};
pub use whole_file::write_whole;
pub use workspace::{Recovery, Workspace, WorkspaceError, journal_path};
