//! Which pets have run, and on which claims, in few bytes: all of it travels with every write of a status.
//!
//! `{"pets":"0-2","claims":{"www":["<uid>",null,"<uid>"]}}`: which pets, and by claim template one claim for each of them,
//! in their order; null is one that is not known. A uid is its 16 bytes in base64, or any other text after a `=`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use petset_core::ClaimUid;
use petset_core::status::{OrdinalSet, Started};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Nobody has so many pets. Few bytes could name more than there is memory for.
const TOO_MANY: usize = 1_000_000;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    pets: OrdinalSet,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    claims: BTreeMap<Arc<str>, Vec<Option<Short>>>,
}

struct Short(ClaimUid);

impl Serialize for Short {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.as_str();
        match Uuid::try_parse(text) {
            Ok(uuid) if *uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == *text => {
                serializer.serialize_str(&URL_SAFE_NO_PAD.encode(uuid))
            }
            Ok(_) | Err(_) => serializer.collect_str(&format_args!("={text}")),
        }
    }
}

impl<'de> Deserialize<'de> for Short {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Short;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("16 bytes in base64, or `=` and a text")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Short, E> {
                if let Some(verbatim) = text.strip_prefix('=') {
                    return Ok(Short(ClaimUid::new(verbatim)));
                }
                let mut bytes = uuid::Bytes::default();
                match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
                    Ok(length) if length == bytes.len() => {
                        let uuid = Uuid::from_bytes(bytes).hyphenated();
                        Ok(Short(ClaimUid::new(&*uuid.encode_lower(&mut Uuid::encode_buffer()))))
                    }
                    Ok(_) | Err(_) => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_str(Text)
    }
}

pub(super) fn serialize<S: Serializer>(started: &Started, serializer: S) -> Result<S::Ok, S::Error> {
    let templates: BTreeSet<&str> =
        started.ordinals().flat_map(|ordinal| started.claims(ordinal)).map(|(template, _)| template).collect();
    let claim = |template, ordinal| started.claim(ordinal, template).cloned().map(Short);
    let claims = templates
        .into_iter()
        .map(|template| (template.into(), started.ordinals().map(|ordinal| claim(template, ordinal)).collect()))
        .collect();
    let pets = started.ordinals().collect();
    Written { pets, claims }.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Started, D::Error> {
    let Written { pets, claims } = Written::deserialize(deserializer)?;
    if pets.iter().nth(TOO_MANY).is_some() {
        return Err(D::Error::custom(format!("it names more than {TOO_MANY} pets")));
    }
    let mut started: Started = pets.iter().collect();
    let all = started.ordinals().count();
    if let Some((template, of_template)) = claims.iter().find(|(_, of_template)| of_template.len() != all) {
        let problem = format!("{} claims {template} of {all} pets", of_template.len());
        return Err(D::Error::custom(problem));
    }
    let mut claims: Vec<_> =
        claims.into_iter().map(|(template, of_template)| (template, of_template.into_iter())).collect();
    for ordinal in pets.iter() {
        let next = claims.iter_mut().filter_map(|(template, uids)| Some((Arc::clone(template), uids.next()??.0)));
        started.insert(ordinal, next);
    }
    Ok(started)
}

#[cfg(test)]
mod tests {
    use petset_core::Ordinal;
    use serde_json::{Value, json};

    use super::*;

    fn read(written: &Value) -> Result<Started, serde_json::Error> {
        deserialize(written)
    }

    #[test]
    fn s7_what_is_remembered_of_claims_is_read_as_it_was() {
        let uid = "6f1c2a34-0b5d-4e6f-8a90-b1c2d3e4f506";
        let mut started: Started = [Ordinal(2)].into_iter().collect();
        started.insert(Ordinal(3), [("www".into(), ClaimUid::new(uid))]);
        // No uid of a server, but nothing is lost.
        let odd = [("www".into(), ClaimUid::new(uid.to_uppercase())), ("logs".into(), ClaimUid::new("="))];
        started.insert(Ordinal(7), odd);
        let written = serialize(&started, serde_json::value::Serializer).expect("JSON");
        let verbatim = format!("={}", uid.to_uppercase());
        let expected = json!({ "pets": "2-3,7", "claims": {
            "logs": [null, null, "=="], "www": [null, "bxwqNAtdTm-KkLHC0-T1Bg", verbatim] } });
        assert_eq!(written, expected);
        assert_eq!(read(&written).expect("it was written"), started);
        let nameless: Started = [Ordinal(0)].into_iter().collect();
        assert_eq!(serialize(&nameless, serde_json::value::Serializer).expect("JSON"), json!({ "pets": "0" }));
    }

    #[test]
    fn s15_claims_of_nobody_knows_which_pets_are_an_error() {
        let with = |claims: Value| read(&json!({ "pets": "0-1", "claims": { "www": claims } }));
        assert!(with(json!([null, null])).is_ok());
        for (wrong, why) in [
            (json!([null]), "1 claims www of 2 pets"),
            (json!([null, null, null]), "3 claims www of 2 pets"),
            (json!([null, "bxwqNAtdTm"]), "16 bytes in base64"),
            (json!([null, "?"]), "16 bytes in base64"),
        ] {
            let error = with(wrong).expect_err("it is not as we write it").to_string();
            assert!(error.contains(why), "{error}");
        }
        // Else every claim of the name would do for them.
        read(&json!({ "pets": "0-1", "claim": { "www": [null, null] } })).expect_err("it is misspelt");
        let error = read(&json!({ "pets": "0-2147483647" })).expect_err("nobody has so many").to_string();
        assert!(error.contains("more than 1000000 pets"), "{error}");
    }
}
