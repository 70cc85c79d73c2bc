//! What containers print: two files per container, cut short when they grow too large.
//!
//! Pods outlive this process, so they write to files, in append mode, and rotation copies and truncates: what is
//! printed between the two is lost.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cell::Cell;
use super::fault::blocking;
use super::options::LogLimits;

/// Where a container's output is. Older parts are beside each file, with `.1`, `.2`, … after the name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogFiles {
    /// Standard output.
    pub stdout: PathBuf,
    /// Standard error.
    pub stderr: PathBuf,
}

/// Rotates a pod's logs for as long as it is polled.
pub(super) async fn rotate_for_ever(cell: &Arc<Cell>, limits: LogLimits) {
    loop {
        tokio::time::sleep(limits.interval).await;
        let cell = Arc::clone(cell);
        blocking(move || {
            let names: Vec<_> = cell.record().containers.iter().map(|container| container.name.clone()).collect();
            for path in names.iter().flat_map(|name| [cell.paths.stdout(name), cell.paths.stderr(name)]) {
                if let Err(error) = rotate(&path, limits) {
                    tracing::warn!(path = %path.display(), %error, "cannot rotate a log");
                }
            }
        })
        .await;
    }
}

/// Rotates one log if it is too large.
fn rotate(path: &Path, limits: LogLimits) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(file) if file.len() > limits.max_bytes => {}
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    let old = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{number}"));
        PathBuf::from(name)
    };
    for number in (1..limits.keep).rev() {
        match fs::rename(old(number), old(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    if limits.keep > 0 {
        fs::copy(path, old(1))?;
    }
    File::options().write(true).open(path)?.set_len(0)
}

/// The last `bytes` of a file as text; empty when there is no such file.
pub(super) fn tail(path: &Path, bytes: usize) -> io::Result<String> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    let wanted = u64::try_from(bytes).unwrap_or(u64::MAX);
    file.seek(SeekFrom::Start(length.saturating_sub(wanted)))?;
    let mut end = Vec::new();
    file.take(wanted).read_to_end(&mut end)?;
    Ok(printable_tail(&end, bytes))
}

/// The last `bytes` of what a program printed, as text.
pub(super) fn printable_tail(printed: &[u8], bytes: usize) -> String {
    let end = &printed[printed.len().saturating_sub(bytes)..];
    // A character that was cut in two at the start is left out.
    let start = end.iter().position(|byte| byte & 0xC0 != 0x80).unwrap_or(0);
    String::from_utf8_lossy(&end[start..]).into_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_log_is_cut_while_its_writer_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("main.stdout.log");
        let mut writer = File::options().append(true).create(true).open(&path).unwrap();
        let limits = LogLimits::new(8, 2);
        for text in ["first line\n", "second line\n", "third line\n"] {
            writer.write_all(text.as_bytes()).unwrap();
            rotate(&path, limits).unwrap();
        }
        writer.write_all(b"now\n").unwrap();
        rotate(&path, limits).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "now\n");
        assert_eq!(fs::read_to_string(dir.path().join("main.stdout.log.1")).unwrap(), "third line\n");
        assert_eq!(fs::read_to_string(dir.path().join("main.stdout.log.2")).unwrap(), "second line\n");
        assert!(!dir.path().join("main.stdout.log.3").exists());
    }

    #[test]
    fn the_tail_of_a_text_is_a_text() {
        assert_eq!(printable_tail("aüb".as_bytes(), 2), "b");
        assert_eq!(printable_tail(b"abc", 10), "abc");
    }
}
