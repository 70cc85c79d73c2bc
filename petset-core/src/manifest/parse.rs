//! From text to documents: YAML or JSON, within fixed limits.

use serde_json::Value;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Error as YamlError, Options, from_multiple_with_options};

use super::{ManifestError, Violation};

/// The largest manifest that is read, in bytes. Every object that Kubernetes stores is smaller than 2 MiB.
pub const MAX_MANIFEST_BYTES: usize = 8 << 20;

const MAX_DOCUMENTS: usize = 1_000;
const MAX_NODES: usize = 250_000;
const MAX_DEPTH: usize = 64;
const MAX_TEXT_BYTES: usize = 2 * MAX_MANIFEST_BYTES;
const MAX_ALIASED_NODES: usize = 50_000;

/// The documents of a text, in order; empty ones are left out, and lists are taken apart.
pub(super) fn documents(text: &str) -> Result<Vec<Value>, ManifestError> {
    if text.len() > MAX_MANIFEST_BYTES {
        return Err(too_large(text.len()));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parsed = match from_multiple_with_options::<Value>(text, options()) {
        Ok(parsed) => parsed,
        Err(error) => match json(text, &error) {
            Some(parsed) => parsed,
            None => return Err(ManifestError::whole(syntax(&error))),
        },
    };
    let mut documents = Vec::with_capacity(parsed.len());
    for document in parsed {
        take_apart(document, &mut documents);
    }
    if documents.is_empty() {
        let problem = "the manifest is empty; expected at least one document with `apiVersion`, `kind` and `metadata`";
        return Err(ManifestError::whole(Violation::missing("apiVersion", problem)));
    }
    Ok(documents)
}

/// The violation of a manifest that is too large to be read.
pub(super) fn too_large(bytes: usize) -> ManifestError {
    let problem = format!("is too large; a manifest may have at most {MAX_MANIFEST_BYTES} bytes");
    ManifestError::whole(Violation::new("(whole manifest)", format!("{bytes} bytes"), problem))
}

/// YAML as Kubernetes reads it: 1.1's booleans and octal numbers, which file modes are written in.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_documents: MAX_DOCUMENTS,
            max_nodes: MAX_NODES,
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_total_scalar_bytes: MAX_TEXT_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: MAX_ALIASED_NODES,
            max_replay_stack_depth: MAX_DEPTH,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        legacy_octal_numbers: true,
        with_snippet: false,
    }
}

/// Nearly all JSON is YAML, but escaped surrogate pairs and tabs are not.
fn json(text: &str, error: &YamlError) -> Option<Vec<Value>> {
    let is_json = text.trim_start().starts_with(['{', '[']);
    let is_final =
        matches!(bare(error), YamlError::DuplicateMappingKey { .. }) || is_limit(error, &bare(error).to_string());
    if !is_json || is_final {
        return None;
    }
    serde_json::Deserializer::from_str(text).into_iter().collect::<Result<_, _>>().ok()
}

fn syntax(error: &YamlError) -> Violation {
    let at = error.location().filter(|location| location.line() > 0).map_or_else(
        || "(whole manifest)".to_owned(),
        |location| format!("(line {}, column {})", location.line(), location.column()),
    );
    if let YamlError::DuplicateMappingKey { key, .. } = bare(error) {
        let key = Violation::shorten(key.as_deref().unwrap_or_default());
        return Violation::missing(at, format!("the key `{key}` stands twice in one mapping"));
    }
    let text = bare(error).to_string();
    // The place stands before the message already.
    let first = text.lines().next().and_then(|line| line.split(" at line ").next()).unwrap_or("the text is no YAML");
    let limits = if is_limit(error, first) {
        format!(
            "; a manifest may have at most {MAX_DOCUMENTS} documents, {MAX_NODES} values, {MAX_ALIASED_NODES} values \
             through aliases and {MAX_DEPTH} levels"
        )
    } else {
        String::new()
    };
    Violation::missing(at, format!("cannot be read as YAML or JSON: {first}{limits}"))
}

/// The error without what is wrapped around it.
fn bare(error: &YamlError) -> &YamlError {
    let error = error.without_snippet();
    if let YamlError::AliasError { error, .. } = error { bare(error) } else { error }
}

fn is_limit(error: &YamlError, text: &str) -> bool {
    // The scanner's own limits have no kind of their own.
    text.contains("limit")
        || matches!(
            bare(error),
            YamlError::Budget { .. }
                | YamlError::AliasReplayLimitExceeded { .. }
                | YamlError::AliasExpansionLimitExceeded { .. }
                | YamlError::AliasReplayStackDepthExceeded { .. }
                | YamlError::AliasReplayCounterOverflow { .. }
        )
}

fn take_apart(document: Value, documents: &mut Vec<Value>) {
    match document {
        Value::Null => {}
        Value::Object(mut fields) if fields.get("kind").is_some_and(|kind| kind == "List") => {
            match fields.remove("items") {
                Some(Value::Array(items)) => items.into_iter().for_each(|item| take_apart(item, documents)),
                Some(other) => documents.push(other),
                None => {}
            }
        }
        other @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
            documents.push(other);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn several_documents_lists_and_json_are_read() {
        let expected = vec![json!({"a": 1}), json!({"b": "true"})];
        for text in [
            "a: 1\n---\nb: \"true\"\n---\n# nothing\n",
            "---\n\n---\na: 1\n---\nb: 'true'\n...\n",
            "kind: List\nitems:\n- a: 1\n- kind: List\n  items: [{b: \"true\"}]\n",
            "{\"kind\": \"List\", \"items\": [{\"a\": 1}, {\"b\": \"true\"}]}",
            "\u{feff}{\"a\": 1}\n---\n{\"b\": \"true\"}",
        ] {
            assert_eq!(documents(text).expect(text), expected, "{text}");
        }
        assert_eq!(documents("{\"a\": \"\\ud83d\\ude00\"}").expect("JSON"), vec![json!({"a": "😀"})]);
        assert_eq!(documents("mode: 0644").expect("YAML"), vec![json!({"mode": 420})]);
    }

    #[test]
    fn every_limit_is_named() {
        let nested = |open: &str, close: &str| format!("a: {}1{}", open.repeat(400), close.repeat(400));
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let last = level - 1;
            let line = format!("a{level}: &a{level} [*a{last}, *a{last}, *a{last}, *a{last}, *a{last}, *a{last}]\n");
            bomb.push_str(&line);
        }
        let storm = "---\na: 1\n".repeat(MAX_DOCUMENTS + 1);
        let wide = format!("a: [{}]", "1,".repeat(MAX_NODES + 1));
        let large = format!("a: {}", "x".repeat(MAX_MANIFEST_BYTES));
        // One long text, used again and again.
        let flood = format!("a: &a \"{}\"\nb: [{}]", "x".repeat(1 << 20), "*a,".repeat(30));
        let json = format!("{{\"a\": {}1{}}}", "[".repeat(100), "]".repeat(100));
        for text in [nested("[", "]"), nested("{b: ", "}"), bomb, flood, storm, wide, large, json] {
            let error = documents(&text).expect_err("too much").to_string();
            assert!(error.contains("a manifest may have at most"), "{error}");
            assert!(error.len() < 1000, "{error}");
        }
    }

    #[test]
    fn what_is_no_yaml_is_an_error_with_its_place() {
        for text in
            ["a: [1, 2", "a: 1\na: 2", "a:\n\t- b", "\"", "a: *gone", "{\"a\": 1, \"a\": 2}", "a: \u{0}", "&a [*a]"]
        {
            let error = documents(text).expect_err(text);
            assert!(error.violations[0].violation.path.starts_with('('), "{error}");
        }
        for text in ["", "---", "# nothing", "null", "kind: List"] {
            assert_eq!(documents(text).expect_err(text).violations[0].violation.path, "apiVersion", "{text}");
        }
    }
}
