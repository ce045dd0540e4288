//! What people wrote about clips: annotated questions, question templates, files that belong together.

mod ego4d;
mod session;
mod templates;
mod video_magic;

pub use ego4d::{AnnotatedClip, AnnotatedQuery, AnnotationError, AnnotationFile};
pub use session::{Session, recognise};
pub use templates::TEMPLATES;
