//! Video and text to pyramid levels: embedding, text blocks, video blocks, pyramid, one norm a level.
//!
//! The text enters at the first video block, after its self-attention. What comes before is computed
//! once for a clip (`Encoded`) and serves every question.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use rayon::prelude::*;

use super::blocks::{Block, BlockShape, Half, MaskedConv, Sequence, load_norm};
use super::config::{Config, FusionPosition, GazeMode, VideoPadding};
use super::fusion::{FusedHalf, Fusion, GazeBranch};
use super::pass::Pass;
use crate::nn::layers::LayerNorm;
use crate::nn::ops::{Activation, Extent, activate};

pub struct Backbone {
    video: Embedding,
    text: Embedding,
    /// [max_steps, width]
    positions: Option<Tensor>,
    text_blocks: Vec<Block>,
    fusion: Option<Fusion>,
    /// Beside each video block before the pyramid, if gaze enters there.
    gaze_branches: Vec<GazeBranch>,
    /// Those before the pyramid, then the pyramid.
    blocks: Vec<Block>,
    /// How many of `blocks` stand before the pyramid.
    stem: usize,
    norms: Vec<Option<LayerNorm>>,
    max_steps: usize,
    padding: VideoPadding,
}

/// A piece of a clip, computed as far as the text is not needed.
#[derive(Clone, Debug)]
pub struct Encoded {
    extents: Vec<Extent>,
    /// Levels that are done.
    levels: Vec<Tensor>,
    /// Blocks that are done.
    done: usize,
    state: State,
    /// Gaze tokens and their positions, one row a step, where the blocks attend to them.
    gaze: Option<(Tensor, Option<Tensor>)>,
}

#[derive(Clone, Debug)]
enum State {
    /// Waits for the text inside the fusion block.
    Fusing(FusedHalf),
    Between(Tensor),
    /// Waits for the text inside block `done`.
    Inside(Half),
}

impl Backbone {
    pub fn load(weights: &VarBuilder, config: &Config) -> Result<Self> {
        let (network, features) = (&config.network, &config.features);
        let [_, text_blocks, stem, with_text, plain] = network.arch;
        let has_gaze = config.gaze.mode != GazeMode::Off;
        let position = config.fusion.position;
        let stem = if has_gaze && position == FusionPosition::ReplaceStem { 0 } else { stem };
        let root = weights.pp("backbone");
        let block = |stack: &str, index: usize, stride, radius, attends_to_text| {
            let name = format!("{stack}.{index}");
            let shape = BlockShape {
                width: network.width,
                heads: network.heads,
                stride,
                radius,
                attends_to_text,
                has_scales: network.branch_scales,
            };
            Block::load(&root.pp(&name), name, shape)
        };
        let stem_blocks = (0..stem).map(|i| block("vid_stem", i, 1, network.radius(0), true));
        let branch = (0..with_text + plain).map(|i| {
            // the reference counts its windows anew for the plain levels
            let level = 1 + if i < with_text { i } else { i - with_text };
            block("branch", i, 2, network.radius(level), i < with_text)
        });
        let norms = (0..network.levels()).map(|level| {
            let norm = || load_norm(weights.pp(format!("neck.fpn_norms.{level}")), network.width);
            network.pyramid_norm.then(norm).transpose()
        });
        let gaze_branches = match has_gaze && position == FusionPosition::InStem {
            true => {
                (0..stem).map(|i| GazeBranch::load(&weights.pp(format!("gaze_fusion.{i}")), config)).collect()
            }
            false => Ok(Vec::new()),
        };
        let has_fusion = has_gaze && position != FusionPosition::InStem;
        Ok(Self {
            video: Embedding::load(&root, "vid_embd", features.video_dim, network.embed_kernel, config)?,
            text: Embedding::load(&root, "txt_embd", features.text_dim, 1, config)?,
            positions: network
                .position
                .then(|| sinusoid(features.max_steps, network.width, weights))
                .transpose()?,
            text_blocks: (0..text_blocks)
                .map(|i| block("txt_stem", i, 1, None, false))
                .collect::<Result<_>>()?,
            fusion: has_fusion.then(|| Fusion::load(&weights.pp("gaze_fusion"), config)).transpose()?,
            gaze_branches: gaze_branches?,
            blocks: stem_blocks.chain(branch).collect::<Result<_>>()?,
            stem,
            norms: norms.collect::<Result<_>>()?,
            max_steps: features.max_steps,
            padding: network.padding,
        })
    }

    /// # Shapes
    /// `tokens` [rows, text_dim], of which `valid` are a text and the rest zero
    pub fn encode_text(&self, tokens: &Tensor, valid: usize, pass: &mut Pass) -> Result<Sequence> {
        let extent = Extent { rows: tokens.dim(0)?, valid };
        let mut x = self.text.forward(tokens, extent, pass)?;
        if pass.wants_stages() {
            pass.stages.push(("txt_after_embd".to_owned(), x.clone()));
        }
        for block in &self.text_blocks {
            let half = block.first_half(&x, extent, pass)?;
            x = block.second_half(&half, None, None, pass)?;
        }
        Ok(Sequence { x, extent })
    }

    /// Everything that can be known of a piece of a clip without a text.
    ///
    /// # Shapes
    /// `video` [steps, video_dim], at most `max_steps` steps; `gaze` [steps, width]
    pub fn encode_video(&self, video: &Tensor, gaze: Option<&Tensor>, pass: &mut Pass) -> Result<Encoded> {
        let extents = self.extents(video.dim(0)?);
        let extent = extents[0];
        let video = video.pad_with_zeros(0, 0, extent.rows - extent.valid)?;
        let mut x = self.video.forward(&video, extent, pass)?;
        let positions = match &self.positions {
            Some(table) => {
                let used = table.narrow(0, 0, extent.valid)?;
                Some(used.pad_with_zeros(0, 0, extent.rows - extent.valid)?)
            }
            None => None,
        };
        if let Some(positions) = &positions {
            x = (x + positions)?;
        }
        if pass.wants_stages() {
            pass.stages.push(("vid_after_pe".to_owned(), x.clone()));
        }
        let gaze = match gaze {
            Some(gaze) => Some(gaze.pad_with_zeros(0, 0, extent.rows - extent.valid)?),
            None => None,
        };
        let (state, gaze) = match (&self.fusion, gaze) {
            (Some(fusion), Some(gaze)) => {
                let half = fusion.first_half(&x, &gaze, positions.as_ref(), extent, pass)?;
                (State::Fusing(half), None)
            }
            (None, Some(gaze)) if !self.gaze_branches.is_empty() => {
                (State::Between(x), Some((gaze, positions)))
            }
            _ => (State::Between(x), None),
        };
        let mut encoded = Encoded { extents, levels: Vec::new(), done: 0, state, gaze };
        self.advance(&mut encoded, None, pass)?;
        Ok(encoded)
    }

    /// The pyramid for one text.
    ///
    /// # Shapes
    /// → a [rows, width] for each level, with its extent
    pub fn pyramid(
        &self,
        encoded: &Encoded,
        text: &Sequence,
        pass: &mut Pass,
    ) -> Result<Vec<(Tensor, Extent)>> {
        let mut encoded = encoded.clone();
        self.advance(&mut encoded, Some(text), pass)?;
        let mut levels = Vec::with_capacity(self.norms.len());
        for (level, (x, norm)) in encoded.levels.iter().zip(&self.norms).enumerate() {
            let normed = norm.as_ref().map_or_else(|| Ok(x.clone()), |norm| norm.forward(x))?;
            pass.stage("backbone", &format!("level{level}"), x);
            pass.stage("fpn", &format!("level{level}"), &normed);
            levels.push((normed, encoded.extents[level]));
        }
        Ok(levels)
    }

    /// Runs the blocks that are left; without a text it stops where one is needed.
    fn advance(&self, encoded: &mut Encoded, text: Option<&Sequence>, pass: &mut Pass) -> Result<()> {
        loop {
            let (done, level) = (encoded.done, encoded.done.saturating_sub(self.stem));
            let x = match &encoded.state {
                State::Fusing(half) => {
                    let (Some(fusion), Some(text)) = (&self.fusion, text) else { return Ok(()) };
                    encoded.state = State::Between(fusion.second_half(half, text, pass)?);
                    continue;
                }
                State::Inside(half) => {
                    let Some(text) = text else { return Ok(()) };
                    let mut beside = None;
                    if let (Some(branch), Some(gaze)) = (self.gaze_branches.get(done), &encoded.gaze)
                        && let Some(scale) = pass.branch_scale(branch.scale())?
                    {
                        let name = self.blocks[done].name();
                        beside = Some((branch.forward(&half.x, gaze, half.extent, name, pass)?, scale));
                    }
                    let beside = beside.as_ref().map(|(x, scale)| (x, scale));
                    let x = self.blocks[done].second_half(half, Some(text), beside, pass)?;
                    encoded.done += 1;
                    encoded.state = State::Between(x);
                    continue;
                }
                State::Between(x) => x,
            };
            if done >= self.stem && encoded.levels.len() == level {
                encoded.levels.push(x.clone());
            }
            let Some(block) = self.blocks.get(done) else { return Ok(()) };
            let extent = encoded.extents[encoded.levels.len()];
            let half = block.first_half(x, extent, pass)?;
            if block.attends_to_text() {
                encoded.state = State::Inside(half);
            } else {
                encoded.state = State::Between(block.second_half(&half, None, None, pass)?);
                encoded.done += 1;
            }
        }
    }

    /// How long each level's array is for a clip of `steps` steps.
    fn extents(&self, steps: usize) -> Vec<Extent> {
        (0..self.norms.len())
            .map(|level| {
                let valid = steps.div_ceil(1 << level);
                let array = self.max_steps >> level;
                let rows = match self.padding {
                    VideoPadding::Full => array,
                    VideoPadding::Trimmed => (valid + 1).min(array),
                    VideoPadding::None => valid,
                };
                Extent { rows, valid }
            })
            .collect()
    }
}

impl Encoded {
    /// Bytes of the tensors held.
    pub fn bytes(&self) -> usize {
        let of = |x: &Tensor| x.elem_count() * x.dtype().size_in_bytes();
        let state = match &self.state {
            State::Fusing(half) => half.tensors().map(of).iter().sum(),
            State::Between(x) => of(x),
            State::Inside(half) => 2 * of(&half.x),
        };
        self.levels.iter().map(of).sum::<usize>()
            + state
            + self.gaze.as_ref().map_or(0, |(gaze, _)| 2 * of(gaze))
    }
}

/// Convolutions, each with a norm and a ReLU.
struct Embedding {
    name: &'static str,
    layers: Vec<(MaskedConv, Option<LayerNorm>)>,
}

impl Embedding {
    fn load(
        weights: &VarBuilder,
        name: &'static str,
        inputs: usize,
        kernel: usize,
        config: &Config,
    ) -> Result<Self> {
        let network = &config.network;
        let layers = (0..network.arch[0]).map(|i| {
            let inputs = if i == 0 { inputs } else { network.width };
            let conv = weights.pp(format!("{name}.{i}.conv"));
            let conv = MaskedConv::load(conv, [inputs, network.width], kernel, !network.embed_norm)?;
            let norm = || load_norm(weights.pp(format!("{name}_norm.{i}")), network.width);
            Ok((conv, network.embed_norm.then(norm).transpose()?))
        });
        Ok(Self { name, layers: layers.collect::<Result<_>>()? })
    }

    fn forward(&self, x: &Tensor, extent: Extent, pass: &mut Pass) -> Result<Tensor> {
        let mut x = x.clone();
        for (i, (conv, norm)) in self.layers.iter().enumerate() {
            x = conv.forward(&x, extent)?;
            pass.stage(self.name, &format!("{i}.conv"), &x);
            if let Some(norm) = norm {
                x = norm.forward(&x)?;
                pass.stage(self.name, &format!("{i}.norm"), &x);
            }
            x = activate(&x, Activation::Relu)?;
        }
        Ok(x)
    }
}

/// Sines and cosines of falling frequency, over the root of the width.
///
/// # Shapes
/// → [steps, width]
pub fn sinusoid(steps: usize, width: usize, like: &VarBuilder) -> Result<Tensor> {
    let root = (width as f64).sqrt() as f32;
    let divisor = |channel: usize| 10_000f64.powf((channel / 2 * 2) as f64 / width as f64);
    let divisors: Vec<f64> = (0..width).map(divisor).collect();
    let mut table = vec![0f32; steps * width];
    table.par_chunks_mut(width.max(1)).enumerate().for_each(|(step, row)| {
        for (channel, (value, divisor)) in row.iter_mut().zip(&divisors).enumerate() {
            let angle = step as f64 / divisor;
            *value = (if channel % 2 == 0 { angle.sin() } else { angle.cos() }) as f32 / root;
        }
    });
    Tensor::from_vec(table, (steps, width), like.device())?.to_dtype(like.dtype())
}
