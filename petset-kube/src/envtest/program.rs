//! A program that ends with this process.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program that was killed may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that ends when this is dropped, or when this process ends, however it does.
#[derive(Debug)]
pub(super) struct Supervised {
    shell: Child,
    log: PathBuf,
    pid: PathBuf,
}

impl Supervised {
    /// Starts `program`, which writes its log into `folder`; the folder goes with it.
    pub(super) fn start(program: &Path, arguments: &[String], folder: &Path) -> io::Result<Self> {
        let name = program.file_name().unwrap_or(program.as_os_str());
        let log = folder.join(name).with_extension("log");
        let pid = folder.join(name).with_extension("pid");
        // That of the program before.
        let _ = fs::remove_file(&pid);
        let out = File::options().create(true).append(true).open(&log)?;
        let shell = Command::new("sh")
            .args(["-c", include_str!("supervise.sh"), "supervise"])
            .args([folder, program])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(out.try_clone()?)
            .stderr(out)
            .spawn()?;
        Ok(Self { shell, log, pid })
    }

    /// Whether it has ended by itself.
    pub(super) fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.shell.try_wait()?.is_some())
    }

    /// Kills it, as a power cut would, and waits until it is gone. Its folder stays.
    pub(super) fn kill(&mut self) -> io::Result<()> {
        let pid = fs::read_to_string(&self.pid)?;
        // Held while it is waited for: its end would tell the supervisor to clear up.
        let held = self.shell.stdin.take();
        let killed = Command::new("kill").args(["-KILL", pid.trim()]).status()?;
        let deadline = Instant::now() + PATIENCE;
        while !self.has_ended()? {
            if Instant::now() > deadline {
                let problem = format!("process {} does not end: kill says {killed}", pid.trim());
                return Err(io::Error::new(io::ErrorKind::TimedOut, problem));
            }
            thread::sleep(Duration::from_millis(5));
        }
        drop(held);
        Ok(())
    }

    /// The end of what it wrote.
    pub(super) fn last_words(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // It ends because its input did; an error would say that it is gone already.
        let _ = self.shell.wait();
    }
}
