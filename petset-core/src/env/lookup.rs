//! Reading config maps and secrets: one key, or all of them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::backend::ConfigBundle;
use crate::error::{Error, ErrorKind, Result};
use crate::spec::{ConfigMap, Secret};

/// A failure at `path`, which reads after "failed to resolve a reference (path …)".
pub(super) fn failure(kind: ErrorKind, path: &str, message: impl Into<String>) -> Error {
    Error::new(kind, "resolve a reference of the pod template").with_context("path", path).with_message(message)
}

/// Whatever has keys: a config map or a secret.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    ConfigMap(&'a ConfigMap),
    Secret(&'a Secret),
}

/// Which kind of object a reference means.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    ConfigMap,
    Secret,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::ConfigMap => "config map",
            Self::Secret => "secret",
        }
    }

    /// The object; `None` when it is not there and may be missing.
    pub(super) fn find<'a>(
        self,
        config: &'a ConfigBundle,
        name: &str,
        optional: bool,
        path: &str,
    ) -> Result<Option<Source<'a>>> {
        let found = match self {
            Self::ConfigMap => config.config_maps.get(name).map(Source::ConfigMap),
            Self::Secret => config.secrets.get(name).map(Source::Secret),
        };
        if found.is_none() && !optional {
            let word = self.word();
            return Err(failure(ErrorKind::NotFound, path, format!("{word} `{name}` does not exist")));
        }
        Ok(found)
    }
}

impl Source<'_> {
    /// One key's bytes; `None` when the key is not there and may be missing.
    pub(super) fn get(self, key: &str, optional: bool, path: &str) -> Result<Option<Vec<u8>>> {
        let (kind, name, value) = match self {
            Self::ConfigMap(map) => {
                let text = map.data.get(key).map(|text| Ok(text.clone().into_bytes()));
                let bytes = || map.binary_data.get(key).map(|coded| decode(coded, key, path));
                (Kind::ConfigMap, &map.metadata.name, text.or_else(bytes))
            }
            Self::Secret(secret) => {
                let text = secret.string_data.get(key).map(|text| Ok(text.clone().into_bytes()));
                let bytes = || secret.data.get(key).map(|coded| decode(coded, key, path));
                (Kind::Secret, &secret.metadata.name, text.or_else(bytes))
            }
        };
        if value.is_none() && !optional {
            let word = kind.word();
            return Err(failure(ErrorKind::NotFound, path, format!("{word} `{name}` has no key `{key}`")));
        }
        value.transpose()
    }

    /// Every key with its bytes. Without `binary`, a config map's `binaryData` is left out, as variables do.
    pub(super) fn all(self, binary: bool, path: &str) -> Result<BTreeMap<String, Vec<u8>>> {
        let (texts, coded) = match self {
            Self::ConfigMap(map) => (&map.data, binary.then_some(&map.binary_data)),
            Self::Secret(secret) => (&secret.string_data, Some(&secret.data)),
        };
        let mut all = BTreeMap::new();
        for (key, value) in coded.into_iter().flatten() {
            all.insert(key.clone(), decode(value, key, path)?);
        }
        all.extend(texts.iter().map(|(key, text)| (key.clone(), text.clone().into_bytes())));
        Ok(all)
    }
}

fn decode(coded: &str, key: &str, path: &str) -> Result<Vec<u8>> {
    let packed: String = coded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD
        .decode(packed)
        .map_err(|error| failure(ErrorKind::Invalid, path, format!("key `{key}` is not base64")).with_source(error))
}

/// Bytes as a variable's value.
pub(super) fn into_text(bytes: Vec<u8>, key: &str, path: &str) -> Result<String> {
    let text = String::from_utf8(bytes).map_err(|error| {
        failure(ErrorKind::Invalid, path, format!("key `{key}` is not UTF-8, which a variable must be"))
            .with_source(error.utf8_error())
    })?;
    if text.contains('\0') {
        return Err(failure(ErrorKind::Invalid, path, format!("key `{key}` has a NUL byte, which a variable cannot")));
    }
    Ok(text)
}
