//! Commands inside a running container.

use std::time::Duration;

use async_trait::async_trait;
use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use futures::StreamExt;
use petset_local::probe::{Answer, CommandRunner};
use tokio::time::timeout;

use crate::client::{Client, Failure};

/// How much of what a failed command printed is told, and how many bytes are kept for that.
const WORDS: usize = 200;
const KEPT_WORDS: usize = 4 * WORDS;

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
        const OPERATION: &str = "run a command in a container";
        let config = ExecConfig {
            cmd: Some(command.to_vec()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            ..ExecConfig::default()
        };
        let container = self.container.clone();
        let made = self.client.ask(OPERATION, |docker| async move { docker.create_exec(&container, config).await });
        let id = made.await?.id;
        let asked = id.clone();
        let started = self.client.ask(OPERATION, |docker| async move { docker.start_exec(&asked, None).await });
        let mut text = Vec::new();
        if let StartExecResults::Attached { mut output, input: _ } = started.await? {
            while let Some(part) = output.next().await {
                keep(&mut text, &part.map_err(|error| Failure::new(OPERATION, error))?.into_bytes(), kept);
            }
        }
        let seen = self.client.ask(OPERATION, |docker| async move { docker.inspect_exec(&id).await });
        Ok(Output { code: seen.await?.exit_code, text })
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
    async fn run(&self, command: &[String], limit: Duration) -> Answer {
        match timeout(limit, self.output(command, KEPT_WORDS)).await {
            Ok(Ok(Output { code: Some(0), .. })) => Answer::Success,
            Ok(Ok(Output { code, text })) => {
                let text = String::from_utf8_lossy(&text);
                let words: String = text.trim().chars().take(WORDS).collect();
                let code = code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
                Answer::Failure(if words.is_empty() { code } else { format!("{code}: {words}") })
            }
            Ok(Err(failure)) => Answer::Failure(petset_core::Error::from(failure).chain().to_string()),
            Err(_) => Answer::Failure(format!("no end within {} s", limit.as_secs_f32())),
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
