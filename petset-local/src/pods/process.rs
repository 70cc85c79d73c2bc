//! One process, held by a descriptor so that a signal can never reach another program that got the same pid.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid};
use serde::{Deserialize, Serialize};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::procfs;

/// Which process, on this boot of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProcessId {
    /// The pid.
    pub(super) pid: u32,
    /// When it started, in ticks since boot.
    pub(super) start: u64,
}

/// A process that was verified to be the one that is meant.
#[derive(Debug, Clone)]
pub(super) struct Process {
    id: ProcessId,
    handle: Arc<OwnedFd>,
}

impl Process {
    /// The process `id`, if it is still there (or ended and not yet waited for); never one that has got its pid.
    pub(super) fn find(id: ProcessId) -> io::Result<Option<Self>> {
        Ok(Self::of_pid(id.pid)?.filter(|process| process.id == id))
    }

    /// The process that has `pid` now; `None` only on the kernel's word that there is none.
    pub(super) fn of_pid(pid: u32) -> io::Result<Option<Self>> {
        let Some(raw) = raw(pid) else { return Ok(None) };
        let handle = match pidfd_open(raw, PidfdFlags::empty()) {
            Ok(handle) => handle,
            // The second and the third: the number is that of a thread which is not its process's first.
            Err(Errno::SRCH | Errno::INVAL | Errno::NOENT) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // Reading after opening: if the start read here belongs to another process than the descriptor, then the
        // descriptor's process was gone by then, and a signal through it hits nobody.
        let Some(stat) = procfs::stat(pid)? else { return Ok(None) };
        Ok(Some(Self { id: ProcessId { pid, start: stat.start }, handle: Arc::new(handle) }))
    }

    /// Which process this is.
    pub(super) fn id(&self) -> ProcessId {
        self.id
    }

    /// Whether any thread of it still runs.
    pub(super) fn is_running(&self) -> bool {
        let mut ends = [PollFd::new(&self.handle, PollFlags::IN)];
        // When the kernel cannot say, the process counts as running.
        !matches!(poll(&mut ends, Some(&Timespec::default())), Ok(1..))
    }

    /// Sends a signal; a process that is gone already is no error.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.handle, signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for its end, and leaves the exit code to whoever asks for it.
    pub(super) async fn gone(&self) {
        match self.handle.try_clone().and_then(watched) {
            Ok(handle) => {
                // An error of the reactor is answered by asking the kernel itself, below.
                drop(handle.readable().await);
            }
            Err(error) => {
                tracing::warn!(pid = self.id.pid, %error, "cannot wait for a process, looking at it every second");
            }
        }
        while self.is_running() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Waits for its end. The exit code as a shell counts it (128 + signal), if this process is its parent; otherwise
    /// nobody tells.
    pub(super) async fn ended(&self) -> Option<i32> {
        self.gone().await;
        self.exit_code()
    }

    /// The exit code of an ended child; `None` when it runs, is not a child of this process, or was asked before.
    pub(super) fn exit_code(&self) -> Option<i32> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let status = waitid(WaitId::PidFd(self.handle.as_fd()), options).ok()??;
        status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal))
    }
}

#[expect(
    deprecated,
    reason = "its replacement is an unsafe function; an `OwnedFd` stays open as long as it is watched"
)]
fn watched(handle: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(handle, Interest::READABLE)
}

fn raw(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pid_with_another_start_is_another_process() {
        #[expect(clippy::zombie_processes, reason = "waiting for it through the descriptor is what is tested")]
        let child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process::of_pid(child.id()).unwrap().unwrap();
        let ProcessId { pid, start } = process.id();
        assert!(Process::find(ProcessId { pid, start: start + 1 }).unwrap().is_none());
        assert!(Process::find(process.id()).unwrap().unwrap().is_running());
        process.signal(Signal::KILL).unwrap();
        assert_eq!(process.ended().await, Some(137));
        assert!(Process::find(process.id()).unwrap().is_none());
    }
}
