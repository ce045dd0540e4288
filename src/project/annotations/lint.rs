//! What is odd in an annotation file: counted by kind, each with the places where it was seen.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::{AnnotatedClip, AnnotationError, AnnotationFile, FEATURE_STEP_SECS, QueryKey};

/// Times that should agree are written with this much rounding in the official files.
const ROUNDING_SECS: f64 = 1e-3;
/// Clip lengths are differences of two times, and windows that end with their clip seem this much
/// longer.
const DIFFERENCE_SECS: f64 = 1e-6;
/// The offset of a query in clip and video time differs by this much in the official files.
const OFFSET_SECS: f64 = 0.03;
/// Prefixes that the annotation tool left in the texts.
const FORM_LABELS: [&str; 4] =
    ["Query Text:", "X Text (Optional):", "Y Text (Optional):", "Answer (Optional):"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    QueryMissing,
    QueryNull,
    QueryEmpty,
    QueryBlank,
    NoAnnotationUid,
    NoQueries,
    NoClips,
    ClipListedTwice,
    VideoListedTwice,
    QueryListedTwice,
    TemplateMissing,
    TemplateNull,
    SlotMissing,
    SlotNull,
    FormLabelInQuery,
    FormLabelInSlot,
    FormLabelInAnswer,
    OuterSpace,
    LineBreak,
    NonAscii,
    CurlyApostrophe,
    NoQuestionMark,
    WholeNumberTime,
    NoTimes,
    NegativeTime,
    ReversedWindow,
    EmptyWindow,
    ShortWindow,
    WindowAfterClip,
    DurationsDisagree,
    OffsetsDisagree,
    NoDuration,
}

impl Oddity {
    /// What it means for whoever uses the file.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::QueryMissing => "query without `query`: cannot be asked, keeps its index",
            Self::QueryNull => "query is null: cannot be asked, keeps its index",
            Self::QueryEmpty => "query is empty: cannot be asked, keeps its index",
            Self::QueryBlank => "query is only white space, and is asked like that",
            Self::NoAnnotationUid => "annotation without `annotation_uid`: cannot be submitted",
            Self::NoQueries => "annotation without queries",
            Self::NoClips => "video or clip without annotations",
            Self::VideoListedTwice => "video listed more than once, with other clips",
            Self::ClipListedTwice => "clip listed more than once",
            Self::QueryListedTwice => "query listed more than once: the official script takes the last",
            Self::TemplateMissing => "no `template`",
            Self::TemplateNull => "template is null",
            Self::SlotMissing => "slot or verb missing",
            Self::SlotNull => "slot or verb null",
            Self::FormLabelInQuery => "query starts with a label of the annotation form",
            Self::FormLabelInSlot => "slot starts with a label of the annotation form",
            Self::FormLabelInAnswer => "answer starts with a label of the annotation form",
            Self::OuterSpace => "query starts or ends with a space",
            Self::LineBreak => "query holds a line break",
            Self::NonAscii => "query holds letters beyond ASCII",
            Self::CurlyApostrophe => "template holds a curly apostrophe",
            Self::NoQuestionMark => "query without a question mark at its end",
            Self::WholeNumberTime => "time written as a whole number",
            Self::NoTimes => "query without times: cannot be scored",
            Self::NegativeTime => "time below zero",
            Self::ReversedWindow => "window ends before it starts",
            Self::EmptyWindow => "window of no length",
            Self::ShortWindow => "window shorter than one feature step (0.535 s): training may never see it",
            Self::WindowAfterClip => "window ends after its clip",
            Self::DurationsDisagree => "clip length differs between clip and video time",
            Self::OffsetsDisagree => "query lies elsewhere in video time than in clip time",
            Self::NoDuration => "clip without a length",
        }
    }
}

/// How many places of a kind are listed.
const PLACES_KEPT: usize = 20;

#[derive(Clone, Debug, Default, Serialize)]
pub struct Finding {
    pub count: usize,
    /// The first ones.
    pub places: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct LintReport {
    pub layout: &'static str,
    /// As listed; 0 in lines, which do not name them.
    pub videos: usize,
    pub clips: usize,
    pub annotations: usize,
    pub queries_listed: usize,
    pub queries_usable: usize,
    pub queries_with_times: usize,
    pub answers: usize,
    /// Entries that cannot be asked, all of them.
    pub unusable: Vec<QueryKey>,
    pub templates: BTreeMap<String, usize>,
    pub findings: BTreeMap<Oddity, Finding>,
}

/// Reads a whole file and lists what is odd in it.
pub fn lint(path: &Path) -> Result<LintReport, AnnotationError> {
    let file = AnnotationFile::load(path)?;
    let bytes = std::fs::read(path)
        .map_err(|e| AnnotationError::Unreadable { reason: e.to_string(), path: path.to_path_buf() })?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut findings = Findings::default();
    // what the reader does not keep is looked at in the raw file; lines of samples keep everything
    if let Ok(raw) = serde_json::from_slice::<Value>(bytes) {
        findings.look_at_official(&raw);
    }
    findings.look_at_clips(&file.clips);
    let keys = |clip: &AnnotatedClip| {
        let uid = clip.clip_uid.clone();
        let key = move |q: &super::UnaskedQuery| QueryKey {
            clip_uid: uid.clone(),
            annotation_uid: q.annotation_uid.clone(),
            query_idx: q.query_idx,
        };
        clip.unasked.iter().map(key).collect::<Vec<_>>()
    };
    if findings.annotations == 0 {
        findings.annotations = annotations_of(&file);
    }
    Ok(LintReport {
        layout: file.layout.name(),
        videos: findings.videos,
        clips: file.clips.len(),
        annotations: findings.annotations,
        queries_listed: file.listed(),
        queries_usable: file.queries().count(),
        queries_with_times: file.queries().filter(|(_, q)| !q.windows.is_empty()).count(),
        answers: findings.answers,
        unusable: file.clips.iter().flat_map(keys).collect(),
        templates: findings.templates,
        findings: findings.found,
    })
}

fn annotations_of(file: &AnnotationFile) -> usize {
    let mut uids: Vec<&str> = file.queries().map(|(_, q)| q.annotation_uid.as_str()).collect();
    uids.sort_unstable();
    uids.dedup();
    uids.len()
}

#[derive(Default)]
struct Findings {
    found: BTreeMap<Oddity, Finding>,
    templates: BTreeMap<String, usize>,
    videos: usize,
    annotations: usize,
    answers: usize,
}

impl Findings {
    fn add(&mut self, oddity: Oddity, place: impl Into<String>) {
        let finding = self.found.entry(oddity).or_default();
        finding.count += 1;
        if finding.places.len() < PLACES_KEPT {
            finding.places.push(place.into());
        }
    }

    fn add_if(&mut self, is_odd: bool, oddity: Oddity, place: &str) {
        if is_odd {
            self.add(oddity, place);
        }
    }

    /// What the official layout alone has: templates, slots, answers, two clocks.
    fn look_at_official(&mut self, raw: &Value) {
        let mut seen = HashSet::new();
        for video in list(raw, "videos") {
            self.videos += 1;
            let uid = text(video, "video_uid");
            self.add_if(!seen.insert(uid), Oddity::VideoListedTwice, &format!("video {uid}"));
            self.add_if(list(video, "clips").is_empty(), Oddity::NoClips, &format!("video {uid}"));
            for clip in list(video, "clips") {
                self.look_at_raw_clip(clip);
            }
        }
    }

    fn look_at_raw_clip(&mut self, clip: &Value) {
        let place = format!("clip {}", text(clip, "clip_uid"));
        self.add_if(list(clip, "annotations").is_empty(), Oddity::NoClips, &place);
        let times = ["clip_start_sec", "clip_end_sec", "video_start_sec", "video_end_sec"];
        for key in times {
            let value = clip.get(key);
            self.add_if(value.is_some_and(is_whole), Oddity::WholeNumberTime, &format!("{place}, {key}"));
            let is_negative = value.and_then(Value::as_f64).is_some_and(|t| t < 0.0);
            self.add_if(is_negative, Oddity::NegativeTime, &format!("{place}, {key}"));
        }
        let [clip_start, clip_end, video_start, video_end] = times.map(|key| number(clip, key));
        if let (Some(a), Some(b), Some(c), Some(d)) = (clip_start, clip_end, video_start, video_end) {
            let differs = ((b - a) - (d - c)).abs() > ROUNDING_SECS;
            self.add_if(differs, Oddity::DurationsDisagree, &place);
        }
        let offset = clip_start.zip(video_start).map(|(clip, video)| video - clip);
        for annotation in list(clip, "annotations") {
            self.annotations += 1;
            let uid = text(annotation, "annotation_uid");
            self.add_if(uid.is_empty(), Oddity::NoAnnotationUid, &place);
            let queries = list(annotation, "language_queries");
            self.add_if(queries.is_empty(), Oddity::NoQueries, &format!("annotation {uid}"));
            for (idx, query) in queries.iter().enumerate() {
                self.look_at_raw_query(query, offset, &format!("{uid}_{idx}"));
            }
        }
    }

    fn look_at_raw_query(&mut self, query: &Value, offset: Option<f64>, place: &str) {
        match query.get("query") {
            None => self.add(Oddity::QueryMissing, place),
            Some(Value::Null) => self.add(Oddity::QueryNull, place),
            Some(Value::String(text)) if text.is_empty() => self.add(Oddity::QueryEmpty, place),
            Some(_) => {}
        }
        // the test split carries nothing but the question
        let is_annotated = query.get("clip_start_sec").is_some();
        match query.get("template") {
            None => self.add_if(is_annotated, Oddity::TemplateMissing, place),
            Some(Value::Null) => self.add(Oddity::TemplateNull, place),
            Some(template) => {
                let template = template.as_str().unwrap_or_default();
                self.add_if(template.contains('\u{2019}'), Oddity::CurlyApostrophe, place);
                *self.templates.entry(template.to_owned()).or_default() += 1;
            }
        }
        for key in ["slot_x", "verb_x", "slot_y", "verb_y"] {
            match query.get(key) {
                None => self.add_if(is_annotated, Oddity::SlotMissing, &format!("{place}, {key}")),
                Some(Value::Null) => self.add(Oddity::SlotNull, format!("{place}, {key}")),
                Some(slot) => {
                    let is_label = slot.as_str().is_some_and(has_form_label);
                    self.add_if(is_label, Oddity::FormLabelInSlot, &format!("{place}, {key}"));
                }
            }
        }
        if let Some(answer) = query.get("answer").and_then(Value::as_str) {
            self.answers += 1;
            self.add_if(has_form_label(answer), Oddity::FormLabelInAnswer, place);
        }
        for key in ["clip_start_sec", "clip_end_sec"] {
            let is_odd = query.get(key).is_some_and(is_whole);
            self.add_if(is_odd, Oddity::WholeNumberTime, &format!("{place}, {key}"));
        }
        let starts = number(query, "clip_start_sec").zip(number(query, "video_start_sec"));
        if let (Some(offset), Some((clip, video))) = (offset, starts) {
            let differs = (video - clip - offset).abs() > OFFSET_SECS;
            self.add_if(differs, Oddity::OffsetsDisagree, place);
        }
    }

    /// What every layout has: questions and windows.
    fn look_at_clips(&mut self, clips: &[AnnotatedClip]) {
        let mut clips_seen: HashMap<&str, usize> = HashMap::new();
        let mut queries_seen: HashMap<QueryKey, usize> = HashMap::new();
        for clip in clips {
            *clips_seen.entry(&clip.clip_uid).or_default() += 1;
            let place = format!("clip {}", clip.clip_uid);
            self.add_if(clips_seen[clip.clip_uid.as_str()] == 2, Oddity::ClipListedTwice, &place);
            self.add_if(clip.duration_secs.is_none(), Oddity::NoDuration, &place);
            for query in &clip.queries {
                let key = clip.key_of(query);
                let place = key.query_id();
                let seen = queries_seen.entry(key).or_default();
                *seen += 1;
                let is_second = *seen == 2;
                self.add_if(is_second, Oddity::QueryListedTwice, &place);
                self.look_at_words(&query.text, &place);
                self.add_if(query.windows.is_empty(), Oddity::NoTimes, &place);
                for window in &query.windows {
                    self.look_at_window(*window, clip.duration_secs, &place);
                }
            }
        }
    }

    fn look_at_words(&mut self, words: &str, place: &str) {
        let bare = words.trim();
        self.add_if(bare.is_empty(), Oddity::QueryBlank, place);
        self.add_if(has_form_label(words), Oddity::FormLabelInQuery, place);
        self.add_if(words.starts_with(' ') || words.ends_with(' '), Oddity::OuterSpace, place);
        self.add_if(words.contains(['\n', '\r']), Oddity::LineBreak, place);
        self.add_if(!words.is_ascii(), Oddity::NonAscii, place);
        self.add_if(!bare.is_empty() && !bare.ends_with('?'), Oddity::NoQuestionMark, place);
    }

    fn look_at_window(&mut self, [start, end]: [f64; 2], duration: Option<f64>, place: &str) {
        self.add_if(start < 0.0 || end < 0.0, Oddity::NegativeTime, place);
        self.add_if(end < start, Oddity::ReversedWindow, place);
        self.add_if(end == start, Oddity::EmptyWindow, place);
        self.add_if(end > start && end - start < FEATURE_STEP_SECS, Oddity::ShortWindow, place);
        let after = duration.is_some_and(|duration| end > duration + DIFFERENCE_SECS);
        self.add_if(after, Oddity::WindowAfterClip, place);
    }
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, key: &str) -> Option<f64> {
    value.get(key)?.as_f64()
}

/// Written without a decimal point.
fn is_whole(value: &Value) -> bool {
    value.is_i64() || value.is_u64()
}

fn has_form_label(text: &str) -> bool {
    FORM_LABELS.iter().any(|label| text.starts_with(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(json: &str) -> LintReport {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a.json");
        std::fs::write(&path, json).expect("written");
        lint(&path).expect("reads")
    }

    #[test]
    fn entries_that_cannot_be_asked_are_listed_and_counted() {
        let found = report(
            r#"{"videos":[{"video_uid":"v","clips":[{"clip_uid":"c","video_start_sec":-4e-7,"video_end_sec":10.0,
            "clip_start_sec":0,"clip_end_sec":10.1,"annotations":[{"annotation_uid":"a","language_queries":[
            {"query":null},{"template":"t"},{"query":""},
            {"query":"Query Text:caf\u00e9 \n","clip_start_sec":9.0,"clip_end_sec":11.0},
            {"query":"who?","clip_start_sec":3.0,"clip_end_sec":2.0}]},
            {"annotation_uid":"b","language_queries":[]}]}]}]}"#,
        );
        assert_eq!((found.queries_listed, found.queries_usable, found.annotations), (5, 2, 2));
        assert_eq!(found.unusable.iter().map(|k| k.query_idx).collect::<Vec<_>>(), [0, 1, 2]);
        for (oddity, count) in [
            (Oddity::QueryNull, 1),
            (Oddity::QueryMissing, 1),
            (Oddity::QueryEmpty, 1),
            (Oddity::NoQueries, 1),
            (Oddity::FormLabelInQuery, 1),
            (Oddity::NonAscii, 1),
            (Oddity::LineBreak, 1),
            (Oddity::NoQuestionMark, 1),
            (Oddity::WindowAfterClip, 1),
            (Oddity::ReversedWindow, 1),
            (Oddity::DurationsDisagree, 1),
            (Oddity::WholeNumberTime, 1),
            (Oddity::NegativeTime, 1),
        ] {
            assert_eq!(found.findings.get(&oddity).map(|f| f.count), Some(count), "{oddity:?}");
        }
    }
}
