//! The locks that make the kernel enforce "at most one incarnation".
//!
//! * `gate.lock` is held exclusively by whoever starts, restarts or buries a pod, only for that moment. No process of a
//!   pod ever inherits it.
//! * `pet.lock` is held shared by every process of the pod, through one inherited descriptor. Whoever gets it
//!   exclusively, under the gate, has the kernel's word that no process of an earlier incarnation lives.
//! * `<container>.lock` is the same for one container.
//!
//! Lock files are never removed or replaced while a pod is on record: a lock on a removed file protects nothing.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

/// How often and how long a lock is tried for that may be held by a process between fork and exec.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// The right to start, restart or bury one pod; given back when dropped. Blocks while somebody else has it.
#[derive(Debug)]
pub(super) struct Gate(#[expect(dead_code, reason = "the lock lives as long as the descriptor")] File);

impl Gate {
    /// Takes the gate at `path`.
    pub(super) fn take(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Ok(()) => return Ok(Self(file)),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A lock that was taken exclusively: no process holds it.
#[derive(Debug)]
pub(super) struct Free(File);

impl Free {
    /// Takes the lock at `path` exclusively; `None` when a process holds it.
    pub(super) fn prove(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        Ok(try_lock(&file, FlockOperation::NonBlockingLockExclusive)?.then_some(Self(file)))
    }

    /// The same lock shared, ready to be inherited. Only under the gate: in between it is held by nobody.
    pub(super) fn share(self) -> io::Result<File> {
        flock(&self.0, FlockOperation::LockShared)?;
        Ok(self.0)
    }
}

/// Takes the lock at `path` shared; `None` when somebody has it exclusively.
pub(super) fn shared(path: &Path) -> io::Result<Option<File>> {
    let file = open(path)?;
    Ok(try_lock(&file, FlockOperation::NonBlockingLockShared)?.then_some(file))
}

fn try_lock(file: &File, operation: FlockOperation) -> io::Result<bool> {
    for attempt in 1.. {
        match flock(file, operation) {
            Ok(()) => return Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) if attempt >= ATTEMPTS => return Ok(false),
            Err(rustix::io::Errno::WOULDBLOCK) => thread::sleep(PAUSE),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusive_means_that_nobody_shares() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pet.lock");
        let first = Free::prove(&path).unwrap().unwrap().share().unwrap();
        let second = shared(&path).unwrap().unwrap();
        assert!(Free::prove(&path).unwrap().is_none());
        drop(first);
        assert!(Free::prove(&path).unwrap().is_none());
        drop(second);
        assert!(Free::prove(&path).unwrap().is_some());
    }
}
