//! Running another command where a container runs: its view, its variables, its working directory.

use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use petset_core::{Error, ErrorKind, Result};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use super::cell::Cell;
use super::fault::{blocking, disk};
use super::isolation::Isolation;
use super::logs::printable_tail;
use super::plan::{Purpose, plan};
use super::process::Process;
use super::shared::Shared;

/// Goes to the working directory and becomes the command.
const SCRIPT: &str = r#"cd -- "$1" || exit 126; shift; exec "$@""#;

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

    /// Runs `argv` to its end. When the future is dropped, the command and what it started in its group is ended.
    pub(super) async fn output(&self, argv: &[String]) -> Result<Output> {
        let Self { node, cell, index } = self.clone();
        let name = cell.container(index).name;
        let argv = argv.to_vec();
        let failed = |kind| Error::new(kind, "run a command in a pod").with_context("container", &name);
        let prepared = blocking(move || -> Result<Option<Command>> {
            let Some(id) = cell.container(index).process else { return Ok(None) };
            let found = Process::find(id).map_err(|error| disk("look for a process", Path::new("/proc"), error))?;
            let Some(process) = found.filter(Process::is_running) else { return Ok(None) };
            let plan = plan(&node, &cell, index, Purpose::Command)?;
            let mut command = enter(&node.isolation, process.id().pid);
            command.args(["-c", SCRIPT, "petset", &plan.working_dir]).args(&argv).env_clear().envs(plan.env);
            Ok(Some(command))
        });
        let Some(mut command) = prepared.await? else {
            return Err(failed(ErrorKind::Unavailable).with_message("the container is not running"));
        };
        command
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn().map_err(|error| failed(ErrorKind::Unavailable).with_source(error))?;
        let _group = Group::of(&child);
        child.wait_with_output().await.map_err(|error| failed(ErrorKind::Internal).with_source(error))
    }
}

/// A shell where the process `pid` is.
fn enter(isolation: &Isolation, pid: u32) -> Command {
    let Isolation::Namespaces { tools, user } = isolation else { return Command::new("/bin/sh") };
    let mut command = Command::new(&tools.nsenter);
    command.args(["--target", &pid.to_string(), "--mount", "--uts", "--root"]);
    if *user {
        command.args(["--user", "--preserve-credentials"]);
    }
    command.args(["--", "/bin/sh"]);
    command
}

/// Ends a command's process group when dropped, if its leader still runs: then the number still names the group.
#[derive(Debug)]
struct Group(Option<Process>);

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
        match tokio::time::timeout(timeout, self.output(command)).await {
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
