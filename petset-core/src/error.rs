//! The one error type of the traits, the engine and the controller.

use std::error::Error as StdError;
use std::fmt;

/// A result whose error is [`struct@Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, by meaning. Callers branch on this (or on the predicates of [`Error`]), never on text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The named thing does not exist.
    NotFound,
    /// The name is taken by something else.
    AlreadyExists,
    /// A precondition (version, uid) did not hold: the view that the request was based on is old.
    Conflict,
    /// The input can never work as it is.
    Invalid,
    /// The backend says that it cannot do this.
    Unsupported,
    /// The backend lacks the permission.
    Forbidden,
    /// Disk, quota, addresses or another finite thing ran out.
    Exhausted,
    /// The backend cannot be reached or is busy.
    Unavailable,
    /// No answer in time: the effect may or may not have happened.
    Timeout,
    /// Stored data cannot be decoded.
    Corrupt,
    /// A second writer has the store or the world open.
    Locked,
    /// A bug, or something that fits nowhere else.
    Internal,
}

/// Whether and how to try again. Decided by whoever raised the error; the engine only reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Retry {
    /// Read again and try at once: somebody else was faster.
    Now,
    /// Try again with growing pauses.
    Backoff,
    /// Trying again cannot help until the declaration or the surroundings change. The engine still looks again at the
    /// slowest pace of its backoff, so that a mended surrounding heals without a restart.
    Persistent,
}

/// An error with its kind, its retry class, the operation that failed, readable context and its source.
///
/// `Display` prints one line without the source; print the chain with [`Error::chain`]. `Debug` prints the chain and the
/// kind, and with `{:#?}` every field.
///
/// ```
/// use petset_core::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::Exhausted, "create directory")
///     .with_context("claim", "www-web-0")
///     .with_message("12 bytes are free, 1 Gi are wanted");
/// assert_eq!(
///     error.to_string(),
///     "failed to create directory (claim www-web-0): 12 bytes are free, 1 Gi are wanted"
/// );
/// ```
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    retry: Retry,
    operation: &'static str,
    message: Option<String>,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind in this operation. `operation` reads after "failed to ".
    pub fn new(kind: ErrorKind, operation: &'static str) -> Self {
        let retry = match kind {
            ErrorKind::Conflict => Retry::Now,
            ErrorKind::Invalid | ErrorKind::Unsupported | ErrorKind::Corrupt | ErrorKind::Forbidden => {
                Retry::Persistent
            }
            ErrorKind::NotFound
            | ErrorKind::AlreadyExists
            | ErrorKind::Exhausted
            | ErrorKind::Unavailable
            | ErrorKind::Timeout
            | ErrorKind::Locked
            | ErrorKind::Internal => Retry::Backoff,
        };
        Self { inner: Box::new(Inner { kind, retry, operation, message: None, context: Vec::new(), source: None }) }
    }

    /// The same error with a retry class other than its kind's usual one.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.inner.retry = retry;
        self
    }

    /// The same error with a sentence of its own: what is wrong and what would be right.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.inner.message = Some(message.into());
        self
    }

    /// The same error with one more named value, printed in the order of adding.
    #[must_use]
    pub fn with_context(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.inner.context.push((name, value.to_string()));
        self
    }

    /// The same error with the error that caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// What went wrong, by meaning.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Whether and how to try again.
    pub fn retry(&self) -> Retry {
        self.inner.retry
    }

    /// What was being done; reads after "failed to ".
    pub fn operation(&self) -> &'static str {
        self.inner.operation
    }

    /// True when the named thing does not exist.
    pub fn is_not_found(&self) -> bool {
        self.inner.kind == ErrorKind::NotFound
    }

    /// True when a version or uid precondition failed.
    pub fn is_conflict(&self) -> bool {
        self.inner.kind == ErrorKind::Conflict
    }

    /// True when the name was taken.
    pub fn is_already_exists(&self) -> bool {
        self.inner.kind == ErrorKind::AlreadyExists
    }

    /// The error and its sources in one line, joined by ": ".
    pub fn chain(&self) -> impl fmt::Display + '_ {
        Chain(self)
    }
}

struct Chain<'a>(&'a Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind: _, retry: _, operation, message, context, source: _ } = &*self.inner;
        write!(f, "failed to {operation}")?;
        for (index, (name, value)) in context.iter().enumerate() {
            f.write_str(if index == 0 { " (" } else { ", " })?;
            write!(f, "{name} {value}")?;
        }
        if !context.is_empty() {
            f.write_str(")")?;
        }
        match message {
            // A list stands below, one entry per line.
            Some(message) if message.starts_with('\n') => write!(f, ":{message}"),
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, retry, operation, message, context, source } = &*self.inner;
        if !f.alternate() {
            // What `fn main() -> Result<()>` prints is read by people.
            return write!(f, "{} ({kind:?})", self.chain());
        }
        f.debug_struct("Error")
            .field("kind", kind)
            .field("retry", retry)
            .field("operation", operation)
            .field("message", message)
            .field("context", context)
            .field("source", source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
