//! A day's plan: which things lie where, and what the wearer does with them until time is up.

use glam::Vec3;

use super::body::Person;
use super::config::SynthConfig;
use super::dice::Dice;
use super::goods::{KINDS, Kind, Role, RoomKind, Work};
use super::motion::Track;
use super::room::Room;
use super::script::{Deed, Goal, Grasp, Hold, Script, Sight, Thing, Verb};

/// An episode is not started later than this before the end.
const LAST_START_SECS: f64 = 9.0;
/// So many ideas that cannot be done are enough: then the wearer strolls.
const PATIENCE: usize = 12;

/// Writes the script of one clip.
pub fn plan(kind: RoomKind, config: &SynthConfig, mut dice: Dice) -> Script {
    let room = Room::new(kind, &mut dice);
    let things = gather(kind, config, &mut dice);
    let roles: &[&str] = match kind {
        RoomKind::Kitchen => &["cook", "friend", "neighbour"],
        RoomKind::Workshop => &["carpenter", "mechanic", "apprentice"],
        RoomKind::Desk => &["colleague", "teacher", "friend"],
    };
    let person = config.story.person.then(|| Person::new(roles, room.person[0], room.person[1], &mut dice));
    let mut script = empty(room, things, person, config, dice);
    lay_out(&mut script);
    act(&mut script, config);
    script
}

/// The things of a clip: some kinds of the room, look-alikes and twins among them.
fn gather(room: RoomKind, config: &SynthConfig, dice: &mut Dice) -> Vec<Thing> {
    let wanted = config.things.count;
    let doubles = config.things.repeated + config.things.look_alikes;
    let mut kinds: Vec<&'static Kind> = KINDS.iter().filter(|k| k.rooms.contains(&room)).collect();
    dice.shuffle(&mut kinds);
    // something to pour from, something to pour into, and a tool are always there
    let is_vital = |k: &&Kind| match k.role {
        Role::Pours => 0,
        Role::Holds => 1,
        Role::Tool(_) => 2,
        _ => 3,
    };
    for role in [2, 1, 0] {
        if let Some(at) = kinds.iter().position(|k| is_vital(k) == role) {
            kinds[..=at].rotate_right(1);
        }
    }
    let originals = wanted.saturating_sub(doubles).min(kinds.len()).max(1);
    let mut things: Vec<Thing> = kinds[..originals]
        .iter()
        .enumerate()
        .map(|(twin, kind)| {
            let has_motif = dice.chance(0.3);
            Thing { kind, look: kind.look(dice, has_motif), name: String::new(), twin }
        })
        .collect();
    let mut twins = originals;
    for _ in 0..config.things.look_alikes.min(wanted - originals) {
        let model = things[dice.below(originals)].clone();
        let colours: Vec<&str> =
            things.iter().filter(|t| t.kind.name == model.kind.name).map(|t| t.look.colour.name).collect();
        let other =
            (0..12).map(|_| model.kind.look(dice, false)).find(|look| !colours.contains(&look.colour.name));
        let can_vary = model.kind.colours.is_empty() && model.kind.name != "book";
        let look = match other {
            Some(look) if !can_vary || dice.chance(0.6) => look,
            _ if can_vary => model.look.varied(dice),
            _ => continue,
        };
        let known = things.iter().find(|t| t.kind.name == model.kind.name && t.look == look).map(|t| t.twin);
        things.push(Thing { look, twin: known.unwrap_or(twins), ..model });
        twins += 1;
    }
    for _ in 0..config.things.repeated.min(wanted.saturating_sub(things.len())) {
        let model = things[dice.below(originals)].clone();
        things.push(model);
    }
    name(&mut things, dice);
    things
}

/// As few words as tell a thing apart; twins share theirs.
fn name(things: &mut [Thing], dice: &mut Dice) {
    let names: Vec<String> = things
        .iter()
        .map(|thing| {
            let others = |test: &dyn Fn(&Thing) -> bool| {
                things.iter().any(|o| o.twin != thing.twin && o.kind.name == thing.kind.name && test(o))
            };
            let (kind, colour) = (thing.kind.name, thing.look.colour.name);
            if !others(&|_| true) {
                return if kind == colour { kind.to_owned() } else { format!("{colour} {kind}") };
            }
            if !others(&|o| o.look.colour.name == colour) {
                return format!("{colour} {kind}");
            }
            let motif = thing.look.pattern.map_or("plain", |m| m.name);
            format!("{motif} {colour} {kind}")
        })
        .collect();
    // what is the only one of its kind often goes by that alone
    let mut short: Vec<(usize, bool)> = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let (kind, twin) = (things[index].kind.name, things[index].twin);
        let is_only = things.iter().all(|o| o.twin == twin || o.kind.name != kind);
        let is_short = match short.iter().find(|(t, _)| *t == twin) {
            Some((_, is_short)) => *is_short,
            None => {
                let is_short = is_only && dice.chance(0.6);
                short.push((twin, is_short));
                is_short
            }
        };
        things[index].name = if is_short { kind.to_owned() } else { name };
    }
}

fn empty(room: Room, things: Vec<Thing>, person: Option<Person>, config: &SynthConfig, dice: Dice) -> Script {
    let rest = Grasp { goal: Goal::Rest, curl: 0.35, over: 0.3, spread: 0.0 };
    let tracks = || vec![Track::new(0.0f32); things.len()];
    let open = vec![Track::new(0.0f32); room.containers.len()];
    Script {
        now: 0.0,
        lead: config.gaze.lead_secs,
        feet: Track::new(room.entrance),
        yaw: Track::new(0.0),
        lean: Track::new(0.0),
        aim: Track::new(Vec3::new(0.0, 1.2, -2.0)),
        hands: [Track::new(rest), Track::new(rest)],
        holds: vec![Vec::new(); things.len()],
        tilt: tracks(),
        turn: tracks(),
        open,
        lamp: Track::new(0.0),
        flickers: Vec::new(),
        rolls: Vec::new(),
        talks: Vec::new(),
        offer: Track::new(0.0),
        looks: Vec::new(),
        deeds: Vec::new(),
        here: None,
        lies: vec![None; things.len()],
        in_hand: [None; 2],
        room,
        things,
        person,
        dice,
    }
}

/// Puts every thing somewhere it fits; what fits nowhere is left at home.
fn lay_out(script: &mut Script) {
    let mut spots: Vec<(usize, usize)> = Vec::new();
    for (place, p) in script.room.places.iter().enumerate() {
        spots.extend((0..p.spots.len()).map(|spot| (place, spot)));
    }
    script.dice.shuffle(&mut spots);
    for thing in 0..script.things.len() {
        // three out of four lie in the open, and never more than half of a place is taken
        let is_open = script.dice.chance(0.75);
        let able = |wants_open: Option<bool>| {
            spots.iter().copied().find(|(place, spot)| {
                let p = &script.room.places[*place];
                let taken = script.things_in(*place).len();
                wants_open.is_none_or(|w| w == p.container.is_none())
                    && taken * 4 < p.spots.len() * 3
                    && !script.lies.contains(&Some((*place, *spot)))
                    && script.fits(thing, (*place, *spot))
            })
        };
        let Some(at) = able(Some(is_open)).or_else(|| able(None)) else { continue };
        lie(script, thing, at);
    }
    // what fits nowhere would have no pose
    for thing in (0..script.things.len()).rev() {
        if script.lies[thing].is_none() {
            script.things.remove(thing);
            script.lies.remove(thing);
            script.holds.remove(thing);
            script.tilt.remove(thing);
            script.turn.remove(thing);
        }
    }
}

fn lie(script: &mut Script, thing: usize, (place, spot): (usize, usize)) {
    let at = script.room.places[place].spots[spot];
    let container = script.room.places[place].container;
    let carries = container.filter(|c| script.room.containers[*c].carries);
    let yaw = at.yaw + script.dice.between(-0.4, 0.4) as f32;
    script.lies[thing] = Some((place, spot));
    script.holds[thing].push((-1.0, Hold::Lies { pos: at.pos, yaw, container: carries }));
}

/// What is always possible: to another place, and to look at what is there.
fn stroll(script: &mut Script) {
    let here = script.here;
    let open: Vec<usize> = (0..script.room.places.len())
        .filter(|p| script.room.places[*p].container.is_none() && Some(*p) != here)
        .collect();
    let Some(place) = script.dice.pick(&open).copied() else { return script.wait(1.0) };
    script.walk_to(place);
    script.survey(place);
    script.wait(0.5);
}

/// A thing to inspect later in a place already visited.
struct Revisit {
    place: usize,
    thing: usize,
    not_before: f64,
}

fn act(script: &mut Script, config: &SynthConfig) {
    let length = config.clip.length_secs;
    let mut revisits: Vec<Revisit> = Vec::new();
    let gaze_gap = 60.0 / config.story.gaze_only_per_minute.max(1e-6);
    let mut next_gaze = script.dice.between(0.05, 0.4) * gaze_gap;
    let mut has_talked = false;
    let mut fruitless = 0;
    look_around(script);
    while script.now + LAST_START_SECS < length {
        let before = script.now;
        let has_gaze = script.now > next_gaze && script.now + 24.0 < length;
        if let Some(at) = revisits.iter().position(|r| r.not_before < script.now) {
            let r = revisits.swap_remove(at);
            revisit(script, &r);
        } else if has_gaze && first_visit(script, &mut revisits) {
            next_gaze += gaze_gap;
        } else {
            episode(script, &mut has_talked, length);
        }
        if script.now - before < 0.05 {
            fruitless += 1;
            if fruitless > PATIENCE {
                stroll(script);
            }
        } else {
            fruitless = 0;
            let rest = (script.now - before) * (1.0 / config.story.pace - 1.0);
            let secs = script.dice.between(0.5, 1.5) * rest + 0.15;
            script.wait(secs);
        }
    }
    // time that is left is spent looking at the nearest place
    if script.now + 2.5 < length
        && let Some(place) = script.here
    {
        script.survey(place);
    }
    distract(script, config);
    script.deeds.retain(|d| d.end < length - 0.1);
    script.deeds.sort_by(|a, b| a.look.total_cmp(&b.look));
}

fn look_around(script: &mut Script) {
    let ahead: Vec<Vec3> =
        script.room.places.iter().filter(|p| p.forward.z < 0.5).map(|p| p.centre).collect();
    let mut time = 0.0;
    for _ in 0..2 {
        let Some(point) = script.dice.pick(&ahead).copied() else { break };
        let secs = script.dice.between(0.35, 0.6);
        script.glance(time, time + secs, Sight::Point(point));
        time += secs;
    }
    script.now = time;
}

fn free_hand(script: &mut Script) -> usize {
    let wanted = usize::from(script.dice.chance(0.7));
    if script.in_hand[wanted].is_none() { wanted } else { 1 - wanted }
}

/// One thing after another, by lot.
fn episode(script: &mut Script, has_talked: &mut bool, length: f64) {
    let left = length - script.now;
    match script.dice.below(20) {
        0..=7 => fetch(script, left),
        8..=10 => pour(script, left),
        11..=13 => work(script, left),
        14 => survey(script),
        15 | 16 => look_inside(script),
        17 => lamp(script),
        _ if *has_talked || script.person.is_none() => fetch(script, left),
        _ if left > 14.0 => {
            *has_talked = true;
            meet(script);
        }
        _ => survey(script),
    }
}

/// Opens the container of a place if there is one, with a hand that is free.
fn enter(script: &mut Script, place: usize, hand: usize) -> bool {
    script.walk_to(place);
    match script.room.places[place].container {
        Some(c) if !script.is_open(c) => {
            script.swing(c, hand, true);
            true
        }
        _ => false,
    }
}

fn leave(script: &mut Script, place: usize, hand: usize, always: bool) {
    let Some(container) = script.room.places[place].container else { return };
    if script.is_open(container) && (always || script.dice.chance(0.75)) {
        script.swing(container, hand, false);
    }
}

fn destination(script: &mut Script, thing: usize, not: usize) -> Option<(usize, usize)> {
    let wants_inside = script.dice.chance(0.35);
    let mut places: Vec<usize> = (0..script.room.places.len()).filter(|p| *p != not).collect();
    script.dice.shuffle(&mut places);
    places.sort_by_key(|p| script.room.places[*p].container.is_some() != wants_inside);
    places.into_iter().find_map(|place| {
        let spot = script.free_spots(place).into_iter().find(|spot| script.fits(thing, (place, *spot)))?;
        Some((place, spot))
    })
}

fn carryable(script: &mut Script) -> Option<usize> {
    let able: Vec<usize> = (0..script.things.len()).filter(|t| script.lies[*t].is_some()).collect();
    script.dice.pick(&able).copied()
}

fn fetch(script: &mut Script, left: f64) {
    let Some(thing) = carryable(script) else { return };
    fetch_this(script, thing, left);
}

fn fetch_this(script: &mut Script, thing: usize, left: f64) {
    let Some((from, _)) = script.lies[thing] else { return };
    let Some(to) = destination(script, thing, from) else { return };
    let doors = [from, to.0].iter().filter(|p| script.room.places[**p].container.is_some()).count();
    if left < 12.0 + 5.0 * doors as f64 {
        return;
    }
    let hand = free_hand(script);
    enter(script, from, 1 - hand);
    script.pick_up(thing, hand);
    leave(script, from, 1 - hand, false);
    enter(script, to.0, 1 - hand);
    script.put_down(hand, to);
    leave(script, to.0, 1 - hand, false);
}

fn of_role(script: &Script, is: impl Fn(Role) -> bool) -> Vec<usize> {
    let reach =
        |t: &usize| script.lies[*t].is_some_and(|(place, _)| script.room.places[place].container.is_none());
    (0..script.things.len()).filter(|t| is(script.things[*t].kind.role)).filter(reach).collect()
}

fn pour(script: &mut Script, left: f64) {
    let sources = of_role(script, |r| r == Role::Pours);
    let vessels = of_role(script, |r| r == Role::Holds);
    let (Some(source), Some(vessel)) =
        (script.dice.pick(&sources).copied(), script.dice.pick(&vessels).copied())
    else {
        return;
    };
    let (Some((from, spot)), Some((to, _))) = (script.lies[source], script.lies[vessel]) else { return };
    if left < 16.0 {
        return;
    }
    let hand = free_hand(script);
    script.walk_to(from);
    script.pick_up(source, hand);
    script.walk_to(to);
    script.pour(hand, vessel);
    let back = match to == from {
        true => Some((from, spot)),
        false => script.free_spots(to).into_iter().find(|s| script.fits(source, (to, *s))).map(|s| (to, s)),
    };
    let (place, spot) = back.unwrap_or((from, spot));
    script.walk_to(place);
    script.put_down(hand, (place, spot));
}

fn work(script: &mut Script, left: f64) {
    let tools = of_role(script, |r| matches!(r, Role::Tool(_)));
    let Some(tool) = script.dice.pick(&tools).copied() else { return };
    let Role::Tool(work) = script.things[tool].kind.role else { return };
    let Some((from, spot)) = script.lies[tool] else { return };
    if left < 14.0 {
        return;
    }
    let on: Option<usize> = match work {
        Work::Rub if script.things[tool].kind.name == "cloth" => None,
        Work::Turn if script.things[tool].kind.name == "spoon" => {
            let vessels = of_role(script, |r| r == Role::Holds);
            script.dice.pick(&vessels).copied()
        }
        _ => {
            let pieces: Vec<usize> = of_role(script, |r| r == Role::Plain);
            let able: Vec<usize> = pieces
                .into_iter()
                .filter(|t| ["material", "box", "device", "toy"].contains(&script.things[*t].kind.group))
                .collect();
            script.dice.pick(&able).copied()
        }
    };
    let is_cloth = script.things[tool].kind.name == "cloth";
    if on.is_none() && !is_cloth {
        return;
    }
    let hand = free_hand(script);
    script.walk_to(from);
    script.pick_up(tool, hand);
    let at = match on.and_then(|t| script.lies[t]) {
        Some((place, _)) => place,
        None => from,
    };
    script.walk_to(at);
    script.work(hand, work, on, at);
    script.walk_to(from);
    script.put_down(hand, (from, spot));
}

fn survey(script: &mut Script) {
    let able: Vec<usize> = (0..script.room.places.len())
        .filter(|p| script.room.places[*p].container.is_none() && script.things_in(*p).len() >= 2)
        .collect();
    let Some(place) = script.dice.pick(&able).copied() else { return };
    script.walk_to(place);
    script.survey(place);
}

fn look_inside(script: &mut Script) {
    let able: Vec<usize> = (0..script.room.containers.len()).filter(|c| !script.is_open(*c)).collect();
    let Some(container) = script.dice.pick(&able).copied() else { return };
    let place = script.room.containers[container].place;
    let hand = free_hand(script);
    enter(script, place, hand);
    if script.things_in(place).is_empty() {
        script.wait(0.8);
    } else {
        script.survey(place);
    }
    leave(script, place, hand, false);
}

fn lamp(script: &mut Script) {
    let Some(place) = script.room.lamp.as_ref().map(|l| l.place) else { return };
    script.walk_to(place);
    let hand = free_hand(script);
    script.switch_lamp(hand);
}

fn meet(script: &mut Script) {
    if script.dice.chance(0.45)
        && let Some(thing) = carryable(script)
    {
        let Some((place, _)) = script.lies[thing] else { return };
        if script.is_within_reach(place) {
            let hand = free_hand(script);
            script.walk_to(place);
            script.pick_up(thing, hand);
            script.give(hand);
            return;
        }
    }
    let secs = script.dice.between(2.8, 4.8);
    script.talk(secs);
}

/// Two things that lie open in one place and go by different names.
fn first_visit(script: &mut Script, revisits: &mut Vec<Revisit>) -> bool {
    let mut places: Vec<usize> =
        (0..script.room.places.len()).filter(|p| script.room.places[*p].container.is_none()).collect();
    script.dice.shuffle(&mut places);
    for place in places {
        let mut things = script.things_in(place);
        script.dice.shuffle(&mut things);
        let Some(first) = things.first().copied() else { continue };
        let other = things.iter().copied().find(|t| script.things[*t].name != script.things[first].name);
        let Some(second) = other else { continue };
        script.walk_to(place);
        let secs = script.dice.between(1.6, 2.8);
        script.inspect(first, secs);
        let not_before = script.now + script.dice.between(4.0, 12.0);
        revisits.push(Revisit { place, thing: second, not_before });
        return true;
    }
    false
}

fn revisit(script: &mut Script, revisit: &Revisit) {
    // it may have been carried away meanwhile
    if script.lies[revisit.thing].is_none_or(|(place, _)| place != revisit.place) {
        return;
    }
    script.walk_to(revisit.place);
    let secs = script.dice.between(1.6, 2.8);
    script.inspect(revisit.thing, secs);
}

/// What happens without the wearer's doing; the eyes follow some of it.
fn distract(script: &mut Script, config: &SynthConfig) {
    let length = config.clip.length_secs;
    let wanted = config.story.distractors_per_minute * length / 60.0;
    let count = wanted as usize + usize::from(script.dice.chance(wanted.fract()));
    let mut times: Vec<f64> = (0..count).map(|_| script.dice.between(3.0, length - 4.0)).collect();
    times.sort_by(f64::total_cmp);
    let mut last = -10.0;
    for time in times {
        if time - last < 5.0 {
            continue;
        }
        last = time;
        let is_ball = !config.picture.light_changes || script.dice.chance(0.55);
        let (verb, secs) = if is_ball { (Verb::BallRolls, 3.0) } else { (Verb::LightFlickers, 1.1) };
        if is_ball {
            script.rolls.push((time, time + secs));
            let is_busy = script.looks.iter().any(|l| l.from < time + 1.3 && l.until > time + 0.2);
            if !is_busy {
                script.glance(time + 0.25, time + 1.2, Sight::Ball);
            }
        } else {
            script.flickers.push((time, time + secs));
        }
        script.deeds.push(Deed {
            verb,
            thing: None,
            other: None,
            place: None,
            container: None,
            look: time,
            onset: time,
            contact: time,
            end: time + secs,
        });
    }
    script.looks.sort_by(|a, b| a.from.total_cmp(&b.from));
}
