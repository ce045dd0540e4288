//! The losses of both networks. One number a point or window: who calls adds up and divides.
//!
//! Grounding (GazeNLQ report, eq. 4; reference: `losses.py`): focal loss on smoothed labels, and
//! distance-IoU on the ends. Gaze (eq. 1 to 3): InfoNCE between video and gaze, KL between maps.

use candle_core::{D, DType, Device, Result, Tensor};

/// Weight of positives in the focal loss, and the power of its focus.
const ALPHA: f64 = 0.25;
/// Where a denominator stops.
const EPS: f64 = 1e-8;

/// What is learned instead of 0 and 1 (`label_smoothing`).
pub fn smoothed(class: f64, smoothing: f64) -> f64 {
    class * (1.0 - smoothing) + smoothing / 2.0
}

/// Focal loss with gamma 2.
///
/// # Shapes
/// `logits` and `targets` `[points]` → the same
pub fn focal(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let p = candle_nn::ops::sigmoid(logits)?;
    let rest = targets.affine(-1.0, 1.0)?;
    // the logarithm of 1 + e^-|x| does not overflow
    let soft = logits.abs()?.neg()?.exp()?.affine(1.0, 1.0)?.log()?;
    let positive_part = (logits + logits.abs()?)?.affine(0.5, 0.0)?;
    let entropy = ((positive_part - (logits * targets)?)? + soft)?;
    let p_t = ((&p * targets)? + (p.affine(-1.0, 1.0)? * &rest)?)?;
    let alpha_t = ((targets * ALPHA)? + (rest * (1.0 - ALPHA))?)?;
    (entropy * p_t.affine(-1.0, 1.0)?.sqr()?)?.mul(&alpha_t)
}

/// Distance-IoU of windows that share a point.
///
/// # Shapes
/// `offsets` and `targets` [positives, 2], distances to start and end, at least 0 → `[positives]`
pub fn distance_iou(offsets: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let side = |x: &Tensor, i: usize| x.narrow(1, i, 1)?.squeeze(1);
    let (left, right) = (side(offsets, 0)?, side(offsets, 1)?);
    let (left_target, right_target) = (side(targets, 0)?, side(targets, 1)?);
    let both = (left.minimum(&left_target)? + right.minimum(&right_target)?)?;
    let either = ((((&left + &right)? + &left_target)? + &right_target)? - &both)?;
    let iou = (both / at_least(&either)?)?;
    let enclosing = at_least(&(left.maximum(&left_target)? + right.maximum(&right_target)?)?)?;
    let apart = (((&right - &left)? - &right_target)? + &left_target)?.affine(0.5, 0.0)?;
    iou.affine(-1.0, 1.0)? + (apart / enclosing)?.sqr()?
}

fn at_least(x: &Tensor) -> Result<Tensor> {
    x.maximum(&Tensor::full(EPS, x.shape(), x.device())?.to_dtype(x.dtype())?)
}

/// InfoNCE from video to gaze: each row's own map against those of the rows that are `comparable`
/// with it. The rows of both inputs have length 1.
///
/// # Shapes
/// `video` and `gaze` [windows, width]; `comparable(i, j)` for i and j that differ → `[windows]`
pub fn info_nce(
    video: &Tensor,
    gaze: &Tensor,
    tau: f64,
    comparable: impl Fn(usize, usize) -> bool,
) -> Result<Tensor> {
    let count = video.dim(0)?;
    let scores = (video.matmul(&gaze.t()?)? / tau)?;
    let hidden = (0..count).flat_map(|i| (0..count).map(move |j| (i, j)));
    let hidden = hidden.map(|(i, j)| if i == j || comparable(i, j) { 0f32 } else { f32::NEG_INFINITY });
    let hidden = Tensor::from_vec(hidden.collect::<Vec<_>>(), (count, count), &Device::Cpu)?;
    let hidden = hidden.to_device(video.device())?.to_dtype(video.dtype())?;
    let log = candle_nn::ops::log_softmax(&(scores + hidden)?, D::Minus1)?;
    let own = Tensor::eye(count, DType::F32, &Device::Cpu)?.to_device(video.device())?;
    // not by a product with zeros, as those scores are -inf
    let own = own.to_dtype(DType::U8)?;
    own.where_cond(&log, &log.zeros_like()?)?.sum(D::Minus1)?.neg()
}

/// D(target || predicted) from logarithms.
///
/// # Shapes
/// `target` [windows, cells], rows of sum 1; `log_predicted` the same → `[windows]`
pub fn kl(target: &Tensor, log_predicted: &Tensor) -> Result<Tensor> {
    // 0 log 0 = 0
    let least = Tensor::full(f32::MIN_POSITIVE, target.shape(), target.device())?.to_dtype(target.dtype())?;
    let log_target = target.maximum(&least)?.log()?;
    (target * (log_target - log_predicted)?)?.sum(D::Minus1)
}

/// Vectors over their length.
///
/// # Shapes
/// [rows, width] → the same
pub fn unit_rows(x: &Tensor) -> Result<Tensor> {
    let length = (x.sqr()?.sum_keepdim(D::Minus1)? + 1e-24)?.sqrt()?;
    x.broadcast_div(&length)
}

/// The running mean of positive points a batch, which both grounding losses are divided by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normaliser {
    pub value: f64,
    /// How much of the old value stays.
    pub momentum: f64,
}

impl Normaliser {
    /// Takes in a batch; the losses of that batch are divided by the result.
    pub fn update(&mut self, positives: usize) -> f64 {
        self.value = self.momentum * self.value + (1.0 - self.momentum) * positives.max(1) as f64;
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::ops::testing::{check_differences, noise, parameters, weighed};

    #[test]
    fn gradients_are_those_of_small_differences() {
        let shapes = [("video", 8), ("gaze", 8), ("log_maps", 16)];
        let vars = parameters(shapes.map(|(name, width)| (name.to_owned(), vec![5, width])));
        let [video, gaze, maps] = [0, 1, 2].map(|i| vars[i].1.as_tensor().clone());
        let truth = noise(&[5, 16], 9).to_dtype(DType::F64).unwrap().relu().unwrap();
        let truth = truth.broadcast_div(&truth.sum_keepdim(D::Minus1).unwrap()).unwrap();
        check_differences(&vars, || {
            let apart = |i: usize, j: usize| i.abs_diff(j) > 1;
            let nce = info_nce(&unit_rows(&video)?, &unit_rows(&gaze)?, 0.07, apart)?;
            let log = candle_nn::ops::log_softmax(&maps, D::Minus1)?;
            (weighed(&nce)? + weighed(&kl(&truth, &log)?)?)?.to_dtype(DType::F64)
        });
    }

    #[test]
    fn contrast_is_certain_where_nothing_is_comparable() {
        let x = unit_rows(&noise(&[4, 6], 1)).unwrap();
        let sum = |x: Tensor| x.sum_all().unwrap().to_scalar::<f32>().unwrap();
        assert_eq!(sum(info_nce(&x, &x, 0.1, |_, _| false).unwrap()), 0.0);
        // all alike: as uncertain as can be
        let same = Tensor::ones((4, 1), DType::F32, &Device::Cpu).unwrap();
        let found = sum(info_nce(&same, &same, 0.1, |_, _| true).unwrap());
        assert!((found - 4.0 * 4f32.ln()).abs() < 1e-5, "{found}");
    }

    #[test]
    fn a_map_has_no_distance_to_itself() {
        let map = Tensor::new(&[[0.5f32, 0.25, 0.25, 0.0]], &Device::Cpu).unwrap();
        let log = map.maximum(&Tensor::full(1e-30f32, (1, 4), &Device::Cpu).unwrap()).unwrap().log().unwrap();
        assert!(kl(&map, &log).unwrap().to_vec1::<f32>().unwrap()[0].abs() < 1e-6);
    }
}
