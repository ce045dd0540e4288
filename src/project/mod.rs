//! What people wrote about clips: annotated questions, question templates, their own notes, files that
//! belong together.

pub mod annotations;
mod notes;
mod questions;
mod session;
mod templates;
mod video_magic;

pub use annotations::{AnnotatedClip, AnnotatedQuery, AnnotationError, AnnotationFile, QueryKey};
pub use notes::{ClipNotes, Marker, MarkerColour, NotesError};
pub use questions::{QuestionsError, read_questions};
pub use session::{Session, is_named_like_a_video, recognise};
pub use templates::{TEMPLATES, Template};
