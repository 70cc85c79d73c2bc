//! Field paths as they are printed.

/// `key` below `path`: `spec.replicas`, but `metadata.labels['example.com/app']`.
pub(super) fn key(path: &str, key: &str) -> String {
    let plain = (1..=super::Violation::MAX_VALUE_CHARS).contains(&key.len())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match (plain, path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}['{}']", super::Violation::shorten(key)),
    }
}

/// The element `index` of the list at `path`.
pub(super) fn index(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// Whether `path` is `root` or below it.
pub(super) fn is_at_or_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || root.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_no_words_stand_in_brackets() {
        assert_eq!(key("", "spec"), "spec");
        assert_eq!(key("spec", "replicas"), "spec.replicas");
        assert_eq!(key("metadata.labels", "a/b"), "metadata.labels['a/b']");
        assert!(is_at_or_below("spec.a[0]", "spec.a") && is_at_or_below("spec.a", "spec.a"));
        assert!(!is_at_or_below("spec.ab", "spec.a"));
    }
}
