//! A real review in the window, driven by the names of its widgets: the official validation split with
//! a real model's predictions, from the class bar to the exported report.

use std::path::{Path, PathBuf};

use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use gazenlq::app::{App, Startup};
use gazenlq::dataset::{Analysis, CaseList, DataSet, DataSetFiles, Wanted};
use gazenlq::eval::PredictionFile;
use gazenlq::eval::failure::{Class, Diagnosis, FailureConfig, QuerySet, Ranked};
use gazenlq::job::JobCtx;
use gazenlq::project::AnnotationFile;
use gazenlq::time::MediaTime;
use serde_json::Value;

use crate::gui::{command, has, press, save, save_as, wait_for};
use crate::support::{project, shared};

const TRUE: egui::accesskit::Toggled = egui::accesskit::Toggled::True;

/// The split, a real model's predictions, and a second model made from them.
struct Review {
    dir: tempfile::TempDir,
    annotations: PathBuf,
    predictions: PathBuf,
    set: QuerySet,
    model: Diagnosis,
}

impl Review {
    fn new() -> Option<Self> {
        let annotations = shared("data/nlq/ego4d_nlq_v2_val.json")?;
        let predictions = shared("data/nlq/predictions_vslnet_egovlp_v2val_5872.json")?;
        let dir = tempfile::tempdir().unwrap();
        write_second(&predictions, &dir.path().join("second.json"));
        let config = FailureConfig::default();
        let set = QuerySet::new(&AnnotationFile::load(&annotations).unwrap(), &config);
        let file = PredictionFile::load(&predictions).unwrap();
        let ranked = Ranked::new("first", &set, &file.predictions, config.kept).unwrap();
        let model = Diagnosis::new(&set, ranked, config);
        Some(Self { dir, annotations, predictions, set, model })
    }

    fn places(&self, class: Class, template: Option<&str>) -> Vec<usize> {
        let fits = |place: &usize| {
            let query = &self.set.queries[*place];
            self.model.findings[*place].class == class
                && template.is_none_or(|wanted| self.set.template_of(query) == Some(wanted))
        };
        (0..self.set.len()).filter(fits).collect()
    }

    /// A ranking error whose true and first moment both lie within the first seconds of the clip, so
    /// that a short film can stand in for its video.
    fn case(&self, secs: f64) -> usize {
        let is_early = |place: &usize| {
            let first = self.model.ranked.first(*place).unwrap();
            let [start, end] = self.set.queries[*place].truths[0];
            end < secs && first.end < secs && end - start > 0.5 && self.set.queries[*place].template.is_some()
        };
        self.places(Class::Ranking, None).into_iter().find(is_early).expect("one lies early in its clip")
    }

    fn startup(&self, more: &[PathBuf]) -> Startup {
        let mut files =
            vec![self.annotations.clone(), self.predictions.clone(), self.dir.path().join("second.json")];
        files.extend_from_slice(more);
        Startup { files, ..Startup::default() }
    }
}

/// Every second query's first two windows change places, and every fifth query goes without an answer.
fn write_second(first: &Path, second: &Path) {
    let mut file: Value = serde_json::from_slice(&std::fs::read(first).unwrap()).unwrap();
    let results = file["results"].as_array_mut().unwrap();
    for (i, result) in results.iter_mut().enumerate() {
        if let Some(windows) = result["predicted_times"].as_array_mut()
            && i % 2 == 0
            && windows.len() > 1
        {
            windows.swap(0, 1);
        }
    }
    let mut place = 0;
    results.retain(|_| {
        place += 1;
        place % 5 != 0
    });
    std::fs::write(second, file.to_string()).unwrap();
}

fn window(startup: Startup, size: egui::Vec2) -> Harness<'static, App> {
    Harness::builder().wgpu().with_size(size).build_eframe(move |cc| App::new(cc, startup))
}

fn has_part(harness: &Harness<'static, App>, label: &str) -> bool {
    harness.query_all_by_label_contains(label).next().is_some()
}

fn is_on(harness: &Harness<'static, App>, label: &str) -> bool {
    harness.query_all_by_label(label).any(|node| node.accesskit_node().toggled() == Some(TRUE))
}

/// The picture that is shown, by its number.
fn frame(harness: &Harness<'static, App>) -> Option<u32> {
    let nodes = harness.query_all_by_label_contains("frame ");
    // what a label says is its value
    let text = |node: egui_kittest::Node<'_>| node.value().or_else(|| node.accesskit_node().label());
    nodes.filter_map(|node| text(node)?.strip_prefix("frame ")?.trim().parse().ok()).next_back()
}

fn opened(review: &Review, more: &[PathBuf], size: egui::Vec2) -> Harness<'static, App> {
    let mut harness = window(review.startup(more), size);
    wait_for(&mut harness, "the class bar", |h| has_part(h, "2 ranking: "));
    harness.run_steps(2);
    harness
}

#[test]
fn a_review_from_the_class_bar_to_the_report() {
    let Some(review) = Review::new() else { return };
    let case = review.case(14.0);
    let query = &review.set.queries[case];
    let template = review.set.template_of(query).unwrap().to_owned();
    // a film of sixteen seconds stands in for the clip's video
    let films = review.dir.path().join("films");
    std::fs::create_dir(&films).unwrap();
    let film = films.join(format!("{}.mp4", query.key.clip_uid));
    std::fs::copy(project("assets/demo/kitchen_desk.mp4"), film).unwrap();
    let mut harness = opened(&review, &[films], egui::vec2(1280.0, 800.0));
    assert!(has(&harness, "4554 of 4554 queries"));
    save(&mut harness, "workbench.png");

    // ranking errors of one template
    harness.get_by_label_contains("2 ranking: ").click();
    let ranking = review.places(Class::Ranking, None).len();
    wait_for(&mut harness, "the ranking errors", |h| has(h, &format!("{ranking} of 4554 queries")));
    assert!(has(&harness, "Condition: ranking"));
    harness.get_by_label("Template").click();
    harness.run_steps(3);
    harness.get_by_label(&template).click();
    let wanted = review.places(Class::Ranking, Some(&template)).len();
    wait_for(&mut harness, "those of the template", |h| has(h, &format!("{wanted} of 4554 queries")));

    // the worst first, by the keyboard to the case, and into it
    harness.get_by_label("Sort by IoU").click();
    harness.run_steps(3);
    let text = query.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_chosen = |h: &Harness<'static, App>| {
        h.query_all_by_label_contains(&text).any(|n| n.accesskit_node().toggled() == Some(TRUE))
    };
    for _ in 0..wanted {
        press(&mut harness, egui::Key::N);
        if is_chosen(&harness) {
            break;
        }
    }
    assert!(is_chosen(&harness), "the failure is reached by the key");
    wait_for(&mut harness, "the case's video", |h| has(h, "Video picture"));
    press(&mut harness, egui::Key::Enter);
    wait_for(&mut harness, "the case", |h| has(h, "← All queries") && has_part(h, "Answer 1: "));
    wait_for(&mut harness, "its pictures", |h| {
        has_part(h, "True moment at ") && has_part(h, "Found moment at ")
    });
    save(&mut harness, "workbench-case.png");

    // the predicted and the true moment play over and over
    let fps = 30.0;
    let first = review.model.ranked.first(case).unwrap();
    for (key, [start, end]) in
        [(egui::Key::Num1, [first.start, first.end]), (egui::Key::Num0, query.truths[0])]
    {
        harness.key_press_modifiers(egui::Modifiers::SHIFT, key);
        harness.run_steps(6);
        let inside = [(start * fps).floor() as u32, (end * fps).ceil() as u32 + 1];
        wait_for(&mut harness, "the moment in the loop", |h| {
            frame(h).is_some_and(|frame| (inside[0]..=inside[1]).contains(&frame))
        });
    }
    press(&mut harness, egui::Key::K);

    // a boundary is corrected, taken back and done again; the cause gets its tag
    command(&mut harness, "correct the annotated moment");
    let [start, end] = query.truths[0].map(MediaTime::from_secs);
    let copied = format!(", {start} to {end}");
    let own = |h: &Harness<'static, App>| {
        let nodes = h.query_all_by_label_contains("Mine: ");
        nodes.filter_map(|n| n.accesskit_node().label()).find(|label| label.contains(", 0:"))
    };
    wait_for(&mut harness, "the copy", |h| own(h).is_some_and(|label| label.ends_with(&copied)));
    let label = own(&harness).unwrap();
    harness.get_by_label(&label).click();
    harness.run_steps(3);
    harness.key_press_modifiers(egui::Modifiers::ALT, egui::Key::Comma);
    wait_for(&mut harness, "an earlier end", |h| own(h).is_some_and(|label| !label.ends_with(&copied)));
    let corrected = own(&harness);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    wait_for(&mut harness, "the end as it was", |h| own(h).is_some_and(|label| label.ends_with(&copied)));
    harness.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::Z);
    wait_for(&mut harness, "the correction again", |h| own(h) == corrected);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Num6);
    harness.run_steps(3);
    save(&mut harness, "workbench-case-corrected.png");
    harness.get_by_label("← All queries").click();
    wait_for(&mut harness, "the table", |h| !has(h, "← All queries"));
    wait_for(&mut harness, "the tag beside the classes", |h| has(h, "long action truncated: 1"));

    // against the second model
    harness.get_by_label("Compare").click();
    harness.run_steps(3);
    harness.get_by_label("Compare with second.json").click();
    wait_for(&mut harness, "the comparison", |h| has_part(h, "McNemar's exact p = "));
    harness.get_by_label("Show all").click();
    harness.run_steps(3);
    harness.get_by_label_contains("only this model right: ").click();
    wait_for(&mut harness, "what only the first gets right", |h| has(h, "Condition: only this model right"));
    harness.run_steps(2);
    save(&mut harness, "workbench-compare.png");

    // and out of the window
    let csv = review.dir.path().join("cases.csv");
    command(&mut harness, "export the cases");
    save_as(&mut harness, &csv);
    let report = review.dir.path().join("report.html");
    command(&mut harness, "save the report");
    save_as(&mut harness, &report);
    wait_for(&mut harness, "a whole report", |_| {
        std::fs::read_to_string(&report).is_ok_and(|text| text.ends_with("</html>\n"))
    });
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_path(&csv).unwrap().records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4554);
    let tagged: Vec<_> =
        rows.iter().filter(|row| row.iter().any(|cell| cell == "long action truncated")).collect();
    assert_eq!(tagged.len(), 1);
    assert_eq!(&tagged[0][0], query.key.query_id());
    let text = std::fs::read_to_string(&report).unwrap();
    for part in ["McNemar", "thresholds.json", "SHA-256", "Templates by class"] {
        assert!(text.contains(part), "{part} is not in the report");
    }
    let listed = text.matches("<tr data-kind=\"ranking\"").count();
    assert_eq!(listed, ranking);
}

#[test]
fn one_slider_drives_every_panel() {
    let Some(review) = Review::new() else { return };
    let mut harness = opened(&review, &[], egui::vec2(1280.0, 800.0));
    let count = |class: Class, theta: f64| {
        let mut model = review.model.clone();
        model.reclassify(&review.set, FailureConfig { theta, ..FailureConfig::default() });
        model.findings.iter().filter(|f| f.class == class).count()
    };
    let correct = |theta: f64| format!("1 correct: {} ", count(Class::Correct, theta));
    assert!(has_part(&harness, &correct(0.3)), "{}", correct(0.3));
    harness.get_by_label("0.5").click();
    wait_for(&mut harness, "the classes at 0.5", |h| has_part(h, &correct(0.5)));
    assert_ne!(correct(0.3), correct(0.5));
    // the panels of the other pages follow as well
    harness.get_by_label("What if").click();
    harness.run_steps(3);
    harness.get_by_label("fix ranking").click();
    let right = count(Class::Correct, 0.5) + count(Class::Ranking, 0.5);
    harness.get_by_label("Why").click();
    wait_for(&mut harness, "the oracle's classes", |h| has_part(h, &format!("1 correct: {right} ")));
    assert!(has(&harness, "what if"));
    save(&mut harness, "workbench-what-if.png");
}

#[test]
fn filters_are_typed_kept_and_used_again() {
    let Some(review) = Review::new() else { return };
    let mut harness = opened(&review, &[], egui::vec2(1280.0, 800.0));
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::F);
    harness.run_steps(2);
    harness.get_by_label("Search the queries").type_text("class:ranking rank=2");
    let at_two = |place: &&usize| review.model.findings[**place].right_rank == Some(2);
    let wanted = review.places(Class::Ranking, None).iter().filter(at_two).count();
    let text = format!("{wanted} of 4554 queries");
    wait_for(&mut harness, "the typed conditions", |h| has(h, &text));
    harness.get_by_label("Filters").click();
    harness.run_steps(3);
    harness.get_by_label("Name of the filter").click();
    harness.run_steps(2);
    harness.get_by_label("Name of the filter").type_text("second place");
    harness.run_steps(2);
    harness.get_by_label("Keep the filter").click();
    harness.run_steps(3);
    harness.get_by_label("Show all").click();
    wait_for(&mut harness, "all", |h| has(h, "4554 of 4554 queries"));
    harness.get_by_label("Filters").click();
    harness.run_steps(3);
    harness.get_by_label("second place").click();
    wait_for(&mut harness, "the kept filter", |h| has(h, &text));
}

#[test]
fn the_workbench_looks_right_in_every_size_and_theme() {
    let Some(review) = Review::new() else { return };
    for (size, name) in [(egui::vec2(1280.0, 800.0), "1280"), (egui::vec2(2560.0, 1440.0), "2560")] {
        let mut harness = opened(&review, &[], size);
        for (page, file) in
            [("Why", "why"), ("Where", "where"), ("Compare", "compare"), ("What if", "what-if")]
        {
            harness.get_by_label(page).click();
            harness.run_steps(3);
            if page == "Compare" {
                harness.get_by_label("Compare with second.json").click();
                wait_for(&mut harness, "the comparison", |h| has_part(h, "McNemar's exact p = "));
            }
            assert!(is_on(&harness, page));
            harness.run_steps(2);
            save(&mut harness, &format!("workbench-{name}-{file}.png"));
            command(&mut harness, "light");
            save(&mut harness, &format!("workbench-{name}-{file}-light.png"));
            command(&mut harness, "dark");
        }
    }
}

#[test]
fn looking_again_is_looking_afresh_and_lists_are_whole() {
    let Some(review) = Review::new() else { return };
    let files = DataSetFiles {
        annotations: review.annotations.clone(),
        predictions: vec![review.predictions.clone(), review.dir.path().join("second.json")],
        ..DataSetFiles::default()
    };
    let ctx = JobCtx::detached();
    let (data, _) = DataSet::open(files, None, &ctx).unwrap();
    let wanted = |theta| Wanted {
        config: FailureConfig { theta, ..FailureConfig::default() },
        other: Some(1),
        ..Wanted::default()
    };
    let first = Analysis::new(&data, wanted(0.3), &ctx).unwrap().unwrap();
    assert_eq!(first.shown.findings, review.model.findings);
    for theta in [0.1, 0.5, 0.7] {
        let again = first.again(wanted(theta));
        let fresh = Analysis::new(&data, wanted(theta), &ctx).unwrap().unwrap();
        assert_eq!(again.shown.findings, fresh.shown.findings);
        assert_eq!(again.comparison, fresh.comparison);
        // every query is in one list of each kind
        let whole = |lists: &mut dyn Iterator<Item = CaseList>| {
            let mut rows: Vec<usize> = lists.flat_map(|list| again.rows_of(list)).collect();
            rows.sort_unstable();
            rows
        };
        let all: Vec<usize> = (0..data.rows.len()).collect();
        let sides = [true, false];
        let flips = sides.into_iter().flat_map(|a| sides.map(|b| CaseList::Flip(a, b)));
        assert_eq!(whole(&mut flips.into_iter()), all);
        let from_to = Class::ALL.into_iter().flat_map(|a| Class::ALL.map(|b| CaseList::Transition(a, b)));
        assert_eq!(whole(&mut from_to.into_iter()), all);
    }
}
