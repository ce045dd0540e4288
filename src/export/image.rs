//! The annotated picture as a PNG at source resolution, drawn by the shader that draws the window.

use std::path::Path;

use anyhow::Context as _;
use egui::{Pos2, Rect, vec2};
use image::RgbaImage;

use super::caption::{Caption, with_caption};
use super::ink::Ink;
use crate::project::write_whole;
use crate::render::{Compositor, FORMAT, Gpu, RenderError, Scene, Viewpoint, draw_to_image, paint};
use crate::view::labels::paint_labels;

/// What a picture shows and how it came about; kept in the file's text chunks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance(pub Vec<(String, String)>);

/// Draws the scene at the clip's own size. The zoom of the window is kept; margins are not. A caption
/// goes below the picture.
pub fn draw_picture(gpu: &Gpu, scene: &Scene, caption: Option<&Caption>) -> Result<RgbaImage, RenderError> {
    let mut scene = scene.clone();
    scene.viewpoint = Viewpoint { zoom: scene.viewpoint.zoom.max(1.0), ..scene.viewpoint };
    let picture = if scene.labels.is_empty() {
        draw_to_image(gpu, &scene, scene.display_size)?
    } else {
        draw_with_labels(gpu, &scene)?
    };
    match caption {
        Some(caption) => with_caption(gpu, &picture, caption),
        None => Ok(picture),
    }
}

fn draw_with_labels(gpu: &Gpu, scene: &Scene) -> Result<RgbaImage, RenderError> {
    let size = scene.display_size.map(|n| n.max(1));
    let [width, height] = size.map(|n| n as f32);
    let ink = Ink::new(gpu, width, 1.0, |ui| {
        paint_labels(ui.painter(), Rect::from_min_size(Pos2::ZERO, vec2(width, height)), scene);
        height
    });
    let mut compositor = Compositor::new(&gpu.device, &gpu.queue, FORMAT);
    compositor.prepare(&gpu.device, &gpu.queue, scene, [width, height]);
    paint(gpu, size, |pass| {
        compositor.draw(pass);
        ink.draw(pass);
    })
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
