//! Quick tags as a vector of meaning, comparable with a query's.
//!
//! ConSE (Norouzi et al. 2014, arXiv 1312.5650): the MiniLM vectors of the most probable class
//! names, averaged with their probabilities.

use super::minilm::MiniLm;
use super::names;
use crate::nn::{ModelDir, NnError};

/// What the names of the ImageNet classes mean.
pub struct TagMeanings {
    meanings: Vec<Vec<f32>>,
}

impl TagMeanings {
    /// The first load embeds all names (seconds) and keeps the result.
    pub fn load(dir: &ModelDir, minilm: &MiniLm) -> Result<Self, NnError> {
        // synonyms are said as people would: "tabby or tabby cat"
        let (_, meanings) = names::load(dir, "imagenet-names", minilm, |name| name.replace(", ", " or "))?;
        Ok(Self { meanings })
    }

    /// The classes of one view and their probabilities as a vector of length 1, to be compared with
    /// `MiniLm::embed`.
    pub fn embed(&self, classes: impl IntoIterator<Item = (usize, f32)>) -> Vec<f32> {
        let mut sum = vec![0f32; MiniLm::DIM];
        for (class, probability) in classes {
            let Some(meaning) = self.meanings.get(class) else { continue };
            sum.iter_mut().zip(meaning).for_each(|(sum, value)| *sum += probability * value);
        }
        let length = sum.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
        sum.iter_mut().for_each(|v| *v /= length);
        sum
    }
}
