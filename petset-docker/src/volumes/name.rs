//! Names that become parts of names on the engine.

use petset_core::backend::ClaimRequest;
use petset_core::{Error, ErrorKind, Result};

use crate::labels;

/// What file systems, and so the engine, take as one name.
const MAX: usize = 255;

/// Refuses what is not lower-case letters, digits and inner dashes: the parts of a name on the engine are joined by dots.
pub(super) fn check(what: &'static str, name: &str) -> Result<()> {
    let bytes = name.as_bytes();
    let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = bytes.iter().all(|byte| is_plain(byte) || *byte == b'-')
        && bytes.first().is_some_and(is_plain)
        && bytes.last().is_some_and(is_plain);
    if fits { Ok(()) } else { Err(refused(what, name, "expected lower-case letters, digits and inner dashes")) }
}

/// Refuses what the engine does not take as a volume's name.
pub(super) fn check_volume(name: &str) -> Result<()> {
    let bytes = name.as_bytes();
    let fits = bytes.len() >= 2
        && labels::pool_lock(name).len() <= MAX
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    if fits { Ok(()) } else { Err(refused("volume", name, "expected the name of a volume of the engine")) }
}

/// Every name of a request that becomes part of a name on the engine.
pub(super) fn check_request(request: &ClaimRequest) -> Result<()> {
    check("namespace", &request.set.namespace)?;
    check("claim", &request.name)?;
    if labels::claim_volume(&request.set.namespace, &request.name).len() > MAX {
        return Err(refused("claim", &request.name, "the name is too long for a volume"));
    }
    Ok(())
}

fn refused(what: &'static str, name: &str, why: &str) -> Error {
    Error::new(ErrorKind::Invalid, "use a name for a volume")
        .with_context(what, name.escape_default())
        .with_message(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_parts_pass() {
        for good in ["a", "www-web-0", "0"] {
            assert!(check("claim", good).is_ok(), "{good}");
        }
        for bad in ["", ".", "a.b", "a/b", "-a", "a-", "A", "a\0b", "ä", "a b"] {
            assert_eq!(check("claim", bad).unwrap_err().kind(), ErrorKind::Invalid, "{bad:?}");
        }
        assert!(check_volume("nfs_1.fast").is_ok());
        for bad in ["", "a", "/srv", "-ab", "a b", &"a".repeat(MAX)] {
            assert_eq!(check_volume(bad).unwrap_err().kind(), ErrorKind::Invalid, "{bad:?}");
        }
    }
}
