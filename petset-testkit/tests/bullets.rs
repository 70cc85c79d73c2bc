//! Each `# Behavior` bullet has a case, and each case has a bullet.

use std::collections::BTreeSet;

use petset_testkit::conformance::{Part, cases};

const SOURCES: [(Part, &str); 4] = [
    (Part::Pods, include_str!("../../petset-core/src/backend/pod.rs")),
    (Part::Volumes, include_str!("../../petset-core/src/backend/volume.rs")),
    (Part::Names, include_str!("../../petset-core/src/backend/name.rs")),
    (Part::Store, include_str!("../../petset-core/src/store/mod.rs")),
];

/// What a subject says of itself; no case can tell whether it is so.
const WITHOUT_BEHAVIOR: [&str; 3] = ["capabilities", "domain", "servers"];

/// The names behind the dashes of every `# Behavior` list. Each method of a trait has one, and each of its bullets a name.
fn bullets(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let (mut in_trait, mut in_list) = (false, false);
    for line in source.lines() {
        in_trait = (in_trait || line.starts_with("pub trait ")) && line != "}";
        match line.trim().strip_prefix("///").map(str::trim) {
            Some("# Behavior") => in_list = true,
            Some(text) if in_list => {
                if let Some(rest) = text.strip_prefix("- ") {
                    let name = rest.strip_prefix('`').and_then(|rest| rest.split_once('`'));
                    let (name, _) = name.unwrap_or_else(|| panic!("a bullet without a name: {text}"));
                    assert!(found.insert(name.to_owned()), "twice: {text}");
                }
            }
            Some(_) => {}
            None => {
                let declared = line.trim().trim_start_matches("async ").strip_prefix("fn ");
                let method = declared.and_then(|rest| rest.split_once('(')).map(|(name, _)| name);
                if let Some(method) = method.filter(|_| in_trait) {
                    assert_eq!(in_list, !WITHOUT_BEHAVIOR.contains(&method), "the `# Behavior` of {method}");
                }
                in_list = false;
            }
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
#[should_panic(expected = "the `# Behavior` of list")]
fn a_method_without_behavior_is_seen() {
    bullets("pub trait Some {\n    /// Lists.\n    async fn list(&self);\n}");
}

#[test]
#[should_panic(expected = "a bullet without a name: - it lists.")]
fn a_bullet_without_a_name_is_seen() {
    bullets("pub trait Some {\n    /// # Behavior\n    /// - it lists.\n    async fn list(&self);\n}");
}

#[test]
fn no_two_cases_have_one_name() {
    let names: BTreeSet<_> = cases().iter().map(|case| (case.part(), case.name())).collect();
    assert_eq!(names.len(), cases().len());
}
