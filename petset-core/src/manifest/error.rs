//! Everything that is wrong with a manifest, as one error.

use std::fmt;

use super::Violation;
use crate::error::{Error, ErrorKind};

/// Everything that is wrong with a manifest. `Display` prints one violation per line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestError {
    /// What is wrong, in the order of the documents; never empty.
    pub violations: Vec<ManifestViolation>,
}

/// One thing that is wrong, and the document that it is wrong in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestViolation {
    /// The document.
    pub document: DocumentRef,
    /// What is wrong in it.
    pub violation: Violation,
}

/// Which document of a manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentRef {
    /// Its place in the text, from 1; `None` when it does not come from a text.
    pub index: Option<usize>,
    /// Its kind as written; empty when it says none.
    pub kind: String,
    /// Its name as written; empty when it says none.
    pub name: String,
}

impl ManifestError {
    /// One violation of the text as a whole.
    pub(super) fn whole(violation: Violation) -> Self {
        Self { violations: vec![ManifestViolation { document: DocumentRef::default(), violation }] }
    }

    /// `Ok` when there is nothing wrong.
    pub(super) fn unless_empty(violations: Vec<ManifestViolation>) -> Result<(), Self> {
        if violations.is_empty() { Ok(()) } else { Err(Self { violations }) }
    }
}

impl DocumentRef {
    /// Each of these violations in this document.
    pub(super) fn holds(&self, violations: Vec<Violation>) -> impl Iterator<Item = ManifestViolation> {
        violations.into_iter().map(|violation| ManifestViolation { document: self.clone(), violation })
    }
}

impl fmt::Display for DocumentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, kind, name } = self;
        let mut gap = "";
        if let Some(index) = index {
            write!(f, "document {index}")?;
            gap = ", ";
        }
        for text in [kind, name].into_iter().filter(|text| !text.is_empty()) {
            write!(f, "{gap}{}", Violation::shorten(text))?;
            gap = " ";
        }
        Ok(())
    }
}

impl fmt::Display for ManifestViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { document, violation } = self;
        if *document == DocumentRef::default() {
            write!(f, "{violation}")
        } else {
            write!(f, "{document}: {violation}")
        }
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.violations.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ManifestError {}

impl From<ManifestError> for Error {
    fn from(error: ManifestError) -> Self {
        let gap = if error.violations.len() > 1 { "\n" } else { "" };
        Self::new(ErrorKind::Invalid, "accept the manifest").with_message(format!("{gap}{error}"))
    }
}
