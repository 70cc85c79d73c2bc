//! Names that may enter the zone.

use petset_core::backend::RecordSet;
use petset_core::{Error, ErrorKind, Result, SetKey};

/// Refuses a record set with a name that is not a DNS label: it could shadow another name, or could not be asked for.
pub(super) fn check(set: &SetKey, records: &RecordSet) -> Result<()> {
    let RecordSet { governing, services, pets } = records;
    let services = || governing.iter().chain(services);
    let ports = || services().flat_map(|service| &service.ports);
    label(set, "namespace", &set.namespace)?;
    services().try_for_each(|service| label(set, "service", &service.name))?;
    ports().try_for_each(|port| label(set, "port", &port.name))?;
    ports().try_for_each(|port| label(set, "protocol", &port.protocol))?;
    pets.iter().try_for_each(|pet| label(set, "hostname", &pet.hostname))
}

fn label(set: &SetKey, what: &'static str, text: &str) -> Result<()> {
    let bytes = text.as_bytes();
    let fits = (1..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-');
    if fits {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, "publish names")
        .with_context("set", set)
        .with_context(what, text.escape_default())
        .with_message("a name is one DNS label: 1 to 63 letters, digits and inner dashes"))
}
