//! Gaze guessed from saliency: UNISAL's static path times a centre prior.
//!
//! Droste, Jiao and Noble 2020 (arXiv 2003.05477), github.com/rdroste/unisal (Apache-2.0), with
//! the DHF1K branch. It predicts where people look while watching pictures freely, which is
//! **not** where the wearer of a camera looks while doing something: label it so.
//!
//! A MobileNetV2 whose strided blocks are followed from two of their unstrided outputs (skips at
//! 1/8 and 1/16), and a decoder. Batch normalisation is folded into the weights already.

use candle_core::{Device, Result, Tensor};
use candle_nn::VarBuilder;

use super::estimator::{CentrePrior, GazeEstimator};
use super::{GRID, Heatmap};
use crate::features::{Filter, RgbImage8};
use crate::nn::ops::{Activation, Conv, Padding, conv2d};
use crate::nn::{ModelDir, NnError, open_weights};

/// Input size in pixels.
const HEIGHT: usize = 256;
const WIDTH: usize = 416;
/// ImageNet's.
const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const STD: [f32; 3] = [0.229, 0.224, 0.225];
/// Side of the kernel that smooths the map.
const SMOOTHING: usize = 41;

/// Input, inner and output channels and stride of the 17 inverted residual blocks.
const BLOCKS: [[usize; 4]; 17] = [
    [32, 32, 16, 1],
    [16, 96, 24, 2],
    [24, 144, 24, 1],
    [24, 144, 32, 2],
    [32, 192, 32, 1],
    [32, 192, 32, 1],
    [32, 192, 64, 2],
    [64, 384, 64, 1],
    [64, 384, 64, 1],
    [64, 384, 64, 1],
    [64, 384, 96, 1],
    [96, 576, 96, 1],
    [96, 576, 96, 1],
    [96, 576, 160, 2],
    [160, 960, 160, 1],
    [160, 960, 160, 1],
    [160, 960, 320, 1],
];
/// Blocks (from 1) whose output, before the stride, goes to the decoder.
const SKIP_4X: usize = 7;
const SKIP_2X: usize = 14;

pub struct Unisal {
    stem: Filters,
    blocks: Vec<Block>,
    last: Filters,
    /// Learned Gaussian maps, drawn at 1/32 of the input.
    gaussians: Tensor,
    post_cnn: Block,
    skip_2x: [Filters; 2],
    skip_4x: [Filters; 2],
    decode_2x: Block,
    decode_4x: Block,
    adaptation: Filters,
    smoothing: Tensor,
    no_bias: Tensor,
    prior: CentrePrior,
    device: Device,
}

/// A convolution with bias and activation.
struct Filters {
    kernel: Tensor,
    bias: Tensor,
    conv: Conv,
}

struct Block {
    expand: Option<Filters>,
    depthwise: Filters,
    project: Filters,
    is_residual: bool,
}

impl Unisal {
    pub fn load(dir: &ModelDir, device: &Device) -> std::result::Result<Self, NnError> {
        let path = dir.file("unisal", "model.safetensors");
        Ok(Self::new(open_weights(&path, "UNISAL", device)?)?)
    }

    fn new(weights: VarBuilder) -> Result<Self> {
        let (relu6, identity) = (Activation::Relu6, Activation::Identity);
        let stem = Conv { stride: 2, padding: Padding::all(1), is_depthwise: false, activation: relu6 };
        let features = weights.pp("cnn.features");
        let blocks = BLOCKS.iter().enumerate().map(|(index, sizes)| {
            // Two blocks stay unstrided for the sake of their skip; their output is thinned later.
            let is_skip = [SKIP_4X, SKIP_2X].contains(&(index + 1));
            let [inputs, inner, outputs, stride] = *sizes;
            Block::load(features.pp(index + 1), [inputs, inner, outputs, if is_skip { 1 } else { stride }])
        });
        let point = |name: &str, outputs: usize, inputs: usize, activation: Activation| {
            Filters::load(&weights, name, [outputs, inputs, 1], Conv::pointwise(activation))
        };
        Ok(Self {
            stem: Filters::load(&features, "0.0", [32, 3, 3], stem)?,
            blocks: blocks.collect::<Result<_>>()?,
            last: point("cnn.features.18.0", 1280, 320, relu6)?,
            gaussians: weights.get((1, 16, HEIGHT / 32, WIDTH / 32), "expand_2")?,
            post_cnn: Block::load(weights.pp("post_cnn.inv_res"), [1296, 1296, 256, 1])?,
            skip_2x: [
                point("skip_2x.expansion.0", 320, 160, relu6)?,
                point("skip_2x.reduction.0", 128, 320, identity)?,
            ],
            skip_4x: [
                point("skip_4x.expansion.0", 128, 64, relu6)?,
                point("skip_4x.reduction.0", 64, 128, identity)?,
            ],
            decode_2x: Block::load(weights.pp("upsampling_2.inv_res"), [384, 768, 128, 1])?,
            decode_4x: Block::load(weights.pp("post_upsampling_2.inv_res"), [192, 384, 64, 1])?,
            adaptation: point("adaptation_dhf1k.0", 1, 64, identity)?,
            smoothing: weights.get((1, 1, SMOOTHING, SMOOTHING), "smoothing_dhf1k.weight")?,
            no_bias: Tensor::zeros(1, weights.dtype(), weights.device())?,
            prior: CentrePrior::default(),
            device: weights.device().clone(),
        })
    }

    /// The picture squeezed to 416 x 256, as the network takes it; of a prepared picture, itself.
    pub fn prepared(&self, image: &RgbImage8) -> RgbImage8 {
        image.resize(WIDTH, HEIGHT, Filter::Bilinear)
    }

    /// Log-probability of looking at each pixel of the picture, squeezed to 256 x 416.
    ///
    /// # Shapes
    /// → [256, 416]
    pub fn log_probability(&self, image: &RgbImage8) -> Result<Tensor> {
        let pixels = self.prepared(image).normalised(MEAN, STD);
        let mut x = self.stem.forward(&Tensor::from_vec(pixels, (1, 3, HEIGHT, WIDTH), &self.device)?)?;
        let skip = |x: &Tensor, [expand, reduce]: &[Filters; 2]| reduce.forward(&expand.forward(x)?);
        let (mut skip_2x, mut skip_4x) = (None, None);
        for (index, block) in self.blocks.iter().enumerate() {
            x = block.forward(x)?;
            match index + 1 {
                SKIP_4X => skip_4x = Some(skip(&x, &self.skip_4x)?),
                SKIP_2X => skip_2x = Some(skip(&x, &self.skip_2x)?),
                _ => continue,
            }
            x = every_second(&x)?;
        }
        let (Some(skip_2x), Some(skip_4x)) = (skip_2x, skip_4x) else {
            candle_core::bail!("a skip is missing")
        };
        let x = Tensor::cat(&[&self.last.forward(&x)?, &self.gaussians], 1)?;
        let x = double(&self.post_cnn.forward(x)?)?;
        let x = double(&self.decode_2x.forward(Tensor::cat(&[&x, &skip_2x], 1)?)?)?;
        let x = self.adaptation.forward(&self.decode_4x.forward(Tensor::cat(&[&x, &skip_4x], 1)?)?)?;
        let border = SMOOTHING / 2;
        let x = x.upsample_nearest2d(HEIGHT, WIDTH)?;
        let x = x.pad_with_same(2, border, border)?.pad_with_same(3, border, border)?;
        let smoothing = Conv {
            stride: 1,
            padding: Padding::all(0),
            is_depthwise: true,
            activation: Activation::Identity,
        };
        let x = conv2d(&x, &self.smoothing, &self.no_bias, smoothing)?.flatten_all()?;
        candle_nn::ops::log_softmax(&x, 0)?.reshape((HEIGHT, WIDTH))
    }
}

impl GazeEstimator for Unisal {
    fn name(&self) -> &str {
        "UNISAL saliency with centre prior (not egocentric gaze)"
    }

    fn estimate(&self, image: &RgbImage8) -> std::result::Result<Heatmap, NnError> {
        let map = self.log_probability(image)?.exp()?.flatten_all()?.to_vec1::<f32>()?;
        Ok(self.prior.weigh(&to_grid(&map)))
    }
}

/// Averages the map over the cells of the grid; 416 columns do not divide by 64, so each cell
/// takes the columns whose centres fall into it.
fn to_grid(map: &[f32]) -> Vec<f32> {
    let mut cells = vec![0f32; GRID * GRID];
    let mut counts = vec![0f32; GRID * GRID];
    for (index, value) in map.iter().enumerate() {
        let cell = index / WIDTH * GRID / HEIGHT * GRID + index % WIDTH * GRID / WIDTH;
        cells[cell] += value;
        counts[cell] += 1.0;
    }
    cells.iter_mut().zip(&counts).for_each(|(cell, count)| *cell /= count.max(1.0));
    cells
}

/// Rows and columns 0, 2, 4, ...
fn every_second(x: &Tensor) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let rows = x.reshape((batch, channels, height / 2, 2, width))?.narrow(3, 0, 1)?.contiguous()?;
    rows.reshape((batch, channels, height / 2, width / 2, 2))?.narrow(4, 0, 1)?.contiguous()?.squeeze(4)
}

/// Twice the size, bilinear between pixel centres.
fn double(x: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    x.upsample_bilinear2d(height * 2, width * 2, false)
}

impl Filters {
    fn load(weights: &VarBuilder, name: &str, [out, inputs, side]: [usize; 3], conv: Conv) -> Result<Self> {
        let kernel = weights.get((out, inputs, side, side), &format!("{name}.weight"))?;
        // Biases that came from a folded batch normalisation are named differently.
        let folded = format!("{name}.weight_bias");
        let bias = if weights.contains_tensor(&folded) { folded } else { format!("{name}.bias") };
        Ok(Self { kernel, bias: weights.get(out, &bias)?, conv })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        conv2d(x, &self.kernel, &self.bias, self.conv)
    }
}

impl Block {
    /// `[inputs, inner, outputs, stride]`; without expansion when the first two agree.
    fn load(weights: VarBuilder, [inputs, inner, outputs, stride]: [usize; 4]) -> Result<Self> {
        let weights = weights.pp("conv");
        let relu6 = Activation::Relu6;
        let depthwise = Conv { stride, padding: Padding::all(1), is_depthwise: true, activation: relu6 };
        let expands = inner != inputs;
        let names = if expands { ["3", "6"] } else { ["0", "3"] };
        let expand = expands
            .then(|| Filters::load(&weights, "0", [inner, inputs, 1], Conv::pointwise(relu6)))
            .transpose()?;
        Ok(Self {
            expand,
            depthwise: Filters::load(&weights, names[0], [inner, 1, 3], depthwise)?,
            project: Filters::load(
                &weights,
                names[1],
                [outputs, inner, 1],
                Conv::pointwise(Activation::Identity),
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
    fn the_grid_keeps_positions() {
        let mut map = vec![0f32; HEIGHT * WIDTH];
        map[200 * WIDTH + 100] = 1.0;
        let cells = to_grid(&map);
        assert!(cells[200 * 64 / 256 * 64 + 100 * 64 / 416] > 0.0);
        assert_eq!(cells.iter().filter(|c| **c > 0.0).count(), 1);
    }

    #[test]
    fn without_weights_the_map_is_flat() {
        let weights = VarBuilder::zeros(candle_core::DType::F32, &Device::Cpu);
        let unisal = Unisal::new(weights).unwrap();
        let map = unisal.log_probability(&RgbImage8::new(8, 6, vec![50; 144])).unwrap();
        let uniform = -((HEIGHT * WIDTH) as f32).ln();
        let error = (map - f64::from(uniform)).unwrap().abs().unwrap().max_all().unwrap();
        assert!(error.to_scalar::<f32>().unwrap() < 1e-4);
    }
}
