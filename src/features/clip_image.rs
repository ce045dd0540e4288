//! CLIP ViT-B/16, image tower: a picture and its 14 x 14 patches in CLIP's joint space.
//!
//! Paper: arXiv 2103.00020, code: github.com/openai/CLIP (MIT).

use std::path::Path;

use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;

use super::clip::{Encoder, LAYER_NORM_EPS, TowerConfig};
use super::preprocess::{Filter, RgbImage8};
use crate::nn::layers::{LayerNorm, Linear};
use crate::nn::ops::Sees;
use crate::nn::{ModelDir, NnError, fingerprint, open_weights};

/// Length of an embedding.
pub const EMBED_DIM: usize = 512;
/// Patches along each side.
pub const PATCH_GRID: usize = 14;

const MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
const STD: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// Sizes of the tower.
#[derive(Clone, Copy, Debug)]
struct Config {
    tower: TowerConfig,
    /// `patch_size`, pixels
    patch: usize,
    /// `image_size / patch_size`
    grid: usize,
}

const VIT_B16: Config = Config {
    tower: TowerConfig { width: 768, layers: 12, heads: 12, inner: 3072, projection: EMBED_DIM },
    patch: 16,
    grid: PATCH_GRID,
};

/// What the tower says of one picture. Vectors are not normalised.
#[derive(Clone, Debug)]
pub struct ClipImage {
    pub whole: [f32; EMBED_DIM],
    /// What each place shows, through the same norm and projection as the whole; row-major from the
    /// top left, `PATCH_GRID` to a row.
    pub patches: Vec<[f32; EMBED_DIM]>,
}

pub struct ClipImageTower {
    patch_weight: Linear,
    class: Tensor,
    positions: Tensor,
    pre_norm: LayerNorm,
    encoder: Encoder,
    post_norm: LayerNorm,
    projection: Linear,
    config: Config,
    fingerprint: u32,
    device: Device,
}

impl ClipImageTower {
    /// Takes the tower from the whole checkpoint when it is there, else from the image-only one.
    pub fn load(dir: &ModelDir, device: &Device) -> std::result::Result<Self, NnError> {
        let whole = dir.file("clip-vit-b16", "model.safetensors");
        let path = if whole.is_file() { whole } else { dir.file("clip-image", "model.safetensors") };
        Self::open(&path, device)
    }

    /// From a file with the tower of ViT-B/16.
    pub fn open(path: &Path, device: &Device) -> std::result::Result<Self, NnError> {
        let tower = Self::new(open_weights(path, "the CLIP image tower", device)?, VIT_B16)?;
        Ok(Self { fingerprint: fingerprint(path, "visual_projection.weight")?, ..tower })
    }

    /// Tells the weights apart: what one tower says of a picture is not for the texts of another.
    pub fn fingerprint(&self) -> u32 {
        self.fingerprint
    }

    fn new(weights: VarBuilder, config: Config) -> Result<Self> {
        let TowerConfig { width, projection, .. } = config.tower;
        let vision = weights.pp("vision_model");
        let embeddings = vision.pp("embeddings");
        let pixels = 3 * config.patch * config.patch;
        let patches = embeddings.get((width, 3, config.patch, config.patch), "patch_embedding.weight")?;
        let tokens = config.grid * config.grid + 1;
        Ok(Self {
            patch_weight: Linear::from_weight(patches.reshape((width, pixels))?)?,
            class: embeddings.get(width, "class_embedding")?.reshape((1, 1, width))?,
            positions: embeddings.get((tokens, width), "position_embedding.weight")?,
            pre_norm: LayerNorm::load(vision.pp("pre_layrnorm"), width, LAYER_NORM_EPS)?,
            encoder: Encoder::load(vision.pp("encoder"), config.tower, Sees::All)?,
            post_norm: LayerNorm::load(vision.pp("post_layernorm"), width, LAYER_NORM_EPS)?,
            projection: Linear::without_bias(weights.pp("visual_projection"), width, projection)?,
            config,
            fingerprint: 0,
            device: weights.device().clone(),
        })
    }

    pub fn forward(&self, image: &RgbImage8) -> Result<ClipImage> {
        let mut images = self.forward_batch(std::slice::from_ref(image))?;
        images.pop().ok_or_else(|| candle_core::Error::Msg("no picture came out".to_owned()))
    }

    /// The picture at the size that the tower takes, 224 x 224; of a prepared picture, itself. The whole
    /// picture is squeezed, where CLIP was trained on its middle: nothing is lost at the sides, and gaze
    /// maps fall on the patches directly.
    pub fn prepared(&self, image: &RgbImage8) -> RgbImage8 {
        let side = self.config.patch * self.config.grid;
        image.resize(side, side, Filter::Bicubic)
    }

    /// Several pictures at once, of any sizes.
    pub fn forward_batch(&self, images: &[RgbImage8]) -> Result<Vec<ClipImage>> {
        if images.is_empty() {
            return Ok(Vec::new());
        }
        let (hidden, places) = self.encoder.forward_with_places(self.tokens(images)?, |_, _| {})?;
        let vectors = |tokens: Tensor| -> Result<Vec<f32>> {
            self.projection.forward(&self.post_norm.forward(&tokens)?)?.flatten_all()?.to_vec1()
        };
        let whole = vectors(hidden.narrow(1, 0, 1)?.contiguous()?)?;
        let patches = vectors(places.narrow(1, 1, self.config.grid * self.config.grid)?.contiguous()?)?;
        let patches = patches.as_chunks::<EMBED_DIM>().0.chunks(self.config.grid * self.config.grid);
        let whole = whole.as_chunks::<EMBED_DIM>().0;
        Ok(whole.iter().zip(patches).map(|(w, p)| ClipImage { whole: *w, patches: p.to_vec() }).collect())
    }

    /// The tokens after the last layer, before the final norm; `see` is shown every layer.
    ///
    /// # Shapes
    /// → [batch, 1 + grid * grid, width]
    pub fn hidden(&self, images: &[RgbImage8], see: impl FnMut(usize, &Tensor)) -> Result<Tensor> {
        self.encoder.forward(self.tokens(images)?, see)
    }

    /// What goes into the first layer.
    fn tokens(&self, images: &[RgbImage8]) -> Result<Tensor> {
        let (grid, width) = (self.config.grid, self.config.tower.width);
        let pixels: Vec<f32> = images.iter().flat_map(|image| self.patch_pixels(image)).collect();
        let pixels = Tensor::from_vec(pixels, (images.len(), grid * grid, ()), &self.device)?;
        let patches = self.patch_weight.forward(&pixels)?;
        let class = self.class.broadcast_as((images.len(), 1, width))?;
        let tokens = Tensor::cat(&[&class, &patches], 1)?.broadcast_add(&self.positions)?;
        self.pre_norm.forward(&tokens)
    }

    /// Normalised pixels patch by patch, each patch plane by plane: the rows that the patch
    /// embedding multiplies.
    fn patch_pixels(&self, image: &RgbImage8) -> Vec<f32> {
        let Config { patch, grid, .. } = self.config;
        let side = patch * grid;
        let planes = self.prepared(image).normalised(MEAN, STD);
        let mut pixels = Vec::with_capacity(planes.len());
        for cell in 0..grid * grid {
            let corner = cell / grid * patch * side + cell % grid * patch;
            for plane in planes.chunks_exact(side * side) {
                for y in 0..patch {
                    pixels.extend_from_slice(&plane[corner + y * side..][..patch]);
                }
            }
        }
        pixels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_gives_one_vector_and_one_for_each_patch() {
        let tower = TowerConfig { width: 16, layers: 2, heads: 2, inner: 24, projection: EMBED_DIM };
        let weights = VarBuilder::zeros(candle_core::DType::F32, &Device::Cpu);
        let tower = ClipImageTower::new(weights, Config { tower, patch: 4, grid: 3 }).unwrap();
        let image = RgbImage8::new(20, 11, vec![90; 20 * 11 * 3]);
        let images = tower.forward_batch(&[image.clone(), image]).unwrap();
        assert_eq!(images.len(), 2);
        assert_eq!(images[1].patches.len(), 9);
    }
}
