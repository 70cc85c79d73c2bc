//! The objects of a view, and what each kind of news does to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use petset_core::SetKey;

use super::entry::Entry;

/// Namespace and name.
pub(super) type Key = (String, String);

/// Which objects are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// Those of a namespace whose names begin like this.
    Names(&'a str, &'a str),
    /// Those that a set's name fits, of a kind that is indexed by sets.
    Set(&'a SetKey),
}

/// Objects by the sets that they may belong to.
#[derive(Debug)]
struct Index<T> {
    read: fn(&Key) -> Vec<SetKey>,
    by_set: BTreeMap<SetKey, BTreeMap<Key, Arc<Entry<T>>>>,
}

impl<T> Index<T> {
    fn insert(&mut self, key: &Key, entry: &Arc<Entry<T>>) {
        for set in (self.read)(key) {
            self.by_set.entry(set).or_default().insert(key.clone(), Arc::clone(entry));
        }
    }

    fn remove(&mut self, key: &Key) {
        for set in (self.read)(key) {
            if let Some(objects) = self.by_set.get_mut(&set)
                && objects.remove(key).is_some()
                && objects.is_empty()
            {
                self.by_set.remove(&set);
            }
        }
    }
}

/// The objects of a view by namespace and name.
#[derive(Debug)]
pub(super) struct Objects<T> {
    by_key: BTreeMap<Key, Arc<Entry<T>>>,
    index: Option<Index<T>>,
    /// Whether nobody would decide otherwise on the one than on the other.
    are_alike: fn(&T, &T) -> bool,
    /// The newest version that the list or the watch has shown: whatever is older was taken in.
    seen: u64,
}

impl<T> Objects<T> {
    /// Nothing yet, indexed by what `read` says if there is such a thing.
    pub(super) fn new(read: Option<fn(&Key) -> Vec<SetKey>>, are_alike: fn(&T, &T) -> bool) -> Self {
        let index = read.map(|read| Index { read, by_set: BTreeMap::new() });
        Self { by_key: BTreeMap::new(), index, are_alike, seen: 0 }
    }

    fn insert(&mut self, key: Key, entry: Entry<T>) {
        let entry = Arc::new(entry);
        if let Some(index) = &mut self.index {
            index.insert(&key, &entry);
        }
        self.by_key.insert(key, entry);
    }

    fn remove(&mut self, key: &Key) {
        if self.by_key.remove(key).is_some()
            && let Some(index) = &mut self.index
        {
            index.remove(key);
        }
    }

    /// The watch shows an object in this version; whether it is known in that one or a later one, so that it need not be
    /// read.
    pub(super) fn confirms(&mut self, key: &Key, version: u64) -> bool
    where
        T: Clone,
    {
        let Some(known) = self.by_key.get(key).filter(|known| known.version >= version) else { return false };
        self.seen = self.seen.max(version);
        if known.version == version && known.unconfirmed.is_some() {
            let entry = Entry { unconfirmed: None, ..Entry::clone(known) };
            self.insert(key.clone(), entry);
        }
        true
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
        if is_news {
            self.remove(key);
        }
        is_news
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

    /// An own read shows an object, or that there is none; it was asked when the object was in the version `asked`. Its
    /// answer may come late: what it shows is unconfirmed as an own write is.
    pub(super) fn read(&mut self, key: Key, asked: u64, found: Option<(u64, Result<T, String>)>, now: Instant) {
        match (found, self.by_key.get(&key)) {
            (Some((version, kept)), Some(entry)) if entry.version == version => {
                // The watch is still to show it, or never will.
                let unconfirmed = entry.unconfirmed.map(|_| now);
                self.insert(key, Entry { version, kept, unconfirmed });
            }
            (Some((version, kept)), _) => {
                self.wrote(key, version, kept, now);
            }
            (None, Some(entry)) if entry.version == asked => {
                self.remove(&key);
            }
            (None, _) => {}
        }
    }

    /// Changes what is kept of an object, if it is there.
    pub(super) fn change(&mut self, key: &Key, change: impl FnOnce(&mut T))
    where
        T: Clone,
    {
        let Some(Entry { version, kept: Ok(kept), unconfirmed }) = self.get(key) else { return };
        let (version, mut kept, unconfirmed) = (*version, kept.clone(), *unconfirmed);
        change(&mut kept);
        self.insert(key.clone(), Entry { version, kept: Ok(kept), unconfirmed });
    }

    /// What is there, or was there, in another version than in `next`, with what is kept of it.
    pub(super) fn differences(&self, next: &Self) -> Vec<(Key, Option<T>)>
    where
        T: Clone,
    {
        let version = |objects: &Self, key| objects.get(key).map(|entry| entry.version);
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
        self.by_key.iter().map(|(key, entry)| (key, &**entry))
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Entry<T>> {
        self.by_key.get(key).map(|entry| &**entry)
    }

    /// These objects, by name.
    pub(super) fn of<'a>(&'a self, place: Place<'a>) -> Box<dyn Iterator<Item = (&'a Key, &'a Entry<T>)> + 'a> {
        match (place, &self.index) {
            (Place::Names(namespace, prefix), _) => self.beginning(namespace, prefix),
            (Place::Set(set), None) => self.beginning(&set.namespace, ""),
            (Place::Set(set), Some(index)) => {
                let objects = index.by_set.get(set).into_iter().flatten();
                Box::new(objects.map(|(key, entry)| (key, &**entry)))
            }
        }
    }

    fn beginning<'a>(
        &'a self,
        namespace: &'a str,
        prefix: &'a str,
    ) -> Box<dyn Iterator<Item = (&'a Key, &'a Entry<T>)> + 'a> {
        let first = (namespace.to_owned(), prefix.to_owned());
        let some = self.by_key.range(first..);
        let is_one = move |((of, name), _): &(&Key, _)| of == namespace && name.starts_with(prefix);
        Box::new(some.take_while(is_one).map(|(key, entry)| (key, &**entry)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn never<T>(_one: &T, _other: &T) -> bool {
        false
    }

    fn key() -> Key {
        ("default".to_owned(), "web-0".to_owned())
    }

    fn kept(objects: &Objects<u32>) -> Option<u32> {
        objects.get(&key()).map(|entry| *entry.kept.as_ref().expect("it can be read"))
    }

    #[test]
    fn s13_no_object_goes_back() {
        let mut objects = Objects::new(None, never);
        objects.shown(key(), 5, Ok(5));
        objects.wrote(key(), 9, Ok(9), Instant::now());
        assert!(!objects.shown(key(), 7, Ok(7)));
        assert_eq!(kept(&objects), Some(9), "an event that was on its way is older than the own write");
        assert!(!objects.gone(&key(), 8));
        assert_eq!(kept(&objects), Some(9), "so is an end before it");
        assert!(objects.confirms(&key(), 9), "an echo is no news");
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
        let mut objects = Objects::new(None, never);
        objects.shown(key(), 5, Ok(5));
        objects.gone(&key(), 6);
        objects.wrote(key(), 5, Ok(5), Instant::now());
        assert_eq!(kept(&objects), None, "the watch has passed version 5");
        objects.wrote(key(), 7, Ok(7), Instant::now());
        assert_eq!(kept(&objects), Some(7));
    }

    #[test]
    fn s13_a_late_read_brings_nothing_back() {
        let mut objects = Objects::new(None, never);
        objects.shown(key(), 5, Ok(5));
        objects.gone(&key(), 6);
        objects.read(key(), 5, Some((5, Ok(5))), Instant::now());
        assert_eq!(kept(&objects), None, "the watch has passed version 5");
    }

    #[test]
    fn s13_what_only_a_read_has_shown_is_looked_at_again() {
        // A list that is under way does not know yet how new it is.
        let (mut listing, earlier) = (Objects::new(None, never), Instant::now());
        let unconfirmed = |objects: &Objects<u32>| objects.get(&key()).and_then(|entry| entry.unconfirmed);
        listing.read(key(), 5, Some((5, Ok(5))), earlier);
        assert_eq!(unconfirmed(&listing), Some(earlier), "an object that is gone has been brought back for good");
        let later = earlier + std::time::Duration::from_secs(3);
        listing.read(key(), 5, Some((5, Ok(5))), later);
        assert_eq!(unconfirmed(&listing), Some(later), "this answer may be as late as the first one");
        listing.shown(key(), 5, Ok(5));
        assert_eq!(unconfirmed(&listing), None);
        listing.read(key(), 5, Some((5, Ok(5))), later);
        assert_eq!(unconfirmed(&listing), None, "the watch has shown it");
        listing.read(key(), 5, Some((8, Ok(8))), later);
        assert_eq!(unconfirmed(&listing), Some(later), "the watch has not shown this version");
        listing.read(key(), 8, None, later);
        assert_eq!(kept(&listing), None);
    }

    #[test]
    fn l3_a_list_tells_what_changed_since_the_last_one() {
        let key = |name: &str| ("default".to_owned(), name.to_owned());
        let (mut before, mut after) = (Objects::new(None, never), Objects::new(None, never));
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
    fn a_set_finds_its_own_and_looks_at_nothing_else() {
        let read = |(namespace, name): &Key| -> Vec<SetKey> {
            name.match_indices('-').map(|(at, _)| SetKey::new(namespace.as_str(), &name[at + 1..])).collect()
        };
        let mut objects = Objects::new(Some(read), never);
        for number in 0..1000 {
            objects.shown(("default".to_owned(), format!("www-other{number}")), 1, Ok(()));
        }
        let key = |name: &str| ("default".to_owned(), name.to_owned());
        for name in ["www-a-b", "data-b", "data-a-b"] {
            objects.shown(key(name), 1, Ok(()));
        }
        let set = SetKey::new("default", "a-b");
        let names = |objects: &Objects<()>| -> Vec<String> {
            objects.of(Place::Set(&set)).map(|((_, name), _)| name.clone()).collect()
        };
        assert_eq!(names(&objects), ["data-a-b", "www-a-b"]);
        objects.shown(key("data-a-b"), 2, Ok(()));
        objects.gone(&key("www-a-b"), 3);
        assert_eq!(names(&objects), ["data-a-b"]);
        objects.gone(&key("data-a-b"), 4);
        assert_eq!(names(&objects), [""; 0]);
        assert!(!objects.index.is_some_and(|index| index.by_set.contains_key(&set)), "nothing is left of it");
    }

    #[test]
    fn only_names_that_begin_so() {
        let mut objects = Objects::new(None, never);
        for (namespace, name) in [("a", "web-0"), ("default", "web-0"), ("default", "web-1"), ("default", "wex-0")] {
            objects.shown((namespace.to_owned(), name.to_owned()), 1, Ok(()));
        }
        let found: Vec<_> = objects.of(Place::Names("default", "web-")).map(|(key, _)| key.1.as_str()).collect();
        assert_eq!(found, ["web-0", "web-1"]);
    }
}
