//! Claim names never lead to two owners: not within a set, and not across sets that pass the check.

use std::collections::{BTreeMap, BTreeSet};

use petset_core::Ordinal;
use petset_core::manifest::{Manifest, claim_names_collide};
use petset_core::spec::{ClaimTemplate, PetSet};
use proptest::collection::btree_set;
use proptest::prelude::*;
use serde_json::json;

/// Short names of few letters, so that collisions happen.
fn name() -> impl Strategy<Value = String> {
    "[ab0]{1}(-?[ab0]){0,3}"
}

fn make(name: &str, templates: &BTreeSet<String>, start: i32, replicas: i32) -> PetSet {
    let claims: Vec<ClaimTemplate> = templates
        .iter()
        .map(|template| {
            let claim = json!({"metadata": {"name": template},
                "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
            serde_json::from_value(claim).expect("a claim template")
        })
        .collect();
    let mut set: PetSet = serde_json::from_value(json!({
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "ordinals": {"start": start},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}},
    }))
    .expect("a set");
    set.spec.volume_claim_templates = claims;
    set
}

fn set() -> impl Strategy<Value = PetSet> {
    (name(), btree_set(name(), 1..4), 0..3_i32, 1..13_i32)
        .prop_map(|(name, templates, start, replicas)| make(&name, &templates, start, replicas))
}

/// Two sets that share a claim's name: the same words, cut into template and set at different places.
fn colliding() -> impl Strategy<Value = (PetSet, PetSet)> {
    (name(), name(), name(), btree_set(name(), 0..3), 0..3_i32).prop_map(|(first, middle, last, mut more, start)| {
        let mut other = more.clone();
        more.insert(first.clone());
        other.insert(format!("{first}-{middle}"));
        (make(&format!("{middle}-{last}"), &more, start, 2), make(&last, &other, 0, 5))
    })
}

/// Any two sets; half of them collide for sure.
fn pair() -> impl Strategy<Value = (PetSet, PetSet)> {
    prop_oneof![(set(), set()), colliding()]
}

/// Every claim name of the set for the first ordinals, with what it belongs to.
fn claims(set: &PetSet) -> BTreeMap<String, Vec<(String, u32)>> {
    let key = set.key();
    let mut claims: BTreeMap<String, Vec<(String, u32)>> = BTreeMap::new();
    for template in &set.spec.volume_claim_templates {
        for ordinal in 0..20 {
            let template = &template.metadata.name;
            let name = key.claim_name(template, Ordinal(ordinal));
            claims.entry(name).or_default().push((template.clone(), ordinal));
        }
    }
    claims
}

proptest! {
    #[test]
    fn distinct_identities_of_a_valid_set_have_distinct_claims(set in set()) {
        prop_assert_eq!(Manifest::try_from(set.clone()).map(|_| ()), Ok(()));
        for (name, owners) in claims(&set) {
            prop_assert_eq!(owners.len(), 1, "{}", &name);
            let (template, ordinal) = &owners[0];
            prop_assert_eq!(set.key().identity_of_claim(&name), Some((template.as_str(), Ordinal(*ordinal))));
        }
    }

    #[test]
    fn every_collision_of_two_sets_is_found_and_no_other((a, b) in pair()) {
        let (of_a, of_b) = (claims(&a), claims(&b));
        let shared = a.key() != b.key() && of_a.keys().any(|name| of_b.contains_key(name));
        let found = claim_names_collide(&a, &b);
        prop_assert_eq!(found.is_some(), shared, "{:?}", &found);
        prop_assert_eq!(claim_names_collide(&b, &a).is_some(), shared);
        if let Some(name) = found {
            prop_assert!(of_a.contains_key(&name) && of_b.contains_key(&name));
            let both = Manifest { sets: vec![a.clone(), b.clone()], objects: Vec::new() };
            prop_assert!(both.check().is_err());
            let mut elsewhere = b.clone();
            elsewhere.metadata.namespace = "other".to_owned();
            prop_assert_eq!(claim_names_collide(&a, &elsewhere), None);
        }
    }

    #[test]
    fn sets_that_were_made_to_collide_do((a, b) in colliding()) {
        prop_assert!(claim_names_collide(&a, &b).is_some());
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "(?s).{0,200}", yaml in "[a-c:\\-&*\\[\\]{}'\"#|>!%@,? \n]{0,120}") {
        let _ = Manifest::parse(&text);
        let _ = Manifest::parse(&yaml);
        let document = format!("apiVersion: petset.rs/v1\nkind: PetSet\nmetadata: {yaml}\nspec: {text}");
        let _ = Manifest::parse(&document);
    }
}
