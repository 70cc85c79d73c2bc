//! JSON that is kept for long and read now and then.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

/// JSON as text. As values it takes ten times the memory: each object is a tree of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compact(Box<str>);

impl Compact {
    /// What it says.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.0).expect("it was made of a value")
    }

    /// What it says, as whatever that is.
    ///
    /// # Errors
    /// When it says something else.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// What it says where that is an object, else one that says nothing.
    pub(crate) fn object(&self) -> Value {
        Some(self.value()).filter(Value::is_object).unwrap_or_else(|| json!({}))
    }

    pub(crate) fn is_null(&self) -> bool {
        *self.0 == *"null"
    }
}

impl Default for Compact {
    fn default() -> Self {
        Self::from(&Value::Null)
    }
}

impl From<&Value> for Compact {
    fn from(value: &Value) -> Self {
        Self(value.to_string().into())
    }
}

impl<'de> Deserialize<'de> for Compact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut text = Vec::new();
        serde_transcode::transcode(deserializer, &mut serde_json::Serializer::new(&mut text))
            .map_err(D::Error::custom)?;
        Ok(Self(String::from_utf8(text).map_err(D::Error::custom)?.into()))
    }
}

impl Serialize for Compact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_was_said() {
        let said = json!({ "b": [1, -2.5, "ü\"", null], "a": {} });
        let kept: Compact = serde_json::from_value(said.clone()).expect("any JSON will do");
        assert_eq!((kept.value(), serde_json::to_value(&kept).expect("it is JSON")), (said.clone(), said));
        assert!(Compact::default().is_null() && !kept.is_null());
    }
}
