//! The annotated picture as a PNG at source resolution, drawn by the shader that draws the window.

use std::path::Path;

use anyhow::Context as _;
use image::RgbaImage;

use super::caption::{Caption, with_caption};
use crate::project::write_whole;
use crate::render::{Gpu, RenderError, Scene, Viewpoint, draw_to_image};

/// What a picture shows and how it came about; kept in the file's text chunks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance(pub Vec<(String, String)>);

/// Draws the scene at the clip's own size. The zoom of the window is kept; margins are not. A caption
/// goes below the picture.
pub fn draw_picture(gpu: &Gpu, scene: &Scene, caption: Option<&Caption>) -> Result<RgbaImage, RenderError> {
    let mut scene = scene.clone();
    scene.viewpoint = Viewpoint { zoom: scene.viewpoint.zoom.max(1.0), ..scene.viewpoint };
    let picture = draw_to_image(gpu, &scene, scene.display_size)?;
    match caption {
        Some(caption) => with_caption(gpu, &picture, caption),
        None => Ok(picture),
    }
}

/// Draws and saves, whole or not at all.
pub fn save_picture(
    gpu: &Gpu,
    scene: &Scene,
    caption: Option<&Caption>,
    provenance: &Provenance,
    path: &Path,
) -> anyhow::Result<()> {
    let bytes = png_bytes(&draw_picture(gpu, scene, caption)?, provenance)?;
    write_whole(path, &bytes).with_context(|| format!("cannot save {}", path.display()))
}

fn png_bytes(image: &RgbaImage, provenance: &Provenance) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    {
        let mut encoder = png::Encoder::new(&mut bytes, image.width(), image.height());
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        for (key, value) in &provenance.0 {
            encoder.add_itxt_chunk(key.clone(), value.clone())?;
        }
        encoder.write_header()?.write_image_data(image.as_raw())?;
    }
    Ok(bytes)
}
