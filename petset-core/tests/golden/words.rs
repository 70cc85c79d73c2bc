//! The small words of the language: numbers, ranges of pets, spans of time, and the `key=value` pairs of `set`.

use std::time::Duration;

use petset_core::plan::Strategy;
use petset_core::{Ordinal, RevisionName};

use crate::common::Spec;

/// Reads one number.
pub(crate) fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}

/// Reads `0-2,4`.
pub(crate) fn pets(text: &str) -> Result<Vec<Ordinal>, String> {
    let mut pets = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        pets.extend((number(first)?..=number(last)?).map(Ordinal));
    }
    Ok(pets)
}

/// Reads `10s`, with or without a `+` before it.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let seconds =
        text.trim_start_matches('+').strip_suffix('s').ok_or_else(|| format!("`{text}` is not like `10s`"))?;
    Ok(Duration::from_secs(number(seconds)?.into()))
}

/// Applies one `key=value` to the declaration. A per cent of `max` is taken here as the engine takes it: rounded down,
/// at least 1; `replicas` must come before it.
pub(crate) fn set(spec: &mut Spec, key: &str, value: &str) -> Result<(), String> {
    let wrong = || format!("`{value}` is nothing that `{key}` can be");
    let delete = || match value {
        "Delete" => Ok(true),
        "Retain" => Ok(false),
        _ => Err(wrong()),
    };
    match key {
        "replicas" => spec.replicas = number(value)?,
        "start" => spec.start = number(value)?,
        "policy" => {
            spec.ordered = match value {
                "OrderedReady" => true,
                "Parallel" => false,
                _ => return Err(wrong()),
            }
        }
        "strategy" => {
            spec.strategy = match value {
                "OnDelete" => Strategy::OnDelete,
                "RollingUpdate" => Strategy::RollingUpdate { partition: 0, max_unavailable: 1 },
                _ => return Err(wrong()),
            }
        }
        "partition" | "max" => {
            let Strategy::RollingUpdate { partition, max_unavailable } = &mut spec.strategy else {
                return Err(wrong());
            };
            match (key, value.strip_suffix('%')) {
                ("partition", _) => *partition = number(value)?,
                (_, Some(percent)) => *max_unavailable = (spec.replicas * number(percent)? / 100).max(1),
                (_, None) => *max_unavailable = number(value)?,
            }
        }
        "minready" => spec.min_ready = span(value)?,
        "scaled" => spec.when_scaled = delete()?,
        "deleted" => spec.when_deleted = delete()?,
        "claims" if value == "none" => spec.templates.clear(),
        "claims" => spec.templates = value.split(',').map(Into::into).collect(),
        "current" => spec.current = RevisionName::new(value),
        "update" => spec.update = RevisionName::new(value),
        "binds" => spec.binds_before_use = value.parse().map_err(|_| wrong())?,
        "paused" => spec.paused = value.parse().map_err(|_| wrong())?,
        _ => return Err(format!("a set has no `{key}`")),
    }
    Ok(())
}
