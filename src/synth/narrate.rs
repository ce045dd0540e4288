//! A script in sentences, as the data set's narrators write them: "#C C picks up the mug".

use super::script::{Deed, Script, Verb};

/// One sentence and its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Narration {
    pub text: String,
    pub moment: [f64; 2],
}

pub fn narrate(script: &Script) -> Vec<Narration> {
    script.deeds.iter().filter_map(|deed| sentence(script, deed)).collect()
}

fn sentence(script: &Script, deed: &Deed) -> Option<Narration> {
    let thing = deed.thing.map(|t| script.things[t].name.as_str()).unwrap_or_default();
    let other = deed.other.map(|t| script.things[t].name.as_str());
    let place = deed.place.map(|p| &script.room.places[p]);
    let at = place.map(|p| format!("{} {}", p.preposition, p.name)).unwrap_or_default();
    let from = place.map_or(String::new(), |p| {
        if p.preposition == "in" { format!("out of {}", p.name) } else { format!("from {}", p.name) }
    });
    let container = deed.container.map(|c| script.room.containers[c].name.as_str()).unwrap_or_default();
    let person = script.person.as_ref().map_or("somebody", |p| p.name.as_str());
    let works = |verb: &str| match other {
        Some(other) => format!("{verb} the {other} with the {thing}"),
        None => format!("{verb} {} with the {thing}", place.map_or("the table", |p| p.name.as_str())),
    };
    let words = match deed.verb {
        Verb::PickUp => format!("picks up the {thing} {from}"),
        Verb::PutDown => format!("puts the {thing} {at}"),
        Verb::Open => format!("opens {container}"),
        Verb::Close => format!("closes {container}"),
        Verb::Pour => format!("pours from the {thing} into the {}", other.unwrap_or("vessel")),
        Verb::Strike => works("hits"),
        Verb::Turn => works(if thing.ends_with("spoon") { "stirs in" } else { "works on" }),
        Verb::Wipe => works(if other.is_some() { "rubs" } else { "wipes" }),
        Verb::SwitchOn => "switches the lamp on".to_owned(),
        Verb::SwitchOff => "switches the lamp off".to_owned(),
        Verb::Inspect => format!("looks at the {thing} {at}"),
        Verb::Survey => format!("looks over the things {at}"),
        Verb::Talk => format!("talks to {person}"),
        Verb::Give => format!("gives the {thing} to {person}"),
        Verb::Walk => format!("walks to {}", place?.name),
        Verb::BallRolls | Verb::LightFlickers => return None,
    };
    Some(Narration { text: format!("#C C {words}"), moment: [deed.look, deed.end] })
}
