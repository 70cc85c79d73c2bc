//! Moments by chance.

use std::time::Duration;

/// Numbers by chance, the same for the same `PETSET_SEED` (`SplitMix64`).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(test: &str) -> Self {
        let given = std::env::var("PETSET_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or(20_261_120);
        eprintln!("{test}: PETSET_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % limit
    }

    /// Until a moment within the next `millis`.
    pub(crate) async fn moment(&mut self, millis: u64) {
        tokio::time::sleep(Duration::from_millis(self.below(millis))).await;
    }
}
