//! How well a predicted gaze map fits recorded gaze.
//!
//! Two families, which must not be mixed: the saliency literature's ([`saliency`], definitions of
//! the MIT benchmark as pysaliency computes them) and those of the gaze papers ([`glc`]: GLC, Lai
//! et al. 2022, after Huang et al. 2018). Egocentric gaze sits near the frame's middle, so no score
//! means anything beside what a centre Gaussian and the mean map get: see [`Comparison`].

mod agreement;
mod compare;
pub mod glc;
pub mod saliency;

pub use agreement::{AgreementPoint, gaze_agreement};
pub use compare::{Comparison, Scores, compare_maps};
