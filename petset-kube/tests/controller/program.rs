//! [`Program`]: a controller that runs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{Error, ensure};

/// How long a level is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// A controller that runs, until this is dropped.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts it with these arguments, and those that a test needs.
    pub(crate) fn start(kubeconfig: &Path, arguments: &[&str]) -> Result<Self, Error> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_petset-controller"))
            .args(["--petsets", "--listen=127.0.0.1:0", "--log-format=json"])
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()?;
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let said = child.stderr.take().ok_or("it says something")?;
        let heard = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in BufReader::new(said).lines().map_while(Result::ok) {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Ok(Self { child, lines })
    }

    /// What it has said so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it says this, and returns a field of the line.
    pub(crate) fn until_says(&self, message: &str, field: &str) -> Result<String, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            for line in self.lines() {
                let line: Value = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
                if line["message"] == message {
                    return Ok(line[field].as_str().unwrap_or_default().to_owned());
                }
            }
            ensure!(Instant::now() < deadline, "it never says {message}: {:#?}", self.lines());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it answers: the code and the body.
    pub(crate) fn get(&self, path: &str) -> Result<(u16, String), Error> {
        let address = self.until_says("serves /healthz, /readyz and /metrics", "address")?;
        let mut stream = TcpStream::connect(address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: controller\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("it has a head and a body")?;
        let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or("it has a code")?;
        Ok((code, body.to_owned()))
    }

    /// Waits until `/readyz` begins with this word.
    pub(crate) fn until_ready(&self, word: &str) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (code, body) = self.get("/readyz")?;
            if body.starts_with(word) {
                ensure!(code == 200, "{code} {body}");
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "it is {body}: {:#?}", self.lines());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn end(mut self) -> Result<ExitStatus, Error> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        Ok(self.child.wait()?)
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(mut self) -> Result<(ExitStatus, Vec<String>), Error> {
        let status = self.child.wait()?;
        let deadline = Instant::now() + PATIENCE;
        while self.lines().is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok((status, self.lines()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
