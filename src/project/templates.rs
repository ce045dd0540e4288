//! The 13 question templates of Ego4D NLQ (Grauman et al. 2022, appendix F).

/// A kind of question; X and Y in the pattern are slots.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Template {
    pub category: &'static str,
    pub pattern: &'static str,
    /// As the annotation files of Ego4D name it.
    pub name: &'static str,
    /// Percent of the 4,554 validation queries of Ego4D NLQ v2 that name this template.
    pub share_percent: f32,
}

const fn template(
    category: &'static str,
    pattern: &'static str,
    name: &'static str,
    share_percent: f32,
) -> Template {
    Template { category, pattern, name, share_percent }
}

pub const TEMPLATES: [Template; 13] = [
    template(
        "Objects",
        "Where is object X before / after event Y?",
        "Objects: Where is object X before / after event Y?",
        16.5,
    ),
    template("Objects", "Where is object X?", "Objects: Where is object X?", 12.1),
    template("Objects", "What did I put in X?", "Objects: What did I put in X?", 12.0),
    template("Objects", "How many X's?", "Objects: How many X’s? (quantity question)", 8.5),
    template(
        "Objects",
        "In what location did I see object X?",
        "Objects: In what location did I see object X ?",
        7.9,
    ),
    template("Objects", "What X did I Y?", "Objects: What X did I Y?", 7.7),
    template("Objects", "What X is Y?", "Objects: What X is Y?", 7.3),
    template("Objects", "State of an object: is X Y?", "Objects: State of an object", 5.2),
    template("Objects", "Where is my object X?", "Objects: Where is my object X?", 1.6),
    template("Place", "Where did I put X?", "Place: Where did I put X?", 15.9),
    template(
        "People",
        "Who did I interact with when I did activity X?",
        "People: Who did I interact with when I did activity X?",
        2.5,
    ),
    template("People", "Who did I talk to in location X?", "People: Who did I talk to in location X?", 2.0),
    template(
        "People",
        "When did I interact with person with role X?",
        "People: When did I talk to or interact with person with role X?",
        0.5,
    ),
];

impl Template {
    /// Where the slots stand, in letters from the start of the pattern.
    pub fn slots(&self) -> Vec<usize> {
        let letters: Vec<char> = self.pattern.chars().collect();
        let is_word = |at: Option<&char>| at.is_some_and(|c| c.is_alphanumeric());
        (0..letters.len())
            .filter(|i| matches!(letters[*i], 'X' | 'Y'))
            .filter(|i| !is_word(i.checked_sub(1).and_then(|before| letters.get(before))))
            .filter(|i| !is_word(letters.get(i + 1)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_has_a_slot_and_the_shares_are_most_of_the_whole() {
        for template in TEMPLATES {
            assert!(!template.slots().is_empty(), "{}", template.pattern);
        }
        let sum: f32 = TEMPLATES.iter().map(|t| t.share_percent).sum();
        assert!((99.0..=100.0).contains(&sum), "{sum}");
    }

    #[test]
    fn slots_are_words_of_their_own() {
        assert_eq!(TEMPLATES[0].slots(), [16, 39]);
        assert_eq!(template("", "Xylophone? XY, X", "", 0.0).slots(), [15]);
    }
}
