//! The headless Service of a set that lacks one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::meta::{self, OwnerKind};
use crate::resource::{PetSets, SetRecord};

/// The Service `name` that names the pods of a set: by the selector's labels, else the template's; with a port for each
/// named one of its containers. It goes with its set.
pub(super) fn body(name: &str, set: &SetRecord<PetSets>) -> Value {
    let key = set.key();
    let spec = set.spec.value();
    let template = &spec["template"];
    let selector = [&spec["selector"]["matchLabels"], &template["metadata"]["labels"]];
    let selector = selector.into_iter().find(|labels| labels.as_object().is_some_and(|labels| !labels.is_empty()));
    let owner = OwnerKind::PET_SET.reference(&key, &set.uid());
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": key.namespace,
            "labels": { meta::SET: key.name },
            "ownerReferences": [owner],
        },
        "spec": { "clusterIP": "None", "selector": selector, "ports": ports(template) },
    })
}

fn ports(template: &Value) -> Vec<Value> {
    let containers = template["spec"]["containers"].as_array().into_iter().flatten();
    let all = containers.flat_map(|container| container["ports"].as_array().into_iter().flatten());
    let named: BTreeMap<&str, &Value> = all.filter_map(|port| Some((port["name"].as_str()?, port))).collect();
    let port = |(name, port): (&str, &Value)| {
        let protocol = port["protocol"].as_str().unwrap_or("TCP");
        json!({ "name": name, "port": port["containerPort"], "protocol": protocol })
    };
    named.into_iter().map(port).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_selects_the_pods_and_names_their_ports() {
        let set: SetRecord<PetSets> = serde_json::from_value(json!({
            "metadata": { "name": "web", "namespace": "default", "uid": "u" },
            "spec": { "template": { "metadata": { "labels": { "app": "nginx" } }, "spec": { "containers": [
                { "name": "nginx", "ports": [{ "name": "http", "containerPort": 80 }, { "containerPort": 81 }] }] } } },
        }))
        .expect("a set");
        let service = body("nginx", &set);
        let ports = json!([{ "name": "http", "port": 80, "protocol": "TCP" }]);
        assert_eq!(service["spec"], json!({ "clusterIP": "None", "selector": { "app": "nginx" }, "ports": ports }));
        assert_eq!(service["metadata"]["ownerReferences"][0]["uid"], json!("u"));
    }
}
