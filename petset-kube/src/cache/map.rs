//! The objects of a view, and what each kind of news does to them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use petset_core::SetKey;

use super::entry::Entry;

/// Namespace and name.
pub(super) type Key = (String, String);

/// The sets that an object may concern, by which it is to be found.
pub(super) type SetsOf<T> = fn(&str, &str, Option<&T>) -> Vec<SetKey>;

/// The objects of a view by namespace and name.
#[derive(Debug)]
pub(super) struct Objects<T> {
    by_key: BTreeMap<Key, Entry<T>>,
    /// Those that may concern a set, where they are to be found by it.
    by_set: BTreeMap<SetKey, BTreeSet<Key>>,
    sets_of: Option<SetsOf<T>>,
    /// Whether nobody would decide otherwise on the one than on the other.
    are_alike: fn(&T, &T) -> bool,
    /// The newest version that the list or the watch has shown: whatever is older was taken in.
    seen: u64,
}

impl<T> Objects<T> {
    pub(super) fn new(sets_of: Option<SetsOf<T>>, are_alike: fn(&T, &T) -> bool) -> Self {
        Self { by_key: BTreeMap::new(), by_set: BTreeMap::new(), sets_of, are_alike, seen: 0 }
    }

    fn insert(&mut self, key: Key, entry: Entry<T>) {
        self.forget_sets(&key);
        if let Some(sets_of) = self.sets_of {
            for set in sets_of(&key.0, &key.1, entry.kept.as_ref().ok()) {
                self.by_set.entry(set).or_default().insert(key.clone());
            }
        }
        self.by_key.insert(key, entry);
    }

    fn remove(&mut self, key: &Key) -> bool {
        self.forget_sets(key);
        self.by_key.remove(key).is_some()
    }

    fn forget_sets(&mut self, key: &Key) {
        let (Some(sets_of), Some(entry)) = (self.sets_of, self.by_key.get(key)) else { return };
        for set in sets_of(&key.0, &key.1, entry.kept.as_ref().ok()) {
            if let Some(keys) = self.by_set.get_mut(&set) {
                keys.remove(key);
                if keys.is_empty() {
                    self.by_set.remove(&set);
                }
            }
        }
    }

    /// The list or the watch shows an object; whether that is news.
    pub(super) fn shown(&mut self, key: Key, version: u64, kept: Result<T, String>) -> bool {
        self.seen = self.seen.max(version);
        let Some(known) = self.by_key.get(&key) else {
            self.insert(key, Entry { version, kept, unconfirmed: None });
            return true;
        };
        let is_alike = matches!((&known.kept, &kept), (Ok(known), Ok(kept)) if (self.are_alike)(known, kept));
        let is_news = known.version < version && !is_alike;
        if known.version <= version {
            self.insert(key, Entry { version, kept, unconfirmed: None });
        }
        is_news
    }

    /// The watch shows that an object is gone, last seen in this version; whether that is news.
    pub(super) fn gone(&mut self, key: &Key, version: u64) -> bool {
        self.seen = self.seen.max(version);
        let is_news = self.by_key.get(key).is_some_and(|entry| entry.version <= version);
        is_news && self.remove(key)
    }

    /// The answer to an own write shows an object; whether that is news. What the watch has passed already, it knows
    /// better.
    pub(super) fn wrote(&mut self, key: Key, version: u64, kept: Result<T, String>, now: Instant) -> bool {
        let is_news = match self.by_key.get(&key) {
            Some(entry) => entry.version < version,
            None => self.seen < version,
        };
        if is_news {
            self.insert(key, Entry { version, kept, unconfirmed: Some(now) });
        }
        is_news
    }

    /// An own read shows an object, or that there is none; it was asked when the object was in the version `asked`.
    pub(super) fn read(&mut self, key: Key, asked: u64, found: Option<(u64, Result<T, String>)>) {
        match found {
            Some((version, kept)) if self.by_key.get(&key).is_none_or(|entry| entry.version <= version) => {
                self.insert(key, Entry { version, kept, unconfirmed: None });
            }
            None if self.by_key.get(&key).is_some_and(|entry| entry.version == asked) => {
                self.remove(&key);
            }
            Some(_) | None => {}
        }
    }

    /// Changes what is kept of an object, if it is there; not which sets it concerns.
    pub(super) fn change(&mut self, key: &Key, change: impl FnOnce(&mut T)) {
        if let Some(Entry { kept: Ok(kept), .. }) = self.by_key.get_mut(key) {
            change(kept);
        }
    }

    /// What is there, or was there, in another version than in `next`, with what is kept of it.
    pub(super) fn differences(&self, next: &Self) -> Vec<(Key, Option<T>)>
    where
        T: Clone,
    {
        let version = |objects: &Self, key| objects.by_key.get(key).map(|entry: &Entry<T>| entry.version);
        let both = next.by_key.iter().chain(self.by_key.iter().filter(|(key, _)| !next.by_key.contains_key(*key)));
        both.filter(|(key, _)| version(self, key) != version(next, key))
            .map(|(key, entry)| (key.clone(), entry.kept.clone().ok()))
            .collect()
    }

    /// The newest version that the list or the watch has shown.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Every object.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Key, &Entry<T>)> {
        self.by_key.iter()
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Entry<T>> {
        self.by_key.get(key)
    }

    /// The objects of a namespace whose names begin like this.
    pub(super) fn of<'a>(
        &'a self,
        namespace: &'a str,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a Key, &'a Entry<T>)> {
        let first = (namespace.to_owned(), prefix.to_owned());
        self.by_key.range(first..).take_while(move |((of, name), _)| of == namespace && name.starts_with(prefix))
    }

    /// The objects that may concern a set, where they are to be found by it.
    pub(super) fn of_set<'a>(&'a self, set: &'a SetKey) -> impl Iterator<Item = (&'a Key, &'a Entry<T>)> {
        let keys = self.by_set.get(set).into_iter().flatten();
        keys.filter_map(|key| self.by_key.get_key_value(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        ("default".to_owned(), "web-0".to_owned())
    }

    fn kept(objects: &Objects<u32>) -> Option<u32> {
        objects.get(&key()).map(|entry| *entry.kept.as_ref().expect("it can be read"))
    }

    #[test]
    fn s13_no_object_goes_back() {
        let mut objects = Objects::new(None, |_, _| false);
        objects.shown(key(), 5, Ok(5));
        objects.wrote(key(), 9, Ok(9), Instant::now());
        assert!(!objects.shown(key(), 7, Ok(7)));
        assert_eq!(kept(&objects), Some(9), "an event that was on its way is older than the own write");
        assert!(!objects.gone(&key(), 8));
        assert_eq!(kept(&objects), Some(9), "so is an end before it");
        assert!(!objects.shown(key(), 9, Ok(9)), "an echo is no news");
        assert!(objects.get(&key()).is_some_and(|entry| entry.unconfirmed.is_none()));
        objects.gone(&key(), 10);
        assert_eq!(kept(&objects), None);
    }

    #[test]
    fn l3_only_what_may_change_a_decision_is_news() {
        let mut objects = Objects::new(None, |known, next| known == next);
        assert!(objects.shown(key(), 5, Ok(5)));
        assert!(!objects.shown(key(), 6, Ok(5)), "nothing but its version is new");
        assert_eq!(objects.get(&key()).map(|entry| entry.version), Some(6));
        assert!(objects.shown(key(), 7, Ok(7)));
        assert!(objects.shown(key(), 8, Err("damaged".to_owned())));
        assert!(objects.shown(key(), 9, Ok(7)));
    }

    #[test]
    fn s13_a_late_answer_brings_nothing_back() {
        let mut objects = Objects::new(None, |_, _| false);
        objects.shown(key(), 5, Ok(5));
        objects.gone(&key(), 6);
        objects.wrote(key(), 5, Ok(5), Instant::now());
        assert_eq!(kept(&objects), None, "the watch has passed version 5");
        objects.wrote(key(), 7, Ok(7), Instant::now());
        assert_eq!(kept(&objects), Some(7));
    }

    #[test]
    fn l3_a_list_tells_what_changed_since_the_last_one() {
        let key = |name: &str| ("default".to_owned(), name.to_owned());
        let (mut before, mut after) = (Objects::new(None, |_, _| false), Objects::new(None, |_, _| false));
        for (name, version) in [("same", 1), ("changed", 2), ("gone", 3)] {
            before.shown(key(name), version, Ok(version));
        }
        for (name, version) in [("same", 1), ("changed", 7), ("new", 8)] {
            after.shown(key(name), version, Ok(version));
        }
        let names: Vec<String> = before.differences(&after).into_iter().map(|((_, name), _)| name).collect();
        assert_eq!(names, ["changed", "new", "gone"]);
    }

    #[test]
    fn only_names_that_begin_so() {
        let mut objects = Objects::new(None, |(), ()| false);
        for (namespace, name) in [("a", "web-0"), ("default", "web-0"), ("default", "web-1"), ("default", "wex-0")] {
            objects.shown((namespace.to_owned(), name.to_owned()), 1, Ok(()));
        }
        let found: Vec<_> = objects.of("default", "web-").map(|(key, _)| key.1.as_str()).collect();
        assert_eq!(found, ["web-0", "web-1"]);
    }

    #[test]
    fn s5_an_object_is_found_by_the_sets_that_it_concerns_now() {
        let (key, set) = (key(), |name: &str| SetKey::new("default", name));
        let mut objects = Objects::new(
            Some(|_, _, kept: Option<&&str>| kept.iter().map(|of| SetKey::new("default", **of)).collect()),
            |_, _| false,
        );
        let found = |objects: &Objects<&str>, name: &str| objects.of_set(&set(name)).count();
        objects.shown(key.clone(), 1, Ok("web"));
        assert_eq!((found(&objects, "web"), found(&objects, "db")), (1, 0));
        objects.shown(key.clone(), 2, Ok("db"));
        assert_eq!((found(&objects, "web"), found(&objects, "db")), (0, 1));
        objects.gone(&key, 3);
        assert!(objects.by_set.is_empty() && objects.by_key.is_empty());
    }
}
