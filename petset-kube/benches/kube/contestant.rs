//! The two controllers, and what one of them costs while something is done.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use petset_kube::envtest::Server;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use crate::Error;
use crate::audit::Audit;
use crate::figures::Figures;
use crate::process::Process;
use crate::world::World;

/// Who does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contestant {
    Theirs,
    Ours,
}

/// A controller that runs, until this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    contestant: Contestant,
    child: Child,
    process: Process,
    user: String,
    /// What it says.
    log: tempfile::NamedTempFile,
}

/// How long a controller may take to begin, and how long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// What each lists at its start, to watch it from then on. The server tells of a watch only once that has something to say.
const WATCHED: [&str; 4] = ["pods", "statefulsets", "persistentvolumeclaims", "controllerrevisions"];

impl Contestant {
    pub(crate) const BOTH: [Self; 2] = [Self::Theirs, Self::Ours];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Theirs => "kube-controller-manager",
            Self::Ours => "petset-controller",
        }
    }

    fn command(self) -> Result<Command, Error> {
        Ok(match self {
            Self::Theirs => {
                let mut command = Command::new(Server::assets()?.join(self.name()));
                command.args(["--controllers=statefulset", "--leader-elect=false", "--secure-port=0", "--port=0"]);
                command.args(["--kube-api-qps=1000000", "--kube-api-burst=1000000"]);
                command
            }
            Self::Ours => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_petset-controller"));
                command.args(["--statefulsets", "--leader-elect=false", "--listen=127.0.0.1:0"]);
                command
            }
        })
    }

    /// Starts it under an account of its own, and waits until it sees everything.
    pub(crate) async fn start(self, world: &World) -> Result<Running, Error> {
        let (account, user) = world.account(self.name()).await?;
        let audit = Audit::from_now(world.server.audit_log())?;
        let log = tempfile::NamedTempFile::new()?;
        let out: File = log.reopen()?;
        let child = self
            .command()?
            .arg(format!("--kubeconfig={}", account.kubeconfig().display()))
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()?;
        let process = Process(child.id());
        let mut running = Running { contestant: self, child, process, user, log };
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (requests, _) = audit.of(&running.user)?;
            if WATCHED.iter().all(|kind| requests.of(&format!("list {kind}")) > 0) {
                break;
            }
            if running.child.try_wait()?.is_some() || Instant::now() > deadline {
                return Err(running.failed("it does not begin"));
            }
            sleep(Duration::from_millis(100)).await;
        }
        // The watches begin.
        sleep(Duration::from_secs(2)).await;
        Ok(running)
    }
}

impl Running {
    /// What it costs while something is done, and while it settles for so long afterwards.
    pub(crate) async fn measure(
        &mut self,
        world: &World,
        work: impl Future<Output = Result<(), Error>>,
        settle: Duration,
    ) -> Result<Figures, Error> {
        let audit = Audit::from_now(world.server.audit_log())?;
        self.process.forget_peak()?;
        let (cpu, started) = (self.process.cpu()?, Instant::now());
        let done = work.await;
        let wall = started.elapsed();
        if let Err(error) = done {
            return Err(self.failed(&error.to_string()));
        }
        sleep(settle).await;
        let cpu = self.process.cpu()?.saturating_sub(cpu);
        let memory = self.process.memory()?;
        let (requests, others) = audit.of(&self.user)?;
        Ok(Figures { wall, requests, others, cpu, memory })
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn end(mut self) -> Result<(), Error> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        self.child.wait()?;
        Ok(())
    }

    fn failed(&self, why: &str) -> Error {
        let said = fs::read_to_string(self.log.path()).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        let last = lines[lines.len().saturating_sub(20)..].join("\n");
        format!("{}: {why}; its last words:\n{last}", self.contestant.name()).into()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
