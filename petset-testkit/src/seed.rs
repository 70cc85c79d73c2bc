//! Where everything that is drawn by chance comes from, so that it can be drawn again.
//!
//! ```
//! use petset_testkit::seed::{self, Dice};
//!
//! let seed = seed::from_env(); // PETSET_SEED, or a new seed
//! let mut dice = Dice::of(seed, "my test", 1);
//! assert!(dice.below(6) < 6, "PETSET_SEED={seed}");
//! ```

use std::ffi::OsStr;

use petset_core::SetUid;

/// The number in `PETSET_SEED`, else a new one.
///
/// # Panics
/// As [`given`] does.
pub fn from_env() -> u64 {
    given().unwrap_or_else(|| hash(0, SetUid::random().as_str()))
}

/// The number in `PETSET_SEED`, if it is set.
///
/// # Panics
/// When it is set to anything else: another seed in its place would not repeat the run that is asked for.
pub fn given() -> Option<u64> {
    std::env::var_os("PETSET_SEED").map(|text| read(&text))
}

fn read(text: &OsStr) -> u64 {
    let number = text.to_str().and_then(|text| text.parse().ok());
    number.unwrap_or_else(|| panic!("PETSET_SEED is `{}`; it must be a number from 0 to {}", text.display(), u64::MAX))
}

/// FNV-1a.
pub(crate) fn hash(seed: u64, text: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed;
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Numbers that follow from a seed (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The dice of the `nth` throw of `name`, whatever else was thrown before.
    pub fn of(seed: u64, name: &str, nth: u64) -> Self {
        let mut dice = Self(hash(seed, name).wrapping_add(nth.wrapping_mul(0xd134_2543_de82_ef95)));
        dice.next();
        dice
    }

    /// A number below `limit`.
    ///
    /// # Panics
    /// When `limit` is zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// One of these.
    ///
    /// # Panics
    /// When there are none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = self.next() % u64::try_from(from.len()).expect("a length fits");
        &from[usize::try_from(index).expect("it is below a length")]
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_number() {
        assert_eq!([0, u64::MAX].map(|seed| read(OsStr::new(&seed.to_string()))), [0, u64::MAX]);
    }

    #[test]
    #[should_panic(expected = "PETSET_SEED is `0x7`; it must be a number from 0 to 18446744073709551615")]
    fn anything_else_is_not_replaced_in_silence() {
        read(OsStr::new("0x7"));
    }
}
