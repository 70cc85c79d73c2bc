//! Running another command where a container runs: its view, its variables, its working directory.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{self, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use command_fds::{CommandFdExt as _, FdMapping};
use petset_core::{Error, ErrorKind, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use super::cell::Cell;
use super::fault::{blocking, disk};
use super::isolation::Isolation;
use super::launch::PET_LOCK;
use super::lock::{Gate, shared};
use super::logs::printable_tail;
use super::plan::{Purpose, plan};
use super::process::{Process, ProcessId};
use super::shared::Shared;
use super::view::Plan;

/// Goes to the working directory and becomes the command.
const SCRIPT: &str = r#"cd -- "$1" || exit 126; shift; exec "$@""#;

/// How many bytes of what a probe or handler prints are kept to say why it failed.
const KEPT_WORDS: u64 = 16 << 10;

/// Runs commands in one container.
#[derive(Debug, Clone)]
pub(super) struct Runner {
    node: Arc<Shared>,
    cell: Arc<Cell>,
    index: usize,
}

impl Runner {
    pub(super) fn new(node: Arc<Shared>, cell: Arc<Cell>, index: usize) -> Self {
        Self { node, cell, index }
    }

    /// Runs `argv` to its end. Of each of its two streams the first `kept` bytes are kept, and all is read. When the future is
    /// dropped, the command and what it started in its group is ended.
    pub(super) async fn output(&self, argv: &[String], kept: u64) -> Result<Output> {
        let (runner, argv) = (self.clone(), argv.to_vec());
        let failed = |kind| {
            let container = self.cell.container(self.index).name;
            Error::new(kind, "run a command in a pod").with_context("container", container)
        };
        let Some((_group, mut child)) = blocking(move || runner.start(&argv)).await? else {
            return Err(failed(ErrorKind::Unavailable).with_message("the container is not running"));
        };
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let output = async { tokio::try_join!(child.wait(), beginning(stdout, kept), beginning(stderr, kept)) };
        let (status, stdout, stderr) = output.await.map_err(|error| failed(ErrorKind::Internal).with_source(error))?;
        Ok(Output { status, stdout, stderr })
    }

    /// Starts a command where the container runs; `None` when it does not run. Blocks.
    fn start(&self, argv: &[String]) -> Result<Option<(Group, Child)>> {
        let Some(id) = self.cell.container(self.index).process else { return Ok(None) };
        let plan = plan(&self.node, &self.cell, self.index, Purpose::Command)?;
        self.spawn(id, &plan, argv)
    }

    /// Starts a command beside the process `id` of the container. Under the gate, so that the pod is not buried and the
    /// container not started again in between; a pod that is ending still runs commands, such as `preStop`. The command
    /// inherits the pod's lock: no later incarnation starts before it has ended.
    pub(super) fn spawn(&self, id: ProcessId, plan: &Plan, argv: &[String]) -> Result<Option<(Group, Child)>> {
        let Self { node, cell, index } = self;
        let gate_path = cell.paths.gate();
        let gate = Gate::take(&gate_path).map_err(|error| disk("lock a pod's gate", &gate_path, error))?;
        if cell.is_gone() || cell.container(*index).process != Some(id) {
            return Ok(None);
        }
        let found = Process::find(id).map_err(|error| disk("look for a process", Path::new("/proc"), error))?;
        let Some(process) = found.filter(Process::is_running) else { return Ok(None) };
        let lock_path = cell.paths.lock();
        let Some(lock) = shared(&lock_path).map_err(|error| disk("lock a pod", &lock_path, error))? else {
            return Ok(None);
        };
        let mut command = enter(&node.isolation, process.id().pid);
        command.args(["-c", SCRIPT, "petset", &plan.working_dir]).args(argv);
        command.env_clear().envs(plan.env.iter().map(|(name, value)| (name, value)));
        command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        command
            .fd_mappings(vec![FdMapping { parent_fd: lock.into(), child_fd: PET_LOCK }])
            .expect("one descriptor cannot collide");
        let mut command = Command::from(command);
        let spawned = command.kill_on_drop(true).spawn();
        let child = spawned.map_err(|error| disk("run a command in a pod", Path::new("/bin/sh"), error))?;
        let group = Group::of(&child);
        drop(gate);
        Ok(Some((group, child)))
    }
}

/// The first `kept` bytes of a stream, which is read to its end.
async fn beginning(stream: Option<impl AsyncRead + Unpin>, kept: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        (&mut stream).take(kept).read_to_end(&mut bytes).await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    }
    Ok(bytes)
}

/// A shell where the process `pid` is.
fn enter(isolation: &Isolation, pid: u32) -> process::Command {
    let Isolation::Namespaces { tools, user } = isolation else { return process::Command::new("/bin/sh") };
    let mut command = process::Command::new(&tools.nsenter);
    command.args(["--target", &pid.to_string(), "--mount", "--uts", "--root"]);
    if *user {
        command.args(["--user", "--preserve-credentials"]);
    }
    command.args(["--", "/bin/sh"]);
    command
}

/// Ends a command's process group when dropped, if its leader still runs: then the number still names the group.
#[derive(Debug)]
pub(super) struct Group(Option<Process>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|pid| Process::of_pid(pid).ok().flatten()))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(leader) = self.0.as_ref().filter(|leader| leader.is_running()) else { return };
        let group = i32::try_from(leader.id().pid).ok().and_then(Pid::from_raw);
        if let Some(Err(error)) = group.map(|group| kill_process_group(group, Signal::KILL)) {
            tracing::debug!(%error, "a command that took too long had ended already");
        }
    }
}

#[async_trait]
impl crate::probe::CommandRunner for Runner {
    async fn run(&self, command: &[String], timeout: Duration) -> crate::probe::Answer {
        use crate::probe::Answer;
        match tokio::time::timeout(timeout, self.output(command, KEPT_WORDS)).await {
            Ok(Ok(output)) if output.status.success() => Answer::Success,
            Ok(Ok(output)) => {
                let mut said = output.stdout;
                said.extend(output.stderr);
                Answer::Failure(format!("{}: {}", output.status, printable_tail(&said, 200).trim()))
            }
            Ok(Err(error)) => Answer::Failure(error.chain().to_string()),
            Err(_) => Answer::Failure(format!("no end within {} s", timeout.as_secs_f32())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_beginning_is_kept_and_all_is_read() {
        let mut all: &[u8] = b"abcdef";
        assert_eq!(beginning(Some(&mut all), 4).await.unwrap(), b"abcd");
        assert!(all.is_empty());
        assert!(beginning(None::<&[u8]>, 4).await.unwrap().is_empty());
    }
}
