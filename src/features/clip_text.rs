//! CLIP's text tower, for machines that have the whole checkpoint: query tokens and whole texts.
//!
//! Paper: arXiv 2103.00020. Token features follow the GroundNLQ line of work, which takes the
//! output of the last norm, unprojected, without the marks at both ends.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;
use instant_clip_tokenizer::{Token, Tokenizer};

use super::clip::{Encoder, LAYER_NORM_EPS, TowerConfig};
use super::clip_image::EMBED_DIM;
use crate::nn::layers::{LayerNorm, Linear};
use crate::nn::ops::Sees;
use crate::nn::{ModelDir, NnError, open_weights};

/// Word pieces of a query that count (32 with both marks).
const MAX_PIECES: usize = 30;

/// Sizes of the text tower.
#[derive(Clone, Copy, Debug)]
pub struct ClipTextConfig {
    pub tower: TowerConfig,
    /// `vocab_size`
    pub vocabulary: usize,
    /// `max_position_embeddings`
    pub context: usize,
}

impl ClipTextConfig {
    pub const VIT_B16: Self = Self {
        tower: TowerConfig { width: 512, layers: 12, heads: 8, inner: 2048, projection: EMBED_DIM },
        vocabulary: 49408,
        context: 77,
    };
}

/// Ways to say a phrase, averaged as CLIP's authors do.
const TEMPLATES: [&str; 4] =
    ["a photo of {}.", "a first-person view of {}.", "a photo of a person with {}.", "{}"];

/// OpenAI's byte-pair encoding, with its vocabulary built in.
pub struct ClipTokenizer(Tokenizer);

impl Default for ClipTokenizer {
    fn default() -> Self {
        Self(Tokenizer::new())
    }
}

impl ClipTokenizer {
    /// Both marks and at most 30 pieces between them.
    pub fn ids(&self, text: &str) -> Vec<u32> {
        let mut pieces = self.tokens(text);
        pieces.truncate(MAX_PIECES);
        let marked = [self.0.start_of_text()].into_iter().chain(pieces).chain([self.0.end_of_text()]);
        marked.map(|token| u32::from(token.to_u16())).collect()
    }

    /// The word pieces as people read them, all of them, without the marks.
    pub fn pieces(&self, text: &str) -> Vec<String> {
        self.tokens(text).into_iter().map(|token| self.0.decode([token]).trim().to_owned()).collect()
    }

    fn tokens(&self, text: &str) -> Vec<Token> {
        let text = html_escape::decode_html_entities(text);
        let text: Cow<str> = html_escape::decode_html_entities(&text).into_owned().into();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let mut pieces = Vec::new();
        self.0.encode(&text, &mut pieces);
        pieces
    }
}

/// A query as the NLQ feature files spell it: no full stops, lower case, one question mark.
pub fn canonical_query(query: &str) -> String {
    let bare = query.trim_matches('.').trim_matches(' ').trim_matches('?').to_lowercase();
    format!("{bare}?")
}

pub struct ClipTextTower {
    tokenizer: ClipTokenizer,
    words: Tensor,
    positions: Tensor,
    encoder: Encoder,
    norm: LayerNorm,
    projection: Linear,
    device: Device,
}

impl ClipTextTower {
    pub fn load(dir: &ModelDir, device: &Device) -> std::result::Result<Self, NnError> {
        Self::open(&Self::file(dir), device)
    }

    /// Where its weights lie.
    pub fn file(dir: &ModelDir) -> PathBuf {
        dir.file("clip-vit-b16", "model.safetensors")
    }

    /// From a file with the tower of ViT-B/16.
    pub fn open(path: &Path, device: &Device) -> std::result::Result<Self, NnError> {
        Ok(Self::new(open_weights(path, "the CLIP text tower", device)?, ClipTextConfig::VIT_B16)?)
    }

    /// From weights under their Hugging Face names.
    pub fn new(weights: VarBuilder, config: ClipTextConfig) -> Result<Self> {
        let text = weights.pp("text_model");
        let embeddings = text.pp("embeddings");
        let ClipTextConfig { tower, vocabulary, context } = config;
        let width = tower.width;
        Ok(Self {
            tokenizer: ClipTokenizer::default(),
            words: embeddings.get((vocabulary, width), "token_embedding.weight")?,
            positions: embeddings.get((context, width), "position_embedding.weight")?,
            encoder: Encoder::load(text.pp("encoder"), tower, Sees::Past)?,
            norm: LayerNorm::load(text.pp("final_layer_norm"), width, LAYER_NORM_EPS)?,
            projection: Linear::without_bias(weights.pp("text_projection"), width, tower.projection)?,
            device: weights.device().clone(),
        })
    }

    /// One row per word piece of the canonical query.
    ///
    /// # Shapes
    /// → [pieces, width]
    pub fn token_features(&self, query: &str) -> Result<Tensor> {
        let ids = self.tokenizer.ids(&canonical_query(query));
        let hidden = self.hidden(&ids)?;
        hidden.narrow(0, 1, ids.len() - 2)
    }

    /// A phrase in the joint space: the mean over several ways to say it, of length 1.
    pub fn embed(&self, phrase: &str) -> Result<Vec<f32>> {
        let mut sum: Vec<f32> = Vec::new();
        for template in TEMPLATES {
            let vector =
                self.project(&self.tokenizer.ids(&template.replace("{}", phrase)))?.to_vec1::<f32>()?;
            let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
            sum.resize(vector.len(), 0.0);
            sum.iter_mut().zip(vector).for_each(|(sum, v)| *sum += v / length);
        }
        let length = sum.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
        Ok(sum.into_iter().map(|v| v / length).collect())
    }

    /// The end mark's vector, projected, not normalised.
    ///
    /// # Shapes
    /// → `[projection]`
    pub fn project(&self, ids: &[u32]) -> Result<Tensor> {
        let hidden = self.hidden(ids)?;
        self.projection.forward(&hidden.narrow(0, ids.len() - 1, 1)?)?.squeeze(0)
    }

    /// Every token after the final norm. Tokens see only what came before, so no padding is needed.
    ///
    /// # Shapes
    /// → [ids, width]
    pub fn hidden(&self, ids: &[u32]) -> Result<Tensor> {
        let tokens = ids.len().min(self.positions.dim(0)?);
        let ids = Tensor::new(&ids[..tokens], &self.device)?;
        let x = (self.words.index_select(&ids, 0)? + self.positions.narrow(0, 0, tokens)?)?;
        self.norm.forward(&self.encoder.forward(x.unsqueeze(0)?, |_, _| {})?)?.squeeze(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_spelt_alike() {
        assert_eq!(canonical_query("Where is my Mug?"), "where is my mug?");
        assert_eq!(canonical_query("where is my mug ."), "where is my mug?");
    }

    #[test]
    fn entities_are_undone_before_tokenising() {
        let tokenizer = ClipTokenizer::default();
        assert_eq!(tokenizer.ids("salt &amp;amp; pepper"), tokenizer.ids("Salt  & pepper"));
        assert_eq!(tokenizer.ids("hi there"), [49406, 1883, 997, 49407]);
    }
}
