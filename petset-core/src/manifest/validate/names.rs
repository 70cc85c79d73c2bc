//! The spelling rules of names, keys and values.

/// A spelling rule: what is wrong with a text, if anything.
pub(super) type Rule = fn(&str) -> Result<(), String>;

const LABEL_MAX: usize = 63;
const SUBDOMAIN_MAX: usize = 253;

fn said(right: bool, problem: &str) -> Result<(), String> {
    if right { Ok(()) } else { Err(problem.to_owned()) }
}

fn lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_dns_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(|byte| lower(*byte));
    bytes.len() <= LABEL_MAX
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| lower(*byte) || *byte == b'-')
}

/// An RFC 1123 label.
pub(super) fn dns_label(text: &str) -> Result<(), String> {
    let problem = "must be an RFC 1123 label: at most 63 lower case letters, digits and '-', with a letter or digit at \
        both ends";
    said(is_dns_label(text), problem)
}

/// An RFC 1035 label: as RFC 1123's, but with a letter first.
pub(super) fn dns_1035_label(text: &str) -> Result<(), String> {
    let problem = "must be an RFC 1035 label: at most 63 lower case letters, digits and '-', with a letter first and a \
        letter or digit last";
    said(is_dns_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase()), problem)
}

fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= SUBDOMAIN_MAX && text.split('.').all(is_dns_label)
}

/// An RFC 1123 subdomain.
pub(super) fn dns_subdomain(text: &str) -> Result<(), String> {
    let problem = "must be an RFC 1123 subdomain: at most 253 lower case letters, digits, '-' and '.', with a letter or \
        digit at both ends of each part";
    said(is_dns_subdomain(text), problem)
}

/// A port's name, as IANA registers service names.
pub(super) fn port_name(text: &str) -> Result<(), String> {
    let right = text.len() <= 15
        && is_dns_label(text)
        && !text.contains("--")
        && text.bytes().any(|byte| byte.is_ascii_lowercase());
    let problem = "must be a port name: at most 15 lower case letters, digits and single '-', with at least one letter \
        and a letter or digit at both ends";
    said(right, problem)
}

/// The name of an environment variable.
pub(super) fn env_name(text: &str) -> Result<(), String> {
    let right = text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=');
    said(right, "must be the name of a variable: printable ASCII characters other than '='")
}

fn is_qualified_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    bytes.len() <= LABEL_MAX
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// The key of a label or annotation: a name, after a domain and a slash or not.
pub(super) fn qualified_name(text: &str) -> Result<(), String> {
    let right = match text.split_once('/') {
        Some((domain, name)) => is_dns_subdomain(domain) && is_qualified_part(name),
        None => is_qualified_part(text),
    };
    let problem = "is no valid key: expected at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both \
        ends, after an optional domain and '/'";
    said(right, problem)
}

/// The key of an annotation: as a label's, but in any case.
pub(super) fn annotation_key(text: &str) -> Result<(), String> {
    qualified_name(&text.to_lowercase())
}

/// The value of a label.
pub(super) fn label_value(text: &str) -> Result<(), String> {
    let problem = "is no valid label value: expected nothing, or at most 63 letters, digits, '-', '_' and '.', with a \
        letter or digit at both ends";
    said(text.is_empty() || is_qualified_part(text), problem)
}

/// A key of a config map or secret, which may become a file.
pub(super) fn config_key(text: &str) -> Result<(), String> {
    let right = !text.is_empty()
        && text.len() <= SUBDOMAIN_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && text != "."
        && !text.starts_with("..");
    said(right, "must be a key: at most 253 letters, digits, '-', '_' and '.', neither '.' nor '..' at its beginning")
}

/// A path below a directory.
pub(super) fn relative_path(text: &str) -> Result<(), String> {
    let right = !text.starts_with('/') && !text.contains('\0') && text.split('/').all(|part| part != "..");
    said(right, "must be a relative path without '..'")
}

/// A path from the root.
pub(super) fn absolute_path(text: &str) -> Result<(), String> {
    let right = text.starts_with('/') && !text.contains(['\0', ':']) && text.split('/').all(|part| part != "..");
    said(right, "must be an absolute path without '..' and ':'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_takes_and_refuses() {
        let (long, long_domain) = ("a".repeat(64), format!("{}.b", "a".repeat(64)));
        let table: [(Rule, &[&str], &[&str]); 12] = [
            (dns_label, &["a", "0", "web-1", "1a"], &["", "-a", "a-", "A", "a.b", "../x", "ü", "a\0", &long]),
            (dns_1035_label, &["a", "web-1"], &["", "1a", "a-"]),
            (dns_subdomain, &["a", "a.b-c.d", "1.2"], &["", ".", "a..b", "a.", "A.b", "a/b", &long_domain]),
            (port_name, &["web", "http-2", "1a"], &["", "8080", "a--b", "-a", "sixteen-letters1", "A"]),
            (env_name, &["A", "a.b", "my var"], &["A=B", "ü", "a\nb"]),
            (qualified_name, &["app", "a/B_c", "x.y/z"], &["", "a/", "/a", "A.b/c", "a/b/c", "-a", "a b", &long]),
            (annotation_key, &["App", "X.y/Z"], &["", "a b"]),
            (label_value, &["", "a", "A_b.c-1"], &["-", "a/b", "a b", "../x", &long]),
            (config_key, &["a", ".bashrc", "a..b", "UPPER_1"], &["", ".", "..", "..a", "a/b", "a b", "../x"]),
            (relative_path, &["a", "a/b", "a..b", "."], &["/a", "..", "a/../b", "a/..", "a\0"]),
            (absolute_path, &["/", "/a/b", "/a..b"], &["", "a", "/..", "/a/../b", "/a:b", "/a\0"]),
            (dns_label, &[], &["a_b", " a"]),
        ];
        for (index, (rule, right, wrong)) in table.iter().enumerate() {
            for text in *right {
                assert_eq!(rule(text), Ok(()), "{index} {text}");
            }
            for text in *wrong {
                assert!(rule(text).is_err(), "{index} {text}");
            }
        }
    }
}
