//! The backend under the conformance suite.

use std::sync::Arc;

use async_trait::async_trait;
use petset::backend::Claim;
use petset::spec::{Container, PodTemplate};
use petset::{Error, ErrorKind, Result, SetKey};
use petset_testkit::conformance::{Hands, Subject, Workload};
use tempfile::TempDir;

use super::book::Book;
use super::dirs::Dirs;
use super::tasks::Tasks;

/// What only this backend's author can do.
#[derive(Debug)]
struct OurHands {
    dirs: Dirs,
    /// Dropped last.
    _dir: TempDir,
}

#[async_trait]
impl Hands for OurHands {
    async fn vanish_volume(&self, claim: &Claim) -> Result<()> {
        std::fs::remove_dir_all(self.dirs.data(&claim.set, &claim.name)).map_err(failed)
    }

    async fn damage_pods(&self, _set: &SetKey) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "damage pods")
            .with_message("tasks have no record that could be damaged"))
    }

    async fn damage_claims(&self, _set: &SetKey) -> Result<()> {
        let error = Error::new(ErrorKind::Unsupported, "damage claims");
        Err(error.with_message("a damaged claim stays so, and could not be tidied up behind the case"))
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Internal, "prepare a case").with_source(error)
}

pub(crate) async fn subject() -> Result<Subject> {
    let dir = tempfile::tempdir().map_err(failed)?;
    let dirs = Dirs::new(dir.path().to_owned());
    let mut workload = Workload::new();
    workload.ready = Some(template("serve"));
    workload.never_ready = Some(template("idle"));
    workload.stubborn = Some(template("stubborn"));
    workload.ends = Some(template("done"));
    workload.fails = Some(template("fail"));
    let mut refused = template("serve");
    refused.spec.host_network = true;
    refused.spec.containers[0].image = Some("nginx".to_owned());
    workload.refused_pods = vec![(refused, ["spec.containers[0].image", "spec.hostNetwork"].map(str::to_owned).into())];
    Ok(Subject::new()
        .pods(Arc::new(Tasks::new(dirs.clone())))
        .volumes(Arc::new(dirs.clone()))
        .names(Arc::new(Book::default()))
        .workload(workload)
        .hands(Arc::new(OurHands { dirs, _dir: dir })))
}

fn template(program: &str) -> PodTemplate {
    let mut template = PodTemplate::default();
    template.spec.containers =
        vec![Container { name: "main".to_owned(), command: vec![program.to_owned()], ..Container::default() }];
    template
}
