//! What a controller that runs is asked for, and what it says.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::program::Program;
use crate::{Error, ensure};

/// How long a level is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

impl Program {
    /// Waits until it says this, and returns a field of the line.
    pub(crate) fn until_says(&self, message: &str, field: &str) -> Result<String, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.says(message)? {
                return Ok(line[field].as_str().unwrap_or_default().to_owned());
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
