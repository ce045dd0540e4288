//! Configuration files: TOML, single values overridden by `key=value`, unknown keys refused.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::TrainError;

/// Reads a configuration; what the file does not say, or without a file everything, is the default.
/// `overrides` are `section.key=value`, the value as TOML has it or a plain word.
pub fn read<T>(path: Option<&Path>, overrides: &[String]) -> Result<T, TrainError>
where
    T: Default + Serialize + DeserializeOwned,
{
    let mut table =
        Table::try_from(T::default()).unwrap_or_else(|_| unreachable!("every value has a TOML form"));
    if let Some(path) = path {
        merge(&mut table, table_of(path)?);
    }
    for setting in overrides {
        set(&mut table, setting)?;
    }
    table.try_into().map_err(|error: toml::de::Error| {
        let what = error.to_string().trim().replace('\n', " ");
        match path {
            Some(path) => TrainError::Config { what, path: path.to_owned() },
            None => TrainError::Setting(what),
        }
    })
}

/// What a file says, whatever that may be.
pub(super) fn table_of(path: &Path) -> Result<Table, TrainError> {
    let fail = |what: String| TrainError::Config { what, path: path.to_owned() };
    let text = std::fs::read_to_string(path)
        .map_err(|error| fail(format!("cannot read the configuration: {error}")))?;
    text.parse::<Table>().map_err(|error| fail(error.to_string().trim().to_owned()))
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(into)), Value::Table(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn set(table: &mut Table, setting: &str) -> Result<(), TrainError> {
    let wrong = |what: &str| TrainError::Setting(format!("`{setting}`: {what}"));
    let (key, value) = setting.split_once('=').ok_or_else(|| wrong("expected section.key=value"))?;
    let (key, value) = (key.trim(), value.trim());
    let mut parsed = format!("value = {value}").parse::<Table>();
    if parsed.is_err() {
        parsed = Ok(Table::from_iter([("value".to_owned(), Value::String(value.to_owned()))]));
    }
    let value = parsed.ok().and_then(|mut table| table.remove("value")).ok_or_else(|| wrong("no value"))?;
    let mut parts: Vec<&str> = key.split('.').collect();
    let last = parts.pop().filter(|last| !last.is_empty()).ok_or_else(|| wrong("the key is empty"))?;
    let mut place = table;
    for part in parts {
        let entry = place.entry(part).or_insert_with(|| Value::Table(Table::new()));
        place = entry.as_table_mut().ok_or_else(|| wrong("a part of the key is a value and no section"))?;
    }
    place.insert(last.to_owned(), value);
    Ok(())
}

/// Refuses settings that would do nothing: each with whether it was set, and why it is of no use.
pub(super) fn refuse_unused(settings: &[(&str, bool, &str)]) -> Result<(), TrainError> {
    match settings.iter().find(|(_, is_set, _)| *is_set) {
        Some((key, _, why)) => {
            Err(TrainError::Setting(format!("`{key}` would do nothing: {why}; leave it out")))
        }
        None => Ok(()),
    }
}

/// The whole configuration, every default written out.
pub fn to_toml<T: Serialize>(config: &T) -> String {
    toml::to_string_pretty(config).unwrap_or_else(|_| unreachable!("every value has a TOML form"))
}

/// The first key in which two configurations differ, with both values.
pub fn difference(a: &str, b: &str) -> Option<String> {
    let parse = |text: &str| text.parse::<Table>().map(Value::Table);
    match (parse(a), parse(b)) {
        (Ok(a), Ok(b)) => first_difference("", &a, &b),
        _ => Some("one of them is no TOML".to_owned()),
    }
}

fn first_difference(key: &str, a: &Value, b: &Value) -> Option<String> {
    if let (Value::Table(a), Value::Table(b)) = (a, b) {
        let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
        for name in keys {
            let inner = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            match (a.get(name), b.get(name)) {
                (Some(a), Some(b)) => {
                    if let Some(found) = first_difference(&inner, a, b) {
                        return Some(found);
                    }
                }
                (None, None) => {}
                (one, _) => {
                    return Some(format!(
                        "{inner} is only in the {}",
                        if one.is_some() { "first" } else { "second" }
                    ));
                }
            }
        }
        return None;
    }
    (a != b).then(|| format!("{key} was {a} and is {b}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::GroundingRun;

    #[test]
    fn every_default_is_written_out_and_read_again() {
        let run = GroundingRun::default();
        let read: GroundingRun = toml::from_str(&to_toml(&run)).unwrap();
        assert_eq!(read, run);
    }

    #[test]
    fn single_values_are_overridden_and_unknown_keys_refused() {
        let run: GroundingRun = read(
            None,
            &["schedule.epochs=3".into(), "model.gaze.mode=negate".into(), "data.train=['a.json']".into()],
        )
        .unwrap();
        assert_eq!(run.schedule.epochs, 3);
        assert_eq!(run.data.train.len(), 1);
        let error = read::<GroundingRun>(None, &["schedule.epoch=3".into()]).unwrap_err().to_string();
        assert!(error.contains("epoch"), "{error}");
        let error = read::<GroundingRun>(None, &["schedule".into()]).unwrap_err().to_string();
        assert!(error.contains("section.key=value"), "{error}");
    }

    #[test]
    fn the_first_difference_is_named() {
        let a = GroundingRun::default();
        let mut b = a.clone();
        b.schedule.epochs = 99;
        assert_eq!(difference(&to_toml(&a), &to_toml(&a)), None);
        let found = difference(&to_toml(&a), &to_toml(&b)).unwrap();
        assert_eq!(found, "schedule.epochs was 6 and is 99");
    }
}
