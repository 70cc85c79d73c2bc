//! Commands inside a running container.

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use bollard::exec::StartExecResults;
use bollard::models::{ExecConfig, ExecInspectResponse};
use futures::StreamExt;
use petset_local::probe::{Answer, CommandRunner};
use tokio::time::{sleep, timeout};

use crate::client::{Client, Failure};

const OPERATION: &str = "run a command in a container";
/// How much of what a failed command printed is told, and how many bytes are kept for that.
const WORDS: usize = 200;
const KEPT_WORDS: usize = 4 * WORDS;
/// Between looks at a command that prints no more.
const LOOK: Duration = Duration::from_millis(20);
const LONGEST_LOOK: Duration = Duration::from_secs(1);
/// An engine that takes longer to say how a command is does not say it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs commands in one container, named by id.
#[derive(Debug, Clone)]
pub(super) struct Runner {
    pub(super) client: Client,
    pub(super) container: String,
}

/// How a command ended, and the beginning of what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) code: Option<i64>,
    pub(super) text: Vec<u8>,
}

impl Runner {
    /// Runs a command to its end. Of what it prints the first `kept` bytes are kept, and all is read.
    pub(super) async fn output(&self, command: &[String], kept: usize) -> Result<Output, Failure> {
        self.begin(command, kept, &OnceLock::new()).await
    }

    /// As [`Runner::output`]; `known` has the engine's id of the command as soon as there is one.
    async fn begin(&self, command: &[String], kept: usize, known: &OnceLock<String>) -> Result<Output, Failure> {
        let config = ExecConfig {
            cmd: Some(command.to_vec()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..ExecConfig::default()
        };
        let container = self.container.clone();
        let made = self.client.ask(OPERATION, |docker| async move { docker.create_exec(&container, config).await });
        let made = made.await?.id;
        let id = known.get_or_init(|| made);
        let asked = id.clone();
        let started = self.client.ask(OPERATION, |docker| async move { docker.start_exec(&asked, None).await });
        let mut text = Vec::new();
        if let StartExecResults::Attached { mut output, input: _ } = started.await? {
            while let Some(part) = output.next().await {
                keep(&mut text, &part.map_err(|error| Failure::new(OPERATION, error))?.into_bytes(), kept);
            }
        }
        Ok(Output { code: self.until_ended(id).await?.exit_code, text })
    }

    /// Waits until a command has ended, whose output has: it may have closed that long before, and the engine writes the
    /// code down a moment later.
    async fn until_ended(&self, id: &str) -> Result<ExecInspectResponse, Failure> {
        let mut pause = LOOK;
        loop {
            let seen = self.look(id).await?;
            if seen.running != Some(true) {
                return Ok(seen);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_LOOK);
        }
    }

    /// How a command is, by a fresh read.
    async fn look(&self, id: &str) -> Result<ExecInspectResponse, Failure> {
        let id = id.to_owned();
        self.client.ask(OPERATION, |docker| async move { docker.inspect_exec(&id).await }).await
    }

    /// What it means that a command had no end in time: it failed only if the engine says that it was begun.
    async fn overdue(&self, id: Option<&String>, limit: Duration) -> Answer {
        let late = format!("no end within {} s", limit.as_secs_f32());
        let Some(id) = id else { return Answer::Unknown(format!("{late}: the engine did not take it")) };
        match timeout(PATIENCE, self.look(id)).await {
            Ok(Ok(seen)) if seen.running == Some(true) || seen.exit_code.is_some() => Answer::Failure(late),
            Ok(Ok(_)) => Answer::Unknown(format!("{late}: the engine did not begin it")),
            Ok(Err(failure)) => Answer::Unknown(format!("{late}: {}", petset_core::Error::from(failure).chain())),
            Err(_) => Answer::Unknown(format!("{late}: the engine does not answer")),
        }
    }
}

/// Adds `part` to `text` as far as there is room for `most` bytes.
fn keep(text: &mut Vec<u8>, part: &[u8], most: usize) {
    let room = most.saturating_sub(text.len());
    text.extend_from_slice(&part[..part.len().min(room)]);
}

#[async_trait]
impl CommandRunner for Runner {
    /// The engine has no way to end a command: one that takes too long goes on until its container ends.
    ///
    /// What goes wrong between here and the program says nothing about the program, and restarts no container: an engine
    /// that was restarted, or has too much to do, is no reason to restart every pet on it.
    async fn run(&self, command: &[String], limit: Duration) -> Answer {
        let id = OnceLock::new();
        match timeout(limit, self.begin(command, KEPT_WORDS, &id)).await {
            Ok(Ok(Output { code: Some(0), .. })) => Answer::Success,
            Ok(Ok(Output { code: None, .. })) => Answer::Unknown("the engine knows no exit code".to_owned()),
            Ok(Ok(Output { code: Some(code), text })) => {
                let text = String::from_utf8_lossy(&text);
                let words: String = text.trim().chars().take(WORDS).collect();
                let code = format!("exit code {code}");
                Answer::Failure(if words.is_empty() { code } else { format!("{code}: {words}") })
            }
            Ok(Err(failure)) => {
                let is_of_program = failure.is_of_runtime();
                let words = petset_core::Error::from(failure).chain().to_string();
                if is_of_program { Answer::Failure(words) } else { Answer::Unknown(words) }
            }
            Err(_) => self.overdue(id.get(), limit).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_is_kept_and_no_more() {
        let mut text = Vec::new();
        for part in ["abc", "", "def", "ghi"] {
            keep(&mut text, part.as_bytes(), 5);
        }
        assert_eq!(text, b"abcde");
    }
}
