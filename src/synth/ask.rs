//! Questions about a script, in the 13 templates, each with the moment that answers it.
//!
//! A question is only asked when the whole truth of the clip holds one answer: what it names is
//! done once, or seen in one stretch, by everything that goes by that name. Questions that only the
//! eyes can answer are marked: their thing is in view at other times too, but looked at once.

use std::collections::BTreeMap;

use serde::Serialize;

use super::dice::Dice;
use super::goods::Role;
use super::script::{Deed, Script, Verb};
use super::truth::FrameTruth;

/// Shares of its area from which a thing counts as seen.
const SEEN_SHARE: f32 = 0.45;
/// Pixels of the sight buffer (128 a side) from which it can be recognised.
const SEEN_PIXELS: u32 = 22;
/// Stretches closer than this are one, seconds.
const MERGE_SECS: f64 = 1.2;
/// Looks shorter than this are in passing.
const DWELL_SECS: f64 = 0.55;
/// In view for this long outside of a look makes the look a matter of the eyes, seconds.
const ELSEWHERE_SECS: f64 = 1.5;
/// Longest stretch that is itself the moment.
const LONGEST_SECS: f64 = 14.0;

/// A template as the data set's files write it, with the category before the colon.
pub const TEMPLATES: [&str; 13] = [
    "Objects: Where is object X before / after event Y?",
    "Objects: Where is object X?",
    "Objects: What did I put in X?",
    "Objects: How many X\u{2019}s? (quantity question)",
    "Objects: What X did I Y?",
    "Objects: In what location did I see object X ?",
    "Objects: What X is Y?",
    "Objects: State of an object",
    "Objects: Where is my object X?",
    "Place: Where did I put X?",
    "People: Who did I interact with when I did activity X?",
    "People: Who did I talk to in location X?",
    "People: When did I talk to or interact with person with role X?",
];

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Question {
    /// Index into `TEMPLATES`.
    #[serde(skip)]
    pub template: usize,
    pub query: String,
    pub slot_x: String,
    pub verb_x: String,
    pub slot_y: Option<String>,
    pub verb_y: Option<String>,
    /// Seconds of the clip.
    pub moment: [f64; 2],
    pub answer: String,
    /// Number of the deed that the moment follows from, in the script's order.
    pub deed: Option<usize>,
    /// What it asks about is in view at other times as well, but looked at only here.
    pub needs_gaze: bool,
    /// Asked although the clip has other answers.
    pub is_ambiguous: bool,
}

/// Seconds from and until.
type Stretch = [f64; 2];

struct Asker<'a> {
    script: &'a Script,
    length: f64,
    /// By name: when anything called that can be seen, and when it is looked at.
    seen: BTreeMap<&'a str, Vec<Stretch>>,
    watched: BTreeMap<&'a str, Vec<Stretch>>,
    /// Every look at it, short ones too.
    looks: BTreeMap<&'a str, Vec<Stretch>>,
    questions: Vec<Question>,
}

/// All questions of a clip that have one answer, at most `most`, spread over the templates.
pub fn ask(
    script: &Script,
    frames: &[FrameTruth],
    fps: f64,
    length: f64,
    most: usize,
    ambiguous_share: f64,
    dice: &mut Dice,
) -> Vec<Question> {
    let mut asker = Asker {
        script,
        length,
        seen: BTreeMap::new(),
        watched: BTreeMap::new(),
        looks: BTreeMap::new(),
        questions: Vec::new(),
    };
    asker.watch(frames, fps);
    asker.ask_deeds();
    asker.ask_sights();
    asker.ask_looks();
    asker.ask_counts(frames, fps);
    asker.ask_people();
    let mut questions = asker.questions;
    for q in &mut questions {
        let [from, until] = q.moment;
        q.moment = [round(from.max(0.0)), round(until.min(length))];
    }
    questions.retain(|q| q.moment[1] - q.moment[0] > 0.6);
    dice.shuffle(&mut questions);
    let wants = |q: &Question, dice: &mut Dice| !q.is_ambiguous || dice.chance(ambiguous_share);
    questions.retain(|q| wants(q, dice));
    // one of each template first, those for the eyes before all
    questions.sort_by_key(|q| !q.needs_gaze);
    let mut order: Vec<(usize, Question)> = Vec::new();
    for question in questions {
        let rank = order.iter().filter(|(_, o)| o.template == question.template && !o.needs_gaze).count();
        order.push((if question.needs_gaze { 0 } else { rank }, question));
    }
    order.sort_by_key(|(rank, _)| *rank);
    let mut kept: Vec<Question> = order.into_iter().take(most).map(|(_, q)| q).collect();
    kept.sort_by(|a, b| a.moment[0].total_cmp(&b.moment[0]).then_with(|| a.query.cmp(&b.query)));
    kept
}

fn round(secs: f64) -> f64 {
    (secs * 1000.0).round() / 1000.0
}

/// Joins stretches with small gaps.
fn merged(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let mut out: Vec<Stretch> = Vec::new();
    for stretch in stretches {
        match out.last_mut() {
            Some(last) if stretch[0] - last[1] < MERGE_SECS => last[1] = last[1].max(stretch[1]),
            _ => out.push(stretch),
        }
    }
    out
}

/// Stretches of the frames for which `is` holds.
fn stretches(count: usize, fps: f64, is: impl Fn(usize) -> bool) -> Vec<Stretch> {
    let mut out = Vec::new();
    let mut from = None;
    for i in 0..=count {
        let holds = i < count && is(i);
        match (from, holds) {
            (None, true) => from = Some(i),
            (Some(start), false) => {
                out.push([start as f64 / fps, i as f64 / fps]);
                from = None;
            }
            _ => {}
        }
    }
    out
}

/// "scissors" and their like are many, whatever their number.
fn is_plural(name: &str) -> bool {
    name.ends_with('s') && !name.ends_with("ss")
}

fn is(name: &str) -> &'static str {
    if is_plural(name) { "are" } else { "is" }
}

fn the(name: &str) -> String {
    if name.starts_with("the ") || name.starts_with("my ") { name.to_owned() } else { format!("the {name}") }
}

impl<'a> Asker<'a> {
    fn watch(&mut self, frames: &[FrameTruth], fps: f64) {
        for thing in 0..self.script.things.len() {
            let name = self.script.things[thing].name.as_str();
            let seen = stretches(frames.len(), fps, |i| {
                let seen = frames[i].seen.iter().find(|s| s.actor == thing);
                seen.is_some_and(|s| s.share > SEEN_SHARE && s.pixels >= SEEN_PIXELS)
            });
            let watched: Vec<Stretch> = stretches(frames.len(), fps, |i| frames[i].looked_at == Some(thing));
            self.looks.entry(name).or_default().extend(&watched);
            self.seen.entry(name).or_default().extend(seen);
            self.watched.entry(name).or_default().extend(watched);
        }
        for seen in self.seen.values_mut() {
            *seen = merged(std::mem::take(seen)).into_iter().filter(|s| s[1] - s[0] > 0.3).collect();
        }
        for watched in self.watched.values_mut() {
            let all = merged(std::mem::take(watched));
            *watched = all.into_iter().filter(|s| s[1] - s[0] > DWELL_SECS).collect();
        }
    }

    fn name(&self, thing: usize) -> &'a str {
        &self.script.things[thing].name
    }

    fn place(&self, place: usize) -> (String, &'static str) {
        let p = &self.script.room.places[place];
        (p.name.clone(), p.preposition)
    }

    fn deeds(&self, is: impl Fn(&Deed) -> bool) -> Vec<usize> {
        self.script.deeds.iter().enumerate().filter(|(_, d)| is(d)).map(|(i, _)| i).collect()
    }

    /// Deeds of a verb on anything that goes by a name.
    fn on(&self, verb: Verb, name: &str) -> Vec<usize> {
        self.deeds(|d| d.verb == verb && d.thing.is_some_and(|t| self.name(t) == name))
    }

    #[expect(clippy::too_many_arguments, reason = "a question's own fields, in their order")]
    fn push(
        &mut self,
        template: usize,
        query: String,
        slot_x: &str,
        verb_x: &str,
        y: Option<(&str, &str)>,
        moment: Stretch,
        answer: String,
        deed: Option<usize>,
        is_only: bool,
    ) {
        self.questions.push(Question {
            template,
            query,
            slot_x: slot_x.to_owned(),
            verb_x: verb_x.to_owned(),
            slot_y: y.map(|(slot, _)| slot.to_owned()),
            verb_y: y.map(|(_, verb)| verb.to_owned()),
            moment,
            answer,
            deed,
            needs_gaze: false,
            is_ambiguous: !is_only,
        });
    }

    /// From the eyes' arrival until the hand has done it.
    fn moment(&self, deed: usize) -> Stretch {
        let d = &self.script.deeds[deed];
        [d.look + 0.1, d.end]
    }

    fn ask_deeds(&mut self) {
        for index in 0..self.script.deeds.len() {
            let deed = self.script.deeds[index].clone();
            match deed.verb {
                Verb::PutDown => self.ask_put(index, &deed),
                Verb::PickUp => self.ask_pick(index, &deed),
                Verb::Pour => self.ask_pour(index, &deed),
                Verb::Strike | Verb::Turn | Verb::Wipe => self.ask_work(index, &deed),
                Verb::Open | Verb::Close => self.ask_swing(index, &deed),
                Verb::SwitchOn | Verb::SwitchOff => {
                    let switches = self.deeds(|d| matches!(d.verb, Verb::SwitchOn | Verb::SwitchOff));
                    let is_on = deed.verb == Verb::SwitchOn;
                    let (word, answer) = if is_on { ("on", "yes") } else { ("off", "yes") };
                    let moment = self.moment(index);
                    self.push(
                        7,
                        format!("Did I switch {word} the lamp?"),
                        "the lamp",
                        "switch",
                        None,
                        moment,
                        answer.to_owned(),
                        Some(index),
                        switches.len() == 1,
                    );
                }
                _ => {}
            }
        }
    }

    fn ask_put(&mut self, index: usize, deed: &Deed) {
        let (Some(thing), Some(place)) = (deed.thing, deed.place) else { return };
        let name = self.name(thing);
        let (where_, preposition) = self.place(place);
        let moment = self.moment(index);
        let is_only = self.on(Verb::PutDown, name).len() == 1;
        let answer = format!("{preposition} {where_}");
        self.push(
            9,
            format!("Where did I put {}?", the(name)),
            name,
            "put",
            None,
            moment,
            answer.clone(),
            Some(index),
            is_only,
        );
        let puts_here = self.deeds(|d| d.verb == Verb::PutDown && d.place == Some(place));
        if preposition == "in" || puts_here.len() == 1 {
            self.push(
                2,
                format!("What did I put {preposition} {where_}?"),
                &where_,
                "put",
                None,
                moment,
                name.to_owned(),
                Some(index),
                puts_here.len() == 1,
            );
        }
        let picks = self.on(Verb::PickUp, name);
        // what is put back where it was has no before and after
        let has_moved = picks.iter().all(|p| self.script.deeds[*p].place != Some(place));
        let is_pair = is_only && picks.len() == 1 && has_moved;
        if let (true, Some(pick)) = (is_pair, picks.first()) {
            let (was, it) = if is_plural(name) { ("were", "them") } else { ("was", "it") };
            let event = format!("I put {it} {preposition} {where_}");
            let from = self.script.deeds[*pick].place;
            if let Some((before, on)) = from.map(|p| self.place(p)) {
                let moment = self.moment(*pick);
                self.push(
                    0,
                    format!("Where {was} {} before {event}?", the(name)),
                    name,
                    "[verb_not_applicable]",
                    Some((&event, "put")),
                    moment,
                    format!("{on} {before}"),
                    Some(*pick),
                    true,
                );
                let event = format!("I picked {it} up from {before}");
                self.push(
                    0,
                    format!("Where {was} {} after {event}?", the(name)),
                    name,
                    "[verb_not_applicable]",
                    Some((&event, "pick up")),
                    self.moment(index),
                    format!("{preposition} {where_}"),
                    Some(index),
                    true,
                );
            }
        }
    }

    fn ask_pick(&mut self, index: usize, deed: &Deed) {
        let (Some(thing), Some(place)) = (deed.thing, deed.place) else { return };
        let group = self.script.things[thing].kind.group;
        let (where_, preposition) = self.place(place);
        let from_here = self.deeds(|d| {
            d.verb == Verb::PickUp
                && d.place == Some(place)
                && d.thing.is_some_and(|t| self.script.things[t].kind.group == group)
        });
        let way = if preposition == "in" { "take out of" } else { "take from" };
        let moment = self.moment(index);
        let answer = the(self.name(thing));
        self.push(
            4,
            format!("What {group} did I {way} {where_}?"),
            group,
            "[verb_not_applicable]",
            Some((&format!("{way} {where_}"), "take")),
            moment,
            answer,
            Some(index),
            from_here.len() == 1,
        );
    }

    fn ask_pour(&mut self, index: usize, deed: &Deed) {
        let (Some(source), Some(vessel)) = (deed.thing, deed.other) else { return };
        let (source, vessel) = (self.name(source), self.name(vessel));
        let into = self.deeds(|d| d.verb == Verb::Pour && d.other.is_some_and(|t| self.name(t) == vessel));
        let from = self.on(Verb::Pour, source);
        let moment = self.moment(index);
        self.push(
            2,
            format!("What did I pour into {}?", the(vessel)),
            vessel,
            "pour",
            None,
            moment,
            format!("something from {}", the(source)),
            Some(index),
            into.len() == 1,
        );
        self.push(
            4,
            format!("What did I pour {} into?", the(source)),
            "vessel",
            "[verb_not_applicable]",
            Some((&format!("pour {} into", the(source)), "pour")),
            moment,
            the(vessel),
            Some(index),
            from.len() == 1,
        );
    }

    fn ask_work(&mut self, index: usize, deed: &Deed) {
        let Some(tool) = deed.thing else { return };
        let Some(piece) = deed.other else { return self.ask_wipe(index, deed, tool) };
        let (group, piece) = (self.script.things[tool].kind.group, self.name(piece));
        let on_it = self.deeds(|d| {
            matches!(d.verb, Verb::Strike | Verb::Turn | Verb::Wipe)
                && d.other.is_some_and(|t| self.name(t) == piece)
        });
        let moment = self.moment(index);
        let answer = the(self.name(tool));
        self.push(
            4,
            format!("What {group} did I use on {}?", the(piece)),
            group,
            "[verb_not_applicable]",
            Some((&format!("use on {}", the(piece)), "use")),
            moment,
            answer,
            Some(index),
            on_it.len() == 1,
        );
    }

    fn ask_wipe(&mut self, index: usize, deed: &Deed, tool: usize) {
        let Some(place) = deed.place else { return };
        let name = self.name(tool);
        let wipes = self.on(Verb::Wipe, name);
        let moment = self.moment(index);
        let (where_, _) = self.place(place);
        self.push(
            4,
            format!("What did I wipe with {}?", the(name)),
            "surface",
            "[verb_not_applicable]",
            Some((&format!("wipe with {}", the(name)), "wipe")),
            moment,
            where_,
            Some(index),
            wipes.len() == 1,
        );
    }

    fn ask_swing(&mut self, index: usize, deed: &Deed) {
        let Some(container) = deed.container else { return };
        let swings =
            self.deeds(|d| matches!(d.verb, Verb::Open | Verb::Close) && d.container == Some(container));
        let name = self.script.room.containers[container].name.clone();
        // the last swing decides the state, so it is the answer
        if swings.last() != Some(&index) {
            return;
        }
        let is_open = deed.verb == Verb::Open;
        let moment = self.moment(index);
        self.push(
            7,
            format!("Did I leave {name} open?"),
            &name,
            "leave open",
            None,
            moment,
            (if is_open { "yes" } else { "no" }).to_owned(),
            Some(index),
            true,
        );
    }

    fn ask_sights(&mut self) {
        let names: Vec<&str> = self.seen.keys().copied().collect();
        for name in names {
            let (seen, watched) = (self.seen[name].clone(), self.watched[name].clone());
            let Some(dwell) = watched.first().copied() else { continue };
            let thing = self.script.things.iter().find(|t| t.name == name);
            let is_own = thing.is_some_and(|t| t.kind.role == Role::Personal);
            let is_still = self.on(Verb::PickUp, name).is_empty();
            let (colour, kind) = thing.map_or(("", ""), |t| (t.look.colour.name, t.kind.name));
            if seen.len() == 1 && is_still {
                // the only time it is in view; a long one is cut down to the look
                let moment = match seen[0] {
                    [from, until] if until - from <= LONGEST_SECS && watched.len() == 1 => [from, until],
                    _ if watched.len() == 1 => [dwell[0] - 0.3, dwell[1] + 0.3],
                    _ => continue,
                };
                let (template, query, verb) = if is_own {
                    (8, format!("Where {} my {name}?", is(name)), "[verb_not_applicable]")
                } else if name == kind && name != colour {
                    (6, format!("What colour {} the {name}?", is(name)), "[verb_not_applicable]")
                } else if name.len() % 2 == 0 {
                    (5, format!("In what location did I see {}?", the(name)), "see")
                } else {
                    (1, format!("Where {} {}?", is(name), the(name)), "[verb_not_applicable]")
                };
                let place = self.place_of(name);
                let (slot, y, answer) = match template {
                    6 => ("colour", Some((name, "[verb_not_applicable]")), colour.to_owned()),
                    _ => (name, None, place),
                };
                self.push(template, query, slot, verb, y, moment, answer, None, true);
            }
        }
    }

    /// Looks at one thing among others: it is in view at other times too, but looked at only then.
    fn ask_looks(&mut self) {
        for index in 0..self.script.deeds.len() {
            let deed = self.script.deeds[index].clone();
            let Some(thing) = deed.thing.filter(|_| deed.verb == Verb::Inspect) else { continue };
            let name = self.name(thing);
            let inside: f64 = self.looks[name]
                .iter()
                .map(|[from, until]| (until.min(deed.end) - from.max(deed.look)).max(0.0))
                .sum();
            let all: f64 = self.looks[name].iter().map(|s| s[1] - s[0]).sum();
            let is_still = self.on(Verb::PickUp, name).is_empty();
            let is_elsewhere = self.seen[name]
                .iter()
                .any(|[from, until]| (deed.look - from).max(until - deed.end) > ELSEWHERE_SECS);
            if is_still && is_elsewhere && inside > 0.8 && all - inside < 0.35 * inside {
                let query = format!("In what location did I look at {}?", the(name));
                let moment = [deed.look, deed.end];
                self.push(5, query, name, "look at", None, moment, self.place_of(name), Some(index), true);
                if let Some(last) = self.questions.last_mut() {
                    last.needs_gaze = true;
                }
            }
        }
    }

    /// Where a thing of this name lies at first.
    fn place_of(&self, name: &str) -> String {
        let thing = self.script.things.iter().position(|t| t.name == name);
        let Some(super::script::Hold::Lies { pos, .. }) =
            thing.and_then(|t| self.script.holds[t].first()).map(|(_, hold)| *hold)
        else {
            return String::new();
        };
        let places = &self.script.room.places;
        let place = places.iter().find(|p| p.spots.iter().any(|s| s.pos.distance(pos) < 0.01));
        place.map_or(String::new(), |p| format!("{} {}", p.preposition, p.name))
    }

    /// Counting needs one visit in which everything of a kind is in view.
    fn ask_counts(&mut self, frames: &[FrameTruth], fps: f64) {
        for index in 0..self.script.deeds.len() {
            let deed = self.script.deeds[index].clone();
            if deed.verb != Verb::Survey {
                continue;
            }
            let Some(place) = deed.place else { continue };
            let (where_, preposition) = self.place(place);
            let visits = self.deeds(|d| d.verb == Verb::Survey && d.place == Some(place));
            let changes =
                self.deeds(|d| matches!(d.verb, Verb::PickUp | Verb::PutDown) && d.place == Some(place));
            let at = ((deed.contact + deed.end) * 0.5 * fps) as usize;
            let Some(frame) = frames.get(at.min(frames.len().saturating_sub(1))) else { continue };
            let spots = &self.script.room.places[place].spots;
            let here: Vec<usize> = (0..self.script.things.len())
                .filter(|t| {
                    let at = frame.things.get(*t).copied().unwrap_or_default();
                    spots.iter().any(|s| s.pos.distance(at.into()) < 0.05)
                })
                .collect();
            let Some(first) = here.first() else { continue };
            let kind = self.script.things[*first].kind;
            let of_kind = here.iter().filter(|t| self.script.things[**t].kind.name == kind.name).count();
            let (words, count) = if of_kind >= 2 { (kind.plural, of_kind) } else { ("things", here.len()) };
            let is_only = visits.len() == 1 && changes.is_empty();
            self.push(
                3,
                format!("How many {words} are {preposition} {where_}?"),
                words,
                "[verb_not_applicable]",
                None,
                [deed.look, deed.end],
                count.to_string(),
                Some(index),
                is_only,
            );
        }
    }

    fn ask_people(&mut self) {
        let Some(person) = &self.script.person else { return };
        let name = person.name.clone();
        let meetings = self.deeds(|d| matches!(d.verb, Verb::Talk | Verb::Give));
        let [index] = meetings[..] else { return };
        let deed = self.script.deeds[index].clone();
        let moment = [deed.look, deed.end];
        let room = match self.script.room.kind {
            super::goods::RoomKind::Kitchen => "the kitchen",
            super::goods::RoomKind::Workshop => "the workshop",
            super::goods::RoomKind::Desk => "the study",
        };
        match (deed.verb, deed.thing) {
            (Verb::Give, Some(thing)) => {
                let thing = the(self.name(thing));
                self.push(
                    10,
                    format!("Who did I interact with when I gave away {thing}?"),
                    &format!("gave away {thing}"),
                    "give",
                    None,
                    moment,
                    name.clone(),
                    Some(index),
                    true,
                );
            }
            _ => self.push(
                11,
                format!("Who did I talk to in {room}?"),
                room,
                "talk",
                None,
                moment,
                name.clone(),
                Some(index),
                true,
            ),
        }
        self.push(
            12,
            format!("When did I interact with {name}?"),
            &name,
            "interact",
            None,
            moment,
            format!("from {:.0} s", deed.look),
            Some(index),
            true,
        );
        debug_assert!(deed.end <= self.length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_with_small_gaps_are_one() {
        let found = stretches(10, 2.0, |i| [1, 2, 4, 8, 9].contains(&i));
        assert_eq!(found, [[0.5, 1.5], [2.0, 2.5], [4.0, 5.0]]);
        assert_eq!(merged(found), [[0.5, 2.5], [4.0, 5.0]]);
    }

    #[test]
    fn the_templates_are_the_projects_thirteen_in_the_files_words() {
        for (ours, theirs) in TEMPLATES.iter().zip(crate::project::TEMPLATES) {
            let category = theirs.category;
            assert!(ours.starts_with(&format!("{category}: ")), "{ours} is no {category}");
        }
    }
}
