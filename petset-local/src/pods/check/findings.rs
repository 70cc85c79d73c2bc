//! Collecting violations.

use std::fmt::Display;

use petset_core::manifest::Violation;
use petset_core::spec::Verbatim;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Violation>);

impl Findings {
    /// Something is there that cannot be honoured.
    pub(super) fn refuse(&mut self, path: impl Into<String>, value: impl Display, problem: impl Into<String>) {
        self.0.push(Violation::new(path, value, problem));
    }

    /// Something is missing.
    pub(super) fn missing(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Violation::missing(path, problem));
    }

    /// Everything in `other` but what is `accepted` (and what is null, which says nothing).
    pub(super) fn unknown(&mut self, path: &str, other: &Verbatim, accepted: &[&str]) {
        for (key, value) in other {
            if !value.is_null() && !accepted.contains(&key.as_str()) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                self.refuse(
                    path,
                    value,
                    "has no effect on processes of this machine; remove it or use another backend",
                );
            }
        }
    }

    /// A switch that must be off.
    pub(super) fn off(&mut self, path: &str, other: &Verbatim, keys: &[&str]) {
        for &key in keys {
            match other.get(key) {
                None | Some(serde_json::Value::Null | serde_json::Value::Bool(false)) => {}
                Some(value) => self.refuse(format!("{path}.{key}"), value, "only `false` is supported on this machine"),
            }
        }
    }

    /// Everything that was found.
    pub(super) fn into_violations(self) -> Vec<Violation> {
        self.0
    }
}
