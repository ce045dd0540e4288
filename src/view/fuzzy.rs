//! How well typed letters fit a name: for lists that are searched while typing.

/// Cost of a letter that continues no word and follows no other match.
const JUMP: u32 = 3;

/// All letters of `typed` in order somewhere in `name`; smaller is better. Starts of words and letters
/// in a row cost least.
pub fn fit(name: &str, typed: &str) -> Option<u32> {
    let letters: Vec<char> = name.to_lowercase().chars().collect();
    let is_start = |at: usize| at == 0 || !letters[at - 1].is_alphanumeric();
    let mut cost = 0;
    let mut from = 0;
    for wanted in typed.to_lowercase().chars().filter(|c| !c.is_whitespace()) {
        let rest = || (from..letters.len()).filter(|at| letters[*at] == wanted);
        let next = rest().next()?;
        // the next letter if it goes on where the last one was, else the next start of a word
        let at =
            if next == from && from > 0 { next } else { rest().find(|at| is_start(*at)).unwrap_or(next) };
        cost += if at == from && from > 0 {
            0
        } else if is_start(at) {
            1
        } else {
            JUMP
        };
        cost += u32::from(at > from);
        from = at + 1;
    }
    Some(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scattered_letters_are_found_in_order_only() {
        assert!(fit("Next fixation", "nxfix").is_some());
        assert!(fit("Next fixation", "zoom").is_none());
        assert!(fit("Next fixation", "xen").is_none());
        assert_eq!(fit("Next fixation", ""), Some(0));
    }

    #[test]
    fn starts_of_words_and_letters_in_a_row_come_first() {
        let best = |typed: &str| {
            ["Light", "Heatmap stronger", "Loop the true moment", "Zoom the timeline in", "High contrast"]
                .into_iter()
                .filter_map(|name| fit(name, typed).map(|cost| (cost, name)))
                .min()
                .map(|(_, name)| name)
        };
        assert_eq!(best("light"), Some("Light"));
        assert_eq!(best("zti"), Some("Zoom the timeline in"));
        assert_eq!(best("high"), Some("High contrast"));
    }
}
