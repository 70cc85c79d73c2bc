//! `PodBackend::check`.

use petset_core::ErrorKind;
use petset_core::manifest::Violation;
use petset_core::spec::PodTemplate;
use serde_json::Value;

use crate::conformance::bench::{Bench, Outcome, Stop};

/// Each violation says what would be right, and what stands in the template at its path, if anything does.
pub(in crate::conformance) fn says_all(found: &[Violation], template: &Value) {
    for violation in found {
        assert!(!violation.problem.is_empty(), "what would be right: {violation:?}");
        let pointer = format!("/{}", violation.path.replace(['.', '['], "/").replace(']', ""));
        let stands = template.pointer(&pointer).filter(|value| !value.is_null());
        let said = violation.value.as_deref().unwrap_or_default();
        let says_it = match stands {
            None => true,
            Some(Value::String(text)) => [text.clone(), format!("{text:?}")].iter().any(|text| says(said, text)),
            Some(scalar @ (Value::Bool(_) | Value::Number(_))) => says(said, scalar),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) => !said.is_empty(),
        };
        assert!(says_it, "the value {stands:?} stands there: {violation:?}");
    }
}

/// Whether it is this value, as far as a violation has room for it.
fn says(said: &str, value: impl std::fmt::Display) -> bool {
    Violation::new("", value, "").value.as_deref() == Some(said)
}

fn refused(bench: &Bench) -> Outcome<Vec<(PodTemplate, Vec<String>)>> {
    let refused = bench.subject.workload.refused_pods.clone();
    if refused.is_empty() {
        return Err(Stop::Skipped("the workload has no template that is refused".to_owned()));
    }
    Ok(refused)
}

pub(super) async fn names_every_refused_field(bench: &Bench) -> Outcome {
    for (template, mut expected) in refused(bench)? {
        let found = bench.pods().check(&template);
        let mut paths: Vec<String> = found.iter().map(|violation| violation.path.clone()).collect();
        paths.sort();
        expected.sort();
        assert_eq!(paths, expected, "{found:?}");
        says_all(&found, &serde_json::to_value(&template).expect("a template can be written"));
    }
    Ok(())
}

pub(super) async fn create_refuses(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    for (template, _) in refused(bench)? {
        let answer = bench.pods().create(bench.pod_request(&set, 0, template)).await;
        let error = answer.map(|created| format!("{created:?}")).expect_err("a refused template");
        assert!(matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Invalid), "{error:?}");
        assert_eq!(bench.pods().list(&set).await?, []);
    }
    Ok(())
}

pub(super) async fn accepts_what_create_runs(bench: &Bench) -> Outcome {
    let workload = &bench.subject.workload;
    let templates = [&workload.ready, &workload.never_ready, &workload.ends, &workload.fails, &workload.stubborn];
    if templates.iter().all(|template| template.is_none()) {
        return Err(Stop::Skipped("the workload has no template that runs".to_owned()));
    }
    let set = bench.set("web");
    for (ordinal, template) in (0..).zip(templates.into_iter().flatten()) {
        assert_eq!(bench.pods().check(template), []);
        bench.run(&set, ordinal, template.clone()).await?;
    }
    Ok(())
}

pub(super) async fn twice_the_same(bench: &Bench) -> Outcome {
    let template = bench.ready()?;
    assert_eq!(bench.pods().check(&template), bench.pods().check(&template));
    assert_eq!(bench.pods().capabilities(), bench.pods().capabilities());
    Ok(())
}
