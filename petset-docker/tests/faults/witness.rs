//! What the pets wrote into their volumes, read behind everybody's back.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::Error;

/// What a pet runs. It holds a pipe of its own in the volume open for as long as it lives, and only then knocks at the
/// pipes of others: who is alive lets it write, so of two at least one finds the other. Then it signs the journal, whose
/// lines are numbered by how many there are.
pub(crate) const PET: &str = r#"
mkdir -p /data/alive
own=/data/alive/$(cat /proc/sys/kernel/random/uuid)
mkfifo $own
exec 9<>$own
for other in /data/alive/*; do
  [ $other = $own ] && continue
  timeout 1 sh -c ": > $other" && echo "$POD_UID found another one" >> /data/overlap
  rm -f $other
done
[ -e /data/journal ] || : > /data/journal
echo "$(($(wc -l < /data/journal) + 1)) $POD_NAME $POD_UID $VERSION" >> /data/journal
trap 'exit 0' TERM
while :; do sleep 600 9>&- & wait; done
"#;

/// Volume → its journal.
pub(crate) type Journals = BTreeMap<String, String>;

/// The journals of all claims' volumes, each checked.
pub(crate) fn read(volumes: &Path) -> Result<Journals, Error> {
    let mut journals = Journals::new();
    for entry in fs::read_dir(volumes)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pet) = name.strip_prefix("data-").and_then(|rest| rest.split('.').next()) else { continue };
        let data = entry.path().join("_data");
        if let Ok(overlap) = fs::read_to_string(data.join("overlap")) {
            return Err(format!("S1: two of {pet} ran at once: {overlap}").into());
        }
        let journal = fs::read_to_string(data.join("journal")).unwrap_or_default();
        for (index, line) in journal.lines().enumerate() {
            if !line.starts_with(&format!("{} {pet} ", index + 1)) {
                return Err(format!("S5: the journal of {pet} has lost or foreign lines:\n{journal}").into());
            }
        }
        journals.insert(name, journal);
    }
    Ok(journals)
}

/// Every volume is still there, with all that it had.
pub(crate) fn nothing_is_lost(before: &Journals, after: &Journals) -> Result<(), Error> {
    for (volume, earlier) in before {
        match after.get(volume) {
            None => return Err(format!("S6: volume {volume} is gone, with {earlier}").into()),
            Some(now) if !now.starts_with(earlier) => {
                return Err(format!("S6: volume {volume} lost what it had:\n{earlier}\nnow:\n{now}").into());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// How often pets started.
pub(crate) fn starts(journals: &Journals) -> usize {
    journals.values().map(|journal| journal.lines().count()).sum()
}
