//! The backend under the conformance suite.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use petset::backend::{Claim, Pod, VolumeProvisioner};
use petset::spec::{ClaimTemplate, Container, LabelSelector, PodTemplate, VolumeMount};
use petset::{Error, ErrorKind, Result, SetKey};
use petset_testkit::conformance::{Hands, Subject, Workload};
use tempfile::TempDir;

use super::book::Book;
use super::dirs::Dirs;
use super::tasks::Tasks;

/// What only this backend's author can do.
#[derive(Debug)]
struct OurHands {
    tasks: Tasks,
    dirs: Dirs,
    /// What damaged records said.
    damaged: Mutex<BTreeMap<PathBuf, Vec<u8>>>,
    /// Dropped last.
    _dir: TempDir,
}

#[async_trait]
impl Hands for OurHands {
    async fn vanish_volume(&self, claim: &Claim) -> Result<()> {
        std::fs::remove_dir_all(self.dirs.data(&claim.set, &claim.name)).map_err(failed)
    }

    async fn runs(&self, pod: &Pod) -> Result<bool> {
        Ok(self.tasks.running().contains(&pod.uid))
    }

    async fn damage_pods(&self, _set: &SetKey) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "damage pods")
            .with_message("tasks have no record that could be damaged"))
    }

    async fn damage_claims(&self, set: &SetKey) -> Result<()> {
        let claims = self.dirs.list(set).await?;
        let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        // One of them is enough: the others alone would be a shorter list.
        for claim in claims.iter().take(1) {
            let record = self.dirs.data(set, &claim.name).with_file_name("claim.json");
            damaged.insert(record.clone(), std::fs::read(&record).map_err(failed)?);
            std::fs::write(record, "{").map_err(failed)?;
        }
        Ok(())
    }

    async fn mend(&self) -> Result<()> {
        let damaged = std::mem::take(&mut *self.damaged.lock().unwrap_or_else(PoisonError::into_inner));
        damaged.into_iter().try_for_each(|(record, text)| std::fs::write(record, text).map_err(failed))
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
    let mount =
        VolumeMount { name: Workload::CLAIM.to_owned(), mount_path: "/data".to_owned(), ..VolumeMount::default() };
    refused.spec.containers[0].volume_mounts = vec![mount];
    refused.spec.restart_policy = Some("Always".to_owned());
    let paths =
        ["spec.containers[0].image", "spec.containers[0].volumeMounts", "spec.hostNetwork", "spec.restartPolicy"];
    workload.refused_pods = vec![(refused, paths.map(str::to_owned).into())];
    let mut refused = ClaimTemplate { spec: workload.claim.clone(), ..ClaimTemplate::default() };
    refused.spec.storage_class_name = Some("fast".to_owned());
    refused.spec.selector = Some(LabelSelector::default());
    refused.spec.volume_name = Some("mine".to_owned());
    refused.spec.volume_mode = Some("Block".to_owned());
    let paths = ["spec.selector", "spec.storageClassName", "spec.volumeMode", "spec.volumeName"].map(str::to_owned);
    workload.refused_claims = vec![(refused, paths.into())];
    let tasks = Tasks::new(dirs.clone());
    Ok(Subject::new()
        .pods(Arc::new(tasks.clone()))
        .volumes(Arc::new(dirs.clone()))
        .names(Arc::new(Book::default()))
        .workload(workload)
        .hands(Arc::new(OurHands { tasks, dirs, damaged: Mutex::default(), _dir: dir })))
}

fn template(program: &str) -> PodTemplate {
    let mut template = PodTemplate::default();
    template.spec.containers =
        vec![Container { name: "main".to_owned(), command: vec![program.to_owned()], ..Container::default() }];
    template
}
