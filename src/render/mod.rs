//! Scene → pixels, on wgpu. The same shader draws in the window and into files.

mod colormap;
mod compositor;
mod gpu;
mod offscreen;
mod scene;
pub mod world;

pub use colormap::{Colormap, luts};
pub use compositor::{Compositor, MAX_MARKS};
pub use gpu::{Gpu, RenderError};
pub use offscreen::{FORMAT, draw_to_image, paint};
pub use scene::{Compare, HeatMode, Label, Mark, Scene, Viewpoint};
