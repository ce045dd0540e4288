//! EfficientNet-Lite2: ImageNet class probabilities for a quick first look at every frame.
//!
//! Tan and Le 2019 (arXiv 1905.11946); the Lite variant drops squeeze-and-excite, uses ReLU6, and
//! does not scale stem and head (github.com/tensorflow/tpu, models/official/efficientnet/lite).

use std::path::PathBuf;

use candle_core::{D, Device, Result, Tensor};
use candle_nn::VarBuilder;

use super::preprocess::{Filter, RgbImage8};
use crate::nn::ops::{Activation, Conv, Padding, conv2d, linear};
use crate::nn::{ModelDir, NnError, open_weights};

const BATCH_NORM_EPS: f64 = 1e-3;
/// Input side in pixels.
const SIDE: usize = 260;
const MEAN: [f32; 3] = [0.498; 3];
const STD: [f32; 3] = [0.502; 3];
const STEM: usize = 32;
const HEAD: usize = 1280;
const CLASSES: usize = 1000;

/// Repeats, kernel, stride, expansion, output channels: the stages of B0 at width 1.1, depth 1.2.
const STAGES: [[usize; 5]; 7] = [
    [1, 3, 1, 1, 16],
    [3, 3, 2, 6, 24],
    [3, 5, 2, 6, 48],
    [4, 3, 2, 6, 88],
    [4, 5, 1, 6, 120],
    [5, 5, 2, 6, 208],
    [1, 3, 1, 6, 352],
];

/// The block whose output is kept by places: the last of the stage of 208 channels.
const PLACES_BLOCK: usize = 19;
const PLACE_CHANNELS: usize = STAGES[5][4];
/// Places of a picture to a side.
const PLACES_SIDE: usize = 3;

/// One picture as numbers for a network to learn from.
#[derive(Clone, Debug, PartialEq)]
pub struct PictureVectors {
    /// The pooled features before the classifier, `POOLED_DIM` values.
    pub pooled: Vec<f32>,
    /// What is where: nine places row by row, `PLACES_DIM` values.
    pub places: Vec<f32>,
}

/// What the network says of one picture.
#[derive(Clone, Debug)]
pub struct Tags {
    /// By ImageNet-1k class; they sum to 1.
    pub probabilities: Vec<f32>,
    /// The pooled features before the classifier, 1280 values.
    pub features: Vec<f32>,
}

impl Tags {
    /// The `count` most probable classes, best first.
    pub fn top(&self, count: usize) -> Vec<(usize, f32)> {
        let mut ranked: Vec<(usize, f32)> = self.probabilities.iter().copied().enumerate().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked.truncate(count);
        ranked
    }
}

pub struct EfficientNetLite2 {
    stem: ConvNorm,
    blocks: Vec<Block>,
    head: ConvNorm,
    class_weight: Tensor,
    class_bias: Tensor,
    device: Device,
}

/// A convolution with its batch normalisation folded in.
struct ConvNorm {
    kernel: Tensor,
    bias: Tensor,
    stride: usize,
    is_depthwise: bool,
    activation: Activation,
}

struct Block {
    expand: Option<ConvNorm>,
    depthwise: ConvNorm,
    project: ConvNorm,
    is_residual: bool,
}

impl EfficientNetLite2 {
    pub const POOLED_DIM: usize = HEAD;
    pub const PLACES_DIM: usize = PLACES_SIDE * PLACES_SIDE * PLACE_CHANNELS;

    /// Where its weights are.
    pub fn file(dir: &ModelDir) -> PathBuf {
        dir.file("efficientnet-lite2", "model.safetensors")
    }

    pub fn load(dir: &ModelDir, device: &Device) -> std::result::Result<Self, NnError> {
        Ok(Self::new(open_weights(&Self::file(dir), "EfficientNet-Lite2", device)?)?)
    }

    fn new(weights: VarBuilder) -> Result<Self> {
        let mut blocks = Vec::new();
        let mut channels = STEM;
        for [repeats, kernel, stride, expansion, out] in STAGES {
            for repeat in 0..repeats {
                let stride = if repeat == 0 { stride } else { 1 };
                let block = weights.pp("_blocks").pp(blocks.len());
                blocks.push(Block::load(block, [channels, out], kernel, stride, expansion)?);
                channels = out;
            }
        }
        let relu6 = Activation::Relu6;
        Ok(Self {
            stem: ConvNorm::load(&weights, ["_conv_stem", "_bn0"], [STEM, 3, 3], 2, relu6)?,
            blocks,
            head: ConvNorm::load(&weights, ["_conv_head", "_bn1"], [HEAD, channels, 1], 1, relu6)?,
            class_weight: weights.get((CLASSES, HEAD), "_fc.weight")?,
            class_bias: weights.get(CLASSES, "_fc.bias")?,
            device: weights.device().clone(),
        })
    }

    /// The picture squeezed to 260 x 260, as the network takes it; of a prepared picture, itself.
    pub fn prepared(&self, image: &RgbImage8) -> RgbImage8 {
        image.resize(SIDE, SIDE, Filter::Bicubic)
    }

    pub fn tags(&self, image: &RgbImage8) -> Result<Tags> {
        let (features, logits) = self.forward(image)?;
        let probabilities = candle_nn::ops::softmax(&logits, D::Minus1)?;
        let values = |x: Tensor| x.flatten_all()?.to_vec1::<f32>();
        Ok(Tags { probabilities: values(probabilities)?, features: values(features)? })
    }

    /// The picture as numbers, as a whole and by places.
    pub fn vectors(&self, image: &RgbImage8) -> Result<PictureVectors> {
        let mut places = Vec::new();
        let pooled = self.pooled(image, |block, x| {
            if block == PLACES_BLOCK {
                places = by_places(x)?;
            }
            Ok(())
        })?;
        Ok(PictureVectors { pooled: pooled.flatten_all()?.to_vec1()?, places })
    }

    /// Pooled features and class logits.
    ///
    /// # Shapes
    /// → ([1, 1280], [1, 1000])
    pub fn forward(&self, image: &RgbImage8) -> Result<(Tensor, Tensor)> {
        let features = self.pooled(image, |_, _| Ok(()))?;
        let logits = linear(&features, &self.class_weight, &self.class_bias, Activation::Identity)?;
        Ok((features, logits))
    }

    /// Pooled features; `see` is shown what each block gives.
    fn pooled(&self, image: &RgbImage8, mut see: impl FnMut(usize, &Tensor) -> Result<()>) -> Result<Tensor> {
        let pixels = self.prepared(image).normalised(MEAN, STD);
        let mut x = self.stem.forward(&Tensor::from_vec(pixels, (1, 3, SIDE, SIDE), &self.device)?)?;
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.forward(x)?;
            see(index, &x)?;
        }
        self.head.forward(&x)?.flatten_from(2)?.mean(D::Minus1)
    }
}

/// Means over thirds of height and width.
///
/// # Shapes
/// [1, channels, side, side] → places × channels
fn by_places(x: &Tensor) -> Result<Vec<f32>> {
    let (_, _, height, width) = x.dims4()?;
    let third = |part: usize, side: usize| {
        let first = part * side / PLACES_SIDE;
        (first, (part + 1) * side / PLACES_SIDE - first)
    };
    let mut values = Vec::new();
    for row in 0..PLACES_SIDE {
        for column in 0..PLACES_SIDE {
            let ((y, tall), (x0, wide)) = (third(row, height), third(column, width));
            let place = x.narrow(2, y, tall)?.narrow(3, x0, wide)?.flatten_from(2)?.mean(D::Minus1)?;
            values.extend(place.flatten_all()?.to_vec1::<f32>()?);
        }
    }
    Ok(values)
}

impl ConvNorm {
    /// `[out, in, side]` are the kernel's sizes; an `in` of 1 means one filter per channel.
    fn load(
        weights: &VarBuilder,
        [conv, norm]: [&str; 2],
        [out, inputs, side]: [usize; 3],
        stride: usize,
        activation: Activation,
    ) -> Result<Self> {
        let kernel = weights.get((out, inputs, side, side), &format!("{conv}.weight"))?;
        let norm = weights.pp(norm);
        let value = |name: &str| norm.get(out, name);
        let scale = (value("weight")? / (value("running_var")? + BATCH_NORM_EPS)?.sqrt()?)?;
        Ok(Self {
            bias: (value("bias")? - (value("running_mean")? * &scale)?)?,
            kernel: kernel.broadcast_mul(&scale.reshape((out, 1, 1, 1))?)?,
            stride,
            is_depthwise: inputs == 1,
            activation,
        })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (_, _, height, width) = x.dims4()?;
        let padding = Padding::same([height, width], self.kernel.dim(2)?, self.stride);
        let Self { stride, is_depthwise, activation, .. } = *self;
        conv2d(x, &self.kernel, &self.bias, Conv { stride, padding, is_depthwise, activation })
    }
}

impl Block {
    fn load(
        weights: VarBuilder,
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        stride: usize,
        expansion: usize,
    ) -> Result<Self> {
        let inner = inputs * expansion;
        let relu6 = Activation::Relu6;
        let expand = (expansion > 1)
            .then(|| ConvNorm::load(&weights, ["_expand_conv", "_bn0"], [inner, inputs, 1], 1, relu6))
            .transpose()?;
        let names = ["_depthwise_conv", "_bn1"];
        Ok(Self {
            expand,
            depthwise: ConvNorm::load(&weights, names, [inner, 1, kernel], stride, relu6)?,
            project: ConvNorm::load(
                &weights,
                ["_project_conv", "_bn2"],
                [outputs, inner, 1],
                1,
                Activation::Identity,
            )?,
            is_residual: stride == 1 && inputs == outputs,
        })
    }

    fn forward(&self, x: Tensor) -> Result<Tensor> {
        let inner = self.expand.as_ref().map_or_else(|| Ok(x.clone()), |expand| expand.forward(&x))?;
        let y = self.project.forward(&self.depthwise.forward(&inner)?)?;
        if self.is_residual { y + x } else { Ok(y) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_means_of_their_ninth() {
        let side = 9usize;
        let cells = (0..2 * side * side).map(|i| (i / (side * side) * 100 + i % side / 3) as f32).collect();
        let x = Tensor::from_vec(cells, (1, 2, side, side), &Device::Cpu).unwrap();
        let places = by_places(&x).unwrap();
        assert_eq!(places.len(), 18);
        assert_eq!(places[..6], [0.0, 100.0, 1.0, 101.0, 2.0, 102.0]);
    }

    #[test]
    fn tags_rank_by_probability() {
        let tags = Tags { probabilities: vec![0.1, 0.6, 0.3], features: Vec::new() };
        assert_eq!(tags.top(2), [(1, 0.6), (2, 0.3)]);
    }
}
