//! What the heads say at every point of a clip, as tensors that gradients flow through: the network
//! as training sees it. It is the same computation that answers a question.

use candle_core::Tensor;

use super::{GroundNlq, GroundNlqError, Pass, TextPadding};

/// The points of all levels, level by level.
#[derive(Clone, Debug)]
pub struct Points {
    /// Before the sigmoid: `[points]`.
    pub logits: Tensor,
    /// Distances to start and end in units of the level's stride: [points, 2].
    pub offsets: Tensor,
    /// Points of each level; level `l` has one every 2^l steps, from step 0.
    pub levels: Vec<usize>,
}

impl GroundNlq {
    /// One forward pass of a clip that fits the network's array.
    ///
    /// # Shapes
    /// `video` `[steps, video_dim]`, `gaze` `[steps, width]` (see `gaze_tokens`), `text`
    /// `[tokens, text_dim]`
    pub fn points(
        &self,
        video: &Tensor,
        gaze: Option<&Tensor>,
        text: &Tensor,
        padding: TextPadding,
        pass: &mut Pass,
    ) -> Result<Points, GroundNlqError> {
        let video = self.accepted("video", video, self.config.features.video_dim)?;
        let text = self.accepted("text", text, self.config.features.text_dim)?;
        let steps = video.dim(0)?;
        let max = self.config.features.max_steps;
        if steps > max {
            let what = format!("a clip of {steps} steps, expected at most features.max_steps = {max}");
            return Err(candle_core::Error::Msg(what).into());
        }
        if self.estimator.is_some() && gaze.is_none() {
            return Err(GroundNlqError::NoGaze);
        }
        let gaze = gaze.filter(|_| self.estimator.is_some());
        let tokens = text.dim(0)?;
        let text = text.pad_with_zeros(0, 0, usize::from(padding == TextPadding::Padded))?;
        let text = self.backbone.encode_text(&text, tokens, pass)?;
        let encoded = self.backbone.encode_video(&video, gaze, pass)?;
        let levels = self.backbone.pyramid(&encoded, &text, pass)?;
        let (mut logits, mut offsets, mut counts) = (Vec::new(), Vec::new(), Vec::new());
        for (level, (x, extent)) in levels.iter().enumerate() {
            let (logit, offset) = self.heads.raw(x, *extent, level)?;
            logits.push(logit.narrow(0, 0, extent.valid)?.squeeze(1)?);
            offsets.push(offset.narrow(0, 0, extent.valid)?);
            counts.push(extent.valid);
        }
        Ok(Points { logits: Tensor::cat(&logits, 0)?, offsets: Tensor::cat(&offsets, 0)?, levels: counts })
    }
}
