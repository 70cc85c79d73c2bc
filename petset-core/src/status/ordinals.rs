//! Sets of ordinals, compact in memory and in writing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::names::Ordinal;

/// A set of ordinals as ascending, disjoint, non-touching ranges. Written as text: `0-4,7`.
///
/// ```
/// use petset_core::{Ordinal, status::OrdinalSet};
/// let mut set: OrdinalSet = "0-2,5".parse().unwrap();
/// assert!(set.insert(Ordinal(3)) && set.insert(Ordinal(4)));
/// assert_eq!(set.to_string(), "0-5");
/// assert!(set.remove(Ordinal(1)));
/// assert_eq!(set.to_string(), "0,2-5");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrdinalSet {
    ranges: Vec<(u32, u32)>,
}

impl OrdinalSet {
    /// True when it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether it holds `ordinal`.
    pub fn contains(&self, ordinal: Ordinal) -> bool {
        let after = self.ranges.partition_point(|&(first, _)| first <= ordinal.0);
        after > 0 && self.ranges[after - 1].1 >= ordinal.0
    }

    /// Adds `ordinal`; false when it was there.
    pub fn insert(&mut self, ordinal: Ordinal) -> bool {
        if self.contains(ordinal) {
            return false;
        }
        let number = ordinal.0;
        let at = self.ranges.partition_point(|&(first, _)| first < number);
        let joins_left = at > 0 && self.ranges[at - 1].1.checked_add(1) == Some(number);
        let joins_right = at < self.ranges.len() && number.checked_add(1) == Some(self.ranges[at].0);
        match (joins_left, joins_right) {
            (true, true) => {
                self.ranges[at - 1].1 = self.ranges[at].1;
                self.ranges.remove(at);
            }
            (true, false) => self.ranges[at - 1].1 = number,
            (false, true) => self.ranges[at].0 = number,
            (false, false) => self.ranges.insert(at, (number, number)),
        }
        true
    }

    /// Takes `ordinal` out; false when it was not there.
    pub fn remove(&mut self, ordinal: Ordinal) -> bool {
        if !self.contains(ordinal) {
            return false;
        }
        let number = ordinal.0;
        let at = self.ranges.partition_point(|&(first, _)| first <= number) - 1;
        let (first, last) = self.ranges[at];
        match (first == number, last == number) {
            (true, true) => {
                self.ranges.remove(at);
            }
            (true, false) => self.ranges[at].0 = number + 1,
            (false, true) => self.ranges[at].1 = number - 1,
            (false, false) => {
                self.ranges[at].1 = number - 1;
                self.ranges.insert(at + 1, (number + 1, last));
            }
        }
        true
    }

    /// Every ordinal in it, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Ordinal> + '_ {
        self.ranges.iter().flat_map(|&(first, last)| (first..=last).map(Ordinal))
    }
}

impl FromIterator<Ordinal> for OrdinalSet {
    fn from_iter<I: IntoIterator<Item = Ordinal>>(ordinals: I) -> Self {
        let mut set = Self::default();
        for ordinal in ordinals {
            set.insert(ordinal);
        }
        set
    }
}

impl fmt::Display for OrdinalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, &(first, last)) in self.ranges.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            if first == last { write!(f, "{first}")? } else { write!(f, "{first}-{last}")? }
        }
        Ok(())
    }
}

impl FromStr for OrdinalSet {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            crate::Error::new(crate::ErrorKind::Invalid, "read a set of ordinals")
                .with_context("text", text)
                .with_message("expected ascending ordinals and ranges such as `0-4,7`")
        };
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let first = Ordinal::parse_exact(first).ok_or_else(wrong)?.0;
            let last = Ordinal::parse_exact(last).ok_or_else(wrong)?.0;
            match ranges.last_mut() {
                _ if first > last => return Err(wrong()),
                Some(before) if first <= before.1 => return Err(wrong()),
                Some(before) if first == before.1 + 1 => before.1 = last,
                _ => ranges.push((first, last)),
            }
        }
        Ok(Self { ranges })
    }
}

impl Serialize for OrdinalSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OrdinalSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
