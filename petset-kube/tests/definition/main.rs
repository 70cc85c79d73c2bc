//! The definition of the resource: it is what is checked in, tools find what they look for, and it has exactly the fields that
//! the types have.

mod fields;
mod whole;

use petset_kube::resource::{YAML, definition, generate};

#[test]
fn what_is_checked_in_is_what_crdgen_prints() {
    let printed = serde_saphyr::to_string(&generate()).expect("a definition can be written");
    let command = "cargo run -p petset-kube --features crdgen --bin crdgen > petset-kube/crds/petsets.petset.rs.yaml";
    assert!(printed == YAML, "it is not; `{command}`");
}

#[test]
fn kubectl_apply_has_room_for_it() {
    // It keeps all of an object in one of its annotations, and all annotations together may have so many bytes.
    let bytes = serde_json::to_vec(&definition()).expect("a definition is JSON").len();
    assert!(bytes < 256 * 1024 - 1024, "{bytes} bytes");
}

#[test]
fn tools_find_it_by_its_names() {
    let spec = definition().spec;
    assert_eq!((spec.group.as_str(), spec.names.plural.as_str()), ("petset.rs", "petsets"));
    assert_eq!(spec.names.short_names, Some(vec!["pet".to_owned()]));
    let columns = spec.versions[0].additional_printer_columns.iter().flatten();
    let names: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["Desired", "Current", "Ready", "Updated", "Age"]);
}
