//! Metrics through the `metrics` facade; nothing at all without the feature.

use std::time::Duration;

/// A pass is over. `petset_passes_total{result}`, `petset_pass_seconds`.
pub(super) fn pass(ok: bool, took: Duration) {
    #[cfg(feature = "metrics")]
    {
        metrics::counter!("petset_passes_total", "result" => if ok { "ok" } else { "error" }).increment(1);
        metrics::histogram!("petset_pass_seconds").record(took);
    }
    #[cfg(not(feature = "metrics"))]
    let _ = (ok, took);
}

/// An action was tried. `petset_actions_total{action,result}`.
pub(super) fn action(name: &'static str, ok: bool) {
    #[cfg(feature = "metrics")]
    metrics::counter!("petset_actions_total", "action" => name, "result" => if ok { "ok" } else { "error" })
        .increment(1);
    #[cfg(not(feature = "metrics"))]
    let _ = (name, ok);
}
