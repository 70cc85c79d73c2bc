//! `VolumeProvisioner::check`.

use petset_core::spec::ClaimTemplate;

use crate::conformance::bench::{Bench, Outcome, Stop};
use crate::conformance::pods::says_all;

pub(super) async fn names_every_refused_field(bench: &Bench) -> Outcome {
    let refused = &bench.subject.workload.refused_claims;
    if refused.is_empty() {
        return Err(Stop::Skipped("the workload has no claim template that is refused".to_owned()));
    }
    for (template, expected) in refused {
        let found = bench.volumes().check(template);
        let mut paths: Vec<&String> = found.iter().map(|violation| &violation.path).collect();
        let mut expected: Vec<&String> = expected.iter().collect();
        paths.sort();
        expected.sort();
        assert_eq!(paths, expected, "{found:?}");
        says_all(&found, &serde_json::to_value(template).expect("a template can be written"));
    }
    Ok(())
}

pub(super) async fn accepts_what_is_served(bench: &Bench) -> Outcome {
    let template = ClaimTemplate { spec: bench.subject.workload.claim.clone(), ..ClaimTemplate::default() };
    assert_eq!(bench.volumes().check(&template), []);
    bench.claim(&bench.set("web"), 0).await?;
    Ok(())
}
