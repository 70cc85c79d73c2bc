//! From what the API server, or the way to it, says to what it means.

use std::error::Error as StdError;
use std::io;

use kube::Error as KubeError;
use kube::core::Status;
use petset_core::{Error, ErrorKind, Retry};
use thiserror::Error as ThisError;

/// Why a request came to nothing.
#[derive(Debug, ThisError)]
pub(crate) enum Failure {
    /// The server took the request and said no.
    #[error("{}", .status.message)]
    Refused { operation: &'static str, status: Box<Status> },
    /// No whole answer: the effect may or may not have happened.
    #[error("no answer of the API server")]
    NoAnswer { operation: &'static str, source: KubeError },
    /// Nobody answers at the address.
    #[error("the API server cannot be reached")]
    Unreachable { operation: &'static str, source: KubeError },
    /// An answer that cannot be read.
    #[error("the API server's answer cannot be read")]
    Unreadable { operation: &'static str, source: KubeError },
    /// The client is not set up to ask.
    #[error("the client cannot ask")]
    Unable { operation: &'static str, source: KubeError },
}

impl Failure {
    /// What `error` means, of `operation`, which reads after "failed to ".
    pub(crate) fn new(operation: &'static str, error: KubeError) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other errors are about how the client is set up")]
        match error {
            KubeError::Api(status) => Self::Refused { operation, status },
            source @ (KubeError::Service(_) | KubeError::HyperError(_)) if is_refused_connection(&source) => {
                Self::Unreachable { operation, source }
            }
            source @ (KubeError::Service(_) | KubeError::HyperError(_) | KubeError::ReadEvents(_)) => {
                Self::NoAnswer { operation, source }
            }
            source @ (KubeError::SerdeError(_)
            | KubeError::FromUtf8(_)
            | KubeError::LinesCodecMaxLineLengthExceeded) => Self::Unreadable { operation, source },
            source => Self::Unable { operation, source },
        }
    }

    fn status(&self) -> Option<&Status> {
        match self {
            Self::Refused { status, .. } => Some(status),
            Self::NoAnswer { .. } | Self::Unreachable { .. } | Self::Unreadable { .. } | Self::Unable { .. } => None,
        }
    }

    fn is(&self, kind: ErrorKind) -> bool {
        self.status().is_some_and(|status| kind_of(status) == kind)
    }

    /// Whether the server says that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        self.is(ErrorKind::NotFound)
    }

    /// Whether a uid or a version is not what the request said.
    pub(crate) fn is_conflict(&self) -> bool {
        self.is(ErrorKind::Conflict)
    }

    /// Whether the request can never be done; of a patch with a uid in it also that the object has another one.
    pub(crate) fn is_invalid(&self) -> bool {
        self.is(ErrorKind::Invalid)
    }

    /// Whether the name is taken.
    pub(crate) fn is_already_exists(&self) -> bool {
        self.is(ErrorKind::AlreadyExists)
    }

    /// Whether the server asks for another try. It says so as well of a taken name that could have been generated.
    pub(crate) fn asks_again(&self) -> bool {
        self.status().is_some_and(|status| status.reason == "ServerTimeout")
    }
}

/// Nothing was sent where no connection was made.
fn is_refused_connection(error: &KubeError) -> bool {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = error.source();
    }
    false
}

fn kind_of(status: &Status) -> ErrorKind {
    let says = |words: &str| status.message.contains(words);
    match status.code {
        _ if says("exceeded quota") || says("database space exceeded") => ErrorKind::Exhausted,
        400 | 405 | 406 | 413 | 415 | 422 => ErrorKind::Invalid,
        401 | 403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        409 if status.reason == "AlreadyExists" => ErrorKind::AlreadyExists,
        409 => ErrorKind::Conflict,
        410 | 429 | 503 => ErrorKind::Unavailable,
        // A request that the server gave up, or failed in, may have reached its store.
        _ => ErrorKind::Timeout,
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let message = failure.to_string();
        match failure {
            Failure::Refused { operation, status } => Self::new(kind_of(&status), operation).with_message(message),
            Failure::NoAnswer { operation, source } => {
                Self::new(ErrorKind::Timeout, operation).with_message(message).with_source(source)
            }
            Failure::Unreachable { operation, source } => {
                Self::new(ErrorKind::Unavailable, operation).with_message(message).with_source(source)
            }
            Failure::Unreadable { operation, source } => Self::new(ErrorKind::Corrupt, operation)
                .with_retry(Retry::Backoff)
                .with_message(message)
                .with_source(source),
            Failure::Unable { operation, source } => {
                Self::new(ErrorKind::Internal, operation).with_message(message).with_source(source)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16, reason: &str, message: &str) -> Failure {
        Failure::new("ask", KubeError::Api(Status::failure(message, reason).with_code(code).boxed()))
    }

    #[test]
    fn each_answer_has_its_meaning() {
        for (code, reason, message, kind, retry) in [
            (400, "BadRequest", "bad", ErrorKind::Invalid, Retry::Persistent),
            (401, "Unauthorized", "who", ErrorKind::Forbidden, Retry::Persistent),
            (403, "Forbidden", "pods is forbidden", ErrorKind::Forbidden, Retry::Persistent),
            (403, "Forbidden", "exceeded quota: few", ErrorKind::Exhausted, Retry::Backoff),
            (404, "NotFound", "gone", ErrorKind::NotFound, Retry::Backoff),
            (409, "AlreadyExists", "taken", ErrorKind::AlreadyExists, Retry::Backoff),
            (409, "Conflict", "modified", ErrorKind::Conflict, Retry::Now),
            (410, "Expired", "too old", ErrorKind::Unavailable, Retry::Backoff),
            (422, "Invalid", "spec.x", ErrorKind::Invalid, Retry::Persistent),
            (429, "TooManyRequests", "later", ErrorKind::Unavailable, Retry::Backoff),
            (500, "InternalError", "etcdserver: request timed out", ErrorKind::Timeout, Retry::Backoff),
            (500, "", "etcdserver: mvcc: database space exceeded", ErrorKind::Exhausted, Retry::Backoff),
            (503, "ServiceUnavailable", "soon", ErrorKind::Unavailable, Retry::Backoff),
            (504, "Timeout", "slow", ErrorKind::Timeout, Retry::Backoff),
        ] {
            let error = Error::from(refused(code, reason, message));
            assert_eq!((error.kind(), error.retry()), (kind, retry), "{code}");
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[test]
    fn s2_no_answer_is_never_a_no() {
        let cut = || Box::new(io::Error::from(io::ErrorKind::ConnectionReset));
        let failure = Failure::new("ask", KubeError::Service(cut()));
        assert!(!failure.is_not_found());
        assert_eq!(Error::from(failure).kind(), ErrorKind::Timeout);
        let refused = Box::new(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!(Error::from(Failure::new("ask", KubeError::Service(refused))).kind(), ErrorKind::Unavailable);
    }
}
