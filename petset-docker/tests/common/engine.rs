//! An engine of the test's own, that may be killed: its own data, its own socket, and networks that are its own too, because
//! an engine takes what it finds in this machine's for its own.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::Error;

const IMAGE: &str = "petset.test/busybox:1";
const SOON: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);
/// Starts containers as always; when one has the word of the file `forget` in its configuration, which is where a runtime is
/// called, the engine does not live to hear of it.
const RUNTIME: &str = r#"#!/bin/sh
runc "$@"
code=$?
for word in "$@"; do
  if [ "$word" = start ] && [ -e "{dir}/forget" ] && grep -q "$(cat "{dir}/forget")" config.json; then
    rm "{dir}/forget"
    kill -KILL "$(cat "{dir}/pid")"
  fi
done
exit $code
"#;

#[derive(Debug)]
pub(crate) struct Engine {
    dir: TempDir,
    /// The name of its network namespace, which outlives it as this machine's networks outlive an engine.
    networks: String,
    /// `None` while it is dead.
    daemon: Option<Child>,
}

/// The part of an engine that hears of the ends of containers stands still, until this is dropped.
#[derive(Debug)]
#[must_use]
pub(crate) struct Deaf(String);

impl Drop for Deaf {
    fn drop(&mut self) {
        let _ = run(Command::new("kill").args(["-CONT", &self.0]));
    }
}

/// Whether there can be no such engine here, which is told under the test's name; an error where the test must run.
pub(crate) fn is_missing(test: &str) -> Result<bool, Error> {
    cannot_run().map_or(Ok(false), |why| skip(test, &why).map(|()| true))
}

/// Says why a test does not run; an error where it must.
pub(crate) fn skip(test: &str, why: &str) -> Result<(), Error> {
    if std::env::var("PETSET_REQUIRE_DOCKER").is_ok_and(|value| value == "1") {
        return Err(format!("it must run, and cannot: {why}").into());
    }
    eprintln!("{test}: SKIPPED: {why}");
    Ok(())
}

/// Why there can be no such engine here, if so.
fn cannot_run() -> Option<String> {
    let uid = run(Command::new("id").arg("-u")).map(|said| said.trim().to_owned());
    if uid.as_deref().ok() != Some("0") {
        return Some("an engine of one's own needs root".to_owned());
    }
    for (program, version) in [("dockerd", "--version"), ("nsenter", "--version"), ("ip", "-Version")] {
        if let Err(error) = run(Command::new(program).arg(version)) {
            return Some(format!("there is no {program}: {error}"));
        }
    }
    run(Command::new("docker").args(["image", "inspect", IMAGE]))
        .err()
        .map(|error| format!("the machine's engine has no {IMAGE} (scripts/services docker images): {error}"))
}

impl Engine {
    pub(crate) fn start() -> Result<Self, Error> {
        Self::start_as(|_| Ok("{}".to_owned()))
    }

    /// An engine that dies between the start of a container and the moment when that is written down, as soon as
    /// [`forget`](Self::forget) said which.
    pub(crate) fn start_forgetful() -> Result<Self, Error> {
        Self::start_as(|dir| {
            let runtime = dir.join("runtime");
            fs::write(&runtime, RUNTIME.replace("{dir}", &dir.to_string_lossy()))?;
            fs::set_permissions(&runtime, fs::Permissions::from_mode(0o755))?;
            Ok(json!({ "runtimes": { "forgetful": { "path": runtime } }, "default-runtime": "forgetful" }).to_string())
        })
    }

    /// An engine whose data lie on a disk of this size, for example `64m`.
    pub(crate) fn start_small(size: &str) -> Result<Self, Error> {
        Self::start_as(|dir| {
            let data = dir.join("data");
            fs::create_dir(&data)?;
            // Unmounted with everything else below the directory.
            run(Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "petset-test"]).arg(&data))?;
            Ok("{}".to_owned())
        })
    }

    /// `configure` says what stands in the configuration, given the directory.
    fn start_as(configure: impl FnOnce(&Path) -> Result<String, Error>) -> Result<Self, Error> {
        let dir = tempfile::tempdir()?;
        let unique = dir.path().file_name().unwrap_or_default().to_string_lossy().replace('.', "");
        let mut this = Self { dir, networks: format!("petset-{unique}"), daemon: None };
        run(Command::new("ip").args(["netns", "add", &this.networks]))?;
        fs::write(this.path("daemon.json"), configure(this.dir.path())?)?;
        this.raise()?;
        let load = format!("docker save {IMAGE} | docker --host {} load", this.host());
        run(Command::new("sh").args(["-c", &load]))?;
        Ok(this)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("docker.sock")
    }

    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// The directory behind a volume.
    pub(crate) fn volumes(&self) -> PathBuf {
        self.path("data/volumes")
    }

    /// SIGKILL: containers go on without it.
    pub(crate) fn kill(&mut self) -> Result<(), Error> {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill()?;
            daemon.wait()?;
        }
        Ok(())
    }

    /// It does not hear of the ends of containers until the answer is dropped.
    pub(crate) fn deafen(&self) -> Result<Deaf, Error> {
        let pid = fs::read_to_string(self.path("run/containerd/containerd.pid"))?.trim().to_owned();
        run(Command::new("kill").args(["-STOP", &pid]))?;
        Ok(Deaf(pid))
    }

    /// It dies when a container starts that has this word among what it runs.
    pub(crate) fn forget(&self, word: &str) -> Result<(), Error> {
        Ok(fs::write(self.path("forget"), word)?)
    }

    /// Waits until it has died by itself.
    pub(crate) fn until_dead(&mut self) -> Result<(), Error> {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.wait()?;
        }
        Ok(())
    }

    /// Starts it on the data that is there, and waits until it answers.
    pub(crate) fn raise(&mut self) -> Result<(), Error> {
        // Where nobody cleans up after dead processes, their numbers look as if they lived.
        for file in ["pid", "run/containerd/containerd.pid"] {
            let _ = fs::remove_file(self.path(file));
        }
        let log = File::options().create(true).append(true).open(self.path("log"))?;
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{}", self.networks)).arg("dockerd");
        for (option, name) in
            [("--data-root", "data"), ("--exec-root", "run"), ("--pidfile", "pid"), ("--config-file", "daemon.json")]
        {
            command.arg(option).arg(self.path(name));
        }
        command.args(["--iptables=false", "--ip6tables=false", "--bridge=none", "--shutdown-timeout=1"]);
        command.args(["--host", &self.host()]);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.daemon = Some(command.spawn()?);
        let deadline = Instant::now() + SOON;
        while self.docker(&["version"]).is_err() {
            let ended = self.daemon.as_mut().and_then(|daemon| daemon.try_wait().ok().flatten());
            if ended.is_some() || Instant::now() > deadline {
                return Err(format!("dockerd does not answer: {ended:?}: {}", self.last_words()).into());
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    pub(crate) fn docker(&self, arguments: &[&str]) -> Result<String, Error> {
        run(Command::new("docker").args(["--host", &self.host()]).args(arguments))
    }

    pub(crate) fn last_words(&self) -> String {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        let from = log.lines().count().saturating_sub(20);
        log.lines().skip(from).collect::<Vec<_>>().join("\n")
    }

    /// Removes all that it has, in order; what is left after that is ended by hand.
    fn tidy(&mut self) -> Result<(), Error> {
        if self.daemon.is_none() {
            self.raise()?;
        }
        let remove = format!("docker --host {0} ps -aq | xargs -r docker --host {0} rm -f", self.host());
        run(Command::new("sh").args(["-c", &remove]))?;
        if let Some(mut daemon) = self.daemon.take() {
            run(Command::new("kill").arg(daemon.id().to_string()))?;
            daemon.wait()?;
        }
        Ok(())
    }

    /// The processes that were started below this engine's directory and outlived it.
    fn leftovers(&self) -> Vec<String> {
        processes(&self.path("run").to_string_lossy())
    }
}

/// The processes of this machine that have this word in their command line.
pub(crate) fn processes(word: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let has_it = |place: &Path| {
        let line = fs::read(place.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(word)
    };
    let names = all.filter(|entry| has_it(&entry.path())).filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.parse::<u32>().is_ok_and(|pid| pid != std::process::id())).collect()
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Err(error) = self.tidy() {
            eprintln!("an engine does not tidy up: {error}");
        }
        let _ = self.kill();
        for pid in self.leftovers() {
            let _ = run(Command::new("kill").args(["-KILL", &pid]));
        }
        let _ = run(Command::new("ip").args(["netns", "delete", &self.networks]));
        let dir = self.dir.path().display();
        let unmount = format!("grep -o ' {dir}[^ ]*' /proc/mounts | sort -r | xargs -r umount --lazy");
        let _ = run(Command::new("sh").args(["-c", &unmount]));
    }
}

pub(crate) fn run(command: &mut Command) -> Result<String, Error> {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output()?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).into_owned());
    }
    Err(format!("{command:?}: {status}: {}", String::from_utf8_lossy(&stderr).trim()).into())
}
