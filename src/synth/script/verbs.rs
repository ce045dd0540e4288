//! The wearer's verbs. Each is written at the script's end and moves it on.

use glam::{Vec3, vec3};

use super::{Deed, Glance, Goal, Grasp, Hold, Script, Sight, SpotId, Verb, over, spread};
use crate::synth::goods::Work;
use crate::synth::motion::{angles, near_angle};

/// Metres a second on the way from place to place.
const PACE: f64 = 0.85;
const REACH_SECS: f64 = 0.7;
const LIFT_SECS: f64 = 0.55;

const REST: Grasp = Grasp { goal: Goal::Rest, curl: 0.35, over: 0.3, spread: 0.0 };

impl Script {
    fn deed(&mut self, verb: Verb, thing: Option<usize>, times: [f64; 4]) -> &mut Deed {
        let [look, onset, contact, end] = times;
        let deed = Deed { verb, thing, other: None, place: None, container: None, look, onset, contact, end };
        self.deeds.push(deed);
        let last = self.deeds.len() - 1;
        &mut self.deeds[last]
    }

    pub fn glance(&mut self, from: f64, until: f64, sight: Sight) {
        self.looks.push(Glance { from, until, sight });
    }

    fn aim_at(&mut self, time: f64, secs: f64, point: Vec3) {
        self.aim.go(time, time + secs, point);
    }

    /// The hand starts this long after the eyes.
    fn lead(&mut self) -> f64 {
        (self.lead + 0.07 * self.dice.normal()).max(0.25)
    }

    pub fn wait(&mut self, secs: f64) {
        self.now += secs;
    }

    /// To where a place can be used; the head turns first, the eyes even before it.
    pub fn walk_to(&mut self, place: usize) {
        let (stand, forward, centre, container) = {
            let p = &self.room.places[place];
            (p.stand, p.forward, p.centre, p.container)
        };
        self.walk(stand, forward, centre, Some(place));
        if self.here == Some(place) && container.is_some() {
            self.aim_at(self.now, 0.4, centre);
        }
    }

    fn walk(&mut self, stand: Vec3, forward: Vec3, aim: Vec3, place: Option<usize>) {
        let from = self.feet.last();
        let length = f64::from(from.distance(stand));
        let yaw = near_angle(angles(forward)[0], self.yaw.last());
        let turn = f64::from((yaw - self.yaw.last()).abs());
        let start = self.now;
        self.here = place;
        if length < 0.05 && turn < 0.05 {
            self.aim_at(start, 0.35, aim);
            self.now += 0.2;
            return;
        }
        let secs = (0.5 + length / PACE).max(0.45 + 0.5 * turn);
        // eyes to where the way leads, then the head, then the feet
        let far = aim;
        self.glance(start, start + 0.35 * secs, Sight::Point(far));
        self.aim_at(start + 0.06, 0.45 + 0.25 * turn.min(2.0), far + Vec3::Y * 0.25);
        self.feet.go(start + 0.15, start + 0.15 + secs, stand);
        self.yaw.go(start + 0.1, start + 0.15 + 0.8 * secs, yaw);
        self.aim_at(start + 0.15 + 0.6 * secs, 0.4 * secs, aim);
        self.now += 0.2 + secs;
        let end = self.now;
        self.deed(Verb::Walk, None, [start, start + 0.15, start + 0.15, end]).place = place;
    }

    /// Where a thing lies now.
    fn lying(&self, thing: usize) -> (Vec3, f32) {
        match self.holds[thing].last() {
            Some((_, Hold::Lies { pos, yaw, container })) => {
                let moved = container.map_or(*pos, |c| self.carried(c, *pos));
                (moved, *yaw)
            }
            _ => (Vec3::ZERO, 0.0),
        }
    }

    /// Where something in a drawer is while the drawer stands as it does.
    fn carried(&self, container: usize, pos: Vec3) -> Vec3 {
        let c = &self.room.containers[container];
        let open = self.open[container].last();
        let from = c.pose(0.0).inverse();
        (c.pose(open) * from).transform_point3(pos)
    }

    fn bow(&mut self, from: f64, until: f64, amount: f32) {
        self.lean.go(from, until, amount);
    }

    pub fn pick_up(&mut self, thing: usize, hand: usize) {
        let kind = self.things[thing].kind;
        let place = self.lies[thing].map(|(p, _)| p);
        let container = place.and_then(|p| self.room.places[p].container);
        let (pos, yaw) = self.lying(thing);
        let grip = pos + glam::Quat::from_rotation_y(yaw) * kind.grip;
        let look = self.now;
        let onset = look + self.lead();
        let contact = onset + REACH_SECS;
        let held = contact + 0.18;
        let end = held + LIFT_SECS;
        self.aim_at(look + 0.05, 0.4, pos);
        self.bow(onset, contact, 0.16);
        let grasp = |goal, curl| Grasp { goal, curl, over: over(kind), spread: spread(kind) };
        self.hands[hand].go(onset, contact, grasp(Goal::At(grip), 0.12));
        self.hands[hand].go(contact, held, grasp(Goal::At(grip), closing(thing_curl(kind))));
        self.hands[hand].go(held, end, grasp(Goal::Carry, closing(thing_curl(kind))));
        self.bow(held, end, 0.0);
        self.holds[thing].push((held, Hold::Held { hand }));
        self.turn[thing].go(held, held, yaw - self.yaw.last());
        let stays = self.dice.between(0.1, 0.35);
        self.glance(look, contact + stays, Sight::Thing(thing));
        self.lies[thing] = None;
        self.in_hand[hand] = Some(thing);
        let deed = self.deed(Verb::PickUp, Some(thing), [look, onset, contact, end]);
        deed.place = place;
        deed.container = container;
        self.now = end;
    }

    pub fn put_down(&mut self, hand: usize, (place, spot): SpotId) {
        let Some(thing) = self.in_hand[hand] else { return };
        let kind = self.things[thing].kind;
        let container = self.room.places[place].container;
        let there = self.room.places[place].spots[spot];
        let look = self.now;
        let onset = look + self.lead();
        let contact = onset + REACH_SECS + 0.1;
        let end = contact + 0.2;
        let yaw = there.yaw + self.dice.between(-0.35, 0.35) as f32;
        // the spots of an open drawer are where it has taken them
        let pos = match container {
            Some(c) if self.room.containers[c].carries => self.carried(c, there.pos),
            _ => there.pos,
        };
        let grip = pos + glam::Quat::from_rotation_y(yaw) * kind.grip;
        self.aim_at(look + 0.05, 0.4, pos);
        self.bow(onset, contact, 0.16);
        let grasp = |goal, curl| Grasp { goal, curl, over: over(kind), spread: spread(kind) };
        let curl = closing(thing_curl(kind));
        self.hands[hand].go(onset, contact, grasp(Goal::At(grip), curl));
        self.hands[hand].go(contact, end, grasp(Goal::At(grip), 0.12));
        self.hands[hand].go(end, end + LIFT_SECS, REST);
        self.bow(end, end + LIFT_SECS, 0.0);
        // the thing turns in the hand on its way
        let held = self.turn[thing].last();
        self.turn[thing].go(onset, contact, near_angle(yaw - self.yaw.last(), held));
        let carries = container.filter(|c| self.room.containers[*c].carries);
        // remembered as it lies while the drawer is shut
        let shut = if carries.is_some() { there.pos } else { pos };
        self.holds[thing].push((contact, Hold::Lies { pos: shut, yaw, container: carries }));
        let leaves = self.dice.between(-0.1, 0.15);
        self.glance(look, end - leaves, Sight::Point(pos + Vec3::Y * 0.03));
        self.lies[thing] = Some((place, spot));
        self.in_hand[hand] = None;
        let deed = self.deed(Verb::PutDown, Some(thing), [look, onset, contact, end + 0.2]);
        deed.place = Some(place);
        deed.container = container;
        self.now = end + 0.3;
    }

    /// Opens or shuts a container with a free hand.
    pub fn swing(&mut self, container: usize, hand: usize, is_open: bool) {
        let target = if is_open { 1.0 } else { 0.0 };
        let look = self.now;
        let onset = look + self.lead();
        let contact = onset + 0.6;
        let moved = contact + 0.95;
        let end = moved + 0.2;
        let handle = self.room.containers[container].handle_at(self.open[container].last());
        let opened = self.room.containers[container].handle_at(target);
        self.aim_at(look + 0.05, 0.4, handle);
        let grasp = |goal, curl| Grasp { goal, curl, over: 0.6, spread: 0.005 };
        let kept = self.hands[hand].last();
        self.hands[hand].go(onset, contact, grasp(Goal::Handle(container), 0.2));
        self.hands[hand].go(contact, contact + 0.15, grasp(Goal::Handle(container), 0.85));
        self.hands[hand].go(moved, end, grasp(Goal::Handle(container), 0.2));
        self.hands[hand].go(end, end + 0.5, if self.in_hand[hand].is_some() { kept } else { REST });
        self.bow(onset, contact, 0.1);
        self.bow(end, end + 0.4, 0.0);
        self.open[container].go(contact + 0.15, moved, target);
        self.glance(look, contact + 0.25, Sight::Handle(container));
        let inside = self.room.places[self.room.containers[container].place].centre;
        if is_open {
            self.glance(contact + 0.5, end, Sight::Point(inside.lerp(opened, 0.2)));
            self.aim_at(contact + 0.4, 0.5, inside);
        }
        let verb = if is_open { Verb::Open } else { Verb::Close };
        let place = self.room.containers[container].place;
        let deed = self.deed(verb, None, [look, onset, contact, moved]);
        deed.container = Some(container);
        deed.place = Some(place);
        self.now = end;
    }

    /// Pours from what a hand holds into a vessel that stands within reach.
    pub fn pour(&mut self, hand: usize, vessel: usize) {
        let Some(source) = self.in_hand[hand] else { return };
        let (pos, _) = self.lying(vessel);
        let kind = self.things[source].kind;
        let side = if hand == 0 { -1.0 } else { 1.0 };
        let forward = crate::synth::motion::direction([self.yaw.last(), 0.0]);
        let right = forward.cross(Vec3::Y);
        let lift = super::height(self.things[vessel].kind) + super::height(kind) * 0.75 + 0.05;
        let at = pos + Vec3::Y * lift + right * (side * 0.11);
        let look = self.now;
        let onset = look + self.lead();
        let contact = onset + REACH_SECS;
        let pours = self.dice.between(1.3, 2.4);
        let done = contact + 0.45 + pours;
        let end = done + 0.5;
        self.aim_at(look + 0.05, 0.4, pos + Vec3::Y * 0.1);
        self.bow(onset, contact, 0.1);
        let curl = closing(thing_curl(kind));
        let grasp = |goal| Grasp { goal, curl, over: over(kind), spread: spread(kind) };
        self.hands[hand].go(onset, contact, grasp(Goal::At(at)));
        self.tilt[source].go(contact, contact + 0.45, -side * 1.75);
        self.tilt[source].go(done, done + 0.4, 0.0);
        self.hands[hand].go(done + 0.2, end + 0.2, grasp(Goal::Carry));
        self.bow(done + 0.2, end + 0.2, 0.0);
        self.glance(look, done, Sight::Thing(vessel));
        let place = self.lies[vessel].map(|(p, _)| p);
        let deed = self.deed(Verb::Pour, Some(source), [look, onset, contact, done + 0.3]);
        deed.other = Some(vessel);
        deed.place = place;
        self.now = end + 0.25;
    }

    /// Works with the tool in a hand on a thing that lies within reach, or on the surface.
    pub fn work(&mut self, hand: usize, work: Work, on: Option<usize>, place: usize) {
        let Some(tool) = self.in_hand[hand] else { return };
        let kind = self.things[tool].kind;
        let (pos, top) = match on {
            Some(thing) => (self.lying(thing).0, super::height(self.things[thing].kind)),
            None => (self.room.places[place].centre - Vec3::Y * 0.05, 0.0),
        };
        let forward = crate::synth::motion::direction([self.yaw.last(), 0.0]);
        let right = forward.cross(Vec3::Y);
        let side = if hand == 0 { -1.0 } else { 1.0 };
        let (verb, way, hertz, lift) = match work {
            Work::Strike => (Verb::Strike, vec3(0.0, 0.09, 0.0), 1.6, 0.1),
            Work::Turn => (Verb::Turn, right * 0.018 + forward * 0.012, 1.3, 0.06),
            Work::Rub => (Verb::Wipe, right * 0.13, 1.1, 0.025),
        };
        let at = pos + Vec3::Y * (top + lift) - forward * 0.03 + right * (side * 0.05);
        let look = self.now;
        let onset = look + self.lead();
        let contact = onset + REACH_SECS;
        let done = contact + self.dice.between(2.0, 3.6);
        let curl = closing(thing_curl(kind));
        let grasp = |goal| Grasp { goal, curl, over: over(kind), spread: spread(kind) };
        self.aim_at(look + 0.05, 0.4, pos);
        self.bow(onset, contact, 0.12);
        let around = Goal::Around { at, way, hertz, since: contact };
        self.hands[hand].go(onset, contact, grasp(around));
        if work == Work::Strike {
            self.tilt[tool].go(onset, contact, 0.25);
            self.tilt[tool].go(done, done + 0.3, 0.0);
        }
        self.hands[hand].go(done, done + LIFT_SECS, grasp(Goal::Carry));
        self.bow(done, done + LIFT_SECS, 0.0);
        let sight = on.map_or(Sight::Point(pos), Sight::Thing);
        self.glance(look, done - 0.1, sight);
        let deed = self.deed(verb, Some(tool), [look, onset, contact, done]);
        deed.other = on;
        deed.place = Some(place);
        self.now = done + LIFT_SECS;
    }

    /// The eyes rest on one thing; the head stays on the middle of the place.
    pub fn inspect(&mut self, thing: usize, secs: f64) {
        let Some((place, _)) = self.lies[thing] else { return };
        let look = self.now;
        let end = look + secs;
        let centre = self.room.places[place].centre;
        self.aim_at(look, 0.3, centre);
        self.glance(look, end, Sight::Thing(thing));
        self.deed(Verb::Inspect, Some(thing), [look, look, look + 0.2, end]).place = Some(place);
        self.now = end + 0.1;
    }

    /// The eyes visit everything in a place.
    pub fn survey(&mut self, place: usize) {
        let things = self.things_in(place);
        let look = self.now;
        let mut time = look;
        let centre = self.room.places[place].centre;
        self.aim_at(look, 0.35, centre);
        for thing in &things {
            let secs = self.dice.between(0.4, 0.7);
            self.glance(time, time + secs, Sight::Thing(*thing));
            time += secs;
        }
        self.deed(Verb::Survey, None, [look, look, look + 0.2, time]).place = Some(place);
        self.now = time + 0.1;
    }

    pub fn switch_lamp(&mut self, hand: usize) {
        let Some(lamp) = &self.room.lamp else { return };
        let (place, switch) = (lamp.place, lamp.switch);
        let is_on = self.lamp.last() > 0.5;
        let look = self.now;
        let onset = look + self.lead();
        let contact = onset + REACH_SECS;
        let end = contact + 0.3;
        let front = switch - self.room.places[place].forward * 0.05;
        self.aim_at(look + 0.05, 0.4, switch + Vec3::Y * 0.1);
        self.bow(onset, contact, 0.16);
        let grasp = |goal, curl| Grasp { goal, curl, over: 0.8, spread: 0.0 };
        let kept = self.hands[hand].last();
        self.hands[hand].go(onset, contact, grasp(Goal::At(front), 0.4));
        self.hands[hand].go(contact, contact + 0.15, grasp(Goal::At(front), 0.55));
        self.hands[hand].go(end, end + LIFT_SECS, if self.in_hand[hand].is_some() { kept } else { REST });
        self.bow(end, end + LIFT_SECS, 0.0);
        self.lamp.go(contact + 0.12, contact + 0.17, if is_on { 0.0 } else { 1.0 });
        self.glance(look, contact + 0.35, Sight::Lamp);
        let verb = if is_on { Verb::SwitchOff } else { Verb::SwitchOn };
        self.deed(verb, None, [look, onset, contact, end]).place = Some(place);
        self.now = end + 0.3;
    }

    /// To the other person, and a few words.
    pub fn talk(&mut self, secs: f64) {
        let Some(face) = self.meet_person() else { return };
        let look = self.now;
        let end = look + secs;
        self.aim_at(look, 0.4, face - Vec3::Y * 0.1);
        self.talks.push((look + 0.3, end));
        self.faces(look, end);
        self.deed(Verb::Talk, None, [look, look, look + 0.3, end]);
        self.now = end + 0.1;
    }

    /// Hands over what a hand holds.
    pub fn give(&mut self, hand: usize) {
        let Some(thing) = self.in_hand[hand] else { return };
        let Some(face) = self.meet_person() else { return };
        let Some(out) = self.person.as_ref().map(|p| p.hand_out()) else { return };
        let kind = self.things[thing].kind;
        let look = self.now;
        let onset = look + 0.5;
        let contact = onset + 0.9;
        let end = contact + 0.8;
        self.aim_at(look, 0.4, face.lerp(out, 0.5));
        self.glance(look, onset + 0.2, Sight::Face);
        self.glance(onset + 0.2, contact + 0.1, Sight::Thing(thing));
        self.glance(contact + 0.1, end, Sight::Face);
        let grasp = |goal, curl| Grasp { goal, curl, over: over(kind), spread: spread(kind) };
        let curl = closing(thing_curl(kind));
        self.bow(onset, contact, 0.1);
        self.hands[hand].go(onset, contact, grasp(Goal::At(out), curl));
        self.hands[hand].go(contact + 0.15, contact + 0.3, grasp(Goal::At(out), 0.1));
        self.hands[hand].go(contact + 0.3, contact + 0.9, REST);
        self.bow(contact + 0.3, contact + 0.9, 0.0);
        self.offer.go(onset - 0.1, contact - 0.1, 1.0);
        self.offer.go(contact + 0.4, contact + 1.3, 0.0);
        self.holds[thing].push((contact + 0.15, Hold::Given { yaw: self.yaw.last() }));
        self.talks.push((look + 0.2, end + 0.4));
        self.in_hand[hand] = None;
        self.deed(Verb::Give, Some(thing), [look, onset, contact, end]);
        self.now = end + 0.5;
    }

    fn meet_person(&mut self) -> Option<Vec3> {
        let face = self.person.as_ref()?.face();
        let [stand, before] = self.room.person;
        let forward = (stand - before).with_y(0.0).normalize_or(Vec3::Z);
        self.walk(before, forward, face - Vec3::Y * 0.15, None);
        Some(face)
    }

    /// Mostly the face, now and then aside, as people do.
    fn faces(&mut self, from: f64, until: f64) {
        let mut time = from;
        while time < until {
            let secs = self.dice.between(0.8, 1.9);
            self.glance(time, (time + secs).min(until), Sight::Face);
            time += secs + self.dice.between(0.25, 0.6);
        }
    }
}

fn thing_curl(kind: &crate::synth::goods::Kind) -> f32 {
    1.0 - spread(kind) / 0.075
}

fn closing(curl: f32) -> f32 {
    curl.clamp(0.3, 0.9)
}
