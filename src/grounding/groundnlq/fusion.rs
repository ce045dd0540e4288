//! Where gaze meets video and text (GazeNLQ, arXiv 2506.05782, section 2.2).
//!
//! The paper says: two cross-attentions, gaze and text to video, added, then self-attention. The
//! rest is ours: residuals with learned scales, a norm for each stream. With the scales at zero
//! the block changes nothing, so a GroundNLQ checkpoint keeps its meaning.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use super::blocks::{CrossAttention, SelfAttention, Sequence, load_norm, masked};
use super::config::{Config, GazeMode};
use super::pass::Pass;
use crate::nn::layers::LayerNorm;
use crate::nn::ops::{Extent, Pads, residual};

/// A scale by name, one number a channel.
fn load_scale(weights: &VarBuilder, name: &str, width: usize) -> Result<Tensor> {
    weights.get((1, width, 1), name)?.flatten_all()
}

/// Attention of the video to gaze tokens.
pub struct GazeBranch {
    /// Of the token, of the video, and of the token with its position.
    ln_u: LayerNorm,
    ln_v: LayerNorm,
    ln_g: LayerNorm,
    attn: CrossAttention,
    scale: Tensor,
    is_negated: bool,
}

impl GazeBranch {
    pub fn load(weights: &VarBuilder, config: &Config) -> Result<Self> {
        let width = config.network.width;
        let window = config.fusion.gaze_window;
        let radius = (window > 1).then_some(window as usize / 2);
        let sign = if config.gaze.mode == GazeMode::NegAttention { -1.0 } else { 1.0 };
        let attn = CrossAttention::load(&weights.pp("gaze_attn"), width, config.network.heads)?;
        Ok(Self {
            ln_u: load_norm(weights.pp("ln_u"), width)?,
            ln_v: load_norm(weights.pp("ln_v"), width)?,
            ln_g: load_norm(weights.pp("ln_g"), width)?,
            attn: attn.with(radius, sign),
            scale: load_scale(weights, "scale_gaze", width)?,
            is_negated: config.gaze.mode == GazeMode::Negate,
        })
    }

    pub fn scale(&self) -> &Tensor {
        &self.scale
    }

    /// The video's queries and the normalised tokens.
    fn inputs(&self, x: &Tensor, (tokens, positions): &(Tensor, Option<Tensor>)) -> Result<[Tensor; 2]> {
        let tokens = if self.is_negated { tokens.neg()? } else { tokens.clone() };
        let mut tokens = self.ln_u.forward(&tokens)?;
        if let Some(positions) = positions {
            tokens = (tokens + positions)?;
        }
        Ok([self.attn.queries(&self.ln_v.forward(x)?)?, self.ln_g.forward(&tokens)?])
    }

    /// # Shapes
    /// `x` and tokens [rows, width] → [rows, width], not masked
    pub fn forward(
        &self,
        x: &Tensor,
        gaze: &(Tensor, Option<Tensor>),
        extent: Extent,
        place: &str,
        pass: &mut Pass,
    ) -> Result<Tensor> {
        let [queries, tokens] = self.inputs(x, gaze)?;
        self.attn.forward(&queries, &tokens, extent.valid, [place, GAZE_ATTN], pass)
    }
}

/// The fusion block.
pub struct Fusion {
    gaze: GazeBranch,
    ln_t: LayerNorm,
    ln_a: LayerNorm,
    text_attn: CrossAttention,
    self_attn: SelfAttention,
    text_scale: Tensor,
    self_scale: Tensor,
}

/// The block half way: the gaze is in, the text is not.
#[derive(Clone, Debug)]
pub struct FusedHalf {
    x: Tensor,
    queries: Tensor,
    /// What the attention to the gaze was computed from, for an explanation.
    gaze: [Tensor; 2],
    extent: Extent,
}

impl FusedHalf {
    pub fn tensors(&self) -> [&Tensor; 4] {
        [&self.x, &self.queries, &self.gaze[0], &self.gaze[1]]
    }
}

const NAME: &str = "gaze_fusion";
const GAZE_ATTN: &str = "gaze_attn";

impl Fusion {
    pub fn load(weights: &VarBuilder, config: &Config) -> Result<Self> {
        let (width, heads) = (config.network.width, config.network.heads);
        let radius = config.network.radius(0);
        Ok(Self {
            gaze: GazeBranch::load(weights, config)?,
            ln_t: load_norm(weights.pp("ln_t"), width)?,
            ln_a: load_norm(weights.pp("ln_a"), width)?,
            text_attn: CrossAttention::load(&weights.pp("text_attn"), width, heads)?,
            self_attn: SelfAttention::load(&weights.pp("self_attn"), width, heads, radius)?,
            text_scale: load_scale(weights, "scale_text", width)?,
            self_scale: load_scale(weights, "scale_self", width)?,
        })
    }

    pub fn first_half(
        &self,
        video: &Tensor,
        tokens: &Tensor,
        positions: Option<&Tensor>,
        extent: Extent,
        pass: &mut Pass,
    ) -> Result<FusedHalf> {
        let tokens = (tokens.clone(), positions.cloned());
        let gaze = self.gaze.inputs(video, &tokens)?;
        let queries = self.text_attn.queries(&self.gaze.ln_v.forward(video)?)?;
        let Some(scale) = pass.branch_scale(&self.gaze.scale)? else {
            return Ok(FusedHalf { x: video.clone(), queries, gaze, extent });
        };
        let place = [NAME, GAZE_ATTN];
        let branch = self.gaze.attn.forward(&gaze[0], &gaze[1], extent.valid, place, pass)?;
        if pass.wants_stages() {
            pass.stage(NAME, "gaze", &masked(&branch, extent)?);
        }
        // the padding stays: the first video block reads what the embedding left there
        let x = residual(video, &branch, &scale, extent.valid, Pads::Keep)?;
        Ok(FusedHalf { x, queries, gaze, extent })
    }

    pub fn second_half(&self, half: &FusedHalf, text: &Sequence, pass: &mut Pass) -> Result<Tensor> {
        let FusedHalf { x, queries, gaze, extent } = half;
        // the first half ran without a question, and nobody looked
        self.gaze.attn.explain(&gaze[0], &gaze[1], extent.valid, [NAME, GAZE_ATTN], pass)?;
        let mut x = x.clone();
        if let Some(scale) = pass.branch_scale(&self.text_scale)? {
            let other = self.ln_t.forward(&text.x)?;
            let place = [NAME, "text_attn"];
            let branch = self.text_attn.forward(queries, &other, text.extent.valid, place, pass)?;
            if pass.wants_stages() {
                pass.stage(NAME, "text", &masked(&branch, *extent)?);
            }
            x = residual(&x, &branch, &scale, extent.valid, Pads::Keep)?;
        }
        if let Some(scale) = pass.branch_scale(&self.self_scale)? {
            let branch = self.self_attn.forward(&self.ln_a.forward(&x)?, 1, *extent, NAME, pass)?;
            x = residual(&x, &branch, &scale, extent.valid, Pads::Keep)?;
        }
        pass.stage(NAME, "out", &x);
        Ok(x)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::*;
    use crate::grounding::groundnlq::expected_tensors;
    use crate::grounding::groundnlq::pass::Keep;
    use crate::nn::ops::testing::{builder, check_differences, noise, parameters, weighed};

    #[test]
    fn gradients_are_those_of_small_differences() {
        let mut config = Config::default();
        config.network.width = 8;
        config.network.heads = 2;
        config.network.window = vec![3];
        config.gaze.heads = 2;
        for (mode, gaze_window) in [(GazeMode::Positive, 0), (GazeMode::NegAttention, 3)] {
            config.gaze.mode = mode;
            config.fusion.gaze_window = gaze_window;
            let shapes = expected_tensors(&config).unwrap();
            let mut vars =
                parameters(shapes.into_iter().filter(|(name, _)| name.starts_with("gaze_fusion.")));
            let double = |shape: &[usize], seed| noise(shape, seed).to_dtype(DType::F64).unwrap();
            let inputs = [double(&[6, 8], 1), double(&[6, 8], 2), double(&[3, 8], 3)];
            let positions = double(&[6, 8], 4);
            let names = ["video", "tokens", "text"].map(str::to_owned);
            vars.extend(names.into_iter().zip(inputs.map(|x| candle_core::Var::from_tensor(&x).unwrap())));
            let input =
                |name: &str| vars.iter().find(|(known, _)| known == name).unwrap().1.as_tensor().clone();
            let extent = Extent { rows: 6, valid: 5 };
            check_differences(&vars, || {
                let fusion = Fusion::load(&builder(&vars).pp("gaze_fusion"), &config)?;
                let mut pass = Pass::new(Keep::Nothing);
                let text = Sequence { x: input("text"), extent: Extent { rows: 3, valid: 2 } };
                let (video, tokens) = (input("video"), input("tokens"));
                let half = fusion.first_half(&video, &tokens, Some(&positions), extent, &mut pass)?;
                weighed(&fusion.second_half(&half, &text, &mut pass)?)
            });
        }
    }
}
