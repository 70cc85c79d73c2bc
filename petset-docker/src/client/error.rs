//! What the engine's answers mean, and the one way out of them into the core's error.

use bollard::errors::Error as Bollard;
use petset_core::{Error, ErrorKind};
use thiserror::Error as ThisError;

/// Why a request came to nothing.
#[derive(Debug, ThisError)]
pub(crate) enum Failure {
    /// The engine took the request and said no.
    #[error("{message}")]
    Refused { operation: &'static str, refusal: Refusal, message: String },
    /// No whole answer: the effect may or may not have happened.
    #[error("no answer within {seconds} s")]
    NoAnswer { operation: &'static str, seconds: u64 },
    /// Nobody answers at the address.
    #[error("Docker cannot be reached")]
    Unreachable { operation: &'static str, source: Bollard },
    /// Another engine answers, or one without its data.
    #[error(
        "the engine at {host} does not have the pods and claims of this node, or its data is not mounted: it has no volume \
         `{mark}`; open the node with the engine that it was made with, for example by DOCKER_HOST, or, if all that is on \
         it was removed by hand, make that volume: docker volume create {mark}"
    )]
    Elsewhere { operation: &'static str, host: String, mark: String },
    /// An answer that cannot be read, or a request that could not be made.
    #[error("the engine's answer cannot be read")]
    Unreadable { operation: &'static str, source: Bollard },
}

/// The engine's no, by meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400: the request can never work as it is.
    Invalid,
    /// 401, 403: not allowed.
    Forbidden,
    /// 404: there is no such thing.
    NotFound,
    /// 409: a name is taken, or the thing is in another state.
    Conflict,
    /// No space on the engine's disk.
    Full,
    /// 5xx and everything else.
    Broken,
}

impl Failure {
    pub(crate) fn new(operation: &'static str, error: Bollard) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other errors are about answers that make no sense")]
        match error {
            Bollard::DockerResponseServerError { status_code, message } => {
                Self::Refused { operation, refusal: Refusal::of(status_code, &message), message }
            }
            Bollard::DockerStreamError { error } => {
                Self::Refused { operation, refusal: Refusal::of(500, &error), message: error }
            }
            Bollard::RequestTimeoutError => Self::NoAnswer { operation, seconds: 120 },
            source @ (Bollard::IOError { .. }
            | Bollard::HyperResponseError { .. }
            | Bollard::HyperLegacyError { .. }
            | Bollard::SocketNotFoundError(_)) => Self::Unreachable { operation, source },
            source => Self::Unreadable { operation, source },
        }
    }

    /// The same no in other words; what was no whole answer stays what it was.
    pub(crate) fn with_message(self, message: String) -> Self {
        match self {
            Self::Refused { operation, refusal, message: _ } => Self::Refused { operation, refusal, message },
            other @ (Self::NoAnswer { .. }
            | Self::Unreachable { .. }
            | Self::Elsewhere { .. }
            | Self::Unreadable { .. }) => other,
        }
    }

    /// The engine's no, if it was one.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(*refusal),
            Self::NoAnswer { .. } | Self::Unreachable { .. } | Self::Elsewhere { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// Whether the engine said no before it did anything. One that broke, or whose disk was full, may have done it all the
    /// same.
    pub(crate) fn is_definite(&self) -> bool {
        match self.refusal() {
            Some(Refusal::Invalid | Refusal::Forbidden | Refusal::NotFound | Refusal::Conflict) => true,
            Some(Refusal::Full | Refusal::Broken) | None => false,
        }
    }

    /// Whether the engine says that there is no such thing.
    pub(crate) fn is_not_found(&self) -> bool {
        self.refusal() == Some(Refusal::NotFound)
    }

    /// Whether an answer was whole, but had a word in it that Docker's API has not.
    pub(crate) fn is_of_unknown_word(&self) -> bool {
        match self {
            Self::Unreadable { source: Bollard::JsonDataError { message, .. }, .. } => {
                message.contains("unknown variant")
            }
            Self::Unreadable { .. }
            | Self::Refused { .. }
            | Self::NoAnswer { .. }
            | Self::Unreachable { .. }
            | Self::Elsewhere { .. } => false,
        }
    }

    /// Whether the engine refuses a start because it has a half of an earlier one, of which it knows nothing any more. The
    /// container was prepared, and its program never ran and never will.
    pub(crate) fn is_half_started(&self) -> bool {
        self.said(|message| message.starts_with("task ") && message.ends_with("already exists"))
    }

    /// Whether the engine refuses a start because the container runs, which the engine does not know: it died after that
    /// start and before it wrote it down. It is the engine, its supervisor or the runtime itself that still has it.
    pub(crate) fn is_running_unseen(&self) -> bool {
        self.said(|message| message.contains("id already in use") || (is_of_runtime(message) && exists(message)))
    }

    /// Whether a request got as far as the runtime, and the runtime refused it.
    pub(crate) fn is_of_runtime(&self) -> bool {
        self.said(is_of_runtime)
    }

    /// Whether the runtime refused to make the container, so that its program did not begin: by one of the words for that,
    /// because anything else may have come after the beginning.
    pub(crate) fn is_unmade(&self) -> bool {
        const WORDS: [&str; 4] = [
            "OCI runtime create failed",
            // As Podman says it.
            "OCI runtime attempted to invoke a command that was not found",
            "OCI permission denied",
            "OCI runtime command not found",
        ];
        self.said(|message| !exists(message) && WORDS.iter().any(|words| message.contains(words)))
    }

    fn said(&self, what: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Refused { message, .. } => what(message),
            Self::NoAnswer { .. } | Self::Unreachable { .. } | Self::Elsewhere { .. } | Self::Unreadable { .. } => {
                false
            }
        }
    }

    /// Whether a name is taken, or the thing is in another state.
    pub(crate) fn is_conflict(&self) -> bool {
        self.refusal() == Some(Refusal::Conflict)
    }
}

fn is_of_runtime(message: &str) -> bool {
    message.contains("OCI runtime")
}

/// Whether it says that something of the container is there already.
fn exists(message: &str) -> bool {
    message.contains(" exists")
}

impl Refusal {
    fn of(status: u16, message: &str) -> Self {
        match status {
            _ if message.contains("no space left on device") => Self::Full,
            400 => Self::Invalid,
            401 | 403 => Self::Forbidden,
            404 => Self::NotFound,
            409 => Self::Conflict,
            // As Podman says it.
            500 if message.contains("name is already in use") => Self::Conflict,
            _ => Self::Broken,
        }
    }

    fn kind(self) -> ErrorKind {
        match self {
            Self::Invalid => ErrorKind::Invalid,
            Self::Forbidden => ErrorKind::Forbidden,
            Self::NotFound => ErrorKind::NotFound,
            Self::Conflict => ErrorKind::AlreadyExists,
            Self::Full => ErrorKind::Exhausted,
            Self::Broken => ErrorKind::Unavailable,
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused { operation, refusal, message } => {
                Self::new(refusal.kind(), operation).with_message(message)
            }
            Failure::NoAnswer { operation, .. } => {
                Self::new(ErrorKind::Timeout, operation).with_message(failure.to_string())
            }
            Failure::Elsewhere { operation, .. } => {
                Self::new(ErrorKind::Unavailable, operation).with_message(failure.to_string())
            }
            Failure::Unreachable { operation, source } => Self::new(ErrorKind::Unavailable, operation)
                .with_message("Docker cannot be reached")
                .with_source(source),
            Failure::Unreadable { operation, source } => Self::new(ErrorKind::Corrupt, operation)
                .with_retry(petset_core::Retry::Backoff)
                .with_message("the engine's answer cannot be read")
                .with_source(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use petset_core::Retry;

    use super::*;

    #[test]
    fn each_answer_has_its_meaning() {
        for (status_code, message, kind, retry) in [
            (400, "bad parameter", ErrorKind::Invalid, Retry::Persistent),
            (403, "denied", ErrorKind::Forbidden, Retry::Persistent),
            (404, "No such container", ErrorKind::NotFound, Retry::Backoff),
            (409, "Conflict. The container name is in use", ErrorKind::AlreadyExists, Retry::Backoff),
            (500, "write /x: no space left on device", ErrorKind::Exhausted, Retry::Backoff),
            (500, "that name is already in use", ErrorKind::AlreadyExists, Retry::Backoff),
            (500, "driver failed", ErrorKind::Unavailable, Retry::Backoff),
        ] {
            let answer = Bollard::DockerResponseServerError { status_code, message: message.to_owned() };
            let failure = Failure::new("ask", answer);
            assert_eq!(failure.is_definite(), status_code != 500 || kind == ErrorKind::AlreadyExists, "{message}");
            let error = Error::from(failure);
            assert_eq!((error.kind(), error.retry()), (kind, retry), "{status_code}");
            assert!(error.to_string().contains(message), "{error}");
        }
    }

    #[test]
    fn l1_a_half_of_a_start_is_told_from_other_refusals() {
        let refused = |message: &str| {
            let message = message.to_owned();
            Failure::new("ask", Bollard::DockerResponseServerError { status_code: 500, message })
        };
        assert!(refused("task d83336195765: already exists").is_half_started());
        assert!(!refused("driver failed programming external connectivity").is_half_started());
        assert!(!Failure::new("ask", Bollard::RequestTimeoutError).is_half_started());
    }

    #[test]
    fn s1_a_start_that_is_refused_because_it_runs_is_no_half_of_one() {
        let refused = |message: &str| {
            let message = message.to_owned();
            Failure::new("ask", Bollard::DockerResponseServerError { status_code: 409, message })
        };
        let runs = refused("id already in use");
        assert!(runs.is_running_unseen() && !runs.is_half_started() && !runs.is_of_runtime());
        let unmade = refused("failed to create shim task: OCI runtime create failed: exec: \"x\": no such file");
        assert!(unmade.is_of_runtime() && unmade.is_unmade());
        assert!(!unmade.is_running_unseen() && !unmade.is_half_started());
        assert!(!Failure::new("ask", Bollard::RequestTimeoutError).is_running_unseen());
    }

    #[test]
    fn s1_what_the_runtime_still_has_may_run_and_so_may_what_it_says_in_other_words() {
        let refused = |message: &str| {
            let message = format!("failed to create shim: {message}: unknown");
            Failure::new("ask", Bollard::DockerResponseServerError { status_code: 500, message })
        };
        for has in ["container with id exists: d83336195765", "container with given ID already exists"] {
            let has = refused(&format!("OCI runtime create failed: {has}"));
            assert!(has.is_running_unseen() && !has.is_unmade() && !has.is_half_started());
        }
        for other in ["OCI runtime start failed: cannot start a container that has stopped", "OCI runtime state failed"]
        {
            assert!(!refused(other).is_unmade() && !refused(other).is_running_unseen());
        }
    }

    #[test]
    fn s2_no_answer_is_never_a_no() {
        let cut = Bollard::IOError { err: std::io::Error::from(std::io::ErrorKind::ConnectionReset) };
        for failure in [Failure::new("ask", cut), Failure::new("ask", Bollard::RequestTimeoutError)] {
            assert_eq!(failure.refusal(), None);
            assert!(!failure.is_definite());
            assert!(!Error::from(failure).is_not_found());
        }
    }
}
