//! A room of rigid parts → pictures as video planes, headless and in a steady stream.
//!
//! Everything that moves is a part with its own transform; all parts lie in one vertex buffer in
//! one order, so that a picture costs a few draws however much stands in the room. Three
//! passes: shadow map of the lamp, the room at four samples a pixel, and the film (blur by the
//! head's motion, grain, colour planes). Copies to the host run a few pictures behind.

mod passes;
mod reel;

use std::ops::Range;

use bytemuck::{Pod, Zeroable};

pub use reel::WorldRenderer;

/// Parts that a world can have.
pub const MAX_PARTS: usize = 128;

/// A corner of a triangle, in its part's own coordinates, metres.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub struct Vertex {
    pub pos: [f32; 3],
    /// Unit normal in 1/127, then how open to the light around the place is, 0 to 127.
    pub normal: [i8; 4],
    /// Red, green, blue as square roots of light, then gloss.
    pub colour: [u8; 4],
    /// The pattern's second colour, then its size in 1/510 m.
    pub second: [u8; 4],
    pub part: u16,
    pub pattern: u16,
}

/// The triangles of a whole world.
#[derive(Clone, Debug, Default)]
pub struct WorldMesh {
    pub vertices: Vec<Vertex>,
    pub indices: Vec<u32>,
}

/// Where a part is in a picture, and how it looks there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartPose {
    /// Rows of an affine transform from the part to the room.
    pub rows: [[f32; 4]; 3],
    /// How much its colours shine by themselves.
    pub glow: f32,
    /// Moves with the head: not blurred by the head's motion.
    pub is_carried: bool,
}

/// Light of a picture. Colours are linear.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Light {
    pub lamp: [f32; 3],
    pub lamp_strength: f32,
    pub lamp_colour: [f32; 3],
    pub sky: [f32; 3],
    pub ground: [f32; 3],
    pub window_direction: [f32; 3],
    pub window_strength: f32,
    pub window_colour: [f32; 3],
    pub exposure: f32,
    /// Above 0 the picture is warmer.
    pub warmth: f32,
}

/// One picture to draw. Matrices are columns, right-handed, the camera looks along -z, depth 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct WorldFrame {
    pub view_proj: [[f32; 4]; 4],
    pub lamp_proj: [[f32; 4]; 4],
    /// From this camera's own coordinates to the clip space of the camera at the shutter's opening.
    pub earlier: [[f32; 4]; 4],
    pub eye: [f32; 3],
    /// Half the view's width and height at distance 1.
    pub tangents: [f32; 2],
    pub light: Light,
    pub parts: Vec<PartPose>,
    /// Ranges of the mesh's indices that are drawn, what is nearest first, and those that throw
    /// shadows.
    pub drawn: Vec<Range<u32>>,
    pub casting: Vec<Range<u32>>,
    pub number: u32,
    /// Share of the luma's range.
    pub grain: f32,
    /// Light lost in the corners, 0 to 1.
    pub vignette: f32,
}
