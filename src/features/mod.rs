//! What a frame shows and what a query means, as vectors.

mod clip;
mod clip_bridge;
mod clip_features;
mod clip_image;
mod clip_text;
mod conse;
mod efficientnet_lite;
mod minilm;
mod names;
mod preprocess;
pub mod store;

pub use clip::TowerConfig;
pub use clip_bridge::{BridgedText, ClipTextBridge, WordMatch};
pub use clip_features::{ClipFeatures, FrameEvidence, POOLED_GRID};
pub use clip_image::{ClipImage, ClipImageTower, EMBED_DIM, Framing, PATCH_GRID};
pub use clip_text::{ClipTextTower, ClipTokenizer, canonical_query};
pub use conse::TagMeanings;
pub use efficientnet_lite::{EfficientNetLite2, Tags};
pub use minilm::MiniLm;
pub use preprocess::{Filter, RgbImage8};

/// A network that turns a picture into a vector.
pub trait ImageEncoder: Send + Sync {
    /// Names the network and its weights; part of cache keys.
    fn id(&self) -> &str;

    /// Length of the vector.
    fn dim(&self) -> usize;
}
