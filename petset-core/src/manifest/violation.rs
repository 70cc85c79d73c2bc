//! One thing that is wrong with an input.

use std::fmt;

/// One thing that is wrong: where, what stands there, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field's path, for example `spec.template.spec.containers[0].image`.
    pub path: String,
    /// What stands there, shortened when it is long; `None` when nothing does.
    pub value: Option<String>,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl Violation {
    /// Longer values are cut to this many characters.
    pub const MAX_VALUE_CHARS: usize = 64;

    /// A violation at `path`, where `value` stands.
    pub fn new(path: impl Into<String>, value: impl fmt::Display, problem: impl Into<String>) -> Self {
        Self { path: path.into(), value: Some(Self::shorten(&value.to_string())), problem: problem.into() }
    }

    /// The text on one line and not too long.
    pub(super) fn shorten(text: &str) -> String {
        let visible = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let mut shortened: String = text.chars().take(Self::MAX_VALUE_CHARS).map(visible).collect();
        if text.chars().nth(Self::MAX_VALUE_CHARS).is_some() {
            shortened.push('…');
        }
        shortened
    }

    /// A violation at `path`, where something is missing.
    pub fn missing(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { path: path.into(), value: None, problem: problem.into() }
    }

    /// The same violation below `prefix`: `prefix` + `.` + path.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        self.path = match (prefix.is_empty(), self.path.is_empty() || self.path.starts_with('[')) {
            (true, _) => self.path,
            (false, true) => format!("{prefix}{}", self.path),
            (false, false) => format!("{prefix}.{}", self.path),
        };
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, value, problem } = self;
        match value {
            Some(value) => write!(f, "{path}: `{value}`: {problem}"),
            None => write!(f, "{path}: {problem}"),
        }
    }
}
