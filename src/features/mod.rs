//! What a frame shows and what a query means, as vectors.

mod clip;
mod clip_bridge;
mod clip_features;
mod clip_image;
mod clip_import;
mod clip_text;
mod conse;
mod efficientnet_lite;
mod evidence;
mod minilm;
mod names;
mod preprocess;
mod query;
pub mod store;

pub use clip::TowerConfig;
pub use clip_bridge::{BridgedWord, ClipTextBridge};
pub use clip_features::{ClipFeatures, WindowEvidence};
pub use clip_image::{ClipImage, ClipImageTower, EMBED_DIM, PATCH_GRID};
pub use clip_import::{ClipImport, import_clip};
pub use clip_text::{ClipTextConfig, ClipTextTower, ClipTokenizer, canonical_query};
pub use conse::TagMeanings;
pub use efficientnet_lite::{EfficientNetLite2, PictureVectors, Tags};
pub(crate) use evidence::unit;
pub use evidence::{FrameEvidence, PLACES, POOLED_GRID, Places, TAGS_KEPT, TagEvidence, TagView};
pub use minilm::MiniLm;
pub use preprocess::{Filter, RgbImage8};
pub use query::{QueryEncoder, QueryText, query_basis};
