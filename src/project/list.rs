//! Lists of a project's items: found by key, shared between snapshots, so that a copy of a project
//! costs little.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What an item is found by.
pub trait Keyed {
    type Key: PartialEq;
    fn key(&self) -> Self::Key;
}

/// Items in the order in which they were added; no two have the same key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct List<T>(Arc<Vec<Arc<T>>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Keyed + Clone> List<T> {
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.0.iter().map(Arc::as_ref)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, key: &T::Key) -> Option<&T> {
        self.iter().find(|item| item.key() == *key)
    }

    /// Replaces the item with the same key, else adds at the end.
    pub fn put(&mut self, item: T) {
        let place = self.0.iter().position(|old| old.key() == item.key());
        let items = Arc::make_mut(&mut self.0);
        match place {
            Some(place) => items[place] = Arc::new(item),
            None => items.push(Arc::new(item)),
        }
    }

    /// Whether there was one.
    pub fn remove(&mut self, key: &T::Key) -> bool {
        let place = self.0.iter().position(|item| item.key() == *key);
        if let Some(place) = place {
            Arc::make_mut(&mut self.0).remove(place);
        }
        place.is_some()
    }

    /// The item for changing, a copy of its own if it is shared.
    pub fn get_mut(&mut self, key: &T::Key) -> Option<&mut T> {
        let place = self.0.iter().position(|item| item.key() == *key)?;
        Some(Arc::make_mut(&mut Arc::make_mut(&mut self.0)[place]))
    }
}

/// Of items with the same key the last counts.
impl<T: Keyed + Clone> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list = Self::default();
        items.into_iter().for_each(|item| list.put(item));
        list
    }
}
