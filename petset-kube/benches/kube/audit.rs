//! Who asked for what, by the API server's own record.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;

use serde::Deserialize;

use crate::Error;

/// The server's record, from some place on.
#[derive(Debug)]
pub(crate) struct Audit {
    log: PathBuf,
    from: u64,
}

/// How often one user asked for what: "create pods".
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests(pub(crate) BTreeMap<String, u64>);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    stage: String,
    verb: String,
    user: User,
    object_ref: Option<Object>,
    #[serde(rename = "requestURI")]
    request_uri: String,
}

#[derive(Debug, Deserialize)]
struct User {
    username: String,
}

#[derive(Debug, Deserialize)]
struct Object {
    resource: String,
    subresource: Option<String>,
}

impl Audit {
    /// What is asked for from now on.
    pub(crate) fn from_now(log: PathBuf) -> Result<Self, Error> {
        let from = log.metadata()?.len();
        Ok(Self { log, from })
    }

    /// What a user has asked for, and how much all others have.
    pub(crate) fn of(&self, user: &str) -> Result<(Requests, u64), Error> {
        let mut file = File::open(&self.log)?;
        file.seek(SeekFrom::Start(self.from))?;
        let (mut requests, mut others) = (Requests::default(), 0);
        for line in BufReader::new(file).lines() {
            // The last line may be half of one.
            let Ok(entry) = serde_json::from_str::<Entry>(&line?) else { continue };
            if !entry.counts() {
                continue;
            }
            if entry.user.username == user {
                *requests.0.entry(entry.name()).or_default() += 1;
            } else {
                others += 1;
            }
        }
        Ok((requests, others))
    }
}

impl Entry {
    /// A watch is told of when it first says something, and at its end.
    fn counts(&self) -> bool {
        (self.verb == "watch") == (self.stage == "ResponseStarted")
    }

    fn name(&self) -> String {
        match &self.object_ref {
            None => format!("{} {}", self.verb, self.request_uri),
            Some(Object { resource, subresource: None }) => format!("{} {resource}", self.verb),
            Some(Object { resource, subresource: Some(sub) }) => format!("{} {resource}/{sub}", self.verb),
        }
    }
}

impl Requests {
    pub(crate) fn total(&self) -> u64 {
        self.0.values().sum()
    }

    pub(crate) fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }
}
