//! Collects violations; the few checks that are needed everywhere.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::super::Violation;
use super::names::Rule;

/// The violations found so far.
#[derive(Debug, Default)]
pub(super) struct Checks {
    found: Vec<Violation>,
}

impl Checks {
    /// `value` stands at `path` and is wrong.
    pub(super) fn wrong(&mut self, path: impl Into<String>, value: impl Display, problem: impl Into<String>) {
        self.found.push(Violation::new(path, value, problem));
    }

    /// Nothing stands at `path`, and something must.
    pub(super) fn missing(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.found.push(Violation::missing(path, problem));
    }

    /// `value` is required and keeps to `rule`.
    pub(super) fn named(&mut self, path: &str, value: &str, rule: Rule) {
        if value.is_empty() {
            self.missing(path, "required");
        } else {
            self.follows(path, value, rule);
        }
    }

    /// `value` keeps to `rule`.
    pub(super) fn follows(&mut self, path: &str, value: &str, rule: Rule) {
        if let Err(problem) = rule(value) {
            self.wrong(path, value, problem);
        }
    }

    /// `value` is one of `allowed`.
    pub(super) fn one_of(&mut self, path: &str, value: &str, allowed: &[&str]) {
        if !allowed.contains(&value) {
            let allowed: Vec<String> = allowed.iter().map(|allowed| format!("'{allowed}'")).collect();
            self.wrong(path, value, format!("must be {}", allowed.join(" or ")));
        }
    }

    /// `value` is at least `least`.
    pub(super) fn at_least(&mut self, path: &str, value: impl Into<i64>, least: i64) {
        let value = value.into();
        if value < least {
            self.wrong(path, value, format!("must be greater than or equal to {least}"));
        }
    }

    /// `value` is a port.
    pub(super) fn port(&mut self, path: &str, value: i32) {
        if !(1..=65535).contains(&value) {
            self.wrong(path, value, "must be between 1 and 65535, inclusive");
        }
    }

    /// `value` is not in `seen` yet.
    pub(super) fn unique<'v>(&mut self, path: &str, value: &'v str, seen: &mut BTreeSet<&'v str>) {
        if !seen.insert(value) && !value.is_empty() {
            self.wrong(path, value, "duplicate value");
        }
    }

    /// Exactly one of these is there.
    pub(super) fn exactly_one(&mut self, path: &str, what: &str, there: &[(&str, bool)]) {
        let names =
            |only: bool| -> Vec<&str> { there.iter().filter(|(_, is)| *is || !only).map(|(name, _)| *name).collect() };
        let said = names(true);
        if said.is_empty() {
            self.missing(path, format!("must specify {what}: one of {}", names(false).join(", ")));
        } else if said.len() > 1 {
            self.wrong(path, said.join(", "), format!("may not specify more than one {what}"));
        }
    }

    /// Everything that was found.
    pub(super) fn into_found(self) -> Vec<Violation> {
        self.found
    }
}
