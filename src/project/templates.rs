//! The 13 question templates of Ego4D NLQ (Grauman et al. 2022, appendix F).

/// Category and pattern; X and Y are slots.
pub const TEMPLATES: [(&str, &str); 13] = [
    ("Objects", "Where is object X before / after event Y?"),
    ("Objects", "Where is object X?"),
    ("Objects", "What did I put in X?"),
    ("Objects", "How many X's?"),
    ("Objects", "What X did I Y?"),
    ("Objects", "In what location did I see object X?"),
    ("Objects", "What X is Y?"),
    ("Objects", "State of an object: is X Y?"),
    ("Objects", "Where is my object X?"),
    ("Place", "Where did I put X?"),
    ("People", "Who did I interact with when I did activity X?"),
    ("People", "Who did I talk to in location X?"),
    ("People", "When did I interact with person with role X?"),
];
