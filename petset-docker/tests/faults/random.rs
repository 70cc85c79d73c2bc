//! Moments by chance.

use std::time::Duration;

use petset_testkit::seed::{self, Dice};

/// Numbers by chance, the same for the same `PETSET_SEED`.
pub(crate) struct Random(Dice);

impl Random {
    pub(crate) fn new(test: &str) -> Self {
        let seed = seed::given().unwrap_or(20_261_120);
        eprintln!("{test}: PETSET_SEED={seed}");
        Self(Dice::of(seed, test, 1))
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0.below(limit)
    }

    /// Until a moment within the next `millis`.
    pub(crate) async fn moment(&mut self, millis: u64) {
        tokio::time::sleep(Duration::from_millis(self.below(millis))).await;
    }
}
