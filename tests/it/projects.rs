//! Project files through the program: import, export, merge, compare, relink.

use std::path::Path;

use gazenlq::project::exchange::{self, ExchangeFormat};
use gazenlq::project::{AnnotationFile, Edit, Id, file};
use gazenlq::time::TimeRange;

use crate::support::{gazenlq, json, shared, stderr, stdout};

const EGO4D: &str = r#"{"videos":[{"video_uid":"v","clips":[
{"clip_uid":"c1","video_start_sec":10,"video_end_sec":110,"annotations":[{"annotation_uid":"a1","language_queries":[
{"query":"Where is the cup?","template":"Objects: Where is object X?","slot_x":"cup","clip_start_sec":1.5,"clip_end_sec":2.25},
{"query":null},{"query":"Who came in?","clip_start_sec":30,"clip_end_sec":41}]}]},
{"clip_uid":"c2","video_start_sec":0,"video_end_sec":50,"annotations":[{"annotation_uid":"a2","language_queries":[
{"query":"What is \"it\" & why?","clip_start_sec":3,"clip_end_sec":4}]}]}]}]}"#;

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).to_string_lossy().into_owned()
}

fn fine(args: &[&str]) -> String {
    let output = gazenlq(args);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}{}", stdout(&output), stderr(&output));
    stdout(&output)
}

/// Key, text and moments of every question.
fn questions(clips: &[gazenlq::project::AnnotatedClip]) -> Vec<(String, String, Vec<[f64; 2]>)> {
    let mut all: Vec<_> = clips
        .iter()
        .flat_map(|c| c.queries.iter().map(|q| (c.key_of(q).to_string(), q.text.clone(), q.windows.clone())))
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[test]
fn questions_go_through_every_format_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::write(dir.join("in.json"), EGO4D).unwrap();
    let project = path(dir, "p.gazenlq.json");
    let text = fine(&["project", "import", &path(dir, "in.json"), "--project", &project, "--author", "ann"]);
    assert!(text.starts_with("3 questions with 3 moments added to"), "{text}");
    let expected = questions(&AnnotationFile::parse(EGO4D.as_bytes()).unwrap().clips);
    for format in ExchangeFormat::ALL {
        let name = format!("{format:?}").to_lowercase();
        let out = path(dir, &format!("out-{name}"));
        fine(&["project", "export", &project, "--format", &name, "--output", &out]);
        let files: Vec<String> = if format.is_per_clip() {
            ["c1", "c2"]
                .iter()
                .map(|c| path(Path::new(&out), &format!("{c}.{}", format.extension())))
                .collect()
        } else {
            vec![out]
        };
        let found: Vec<_> = files.iter().flat_map(|f| exchange::load(Path::new(f)).unwrap()).collect();
        assert_eq!(questions(&found), expected, "{name}");
        // into a project of its own and out again
        let second = path(dir, &format!("{name}.gazenlq.json"));
        let inputs: Vec<&str> = files.iter().map(String::as_str).collect();
        fine(&[&["project", "import"][..], &inputs, &["--project", &second]].concat());
        let again = exchange::clips_of(&file::load(Path::new(&second)).unwrap());
        assert_eq!(questions(&again), expected, "{name}");
    }
}

#[test]
fn the_real_split_survives_ego4d_csv_and_elan() {
    let Some(annotations) = shared("data/nlq/ego4d_nlq_v2_val.json") else { return };
    let dir = tempfile::tempdir().unwrap();
    let input = annotations.to_string_lossy();
    let expected = questions(&AnnotationFile::load(&annotations).unwrap().clips);
    for (format, is_exact) in [("ego4d", true), ("csv", true), ("elan", false)] {
        let out = path(dir.path(), format);
        fine(&["project", "export", &input, "--format", format, "--output", &out]);
        let files: Vec<std::path::PathBuf> = match std::fs::read_dir(&out) {
            Ok(entries) => entries.map(|e| e.unwrap().path()).collect(),
            Err(_) => vec![out.clone().into()],
        };
        let found: Vec<_> = files.iter().flat_map(|f| exchange::load(f).unwrap()).collect();
        let found = questions(&found);
        assert_eq!(found.len(), expected.len(), "{format}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!((&found.0, found.1.trim()), (&expected.0, expected.1.trim()), "{format}");
            let is_near = |(a, b): (&[f64; 2], &[f64; 2])| {
                let tolerance = if is_exact { 0.0 } else { 0.000_501 };
                (a[0] - b[0]).abs() <= tolerance && (a[1] - b[1]).abs() <= tolerance
            };
            assert!(
                found.2.len() == expected.2.len() && found.2.iter().zip(&expected.2).all(is_near),
                "{format}: {found:?}"
            );
        }
    }
}

#[test]
fn two_peoples_projects_merge_and_conflicts_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::write(dir.join("in.json"), EGO4D).unwrap();
    let [base, a, b, merged] = ["base.json", "a.json", "b.json", "c.json"].map(|n| path(dir, n));
    fine(&["project", "import", &path(dir, "in.json"), "--project", &base]);
    let start = file::load(Path::new(&base)).unwrap();
    let changed = |edits: &[(usize, f64)], to: &str| {
        let mut project = start.clone();
        for (place, secs) in edits {
            let query = start.queries.iter().nth(*place).unwrap();
            let range = TimeRange::from_secs(*secs, secs + 1.0);
            project.apply(&Edit::SetMoment { query: query.id, moment: query.moments[0].id, range }).unwrap();
        }
        file::save(&project, Path::new(to)).unwrap();
    };
    changed(&[(0, 5.0), (1, 31.0)], &a);
    changed(&[(0, 7.0), (2, 3.25)], &b);
    let output = gazenlq(&["project", "merge", &a, &b, "--base", &base, "-o", &merged, "--json"]);
    assert_eq!(output.status.code(), Some(1), "there is a conflict: {}", stderr(&output));
    let conflicts = json(&output)["conflicts"].as_array().unwrap().clone();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(
        (&conflicts[0]["first"], &conflicts[0]["second"]),
        (&"0:05.000 to 0:06.000".into(), &"0:07.000 to 0:08.000".into())
    );
    let found = file::load(Path::new(&merged)).unwrap();
    let starts: Vec<f64> = found.queries.iter().map(|q| q.moments[0].range.start().secs()).collect();
    assert_eq!(starts, [5.0, 31.0, 3.25]);
    let text = fine(&["project", "agree", &a, &b]);
    assert!(text.contains("questions that both have       3"), "{text}");
}

#[test]
fn a_moved_annotation_file_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::create_dir(dir.join("old")).unwrap();
    std::fs::write(dir.join("old/in.json"), EGO4D).unwrap();
    let project = path(dir, "p.json");
    fine(&["project", "import", &path(dir, "old/in.json"), "--project", &project]);
    assert!(std::fs::read_to_string(&project).unwrap().contains(r#""path": "old/in.json""#));
    std::fs::rename(dir.join("old"), dir.join("new")).unwrap();
    let output = gazenlq(&["project", "show", &project, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let source: Id = json(&output)["sources"][0]["id"].as_str().unwrap().parse().unwrap();
    let (id, to) = (source.to_string(), path(dir, "new/in.json"));
    fine(&["project", "relink", &project, "--source", &id, "--to", &to]);
    assert!(fine(&["project", "show", &project]).contains("here"));
}

#[test]
fn a_file_that_is_nothing_of_the_kind_is_said_so() {
    let dir = tempfile::tempdir().unwrap();
    let note = path(dir.path(), "note.txt");
    std::fs::write(&note, "hello").unwrap();
    let output = gazenlq(&["project", "import", &note, "--project", &path(dir.path(), "p.json")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("what kind of annotations this is cannot be told"),
        "{}",
        stderr(&output)
    );
    let output = gazenlq(&["project", "show", &note]);
    assert!(stderr(&output).contains("this is no project file of this program"), "{}", stderr(&output));
}
