//! all-MiniLM-L6-v2: a sentence or a word as a vector of meaning.
//!
//! BERT with 6 layers (Wang et al. 2020, arXiv 2002.10957; Reimers and Gurevych 2019, arXiv
//! 1908.10084), mean over tokens, length 1. huggingface.co/sentence-transformers/all-MiniLM-L6-v2.

use std::collections::BTreeMap;
use std::path::PathBuf;

use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;
use tokenizers::Tokenizer;

use crate::nn::layers::{LayerNorm, Linear};
use crate::nn::ops::{Activation, Sees, attention};
use crate::nn::{ModelDir, NnError, open_weights};

const LAYER_NORM_EPS: f32 = 1e-12;
/// Sequences longer than this are cut (the value the network was trained with).
const MAX_TOKENS: usize = 128;
/// Tokens that go through the network together.
const BATCH_TOKENS: usize = 2048;

#[derive(Clone, Copy, Debug)]
struct Config {
    /// `hidden_size`
    width: usize,
    /// `num_hidden_layers`
    layers: usize,
    /// `num_attention_heads`
    heads: usize,
    /// `intermediate_size`
    inner: usize,
    /// `vocab_size`
    vocabulary: usize,
    /// `max_position_embeddings`
    positions: usize,
}

const L6: Config =
    Config { width: 384, layers: 6, heads: 12, inner: 1536, vocabulary: 30522, positions: 512 };

pub struct MiniLm {
    tokenizer: Tokenizer,
    network: Network,
}

impl MiniLm {
    /// Length of an embedding.
    pub const DIM: usize = L6.width;

    pub fn load(dir: &ModelDir, device: &Device) -> std::result::Result<Self, NnError> {
        let weights = open_weights(&Self::file(dir), "MiniLM", device)?;
        let tokenizer = Tokenizer::from_file(dir.file("minilm", "tokenizer.json"));
        let mut tokenizer = tokenizer.map_err(|error| NnError::Tokenizer(error.to_string()))?;
        tokenizer.with_padding(None);
        Ok(Self { tokenizer, network: Network::new(weights, L6)? })
    }

    /// The embedding of one text, of length 1.
    pub fn embed(&self, text: &str) -> std::result::Result<Vec<f32>, NnError> {
        Ok(self.embed_all(&[text])?.pop().unwrap_or_default())
    }

    /// One embedding for each text; those with equally many tokens share a pass.
    pub fn embed_all(&self, texts: &[&str]) -> std::result::Result<Vec<Vec<f32>>, NnError> {
        let mut by_length: BTreeMap<usize, Vec<(usize, Vec<u32>)>> = BTreeMap::new();
        for (index, text) in texts.iter().enumerate() {
            let ids = self.token_ids(text)?;
            by_length.entry(ids.len()).or_default().push((index, ids));
        }
        let mut embeddings = vec![Vec::new(); texts.len()];
        for (length, group) in by_length {
            for batch in group.chunks((BATCH_TOKENS / length.max(1)).max(1)) {
                let ids: Vec<u32> = batch.iter().flat_map(|(_, ids)| ids).copied().collect();
                let rows = self.network.forward(ids, batch.len(), length)?.to_vec2::<f32>()?;
                for ((index, _), row) in batch.iter().zip(rows) {
                    embeddings[*index] = row;
                }
            }
        }
        Ok(embeddings)
    }

    /// One vector a word piece, without the marks at both ends; a text without words has one all the same.
    ///
    /// # Shapes
    /// → [tokens, width]
    pub fn token_features(&self, text: &str) -> std::result::Result<Tensor, NnError> {
        let ids = self.token_ids(text)?;
        let tokens = ids.len();
        let hidden = self.network.hidden(ids, 1, tokens)?.squeeze(0)?;
        Ok(if tokens > 2 { hidden.narrow(0, 1, tokens - 2)?.contiguous()? } else { hidden })
    }

    /// Where its weights are.
    pub fn file(dir: &ModelDir) -> PathBuf {
        dir.file("minilm", "model.safetensors")
    }

    /// Word pieces with the marks at both ends.
    pub fn token_ids(&self, text: &str) -> std::result::Result<Vec<u32>, NnError> {
        let encoding =
            self.tokenizer.encode(text, true).map_err(|error| NnError::Tokenizer(error.to_string()))?;
        let mut ids = encoding.get_ids().to_vec();
        if ids.len() > MAX_TOKENS {
            ids.drain(MAX_TOKENS - 1..ids.len() - 1);
        }
        Ok(ids)
    }
}

struct Network {
    words: Tensor,
    /// Positions plus the embedding of the first segment.
    positions: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
    heads: usize,
    device: Device,
}

struct Layer {
    qkv: Linear,
    out: Linear,
    norm1: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    norm2: LayerNorm,
}

impl Network {
    fn new(weights: VarBuilder, config: Config) -> Result<Self> {
        let Config { width, inner, .. } = config;
        let embeddings = weights.pp("embeddings");
        let segment = embeddings.get((2, width), "token_type_embeddings.weight")?.narrow(0, 0, 1)?;
        let positions = embeddings.get((config.positions, width), "position_embeddings.weight")?;
        let layer = |index: usize| {
            let weights = weights.pp("encoder.layer").pp(index);
            let own = weights.pp("attention.self");
            let out = weights.pp("attention.output");
            Ok(Layer {
                qkv: Linear::load_joined(&["query", "key", "value"].map(|name| own.pp(name)), width, width)?,
                out: Linear::load(out.pp("dense"), width, width)?,
                norm1: LayerNorm::load(out.pp("LayerNorm"), width, LAYER_NORM_EPS)?,
                fc1: Linear::load(weights.pp("intermediate.dense"), width, inner)?,
                fc2: Linear::load(weights.pp("output.dense"), inner, width)?,
                norm2: LayerNorm::load(weights.pp("output.LayerNorm"), width, LAYER_NORM_EPS)?,
            })
        };
        Ok(Self {
            words: embeddings.get((config.vocabulary, width), "word_embeddings.weight")?,
            positions: positions.broadcast_add(&segment)?,
            norm: LayerNorm::load(embeddings.pp("LayerNorm"), width, LAYER_NORM_EPS)?,
            layers: (0..config.layers).map(layer).collect::<Result<_>>()?,
            heads: config.heads,
            device: weights.device().clone(),
        })
    }

    /// # Shapes
    /// `ids` [batch * tokens] → [batch, width], rows of length 1
    fn forward(&self, ids: Vec<u32>, batch: usize, tokens: usize) -> Result<Tensor> {
        let mean = self.hidden(ids, batch, tokens)?.mean(1)?;
        let length = mean.sqr()?.sum_keepdim(1)?.sqrt()?.maximum(1e-12)?;
        mean.broadcast_div(&length)
    }

    /// # Shapes
    /// `ids` [batch * tokens] → [batch, tokens, width]
    fn hidden(&self, ids: Vec<u32>, batch: usize, tokens: usize) -> Result<Tensor> {
        let ids = Tensor::from_vec(ids, batch * tokens, &self.device)?;
        let words = self.words.index_select(&ids, 0)?.reshape((batch, tokens, ()))?;
        let mut x = self.norm.forward(&words.broadcast_add(&self.positions.narrow(0, 0, tokens)?)?)?;
        for layer in &self.layers {
            let mixed = attention(&layer.qkv.forward(&x)?, self.heads, Sees::All)?;
            x = layer.norm1.forward(&(x + layer.out.forward(&mixed)?)?)?;
            let inner = layer.fc1.forward_with(&x, Activation::Gelu)?;
            x = layer.norm2.forward(&(x + layer.fc2.forward(&inner)?)?)?;
        }
        Ok(x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_gives_one_row_a_text() {
        let config = Config { width: 8, layers: 2, heads: 2, inner: 12, vocabulary: 9, positions: 5 };
        let weights = VarBuilder::zeros(candle_core::DType::F32, &Device::Cpu);
        let network = Network::new(weights, config).unwrap();
        assert_eq!(network.forward(vec![1, 2, 3, 4, 5, 6], 2, 3).unwrap().dims(), [2, 8]);
    }
}
