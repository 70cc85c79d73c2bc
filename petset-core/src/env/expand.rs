//! `$(NAME)` in values, commands and arguments.

/// Replaces each `$(NAME)` by the variable's value. `$$` stands for one `$`, so `$$(NAME)` is the text `$(NAME)`; a
/// reference to a variable that is not there stays as it is.
///
/// ```
/// use petset_core::env::expand;
/// let env = [("A".to_owned(), "1".to_owned())];
/// assert_eq!(expand("$(A) $$(A) $(B) $A $(A", &env), "1 $(A) $(B) $A $(A");
/// ```
pub fn expand(text: &str, env: &[(String, String)]) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        expanded.push_str(before);
        let after = &from[1..];
        if let Some(escaped) = after.strip_prefix('$') {
            expanded.push('$');
            rest = escaped;
        } else if let Some((name, behind)) = after.strip_prefix('(').and_then(|inner| inner.split_once(')')) {
            match env.iter().rev().find(|(known, _)| known == name) {
                Some((_, value)) => expanded.push_str(value),
                None => expanded.push_str(&from[..name.len() + 3]),
            }
            rest = behind;
        } else {
            expanded.push('$');
            rest = after;
        }
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of Kubernetes' own expansion tests.
    #[test]
    fn expands_as_kubernetes_does() {
        let env: Vec<(String, String)> =
            [("VAR_A", "A"), ("VAR_B", "B"), ("VAR_C", "C"), ("VAR_REF", "$(VAR_A)"), ("VAR_EMPTY", "")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec();
        for (input, expected) in [
            ("$(VAR_A)", "A"),
            ("___$(VAR_B)___", "___B___"),
            ("___$(VAR_C)", "___C"),
            ("$(VAR_A)-$(VAR_A)", "A-A"),
            ("$(VAR_A)_1", "A_1"),
            ("$(VAR_REF)", "$(VAR_A)"),
            ("%%$(VAR_REF)--$(VAR_REF)%%", "%%$(VAR_A)--$(VAR_A)%%"),
            ("foo$(VAR_EMPTY)bar", "foobar"),
            ("foo$$(VAR_A)", "foo$(VAR_A)"),
            ("foo$$$$$(VAR_A)", "foo$$A"),
            ("$(VAR_DNE)", "$(VAR_DNE)"),
            ("$VAR_A", "$VAR_A"),
            ("$(VAR_A", "$(VAR_A"),
            ("$$$(VAR_A", "$$(VAR_A"),
            ("$()", "$()"),
            ("trailing$", "trailing$"),
            ("$$", "$"),
            ("ü$(VAR_A)ü", "üAü"),
            ("", ""),
        ] {
            assert_eq!(expand(input, &env), expected, "{input}");
        }
    }
}
