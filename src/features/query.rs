//! A question as vectors: one in CLIP's space and one among the meanings of names.
//!
//! CLIP's own text tower speaks where its official checkpoint is on this machine; elsewhere the
//! vocabulary bridge stands in for it.

use candle_core::Device;

use super::clip_bridge::{BridgedWord, ClipTextBridge, content_words};
use super::clip_image::EMBED_DIM;
use super::clip_text::ClipTextTower;
use super::evidence::unit;
use super::minilm::MiniLm;
use crate::nn::{ModelDir, NnError};

/// What all questions have in common, so that only what one asks for remains.
const BACKGROUND: [&str; 6] = [
    "something",
    "a place",
    "a person doing something",
    "where did i put it",
    "what did i do",
    "when did it happen",
];

const TOWER: &str = "CLIP's own text tower";
const BRIDGE: &str = "vocabulary bridge to CLIP";

/// What would carry a question into CLIP's space with the models in `dir`, in words.
pub fn query_basis(dir: &ModelDir) -> &'static str {
    if ClipTextTower::file(dir).is_file() { TOWER } else { BRIDGE }
}

pub struct QueryEncoder {
    minilm: MiniLm,
    clip: Clip,
}

enum Clip {
    Tower { tower: Box<ClipTextTower>, background: Vec<f32> },
    Bridge(ClipTextBridge),
}

/// What a question asks for.
#[derive(Clone, Debug)]
pub struct QueryText {
    /// In CLIP's space, without what all questions or names have in common; length 1.
    pub clip: Vec<f32>,
    /// Among MiniLM's meanings, length 1.
    pub meaning: Vec<f32>,
    /// Each content word and the name that stood in for it; nothing for a word that is not understood.
    pub words: Vec<(String, String)>,
}

impl QueryEncoder {
    pub fn load(dir: &ModelDir, device: &Device) -> Result<Self, NnError> {
        let minilm = MiniLm::load(dir, device)?;
        let clip = match ClipTextTower::load(dir, device) {
            Ok(tower) => {
                let mut background = vec![0.0; EMBED_DIM];
                for phrase in BACKGROUND {
                    add(&mut background, 1.0 / BACKGROUND.len() as f32, &tower.embed(phrase)?);
                }
                Clip::Tower { tower: Box::new(tower), background }
            }
            Err(NnError::Missing { .. }) => Clip::Bridge(ClipTextBridge::load(dir, &minilm)?),
            Err(error) => return Err(error),
        };
        Ok(Self { minilm, clip })
    }

    /// What carries a question into CLIP's space, in words.
    pub fn basis(&self) -> &'static str {
        match self.clip {
            Clip::Tower { .. } => TOWER,
            Clip::Bridge(_) => BRIDGE,
        }
    }

    pub fn minilm(&self) -> &MiniLm {
        &self.minilm
    }

    pub fn encode(&self, query: &str) -> Result<QueryText, NnError> {
        match &self.clip {
            Clip::Bridge(bridge) => {
                Ok(bridged(&bridge.words(query, &self.minilm)?, |word| bridge.stands_for(word)))
            }
            Clip::Tower { tower, background } => self.spoken(query, tower, background),
        }
    }

    /// The question and what it names, each said in several ways.
    fn spoken(&self, query: &str, tower: &ClipTextTower, background: &[f32]) -> Result<QueryText, NnError> {
        let words = content_words(query);
        let mut clip = vec![0.0; EMBED_DIM];
        for phrase in [query.trim().to_lowercase(), words.join(" ")].iter().filter(|p| !p.is_empty()) {
            add(&mut clip, 1.0, &tower.embed(phrase)?);
            add(&mut clip, -1.0, background);
        }
        let phrase = if words.is_empty() { query.to_owned() } else { words.join(" ") };
        let meaning = self.minilm.embed(&phrase)?;
        let words = words.into_iter().map(|word| (word.clone(), word)).collect();
        Ok(QueryText { clip: unit(clip), meaning, words })
    }
}

/// Words weigh by how well the vocabulary knows them: verbs like "clean" have no name of their own.
/// Words that it cannot know are left out.
fn bridged(words: &[BridgedWord], is_known: impl Fn(&str) -> bool) -> QueryText {
    let mut clip = vec![0.0; EMBED_DIM];
    let mut meaning = vec![0.0; MiniLm::DIM];
    for word in words.iter().filter(|w| is_known(&w.word)) {
        add(&mut clip, word.closeness.max(0.0), &word.vector);
        add(&mut meaning, 1.0, &word.meaning);
    }
    let named = |w: &BridgedWord| match w.nearest.first() {
        Some((name, _)) if is_known(&w.word) => name.clone(),
        _ => String::new(),
    };
    QueryText {
        clip: unit(clip),
        meaning: unit(meaning),
        words: words.iter().map(|w| (w.word.clone(), named(w))).collect(),
    }
}

fn add(sum: &mut [f32], weight: f32, vector: &[f32]) {
    sum.iter_mut().zip(vector).for_each(|(sum, v)| *sum += weight * v);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_the_vocabulary_hardly_knows_weigh_little() {
        let word = |at: usize, closeness| {
            let mut vector = [0.0; EMBED_DIM];
            vector[at] = 1.0;
            BridgedWord {
                word: String::new(),
                nearest: Vec::new(),
                closeness,
                meaning: vec![1.0; MiniLm::DIM],
                vector,
            }
        };
        let text = bridged(&[word(0, 0.9), word(1, 0.3), word(2, -0.2)], |_| true);
        assert!((text.clip[0] / text.clip[1] - 3.0).abs() < 1e-5);
        assert_eq!(text.clip[2], 0.0);
        assert!((text.clip.iter().map(|v| v * v).sum::<f32>() - 1.0).abs() < 1e-5);
        let unknown = bridged(&[word(0, 0.9)], |_| false);
        assert!(unknown.words[0].1.is_empty() && unknown.clip.iter().all(|v| *v == 0.0));
    }
}
