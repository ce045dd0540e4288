//! Made-up edits for the laws of history, journal, file and merging. Names come from small sets, so
//! that edits often meet the same item, and often do not fit.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::document::*;
use super::{Edit, Id, QueryKey};
use crate::time::{MediaTime, TimeRange};

fn id() -> impl Strategy<Value = Id> {
    (0u64..5).prop_map(Id)
}

pub fn name() -> impl Strategy<Value = String> {
    proptest::sample::select(vec!["ann", "bob", "Zoë 李", ""]).prop_map(str::to_owned)
}

/// Whole milliseconds, as every exchange format can keep them.
pub fn time() -> impl Strategy<Value = MediaTime> {
    (0i64..900_000).prop_map(MediaTime::from_millis)
}

pub fn range() -> impl Strategy<Value = TimeRange> {
    (time(), time()).prop_map(|(a, b)| TimeRange::new(a, b))
}

fn text() -> impl Strategy<Value = String> {
    proptest::sample::select(vec![
        "Where is the cup?",
        "who, \"exactly\"?",
        "a\nb <c> & d --> e",
        "在哪里?",
        " ",
    ])
    .prop_map(str::to_owned)
}

pub fn key() -> impl Strategy<Value = QueryKey> {
    (0usize..2, 0usize..3).prop_map(|(clip, query_idx)| QueryKey {
        clip_uid: format!("clip{clip}"),
        annotation_uid: "a-1".into(),
        query_idx,
    })
}

fn moment() -> impl Strategy<Value = Moment> {
    (id(), range(), name()).prop_map(|(id, range, author)| Moment { id, range, author })
}

fn query() -> impl Strategy<Value = Query> {
    let parts = (id(), key(), text(), option::of(name()), name(), vec(moment(), 0..3), any::<bool>());
    parts.prop_map(|(id, key, text, template, author, mut moments, has_origin)| {
        moments.sort_by_key(|m| m.id);
        moments.dedup_by_key(|m| m.id);
        let clip = key.clip_uid.clone();
        Query { id, clip, origin: has_origin.then_some(key), text, template, author, moments }
    })
}

fn source() -> impl Strategy<Value = Source> {
    let kind = proptest::sample::select(vec![SourceKind::Video, SourceKind::Gaze, SourceKind::Store]);
    (id(), kind, name(), option::of(0u64..9)).prop_map(|(id, kind, name, size)| Source {
        id,
        kind,
        path: std::path::Path::new("/data/set").join(format!("{name}.mp4")),
        fingerprint: size.map(|size| Fingerprint { size, ends_sha256: "ab".into() }),
        clip: None,
    })
}

fn judgement() -> impl Strategy<Value = Judgement> {
    let verdict = option::of(proptest::sample::select(Verdict::ALL.to_vec()));
    let review = proptest::sample::select(vec![ReviewState::Todo, ReviewState::Done, ReviewState::Rejected]);
    (key(), name(), verdict, vec(name(), 0..3), text(), review, 0u64..9).prop_map(
        |(case, author, verdict, tags, note, review, unix_secs)| Judgement {
            case,
            author,
            verdict,
            tags,
            note,
            review,
            unix_secs,
        },
    )
}

fn gaze_fix() -> impl Strategy<Value = GazeFix> {
    let point =
        (time(), 0.0..1.0f32, 0.0..1.0f32).prop_map(|(time, x, y)| GazeFixKind::Point { time, pos: [x, y] });
    let invalid = range().prop_map(|range| GazeFixKind::Invalid { range });
    (id(), id(), name(), prop_oneof![point, invalid]).prop_map(|(id, source, author, what)| GazeFix {
        id,
        source,
        author,
        what,
    })
}

fn colour() -> impl Strategy<Value = MarkerColour> {
    proptest::sample::select(MarkerColour::ALL.to_vec())
}

pub fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        name().prop_map(Edit::SetAuthor),
        source().prop_map(Edit::PutSource),
        id().prop_map(Edit::RemoveSource),
        query().prop_map(Edit::AddQuery),
        id().prop_map(Edit::RemoveQuery),
        (id(), text()).prop_map(|(query, text)| Edit::SetQueryText { query, text }),
        (id(), option::of(name())).prop_map(|(query, template)| Edit::SetQueryTemplate { query, template }),
        (id(), moment()).prop_map(|(query, moment)| Edit::AddMoment { query, moment }),
        (id(), id(), range()).prop_map(|(query, moment, range)| Edit::SetMoment { query, moment, range }),
        (id(), id(), time(), id()).prop_map(|(query, moment, at, second)| Edit::SplitMoment {
            query,
            moment,
            at,
            second
        }),
        (id(), id(), id()).prop_map(|(query, first, second)| Edit::JoinMoments { query, first, second }),
        (id(), id()).prop_map(|(query, moment)| Edit::RemoveMoment { query, moment }),
        gaze_fix().prop_map(Edit::PutGazeFix),
        id().prop_map(Edit::RemoveGazeFix),
        (name(), option::of(any::<char>())).prop_map(|(name, key)| Edit::PutTag(Tag { name, key })),
        name().prop_map(Edit::RemoveTag),
        judgement().prop_map(Edit::Judge),
        (key(), name()).prop_map(|(case, author)| Edit::RemoveJudgement { case, author }),
        (id(), name(), time(), colour(), text(), name()).prop_map(
            |(id, clip, time, colour, label, author)| Edit::PutMarker(Marker {
                id,
                clip,
                time,
                colour,
                label,
                author
            })
        ),
        id().prop_map(Edit::RemoveMarker),
        (name(), text()).prop_map(|(name, text)| Edit::PutFilter(Filter { name, text })),
        name().prop_map(Edit::RemoveFilter),
        name().prop_map(|author| Edit::Become(Box::new(Project::new(author)))),
    ]
}

pub fn edits(most: usize) -> impl Strategy<Value = Vec<Edit>> {
    vec(edit(), 0..most)
}

/// What a project becomes by edits, those that do not fit left out.
pub fn project() -> impl Strategy<Value = Project> {
    edits(40).prop_map(|edits| changed(Project::new("ann"), &edits))
}

pub fn changed(mut project: Project, edits: &[Edit]) -> Project {
    edits.iter().for_each(|edit| {
        let _ = project.apply(edit);
    });
    project
}
