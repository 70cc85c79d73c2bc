//! Collecting violations.

use std::fmt::Display;

use petset_core::manifest::Violation;
use petset_core::spec::Verbatim;
use serde_json::Value;

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Violation>);

impl Findings {
    /// Something is there that cannot be honoured. What several containers find in the pod is said once.
    pub(super) fn refuse(&mut self, path: impl Into<String>, value: impl Display, problem: impl Into<String>) {
        let found = Violation::new(path, value, problem);
        if !self.0.contains(&found) {
            self.0.push(found);
        }
    }

    /// Something is missing.
    pub(super) fn missing(&mut self, path: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Violation::missing(path, problem));
    }

    /// Everything in `other` but what is `accepted`, and but what is null, which says nothing.
    pub(super) fn unknown(&mut self, path: &str, other: &Verbatim, accepted: &[&str]) {
        for (key, value) in other {
            if !value.is_null() && !accepted.contains(&key.as_str()) {
                self.refuse(
                    format!("{path}.{key}"),
                    value,
                    "has no effect on containers of one engine; remove it or use another backend",
                );
            }
        }
    }

    /// A field that may say one of a few things only.
    pub(super) fn only(&mut self, path: &str, other: &Verbatim, key: &str, accepted: &[Value]) {
        if let Some(value) = other.get(key).filter(|value| !value.is_null() && !accepted.contains(value)) {
            let words: Vec<String> = accepted.iter().map(|value| format!("`{value}`")).collect();
            self.refuse(format!("{path}.{key}"), value, format!("only {} is supported here", words.join(" or ")));
        }
    }

    /// Everything that was found.
    pub(super) fn into_violations(self) -> Vec<Violation> {
        self.0
    }
}
