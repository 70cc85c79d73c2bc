//! Amounts as Kubernetes writes them: `1Gi`, `500m`, `1e3`.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount, kept as it was written; numbers are accepted as texts.
///
/// ```
/// use petset_core::spec::Quantity;
/// assert_eq!(Quantity::from("1Gi").bytes(), Some(1 << 30));
/// assert_eq!(Quantity::from("1500m").milli(), Some(1500));
/// assert_eq!(Quantity::from("much").bytes(), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quantity(String);

impl Quantity {
    /// The amount in whole units, rounded up: bytes for storage and memory. `None` when it is no quantity, is negative
    /// or does not fit.
    pub fn bytes(&self) -> Option<u64> {
        u64::try_from(self.milli()?.checked_add(999)? / 1000).ok()
    }

    /// The amount in thousandths: `500m` of a processor is 500. `None` when it is no quantity, is negative or does
    /// not fit.
    pub fn milli(&self) -> Option<i128> {
        let text = self.0.as_str();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let scale: i128 = match suffix {
            "" => 1000,
            "n" | "u" => return tiny(number, suffix),
            "m" => 1,
            "k" => 1000 * 1000,
            "M" => 1000 * 1000_i128.pow(2),
            "G" => 1000 * 1000_i128.pow(3),
            "T" => 1000 * 1000_i128.pow(4),
            "P" => 1000 * 1000_i128.pow(5),
            "E" => 1000 * 1000_i128.pow(6),
            "Ki" => 1000 << 10,
            "Mi" => 1000 << 20,
            "Gi" => 1000 << 30,
            "Ti" => 1000 << 40,
            "Pi" => 1000 << 50,
            "Ei" => 1000 << 60,
            exponent => {
                let power: u32 = exponent.strip_prefix(['e', 'E'])?.trim_start_matches('+').parse().ok()?;
                if power > 18 {
                    return None;
                }
                1000 * 10_i128.pow(power)
            }
        };
        scaled(number, scale)
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn tiny(number: &str, suffix: &str) -> Option<i128> {
    let per_milli = if suffix == "n" { 1_000_000 } else { 1_000 };
    Some(scaled(number, 1)?.checked_add(per_milli - 1)? / per_milli)
}

fn scaled(number: &str, scale: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.len() > 9 || fraction.contains('.') {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let tens = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    whole.checked_mul(scale)?.checked_add(part.checked_mul(scale)?.checked_add(tens - 1)? / tens)
}

impl From<&str> for Quantity {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Whole(i64),
            Real(f64),
        }
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Text(text) => text,
            Written::Whole(number) => number.to_string(),
            Written::Real(number) => number.to_string(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_too_much() {
        let most = i128::MAX.to_string();
        for number in ["", "0", "1", ".", "1.", ".5", "1.5", "1.5.5", "0.0000000001", "-1", "+1", "é", &most] {
            for suffix in ["", "n", "u", "m", "k", "E", "Ei", "e", "e18", "e19", "e-1", "x", "é"] {
                let quantity = Quantity::from(format!("{number}{suffix}").as_str());
                assert!(quantity.bytes().is_none() || quantity.milli().is_some(), "{quantity}");
            }
        }
    }
}
