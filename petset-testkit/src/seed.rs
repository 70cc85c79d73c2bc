//! Where everything that is drawn by chance comes from, so that it can be drawn again.

use petset_core::SetUid;

/// The number in `PETSET_SEED`, else a new one.
pub(crate) fn from_env() -> u64 {
    let given = std::env::var("PETSET_SEED").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| hash(0, SetUid::random().as_str()))
}

/// FNV-1a.
pub(crate) fn hash(seed: u64, text: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed;
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Numbers that follow from a seed (`SplitMix64`).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The dice of the `nth` throw of `name`, whatever else was thrown before.
    pub(crate) fn of(seed: u64, name: &str, nth: u64) -> Self {
        let mut dice = Self(hash(seed, name).wrapping_add(nth.wrapping_mul(0xd134_2543_de82_ef95)));
        dice.next();
        dice
    }

    /// A number below `limit`, which is not zero.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
