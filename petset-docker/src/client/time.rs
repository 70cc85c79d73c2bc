//! Moments as the engine writes them.

use petset_core::Timestamp;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

/// What the engine writes for a moment; `None` for the year 1, which means never.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let text: StrDeserializer<'_, Error> = text.into_deserializer();
    Timestamp::deserialize(text).ok().filter(|moment| moment.as_micros() > 0)
}
