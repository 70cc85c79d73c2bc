//! Each `# Behavior` bullet has a case, and each case has a bullet.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use petset_testkit::conformance::{Part, cases};

const SOURCES: [(Part, &str); 4] = [
    (Part::Pods, include_str!("../../petset-core/src/backend/pod.rs")),
    (Part::Volumes, include_str!("../../petset-core/src/backend/volume.rs")),
    (Part::Names, include_str!("../../petset-core/src/backend/name.rs")),
    (Part::Store, include_str!("../../petset-core/src/store/mod.rs")),
];

/// The names behind the dashes of every `# Behavior` list.
fn bullets(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut in_list = false;
    for line in source.lines().map(str::trim) {
        match line.strip_prefix("///").map(str::trim) {
            Some("# Behavior") => in_list = true,
            Some(text) if in_list => {
                if let Some(rest) = text.strip_prefix("- `") {
                    assert!(found.insert(rest.split_once('`').unwrap().0.to_owned()), "twice: {text}");
                }
            }
            Some(_) => {}
            None => in_list = false,
        }
    }
    found
}

#[test]
fn every_bullet_has_a_case_and_every_case_a_bullet() {
    for (part, source) in SOURCES {
        let bullets = bullets(source);
        assert!(!bullets.is_empty());
        let of_part: Vec<_> = cases().into_iter().filter(|case| case.part() == part).collect();
        let exact: BTreeSet<String> = of_part.iter().map(|case| case.name().to_owned()).collect();
        let without_case: Vec<_> = bullets.difference(&exact).collect();
        assert!(without_case.is_empty(), "{part:?}: bullets without a case: {without_case:?}");
        let without_bullet: Vec<_> = of_part.iter().filter(|case| !bullets.contains(case.bullet())).collect();
        assert!(without_bullet.is_empty(), "{part:?}: cases without a bullet: {without_bullet:?}");
    }
}

#[test]
fn no_two_cases_have_one_name() {
    let names: BTreeSet<_> = cases().iter().map(|case| (case.part(), case.name())).collect();
    assert_eq!(names.len(), cases().len());
}
