//! A controller that has no descriptor left.

use std::fs::File;
use std::process::{Command, Stdio};

use crate::pods::process::Process;
use crate::pods::procfs::{has_mark, holders, marked, stat, still_holds};

const PID: &str = "PETSET_TEST_STARVE_PID";

/// Not a test of its own: what the test below starts with few descriptors.
#[test]
fn starved() {
    let Some(pid) = std::env::var_os(PID) else { return };
    let pid = pid.to_str().unwrap().parse().unwrap();
    let lock = tempfile::NamedTempFile::new().unwrap();
    assert!(Process::of_pid(pid).unwrap().is_some());
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    assert!(Process::of_pid(pid).is_err() && stat(pid).is_err());
    assert!(still_holds(pid, lock.path()).is_err() && has_mark(pid, "uid/").is_err());
    // Enough to list the processes, not enough to look at any.
    taken.pop();
    assert!(Process::of_pid(pid).is_err());
    assert!(holders(lock.path()).is_err() && marked("uid/").is_err());
    taken.pop();
    assert!(Process::of_pid(pid).unwrap().is_some());
}

#[test]
fn a_process_that_cannot_be_looked_at_is_not_taken_for_gone() {
    let mut child = Command::new("sleep").arg("600").spawn().unwrap();
    let output = Command::new("/bin/sh")
        .args(["-c", "ulimit -n 40; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "pods::tests::starve::starved", "--nocapture"])
        .env(PID, child.id().to_string())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
}
