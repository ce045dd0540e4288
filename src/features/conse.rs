//! Quick tags as a vector of meaning, comparable with a query's.
//!
//! ConSE (Norouzi et al. 2014, arXiv 1312.5650): the MiniLM vectors of the most probable class
//! names, averaged with their probabilities.

use super::efficientnet_lite::Tags;
use super::minilm::MiniLm;
use super::names;
use crate::nn::{ModelDir, NnError};

/// Classes that take part.
const TOP: usize = 10;

/// Names of the ImageNet classes and their meaning.
pub struct TagMeanings {
    names: Vec<String>,
    meanings: Vec<Vec<f32>>,
}

impl TagMeanings {
    /// The first load embeds all names (seconds) and keeps the result.
    pub fn load(dir: &ModelDir, minilm: &MiniLm) -> Result<Self, NnError> {
        let (names, meanings) = names::load(dir, "imagenet-names", minilm)?;
        Ok(Self { names, meanings })
    }

    /// The name of a class, with its synonyms.
    pub fn name(&self, class: usize) -> Option<&str> {
        self.names.get(class).map(String::as_str)
    }

    /// A vector of length 1, to be compared with `MiniLm::embed`.
    pub fn embed(&self, tags: &Tags) -> Vec<f32> {
        let mut sum = vec![0f32; MiniLm::DIM];
        for (class, probability) in tags.top(TOP) {
            let Some(meaning) = self.meanings.get(class) else { continue };
            sum.iter_mut().zip(meaning).for_each(|(sum, value)| *sum += probability * value);
        }
        let length = sum.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
        sum.iter_mut().for_each(|v| *v /= length);
        sum
    }
}
