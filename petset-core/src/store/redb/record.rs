//! Records: `v1 ` and then JSON. The format comes first, so that a record of a later release is told from a damaged one.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Result};

const FORMAT: &[u8] = b"v1 ";

pub(super) fn encode<T: Serialize>(value: &T, operation: &'static str) -> Result<Vec<u8>> {
    let mut record = FORMAT.to_vec();
    serde_json::to_writer(&mut record, value).map_err(|error| {
        Error::new(ErrorKind::Invalid, operation).with_message("it cannot be written as JSON").with_source(error)
    })?;
    Ok(record)
}

/// `name` is what the record is of, in the words of the error that says that it cannot be read.
pub(super) fn decode<T: DeserializeOwned>(record: &[u8], kind: &'static str, name: &impl ToString) -> Result<T> {
    let corrupt = || Error::new(ErrorKind::Corrupt, "read a record of the store").with_context(kind, name.to_string());
    let Some(json) = record.strip_prefix(FORMAT) else {
        return Err(corrupt().with_message(match format_of(record) {
            Some(format) => {
                format!("it is written in format {format}, and this release reads v1: use the release that wrote it")
            }
            None => "it does not begin with a format: it is damaged".to_owned(),
        }));
    };
    serde_json::from_slice(json).map_err(|error| corrupt().with_message("it is damaged").with_source(error))
}

fn format_of(record: &[u8]) -> Option<String> {
    let (format, _) = record.split_at(record.iter().take(12).position(|byte| *byte == b' ')?);
    let number = format.strip_prefix(b"v")?;
    let is_format = !number.is_empty() && number.iter().all(u8::is_ascii_digit);
    is_format.then(|| String::from_utf8_lossy(format).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_formats_and_damage_are_told_apart() {
        let record = encode(&vec![1, 2], "test").expect("numbers are JSON");
        assert_eq!(decode::<Vec<i32>>(&record, "set", &"a/b").expect("just written"), [1, 2]);
        for (record, expected) in [
            (&b"v2 [1]"[..], "written in format v2"),
            (b"v1 [1", "it is damaged"),
            (b"v1 \"text\"", "it is damaged"),
            (b"[1,2]", "does not begin with a format"),
            (b"", "does not begin with a format"),
            (b"\xff\xfe v", "does not begin with a format"),
        ] {
            let error = decode::<Vec<i32>>(record, "set", &"a/b").expect_err("unreadable");
            assert_eq!(error.kind(), ErrorKind::Corrupt);
            assert!(error.to_string().contains(expected) && error.to_string().contains("a/b"), "{error}");
        }
    }
}
