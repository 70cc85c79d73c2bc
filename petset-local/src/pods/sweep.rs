//! Removing what ended incarnations left on disk.

use std::fs;
use std::io;
use std::path::Path;

use super::paths::uid_of_run;
use super::sources::memory_dir;

/// Removes every incarnation's directory below `pet`, as far as that is possible: what stays is only in nobody's way,
/// and the next sweep tries again. Only under the gate, without a record, and with the proof that no process lives.
pub(super) fn sweep(pet: &Path) {
    let entries = match fs::read_dir(pet) {
        Ok(entries) => entries,
        Err(error) => {
            tracing::warn!(dir = %pet.display(), %error, "cannot look for what ended pods left");
            return;
        }
    };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let Some(uid) = name.to_str().and_then(uid_of_run) else { continue };
        if let Some(memory) = memory_dir(uid) {
            remove(&memory);
        }
        remove(&entry.path());
    }
}

fn remove(dir: &Path) {
    match fs::remove_dir_all(dir) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(dir = %dir.display(), %error, "cannot remove the directory of an ended pod"),
    }
}
