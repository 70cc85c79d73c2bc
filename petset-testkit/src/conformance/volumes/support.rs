//! Claims that nobody changes, and what the runtime may still do to them.

use petset_core::SetKey;
use petset_core::backend::{Claim, ClaimPhase};

use crate::conformance::bench::{Bench, Outcome};

/// A new claim as it is listed; bound, where claims are bound before a pod uses them.
pub(super) async fn settled(bench: &Bench, set: &SetKey) -> Outcome<Claim> {
    bench.claim(set, 0).await?;
    let waits = !bench.volumes().capabilities().binds_before_use;
    let is_settled = |claims: &[Claim]| waits || claims.iter().all(|claim| claim.phase == ClaimPhase::Bound);
    Ok(bench.until_claims(set, "a claim as it stays", is_settled).await?.remove(0))
}

/// What `seen` must be when nobody changed `before`. A claim that waits for its volume may get it at any moment, and
/// nothing else of it changes with that; whatever is bound stays as it is.
pub(super) fn unchanged(before: &Claim, seen: &Claim) -> Claim {
    if (before.phase, seen.phase) != (ClaimPhase::Pending, ClaimPhase::Bound) {
        return before.clone();
    }
    Claim {
        phase: ClaimPhase::Bound,
        volume: seen.volume.clone(),
        capacity_bytes: seen.capacity_bytes,
        message: None,
        ..before.clone()
    }
}

/// The only claim of the set is `before`, as nobody changed it.
pub(super) async fn stays(bench: &Bench, before: &Claim) -> Outcome {
    let seen = bench.claims(&before.set).await?;
    let expected: Vec<Claim> = seen.iter().take(1).map(|seen| unchanged(before, seen)).collect();
    assert!(!seen.is_empty(), "it is gone: {before:?}");
    assert_eq!(seen, expected);
    Ok(())
}
