//! ELAN's .eaf: one tier a question, one annotation a moment. Annotations of a tier may not overlap,
//! so moments that do go to further tiers, `a_0 #2`.

use std::collections::HashMap;
use std::fmt::Write as _;

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::escape::{escape, resolve_predefined_entity};
use quick_xml::events::{BytesStart, Event};

use super::pieces::{Extra, Piece, clip_of};
use crate::project::AnnotatedClip;

const TIER_TYPE: &str = "default-lt";
const EXTRA: &str = "gazenlq";

pub fn write(clip: &AnnotatedClip) -> String {
    let mut slots = String::new();
    let mut tiers = String::new();
    let (mut slot_count, mut annotation) = (0, 0);
    for query in &clip.queries {
        let id = clip.key_of(query).query_id();
        let mut lanes: Vec<Vec<(usize, [i64; 2])>> = vec![Vec::new()];
        let spans = query.windows.iter().map(|window| window.map(millis));
        for (order, span) in spans.enumerate() {
            let is_free =
                |lane: &Vec<(usize, [i64; 2])>| lane.iter().all(|(_, o)| span[0] >= o[1] || span[1] <= o[0]);
            match lanes.iter_mut().find(|lane| is_free(lane)) {
                Some(lane) => lane.push((order, span)),
                None => lanes.push(vec![(order, span)]),
            }
        }
        let first = annotation;
        annotation += query.windows.len();
        for (number, mut lane) in lanes.into_iter().enumerate() {
            lane.sort_by_key(|(_, span)| *span);
            let name = if number == 0 { id.clone() } else { format!("{id} #{}", number + 1) };
            let name = escape(shown(&name)).into_owned();
            let _ = writeln!(tiers, r#"    <TIER LINGUISTIC_TYPE_REF="{TIER_TYPE}" TIER_ID="{name}">"#);
            for (order, span) in lane {
                let refs = [slot_count + 1, slot_count + 2];
                slot_count += 2;
                for (slot, time) in refs.iter().zip(span) {
                    let _ = writeln!(
                        slots,
                        r#"        <TIME_SLOT TIME_SLOT_ID="ts{slot}" TIME_VALUE="{time}"/>"#
                    );
                }
                let _ = writeln!(
                    tiers,
                    r#"        <ANNOTATION>
            <ALIGNABLE_ANNOTATION ANNOTATION_ID="a{}" TIME_SLOT_REF1="ts{}" TIME_SLOT_REF2="ts{}">
                <ANNOTATION_VALUE>{}</ANNOTATION_VALUE>
            </ALIGNABLE_ANNOTATION>
        </ANNOTATION>"#,
                    first + order + 1,
                    refs[0],
                    refs[1],
                    escape(shown(&query.text))
                );
            }
            tiers.push_str("    </TIER>\n");
        }
    }
    let extra = serde_json::to_string(&Extra::of(clip)).unwrap_or_default();
    let extra = escape(extra);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="1970-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
        <PROPERTY NAME="{EXTRA}">{extra}</PROPERTY>
        <PROPERTY NAME="lastUsedAnnotationId">{annotation}</PROPERTY>
    </HEADER>
    <TIME_ORDER>
{slots}    </TIME_ORDER>
{tiers}    <LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="{TIER_TYPE}" TIME_ALIGNABLE="true"/>
</ANNOTATION_DOCUMENT>
"#
    )
}

fn millis(secs: f64) -> i64 {
    (secs * 1e3).round() as i64
}

/// Text as XML can hold it.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c }).collect()
}

/// Where the reader stands.
#[derive(Default)]
struct Place {
    tier: String,
    /// Of the annotation that is open: its number and both ends.
    annotation: Option<(u64, [String; 2])>,
    property: String,
    text: String,
}

#[derive(Default)]
struct Found {
    extra: Extra,
    slots: HashMap<String, f64>,
    moments: Vec<(String, u64, [String; 2], String)>,
}

pub fn parse(bytes: &[u8], clip: &str) -> Result<AnnotatedClip, String> {
    let mut reader = Reader::from_reader(bytes);
    let (mut place, mut found) = (Place::default(), Found::default());
    let mut is_elan = false;
    loop {
        let at = reader.buffer_position();
        let event = reader.read_event().map_err(|e| format!("byte {at}: {e}"))?;
        match event {
            Event::Start(tag) => {
                is_elan |= tag.name().as_ref() == b"ANNOTATION_DOCUMENT";
                begin(&tag, &mut place, &mut found)?;
            }
            Event::Empty(tag) => begin(&tag, &mut place, &mut found)?,
            Event::Text(text) => place.text += &text.xml10_content().map_err(|e| e.to_string())?,
            Event::CData(text) => place.text += &text.xml10_content().map_err(|e| e.to_string())?,
            Event::GeneralRef(entity) => {
                let name = entity.decode().map_err(|e| e.to_string())?;
                match entity.resolve_char_ref().map_err(|e| e.to_string())? {
                    Some(character) => place.text.push(character),
                    None => place.text += resolve_predefined_entity(&name).unwrap_or_default(),
                }
            }
            Event::End(tag) => end(tag.name().as_ref(), &mut place, &mut found),
            Event::Eof => break,
            _ => {}
        }
    }
    if !is_elan {
        return Err("it has no ANNOTATION_DOCUMENT".to_owned());
    }
    let Found { extra, slots, moments } = found;
    // a slot without a time belongs to an annotation that was never aligned
    let pieces = moments.into_iter().filter_map(|(tier, order, [start, end], text)| {
        let window = [*slots.get(&start)?, *slots.get(&end)?];
        Some(Piece { name: question_of(&tier).to_owned(), order, window, text })
    });
    Ok(clip_of(extra, pieces.collect(), clip, shown))
}

/// `a_0 #2` → `a_0`
fn question_of(tier: &str) -> &str {
    match tier.rsplit_once(" #") {
        Some((name, number)) if number.parse::<u32>().is_ok() => name,
        _ => tier,
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<String, String> {
    let found = tag.try_get_attribute(name).map_err(|e| e.to_string())?;
    let Some(found) = found else { return Ok(String::new()) };
    found.normalized_value(XmlVersion::Implicit1_0).map(|v| v.into_owned()).map_err(|e| e.to_string())
}

fn begin(tag: &BytesStart<'_>, place: &mut Place, found: &mut Found) -> Result<(), String> {
    match tag.name().as_ref() {
        b"TIME_SLOT" => {
            if let Ok(time) = attribute(tag, "TIME_VALUE")?.parse::<f64>() {
                found.slots.insert(attribute(tag, "TIME_SLOT_ID")?, time / 1e3);
            }
        }
        b"TIER" => place.tier = attribute(tag, "TIER_ID")?,
        b"PROPERTY" => {
            place.property = attribute(tag, "NAME")?;
            place.text.clear();
        }
        b"ALIGNABLE_ANNOTATION" => {
            let order = attribute(tag, "ANNOTATION_ID")?.strip_prefix('a').and_then(|n| n.parse().ok());
            let ends = [attribute(tag, "TIME_SLOT_REF1")?, attribute(tag, "TIME_SLOT_REF2")?];
            place.annotation = Some((order.unwrap_or(u64::MAX), ends));
        }
        b"ANNOTATION_VALUE" => place.text.clear(),
        _ => {}
    }
    Ok(())
}

fn end(name: &[u8], place: &mut Place, found: &mut Found) {
    match name {
        // what was damaged elsewhere is left out
        b"PROPERTY" if place.property == EXTRA => {
            found.extra = serde_json::from_str(&place.text).unwrap_or_default();
        }
        b"ANNOTATION_VALUE" => {
            if let Some((order, ends)) = place.annotation.take() {
                found.moments.push((place.tier.clone(), order, ends, std::mem::take(&mut place.text)));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_elan_itself_wrote_is_read() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="ann" DATE="2024-05-02T10:00:00+01:00" FORMAT="3.0" VERSION="3.0">
    <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
        <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/v.mp4" MIME_TYPE="video/mp4"/>
        <PROPERTY NAME="URN">urn:nl-mpi-tools-elan-eaf:1</PROPERTY>
    </HEADER>
    <TIME_ORDER>
        <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="780"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="2080"/>
        <TIME_SLOT TIME_SLOT_ID="ts3"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="9000"/>
    </TIME_ORDER>
    <TIER LINGUISTIC_TYPE_REF="default-lt" PARTICIPANT="" TIER_ID="actions">
        <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
            <ANNOTATION_VALUE>cuts bread &amp; cheese</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
        <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
            <ANNOTATION_VALUE>never aligned</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    </TIER>
    <TIER LINGUISTIC_TYPE_REF="t" PARENT_REF="actions" TIER_ID="notes">
        <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a3" ANNOTATION_REF="a1">
            <ANNOTATION_VALUE>with a knife</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
    </TIER>
</ANNOTATION_DOCUMENT>"#;
        let clip = parse(text.as_bytes(), "v").expect("reads");
        assert_eq!((clip.clip_uid.as_str(), clip.queries.len()), ("v", 1));
        let query = &clip.queries[0];
        assert_eq!(
            (query.text.as_str(), query.windows.as_slice()),
            ("cuts bread & cheese", &[[0.78, 2.08]][..])
        );
    }

    #[test]
    fn a_text_changed_in_elan_counts() {
        let clip = AnnotatedClip {
            clip_uid: "c".into(),
            queries: vec![crate::project::AnnotatedQuery {
                annotation_uid: "a".into(),
                text: "who?".into(),
                template: Some("t".into()),
                windows: vec![[1.0, 2.0]],
                ..Default::default()
            }],
            ..AnnotatedClip::default()
        };
        let text = write(&clip).replace("<ANNOTATION_VALUE>who?<", "<ANNOTATION_VALUE>Who came in?<");
        let found = parse(text.as_bytes(), "c").expect("reads");
        assert_eq!(found.queries.len(), 1);
        assert_eq!(
            (found.queries[0].text.as_str(), found.queries[0].template.as_deref()),
            ("Who came in?", Some("t"))
        );
    }
}
