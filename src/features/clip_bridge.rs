//! A query in CLIP's image space without CLIP's text tower.
//!
//! The bridge holds CLIP vectors of some 1,800 object names. Each content word of a query borrows
//! the vectors of the three names nearest to it in meaning (MiniLM), weighted by a softmax. Vectors are centred over the vocabulary, which removes what all
//! names have in common, so image vectors need centring too (over the clip) before comparing.

use candle_core::Device;

use super::clip_image::EMBED_DIM;
use super::minilm::MiniLm;
use super::names;
use crate::nn::{ModelDir, NnError, open_weights};

/// Names a word borrows from.
const NEAREST: usize = 3;
/// Softmax temperature over cosines; small, so that an exact name takes nearly all.
const TEMPERATURE: f32 = 0.03;

/// One content word, the names that stand in for it, and what they make of it.
#[derive(Clone, Debug, PartialEq)]
pub struct BridgedWord {
    pub word: String,
    /// Best first; weights sum to 1.
    pub nearest: Vec<(String, f32)>,
    /// Cosine with the best name: how sure it is that the vocabulary has the word.
    pub closeness: f32,
    /// What MiniLM makes of the word.
    pub meaning: Vec<f32>,
    /// Mixed from the names, not normalised.
    pub vector: [f32; EMBED_DIM],
}

pub struct ClipTextBridge {
    names: Vec<String>,
    /// A CLIP vector for each name.
    vectors: Vec<[f32; EMBED_DIM]>,
    /// A MiniLM vector for each name.
    meanings: Vec<Vec<f32>>,
}

impl ClipTextBridge {
    /// The first load embeds all names with MiniLM (seconds) and keeps the result beside them.
    pub fn load(dir: &ModelDir, minilm: &MiniLm) -> Result<Self, NnError> {
        let path = dir.file("clip-bridge", "bridge.safetensors");
        let weights = open_weights(&path, "the CLIP vocabulary bridge", &Device::Cpu)?;
        let (names, meanings) = names::load(dir, "clip-bridge", minilm, str::to_owned)?;
        let vectors = weights.get((names.len(), EMBED_DIM), "vectors")?.flatten_all()?.to_vec1::<f32>()?;
        Ok(Self { names, vectors: vectors.as_chunks().0.to_vec(), meanings })
    }

    /// Whether a name can stand in for the word. None can for a word in another script, and the name
    /// nearest to a colour is another colour.
    pub fn stands_for(&self, word: &str) -> bool {
        let is_other_colour = COLOURS.contains(&word) && !self.names.iter().any(|name| name == word);
        is_latin(word) && !is_other_colour
    }

    /// The content words of a query; one without any is taken as a whole.
    pub fn words(&self, query: &str, minilm: &MiniLm) -> Result<Vec<BridgedWord>, NnError> {
        let mut words = content_words(query);
        if words.is_empty() {
            words.push(query.trim().to_lowercase());
        }
        let texts: Vec<&str> = words.iter().map(String::as_str).collect();
        let meanings = minilm.embed_all(&texts)?;
        let bridged = words.into_iter().zip(meanings).map(|(word, meaning)| {
            let (nearest, closeness) = self.nearest(&meaning);
            let mut vector = [0f32; EMBED_DIM];
            for (index, weight) in &nearest {
                vector.iter_mut().zip(&self.vectors[*index]).for_each(|(sum, v)| *sum += weight * v);
            }
            let nearest = nearest.into_iter().map(|(index, w)| (self.names[index].clone(), w)).collect();
            BridgedWord { word, nearest, closeness, meaning, vector }
        });
        Ok(bridged.collect())
    }

    fn nearest(&self, meaning: &[f32]) -> (Vec<(usize, f32)>, f32) {
        let cosine = |name: &Vec<f32>| name.iter().zip(meaning).map(|(a, b)| a * b).sum::<f32>();
        let mut scored: Vec<(usize, f32)> = self.meanings.iter().map(cosine).enumerate().collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1));
        scored.truncate(NEAREST);
        let best = scored.first().map_or(0.0, |(_, score)| *score);
        scored.iter_mut().for_each(|(_, score)| *score = ((*score - best) / TEMPERATURE).exp());
        let sum: f32 = scored.iter().map(|(_, weight)| weight).sum();
        scored.iter_mut().for_each(|(_, weight)| *weight /= sum);
        (scored, best)
    }
}

const COLOURS: [&str; 12] =
    ["red", "green", "blue", "yellow", "orange", "purple", "pink", "brown", "black", "white", "grey", "gray"];

fn is_latin(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_alphanumeric())
}

/// The words of a query that say what to look for, in order.
pub(super) fn content_words(query: &str) -> Vec<String> {
    let query = query.to_lowercase();
    let words = query.split(|c: char| !c.is_alphanumeric() && c != '\'');
    let words = words.map(|word| word.trim_matches('\'')).filter(|word| !word.is_empty());
    words
        .filter(|word| !COMMON.split_ascii_whitespace().any(|common| common == *word))
        .map(str::to_owned)
        .collect()
}

/// Words that a question about a recording needs but that name nothing to be seen in it.
const COMMON: &str = "
    a an the this that these those some any all each every no not other another same
    i me my mine myself we us our you your he him his she her hers they them their it its
    who whom whose what which where when why how many much often long
    am is are was were be been being do does did done doing have has had having
    can could will would shall should may might must
    and or but if then than so as because while
    of in on at to from by with without for into onto off over under about after before during
    between through against near next behind beside inside outside around there here
    first last time times again ever just now also only very
    put place placed take took taken pick picked keep kept leave left see saw seen look looked
    find found get got use used go went come came make made happen happened
    color colour kind type number state location room thing things something anything someone";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_words_are_what_one_could_see() {
        assert_eq!(content_words("How many eggs did I crack into the bowl?"), ["eggs", "crack", "bowl"]);
        assert_eq!(content_words("What colour was the mug I washed?"), ["mug", "washed"]);
        assert_eq!(content_words("Where was I?"), [""; 0]);
        assert_eq!(["cup", "café", "3d", "杯子", "чашка"].map(is_latin), [true, true, true, false, false]);
    }
}
