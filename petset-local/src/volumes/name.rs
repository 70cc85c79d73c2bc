//! Names that become parts of paths.

use petset_core::backend::ClaimRequest;
use petset_core::{Error, ErrorKind, Result};

/// Longer names do not fit a file name with its endings everywhere.
const MAX: usize = 200;

/// Refuses what is not lower-case letters, digits, and inner dashes and dots: such a name stays one component of a path,
/// is never hidden, and is another one than every other name also where case does not count.
pub(super) fn check(what: &'static str, name: &str) -> Result<()> {
    let bytes = name.as_bytes();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let fits = (1..=MAX).contains(&bytes.len())
        && bytes.iter().all(|byte| is_plain(*byte) || matches!(byte, b'-' | b'.'))
        && bytes.first().is_some_and(|byte| is_plain(*byte))
        && bytes.last().is_some_and(|byte| is_plain(*byte))
        && !name.contains("..");
    if fits {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, "use a name for a volume")
        .with_context(what, name.escape_default())
        .with_message("expected 1 to 200 lower-case letters, digits, and inner dashes and single dots"))
}

/// Every name of a request that becomes part of a path.
pub(super) fn check_request(request: &ClaimRequest) -> Result<()> {
    check("namespace", &request.set.namespace)?;
    check("set", &request.set.name)?;
    check("claim", &request.name)?;
    check("template", &request.template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_components_pass() {
        for good in ["a", "www-web-0", "a.b", "0"] {
            assert!(check("claim", good).is_ok(), "{good}");
        }
        let long = "a".repeat(MAX + 1);
        for bad in
            ["", ".", "..", "../x", "a/b", "a..b", ".a", "a.", "-a", "a-", "A", "a\0b", "ä", "a b", "a\\b", &long]
        {
            assert_eq!(check("claim", bad).unwrap_err().kind(), ErrorKind::Invalid, "{bad:?}");
        }
    }
}
