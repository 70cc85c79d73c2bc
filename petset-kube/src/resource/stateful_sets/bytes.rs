//! JSON as Go writes it: keys in order, nothing between, and what HTML would read escaped.
//!
//! Kubernetes tells revisions apart by their bytes.

use std::fmt::Write;

use serde_json::Value;

/// A value as text.
pub(super) fn text(value: &Value) -> String {
    let mut written = String::new();
    put(value, &mut written);
    written
}

fn put(value: &Value, written: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            list(written, ['{', '}'], fields, |(key, value), written| {
                string(key, written);
                written.push(':');
                put(value, written);
            });
        }
        Value::Array(items) => list(written, ['[', ']'], items, put),
        Value::String(text) => string(text, written),
        Value::Null | Value::Bool(_) | Value::Number(_) => written.push_str(&value.to_string()),
    }
}

fn list<T>(
    written: &mut String,
    brackets: [char; 2],
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    written.push(brackets[0]);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            written.push(',');
        }
        write(item, written);
    }
    written.push(brackets[1]);
}

fn string(text: &str, written: &mut String) {
    for character in Value::from(text).to_string().chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                write!(written, "\\u{:04x}", u32::from(character)).expect("a string takes everything");
            }
            other => written.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_in_order_and_html_is_escaped() {
        let value = json!({ "b": [1, null, true], "a": { "$patch": "replace", "Z": "x < y && y > \"z\"\n\u{2028}é" } });
        let expected = "{\"a\":{\"$patch\":\"replace\",\"Z\":\"x \\u003c y \\u0026\\u0026 y \\u003e \\\"z\\\"\\n\
            \\u2028é\"},\"b\":[1,null,true]}";
        assert_eq!(text(&value), expected);
        assert_eq!(serde_json::from_str::<Value>(&text(&value)).expect("JSON"), value);
    }
}
