//! [`Program`]: a controller as a program, as it is deployed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::Error;

/// A controller that runs, until this is dropped: then it is killed, as a power cut would.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Program {
    /// Starts it with these arguments, and those that a test needs.
    pub(crate) fn start(kubeconfig: &Path, arguments: &[&str]) -> Result<Self, Error> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_petset-controller"))
            .args(["--listen=127.0.0.1:0", "--log-format=json"])
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .args(arguments)
            .stdin(Stdio::null())
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

    /// The first line with this message, if it has said that.
    pub(crate) fn says(&self, message: &str) -> Result<Option<Value>, Error> {
        for line in self.lines() {
            let line: Value = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
            if line["message"] == message {
                return Ok(Some(line));
            }
        }
        Ok(None)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
