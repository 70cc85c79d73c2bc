//! [`LocalPods`]: opening a directory of pods, and what can be asked besides the trait.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use petset_core::backend::{Hints, Pod, PodRef};
use petset_core::{Error, ErrorKind, Ordinal, Result, SetKey};
use rustix::fs::{FlockOperation, flock};

use super::adopt::{adopt, inspect};
use super::cell::{Cell, gone};
use super::exec::Runner;
use super::fault::{blocking, disk};
use super::isolation::Isolation;
use super::logs::{LogFiles, tail};
use super::members::of_pod;
use super::options::PodOptions;
use super::paths::pets;
use super::procfs;
use super::shared::{PodKey, Shared};
use super::supervise::supervise;
use super::tasks::Tasks;
use crate::seams::{AddressBook, ClaimSource};

/// How long the directory is waited for when another controller has it: one that is ending gives it back soon.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);
/// How many bytes of each stream of a command are kept.
const MOST_OUTPUT: u64 = 16 << 20;

/// Pods that are processes of this machine.
///
/// Dropping it, or [`LocalPods::shutdown`], ends the supervision and never a pod: whoever opens the directory next
/// adopts the pods as they are.
#[derive(Debug)]
pub struct LocalPods {
    pub(super) shared: Arc<Shared>,
    pub(super) tasks: Arc<Tasks>,
}

impl LocalPods {
    /// Opens the pods in `dir`, adopts those that are on record and looks after them.
    pub(crate) async fn open(
        dir: PathBuf,
        options: PodOptions,
        claims: Arc<dyn ClaimSource>,
        addresses: Arc<dyn AddressBook>,
    ) -> Result<Self> {
        let owner = take(&dir).await?;
        let hints = Hints::new();
        let shared = blocking(move || -> Result<Arc<Shared>> {
            let boot = procfs::boot_id()
                .map_err(|error| disk("read the boot id", Path::new("/proc/sys/kernel/random/boot_id"), error))?;
            let isolation = if options.namespaces { probe(&dir)? } else { Isolation::None };
            let known = adopt(&dir, &boot, &hints)?;
            let name = options.node_name.clone().unwrap_or_else(machine_name);
            let pods = Mutex::new(known);
            Ok(Arc::new(Shared { root: dir, options, isolation, claims, addresses, boot, name, hints, pods, owner }))
        })
        .await?;
        let pods = Self { shared, tasks: Arc::default() };
        let cells: Vec<_> = pods.shared.known().cells.values().cloned().collect();
        for cell in cells {
            pods.shared.hold_claims(&cell);
            pods.tasks.spawn(supervise(Arc::clone(&pods.shared), cell));
        }
        Ok(pods)
    }

    /// What is on record in `dir`, for onlookers: takes no lock and changes nothing, so it may run beside the
    /// controller that owns the directory.
    pub fn inspect(dir: &Path) -> Result<Vec<Pod>> {
        inspect(dir)
    }

    /// Namespace and name of every pod whose record cannot be read. What such a pod uses is not known, and it may run.
    pub(crate) fn unreadable(&self) -> Vec<PodKey> {
        self.shared.known().broken.keys().cloned().collect()
    }

    /// The process ids of this incarnation, ascending; none once it has ended.
    ///
    /// A process may end, and its id be given to another program, before the caller looks: to signal, find it by pidfd.
    pub async fn processes(&self, pod: &PodRef) -> Result<Vec<u32>> {
        const OPERATION: &str = "find the processes of a pod";
        let name = pod.name();
        let cell = self.shared.pod(&pod.set, &name)?.filter(|cell| cell.uid == pod.uid);
        let cell = cell.ok_or_else(|| gone(OPERATION, &name, &pod.uid))?;
        blocking(move || {
            let members = of_pod(&cell).map_err(|error| disk(OPERATION, Path::new("/proc"), error))?;
            let mut ids: Vec<u32> = members.iter().map(|process| process.id().pid).collect();
            ids.sort_unstable();
            Ok(ids)
        })
        .await
    }

    /// Where the output of a container is.
    pub fn logs(&self, pod: &PodRef, container: &str) -> Result<LogFiles> {
        let (cell, _) = self.container(&pod.set, pod.ordinal, container, "find the logs of a container")?;
        if cell.uid != pod.uid {
            return Err(gone("find the logs of a container", &pod.name(), &pod.uid));
        }
        Ok(LogFiles { stdout: cell.paths.stdout(container), stderr: cell.paths.stderr(container) })
    }

    /// The last `bytes` that a container printed: standard output, then standard error.
    pub async fn log_tail(&self, pod: &PodRef, container: &str, bytes: usize) -> Result<(String, String)> {
        let files = self.logs(pod, container)?;
        blocking(move || {
            let read = |path: &Path| tail(path, bytes).map_err(|error| disk("read a log", path, error));
            Ok((read(&files.stdout)?, read(&files.stderr)?))
        })
        .await
    }

    /// Runs a command where a container runs, with its view, variables and working directory. Of each of its two streams the
    /// first 16 MiB are kept; the rest is read and dropped.
    pub async fn exec(&self, set: &SetKey, ordinal: Ordinal, container: &str, argv: &[String]) -> Result<Output> {
        let (cell, index) = self.container(set, ordinal, container, "run a command in a pod")?;
        Runner::new(Arc::clone(&self.shared), cell, index).output(argv, MOST_OUTPUT).await
    }

    /// Ends the supervision and waits until it has ended. Pods keep running.
    pub async fn shutdown(&self) {
        self.tasks.end().await;
    }

    fn container(
        &self,
        set: &SetKey,
        ordinal: Ordinal,
        container: &str,
        operation: &'static str,
    ) -> Result<(Arc<Cell>, usize)> {
        let pod = set.pod_name(ordinal);
        let missing = || {
            Error::new(ErrorKind::NotFound, operation).with_context("pod", &pod).with_context("container", container)
        };
        let cell = self.shared.pod(set, &pod)?.ok_or_else(missing)?;
        let index = cell.record().containers.iter().position(|known| known.name == container);
        index.map(|index| (Arc::clone(&cell), index)).ok_or_else(missing)
    }
}

/// Takes the directory: at most one controller works in it.
async fn take(dir: &Path) -> Result<File> {
    let dir = dir.to_owned();
    let fault = |path: &Path, error| disk("open a directory of pods", path, error);
    let make = pets(&dir);
    DirBuilder::new().recursive(true).mode(0o700).create(&make).map_err(|error| fault(&make, error))?;
    let path = dir.join("owner.lock");
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|error| fault(&path, error))?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(LOOK).await;
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(Error::new(ErrorKind::Locked, "open a directory of pods")
                    .with_context("path", path.display())
                    .with_message("another controller has it open"));
            }
            Err(error) => return Err(fault(&path, error.into())),
        }
    }
}

fn probe(dir: &Path) -> Result<Isolation> {
    let scratch = dir.join("trial");
    fs::create_dir_all(&scratch).map_err(|error| disk("make a directory", &scratch, error))?;
    Ok(Isolation::probe(&scratch))
}

fn machine_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "localhost".to_owned(), |name| name.trim().to_owned())
}
