//! What people wrote about clips: annotated questions, question templates, files that belong together.

pub mod annotations;
mod session;
mod templates;
mod video_magic;

pub use annotations::{AnnotatedClip, AnnotatedQuery, AnnotationError, AnnotationFile, QueryKey};
pub use session::{Session, is_named_like_a_video, recognise};
pub use templates::TEMPLATES;
