//! Widgets, driven through their accessible names and the mouse, without app state.
//!
//! `GAZENLQ_PICTURES=dir` also writes what they look like, for people to judge.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use egui::{Event, Modifiers, MouseWheelSource, MouseWheelUnit, Pos2, TouchPhase, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use gazenlq::grounding::Moment;
use gazenlq::time::{MediaTime, TimeRange};
use gazenlq::video::FrameTable;
use gazenlq::view::fonts;
use gazenlq::view::mapping_form::{MappingEvent, MappingForm, mapping_ui};
use gazenlq::view::moments::{FOUND_IOU, MomentEvent, Truths, moments_ui};
use gazenlq::view::notices::{Notice, Severity, notices_ui};
use gazenlq::view::theme::{self, ThemeChoice};
use gazenlq::view::timeline::{
    Block, Lane, LaneContent, OwnEvent, Piece, TimelineEvent, TimelineModel, TimelineView, timeline_ui,
};

const CLIP_SECS: f64 = 100.0;

fn secs(secs: f64) -> MediaTime {
    MediaTime::from_secs(secs)
}

fn block(start: f64, end: f64, text: &str, rank: usize) -> Block {
    let colours = theme::palette(true);
    let is_truth = text == "annotated";
    Block {
        range: TimeRange::from_secs(start, end),
        text: text.into(),
        colour: if is_truth { colours.truth } else { colours.ranked(rank) },
        is_hatched: is_truth,
        is_chosen: rank == 0 && !is_truth,
    }
}

fn lane(label: &str, height: f32, content: LaneContent) -> Lane {
    Lane { label: label.into(), height, content, is_in_overview: true }
}

fn lanes() -> Vec<Lane> {
    let curve = (0..400).map(|i| {
        let t = f64::from(i) * CLIP_SECS / 400.0;
        let bump = |at: f64, width: f64| (-((t - at) / width).powi(2)).exp();
        (secs(t), (0.18 + 0.7 * bump(42.0, 5.0) + 0.4 * bump(75.0, 3.0) + 0.05 * (t * 2.1).sin()) as f32)
    });
    let warning = theme::palette(true).warning;
    vec![
        lane("Truth", 22.0, LaneContent::Moments(vec![block(38.0, 47.0, "annotated", 9)])),
        lane(
            "Moments",
            24.0,
            LaneContent::Moments(vec![
                block(40.0, 46.0, "1  0.92", 0),
                block(72.0, 78.0, "2  0.61", 1),
                block(10.0, 14.0, "3  0.40", 2),
            ]),
        ),
        lane("Similarity", 40.0, LaneContent::Curve(curve.collect())),
        lane(
            "Gaze gaps",
            16.0,
            LaneContent::Band(vec![
                (TimeRange::from_secs(20.0, 26.0), warning),
                (TimeRange::from_secs(61.0, 61.3), warning),
            ]),
        ),
    ]
}

/// A timeline of 900 points: x = 96 is the start of the clip, x = 900 its end.
struct Timeline {
    harness: Harness<'static>,
    events: Rc<RefCell<Vec<TimelineEvent>>>,
    view: Rc<RefCell<TimelineView>>,
}

impl Timeline {
    fn new(lanes: Vec<Lane>) -> Self {
        let (events, view) =
            (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(TimelineView::default())));
        view.borrow_mut().set_frames(Some(&Arc::new(FrameTable::uniform(3000, 30.0, 30))));
        let (sink, shared) = (Rc::clone(&events), Rc::clone(&view));
        let mut harness =
            Harness::builder().with_size(vec2(900.0, 260.0)).with_step_dt(1.0 / 60.0).build_ui(move |ui| {
                theme::apply(ui.ctx(), ThemeChoice::Dark);
                let model = TimelineModel {
                    clip: TimeRange::from_secs(0.0, CLIP_SECS),
                    now: secs(30.0),
                    range: None,
                    loop_range: None,
                    window: None,
                    lanes: &lanes,
                    focused: None,
                };
                sink.borrow_mut().extend(timeline_ui(ui, &model, &mut shared.borrow_mut()));
            });
        harness.run();
        Self { harness, events, view }
    }

    fn at(&self, time: f64, y: f32) -> Pos2 {
        let rect = self.harness.get_by_label("Timeline").rect();
        let left = rect.left() + 96.0;
        pos2(left + (time / CLIP_SECS) as f32 * (rect.right() - left), rect.top() + y)
    }

    fn press(&mut self, pos: Pos2, pressed: bool, modifiers: Modifiers) {
        let button = egui::PointerButton::Primary;
        self.harness.event_modifiers(Event::PointerMoved(pos), modifiers);
        self.harness.event_modifiers(Event::PointerButton { pos, button, pressed, modifiers }, modifiers);
        self.harness.run_ok();
    }

    /// Press, move and let go, with the keys held all the while.
    fn drag(&mut self, from: Pos2, to: Pos2, modifiers: Modifiers) {
        self.press(from, true, modifiers);
        self.harness.event_modifiers(Event::PointerMoved(to), modifiers);
        self.harness.run_ok();
        self.press(to, false, modifiers);
    }

    fn wheel(&mut self, pos: Pos2, delta: f32, modifiers: Modifiers) {
        self.harness.hover_at(pos);
        let (unit, delta, phase) = (MouseWheelUnit::Line, vec2(0.0, delta), TouchPhase::Move);
        self.harness.event_modifiers(
            Event::MouseWheel { unit, delta, phase, modifiers, source: MouseWheelSource::Wheel },
            modifiers,
        );
        self.harness.run_steps(30);
    }

    fn take(&self) -> Vec<TimelineEvent> {
        self.events.take()
    }
}

fn is_near(time: MediaTime, wanted: f64) -> bool {
    (time.secs() - wanted).abs() < 0.2
}

/// A lane with one moment of the reader's, from 50 to 60 s, above a predicted one from 62 to 70 s.
fn own_lanes() -> Vec<Lane> {
    let piece = Piece { id: 7, is_mine: true, block: block(50.0, 60.0, "Where is it?", 3) };
    vec![
        lane("Mine", 24.0, LaneContent::Own(vec![piece])),
        lane("Moments", 24.0, LaneContent::Moments(vec![block(62.0, 70.0, "1  0.92", 0)])),
    ]
}

/// Where a lane's middle is, below ruler and overview.
fn y_of(timeline: &Timeline, label: &str) -> f32 {
    let rect = timeline.harness.get_by_label_contains(label).rect();
    rect.center().y - timeline.harness.get_by_label("Timeline").rect().top()
}

/// Ranges that the moment went through, and how the drag ended.
fn drags(events: &[TimelineEvent]) -> (Vec<(TimeRange, bool)>, Option<OwnEvent>) {
    let own = |event: &TimelineEvent| match event {
        TimelineEvent::Own(event) => Some(*event),
        _ => None,
    };
    let ranges = events.iter().filter_map(own).filter_map(|event| match event {
        OwnEvent::Drag { id: 7, range, is_trim, .. } => Some((range, is_trim)),
        _ => None,
    });
    let end = events.iter().rev().filter_map(own).next();
    (ranges.collect(), end)
}

#[test]
fn ones_own_moment_is_moved_by_its_body_and_sticks_to_its_neighbour() {
    let mut timeline = Timeline::new(own_lanes());
    let y = y_of(&timeline, "Mine: Where is it?");
    // two seconds are sixteen points; the end comes within reach of the prediction's start
    let (from, to) = (timeline.at(55.0, y), timeline.at(56.7, y));
    timeline.drag(from, to, Modifiers::NONE);
    let events = timeline.take();
    let (ranges, end) = drags(&events);
    assert_eq!(ranges.last(), Some(&(TimeRange::from_secs(52.0, 62.0), false)), "{events:?}");
    assert_eq!(end, Some(OwnEvent::Drop));
    // with Alt nothing holds it
    timeline.drag(from, to, Modifiers::ALT);
    let (ranges, _) = drags(&timeline.take());
    let free = ranges.last().expect("moved").0;
    assert!(is_near(free.start(), 51.7) && free != TimeRange::from_secs(52.0, 62.0), "{free:?}");
}

#[test]
fn an_edge_is_trimmed_to_a_picture_and_never_past_the_other_edge() {
    let mut timeline = Timeline::new(own_lanes());
    let y = y_of(&timeline, "Mine: Where is it?");
    let start = timeline.at(50.0, y) + vec2(2.0, 0.0);
    let to = timeline.at(45.0, y);
    timeline.drag(start, to, Modifiers::NONE);
    let (ranges, end) = drags(&timeline.take());
    let (range, is_trim) = *ranges.last().expect("trimmed");
    assert!(is_trim && end == Some(OwnEvent::Drop) && range.end() == secs(60.0));
    let table = FrameTable::uniform(3000, 30.0, 30);
    assert_eq!(table.time(table.at(range.start())), range.start(), "the start of a picture");
    assert!(is_near(range.start(), 44.8), "{range:?}");
    let beyond = timeline.at(80.0, y);
    timeline.drag(start, beyond, Modifiers::NONE);
    let (ranges, _) = drags(&timeline.take());
    let range = ranges.last().expect("trimmed").0;
    assert!(range.start() < range.end() && range.end() == secs(60.0));
}

#[test]
fn dragging_where_nothing_is_makes_a_moment_and_escape_gives_a_drag_up() {
    let mut timeline = Timeline::new(own_lanes());
    let y = y_of(&timeline, "Mine: Where is it?");
    let (from, to) = (timeline.at(10.0, y), timeline.at(20.0, y));
    timeline.drag(from, to, Modifiers::NONE);
    let events = timeline.take();
    let made = events.iter().find_map(|event| match event {
        TimelineEvent::Own(OwnEvent::Create(range)) => Some(*range),
        _ => None,
    });
    let made = made.expect("a moment");
    assert!(is_near(made.start(), 10.0) && is_near(made.end(), 20.0), "{made:?}");
    assert!(!events.iter().any(|e| matches!(e, TimelineEvent::Scrub(_))), "the playhead stays: {events:?}");

    let (from, to) = (timeline.at(55.0, y), timeline.at(80.0, y));
    timeline.press(from, true, Modifiers::NONE);
    timeline.harness.event(Event::PointerMoved(to));
    timeline.harness.run_ok();
    timeline.harness.key_press(egui::Key::Escape);
    timeline.harness.run_ok();
    timeline.press(to, false, Modifiers::NONE);
    let (ranges, end) = drags(&timeline.take());
    assert!(!ranges.is_empty() && end == Some(OwnEvent::Cancel));
}

#[test]
fn somebody_elses_moment_is_chosen_and_not_moved() {
    let mut lanes = own_lanes();
    if let LaneContent::Own(pieces) = &mut lanes[0].content {
        pieces[0].is_mine = false;
    }
    let mut timeline = Timeline::new(lanes);
    let y = y_of(&timeline, "Mine: Where is it?");
    let (from, to) = (timeline.at(55.0, y), timeline.at(80.0, y));
    timeline.drag(from, to, Modifiers::NONE);
    assert!(drags(&timeline.take()).0.is_empty());
    timeline.press(from, true, Modifiers::NONE);
    timeline.press(from, false, Modifiers::NONE);
    let events = timeline.take();
    assert!(events.contains(&TimelineEvent::Own(OwnEvent::Choose(7))), "{events:?}");
}

#[test]
fn clicking_the_ruler_seeks_there() {
    let mut timeline = Timeline::new(lanes());
    let at = timeline.at(60.0, 10.0);
    timeline.press(at, true, Modifiers::NONE);
    timeline.press(at, false, Modifiers::NONE);
    let events = timeline.take();
    assert!(matches!(events[..], [TimelineEvent::Seek(t)] if is_near(t, 60.0)), "{events:?}");
}

#[test]
fn clicking_a_moment_jumps_to_its_start_and_shift_click_to_its_end() {
    let mut timeline = Timeline::new(lanes());
    timeline.harness.get_by_label_contains("Moments: 2  0.61").click();
    timeline.harness.run_ok();
    assert_eq!(timeline.take(), [TimelineEvent::Choose(1, 1), TimelineEvent::Seek(secs(72.0))]);

    // a fresh window: two clicks in a row are a double click
    let mut timeline = Timeline::new(lanes());
    timeline.harness.get_by_label_contains("Moments: 2  0.61").click_modifiers(Modifiers::SHIFT);
    timeline.harness.run_ok();
    assert!(timeline.take().contains(&TimelineEvent::Seek(secs(78.0))));
}

#[test]
fn double_clicking_a_moment_loops_it() {
    let mut timeline = Timeline::new(lanes());
    for _ in 0..2 {
        timeline.harness.get_by_label_contains("Truth: annotated").click();
        timeline.harness.step();
    }
    timeline.harness.run_ok();
    assert!(timeline.take().contains(&TimelineEvent::Loop(TimeRange::from_secs(38.0, 47.0))));
}

#[test]
fn dragging_scrubs_and_says_when_it_ends_also_when_it_begins_on_a_moment() {
    let mut timeline = Timeline::new(lanes());
    // the first point lies on a moment of the "Moments" lane
    let (from, to) = (timeline.at(43.0, 78.0), timeline.at(80.0, 78.0));
    timeline.drag(from, to, Modifiers::NONE);
    let events = timeline.take();
    assert!(events.iter().any(|e| matches!(e, TimelineEvent::Scrub(t) if is_near(*t, 80.0))), "{events:?}");
    assert_eq!(events.last(), Some(&TimelineEvent::ScrubEnd));
}

#[test]
fn shift_drag_marks_a_range_that_sticks_to_edges() {
    let mut timeline = Timeline::new(lanes());
    let (from, to) = (timeline.at(50.0, 10.0), timeline.at(71.6, 10.0));
    timeline.drag(from, to, Modifiers::SHIFT);
    let events = timeline.take();
    let [TimelineEvent::Mark(range)] = events[..] else { panic!("{events:?}") };
    assert!(is_near(range.start(), 50.0) && range.end() == secs(72.0), "{range:?}");
}

#[test]
fn ctrl_wheel_zooms_under_the_cursor_and_the_wheel_pans() {
    let mut timeline = Timeline::new(lanes());
    let at = timeline.at(75.0, 120.0);
    timeline.wheel(at, 4.0, Modifiers::COMMAND);
    let zoomed = timeline.view.borrow().visible().expect("zoomed in");
    let part = (75.0 - zoomed.start().secs()) / zoomed.duration().secs();
    assert!(zoomed.duration() < secs(90.0) && (part - 0.75).abs() < 0.01, "{zoomed:?}");
    timeline.wheel(at, 2.0, Modifiers::NONE);
    let panned = timeline.view.borrow().visible().expect("still zoomed in");
    assert!(panned.start() < zoomed.start());
    assert!(panned.duration().distance(zoomed.duration()) < secs(1e-3));
}

#[test]
fn a_lane_can_be_hidden_and_the_ruler_can_count_frames() {
    let mut timeline = Timeline::new(lanes());
    timeline.harness.get_by_label_contains("Lanes").click();
    timeline.harness.run_ok();
    timeline.harness.get_by_label("Moments").click();
    timeline.harness.run_ok();
    assert!(timeline.harness.query_by_label_contains("Moments: 1").is_none());
    timeline.harness.get_by_label("Frames").click();
    timeline.harness.run_ok();
    assert_eq!(timeline.view.borrow().options.unit, gazenlq::view::timeline::TimeUnit::Frames);
}

#[test]
fn a_hundred_thousand_moments_and_a_million_values_stay_few_shapes() {
    let many = (0..100_000).map(|i| {
        let start = f64::from(i) * 0.001;
        block(start, start + 0.0005, "x", 1)
    });
    let curve = (0..1_000_000).map(|i| (MediaTime::from_nanos(i64::from(i) * 100_000), (i % 977) as f32));
    let timeline = Timeline::new(vec![
        lane("Many", 24.0, LaneContent::Moments(many.collect())),
        lane("Curve", 40.0, LaneContent::Curve(curve.collect())),
    ]);
    let shapes = timeline.harness.output().shapes.len();
    assert!(shapes < 4_000, "{shapes} shapes");
}

fn moments() -> Vec<Moment> {
    [(40.0, 46.0, 0.92), (72.0, 78.0, 0.61), (10.0, 14.0, 0.40)]
        .map(|(start, end, score)| Moment { range: TimeRange::from_secs(start, end), score })
        .to_vec()
}

#[test]
fn a_moment_in_the_list_jumps_when_clicked() {
    let events = Rc::new(RefCell::new(Vec::new()));
    let sink = Rc::clone(&events);
    let moments = moments();
    let mut harness = Harness::builder().with_size(vec2(320.0, 300.0)).build_ui(move |ui| {
        sink.borrow_mut().extend(moments_ui(
            ui,
            &moments,
            Some(0),
            &Truths { ranges: &[], theta: FOUND_IOU },
            |_| None,
        ));
    });
    harness.run();
    harness.get_by_label_contains("Moment 2").click();
    harness.run_ok();
    assert_eq!(events.take(), [MomentEvent::Jump(1)]);
}

#[test]
fn columns_are_used_once_they_make_sense() {
    let events = Rc::new(RefCell::new(Vec::new()));
    let sink = Rc::clone(&events);
    let header = ["clock", "left", "right"].map(str::to_owned).to_vec();
    let mut form = MappingForm::new(header, vec![["0", "0.4", "0.5"].map(str::to_owned).to_vec()], None);
    let mut harness = Harness::builder().with_size(vec2(620.0, 520.0)).build_ui(move |ui| {
        sink.borrow_mut().extend(mapping_ui(ui, &mut form));
    });
    harness.run();
    harness.get_by_label("Use these columns").click();
    harness.run_ok();
    assert_eq!(events.take(), [MappingEvent::Apply]);
}

/// Everything on one page, for looking at.
fn page(dir: &std::path::Path, choice: ThemeChoice, name: &str, size: egui::Vec2, is_hovered: bool) {
    let lanes = lanes();
    let mut view = TimelineView::default();
    view.zoom_to(TimeRange::from_secs(30.0, 66.0));
    let header = ["timestamp [ns]", "gaze x [px]", "gaze y [px]", "worn", "confidence"];
    let rows = (0..5).map(|i| {
        vec![
            format!("{}", 1_000_000 * i),
            format!("{}.2", 640 + i),
            format!("{}.8", 360 - i),
            "1".into(),
            "0.97".into(),
        ]
    });
    let mut form = MappingForm::new(header.map(str::to_owned).to_vec(), rows.collect(), None);
    let notices = [
        (Severity::Info, "Saved kitchen-42.png, 1920 x 1080."),
        (
            Severity::Error,
            "gaze.csv: expected a column with times, found timestamp, x and y of 3 of 412 rows only",
        ),
    ];
    let notices = notices
        .iter()
        .enumerate()
        .map(|(i, (severity, text))| Notice {
            id: i as u64,
            severity: *severity,
            text: (*text).into(),
            offer: None,
            at_secs: 0,
        })
        .collect::<Vec<_>>();
    let moments = moments();
    let mut is_themed = false;
    let mut harness = Harness::builder().with_size(size).wgpu().build_ui(move |ui| {
        if !std::mem::replace(&mut is_themed, true) {
            theme::apply(ui.ctx(), choice);
            fonts::install(ui.ctx());
        }
        let model = TimelineModel {
            clip: TimeRange::from_secs(0.0, CLIP_SECS),
            now: secs(47.3),
            range: Some(TimeRange::from_secs(56.0, 63.0)),
            loop_range: Some(TimeRange::from_secs(39.0, 46.0)),
            window: Some(TimeRange::from_secs(46.8, 47.9)),
            lanes: &lanes,
            focused: Some("Moments"),
        };
        egui::Panel::bottom("timeline").resizable(false).show(ui, |ui| timeline_ui(ui, &model, &mut view));
        egui::Panel::right("results").resizable(false).default_size(300.0).show(ui, |ui| {
            ui.heading("Moments");
            let truth = Some(TimeRange::from_secs(38.0, 47.0));
            let truths = Truths { ranges: truth.as_slice(), theta: FOUND_IOU };
            moments_ui(ui, &moments, Some(0), &truths, |_| None);
        });
        egui::CentralPanel::default().show(ui, |ui| {
            ui.heading("Columns of gaze.csv");
            mapping_ui(ui, &mut form);
        });
        notices_ui(ui, &notices);
    });
    harness.run_steps(4);
    if is_hovered {
        let rect = harness.get_by_label("Timeline").rect();
        harness.hover_at(pos2(rect.left() + 330.0, rect.top() + 80.0));
        harness.run_steps(4);
    }
    let picture = harness.render().expect("a software renderer is installed");
    picture.save(dir.join(format!("{name}.png"))).expect("the folder is writable");
}

/// The first picture of a short clip makes a curve of one point.
#[test]
fn a_curve_of_a_lone_point_is_drawn() {
    let (time, gap) = (secs(50.0), (secs(60.0), f32::NAN));
    let lanes = vec![
        lane("Nothing", 40.0, LaneContent::Curve(Vec::new())),
        lane("One", 40.0, LaneContent::Curve(vec![(time, 1.0)])),
        lane("Apart", 40.0, LaneContent::Curve(vec![(time, 1.0), gap, (secs(70.0), 2.0)])),
    ];
    let mut view = TimelineView::default();
    let mut harness = Harness::builder().with_size(vec2(400.0, 220.0)).wgpu().build_ui(move |ui| {
        let model = TimelineModel {
            clip: TimeRange::from_secs(0.0, CLIP_SECS),
            now: secs(1.0),
            range: None,
            loop_range: None,
            window: None,
            lanes: &lanes,
            focused: None,
        };
        timeline_ui(ui, &model, &mut view);
    });
    harness.run_steps(2);
    harness.render().expect("a software renderer is installed");
}

#[test]
fn pictures_for_people() {
    let Some(dir) = std::env::var_os("GAZENLQ_PICTURES").map(std::path::PathBuf::from) else {
        println!("skipped: GAZENLQ_PICTURES is not set");
        return;
    };
    std::fs::create_dir_all(&dir).expect("the folder is writable");
    page(&dir, ThemeChoice::Dark, "view-dark", vec2(1280.0, 800.0), true);
    page(&dir, ThemeChoice::Light, "view-light", vec2(1280.0, 800.0), false);
}
