//! Selectors as text, as the `scale` subresource and `kubectl -l` have them.

use petset_core::spec::{LabelSelector, SelectorRequirement};
use serde::Deserialize;
use serde_json::Value;

/// A selector as text; an error says what cannot be read.
pub(super) fn text(selector: &Value) -> Result<String, String> {
    let LabelSelector { match_labels, match_expressions } =
        LabelSelector::deserialize(selector).map_err(|error| format!("its selector: {error}"))?;
    let labels = match_labels.iter().map(|(key, value)| format!("{key}={value}"));
    let expressions = match_expressions.iter().map(|SelectorRequirement { key, operator, values }| {
        let values = values.join(",");
        match operator.as_str() {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.clone(),
        }
    });
    Ok(labels.chain(expressions).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_operator_has_its_text() {
        let selector = json!({ "matchLabels": { "app": "web" }, "matchExpressions": [
            { "key": "tier", "operator": "In", "values": ["a", "b"] }, { "key": "old", "operator": "DoesNotExist" },
            { "key": "x", "operator": "Exists" }, { "key": "y", "operator": "NotIn", "values": ["c"] }] });
        assert_eq!(text(&selector).as_deref(), Ok("app=web,tier in (a,b),!old,x,y notin (c)"));
        assert!(text(&json!({ "matchLabels": "app" })).is_err());
        assert_eq!(text(&json!({})).as_deref(), Ok(""));
    }
}
