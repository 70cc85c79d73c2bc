//! The manifests that are shipped as examples, and what survives a round trip.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use petset_core::manifest::{Manifest, check_update};
use petset_core::spec::{ConfigObject, PetSet, PodManagementPolicy, UpdateStrategyType};
use petset_core::{Error, ErrorKind};
use serde_json::{Value, json};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/manifests");

fn example(name: &str) -> Manifest {
    Manifest::from_path(format!("{EXAMPLES}/{name}")).unwrap_or_else(|error| panic!("{error}"))
}

fn as_document(set: &PetSet) -> String {
    let mut document = serde_json::to_value(set).unwrap();
    document["apiVersion"] = json!("petset.rs/v1");
    document["kind"] = json!("PetSet");
    document.to_string()
}

#[test]
fn every_example_is_accepted_without_warnings_and_survives_a_round_trip() {
    for entry in std::fs::read_dir(EXAMPLES).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let manifest = example(&name);
        assert_eq!(manifest.check(), Ok(()), "{name}");
        assert_eq!(manifest.warnings(), [], "{name}");
        for set in &manifest.sets {
            let again = Manifest::parse(&as_document(set)).unwrap();
            assert_eq!(again.sets, std::slice::from_ref(set), "{name}");
            assert_eq!(Manifest::try_from(set.clone()).unwrap().sets, again.sets);
            assert_eq!(check_update(set, &again.sets[0]), Ok(()));
        }
        for object in &manifest.objects {
            let mut document = serde_json::to_value(object).unwrap();
            document["apiVersion"] = json!("v1");
            let again = document.to_string().parse::<Manifest>().unwrap();
            assert_eq!(again.objects, std::slice::from_ref(object), "{name}");
        }
    }
}

#[test]
fn the_web_example_is_what_the_quickstart_says() {
    let manifest = example("web.yaml");
    let set = &manifest.sets[0];
    assert_eq!((set.key().to_string().as_str(), set.spec.replicas()), ("default/web", 2));
    assert_eq!(set.spec.template.spec.grace_seconds(), 5);
    assert_eq!(set.spec.template.metadata.annotations["petset.rs/initialized"], "true");
    let ConfigObject::Service(service) = &manifest.objects[0] else { panic!("no service") };
    assert!(service.is_headless());
    assert_eq!(service.spec.ports[0].name.as_deref(), Some("web"));
}

#[test]
fn the_original_manifest_means_what_it_meant() {
    let manifest = example("petset-v1alpha1.yaml");
    let spec = &manifest.sets[0].spec;
    assert_eq!(spec.update_strategy.as_ref().unwrap().kind, Some(UpdateStrategyType::OnDelete));
    assert_eq!(spec.pod_management_policy, Some(PodManagementPolicy::OrderedReady));
    assert_eq!(spec.selector.as_ref().unwrap().match_labels["app"], "nginx");
    let annotations = &spec.template.metadata.annotations;
    assert_eq!(annotations["petset.rs/initialized"], "true");
    assert_eq!(annotations["pod.alpha.kubernetes.io/initialized"], "true");
    assert_eq!(spec.volume_claim_templates[0].spec.storage_class_name, None, "the default class");
}

#[test]
fn the_pair_takes_volumes_of_a_pool() {
    let manifest = example("pair.yaml");
    assert_eq!(manifest.sets[0].spec.volume_claim_templates[0].spec.storage_class_name.as_deref(), Some(""));
    assert_eq!(manifest.objects.len(), 2);
}

#[test]
fn fields_that_only_kubernetes_knows_survive_word_for_word() {
    let written = json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "web", "creationTimestamp": null, "uid": "x", "resourceVersion": "7"},
        "status": {"replicas": 3},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {
            "metadata": {"labels": {"a": "b"}, "creationTimestamp": null},
            "spec": {"affinity": {"podAntiAffinity": {"x": [1, {"y": true}]}}, "nodeSelector": {"disk": "ssd"},
                "tolerations": [{"operator": "Exists"}],
                "containers": [{"name": "c", "image": "i", "stdin": true, "resources": {"claims": [{"name": "gpu"}]},
                    "livenessProbe": {"grpc": {"port": 1}, "terminationGracePeriodSeconds": 7},
                    "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}},
                    "volumeMounts": [{"name": "v", "mountPath": "/v", "mountPropagation": "None"}]}],
                "volumes": [{"name": "v", "csi": {"driver": "d"}},
                    {"name": "p", "projected": {"sources": [{"secret": {"name": "s"}}, {"serviceAccountToken": {"path": "t"}}]}}]}}}});
    let manifest = Manifest::parse(&written.to_string()).unwrap();
    let set = serde_json::to_value(&manifest.sets[0]).unwrap();
    let mut template = written["spec"]["template"].clone();
    template["metadata"].as_object_mut().unwrap().remove("creationTimestamp");
    assert_eq!(set["spec"]["template"], template);
    assert_eq!(set["metadata"], json!({"name": "web", "namespace": "default"}));
    assert_eq!(Manifest::parse(&as_document(&manifest.sets[0])).unwrap(), manifest);
}

#[test]
fn older_versions_and_yamls_own_spellings_are_read() {
    for api in ["petset.rs/v1 PetSet", "apps/v1alpha1 PetSet", "apps/v1beta1 StatefulSet", "apps/v1beta2 StatefulSet"] {
        let (version, kind) = api.split_once(' ').unwrap();
        let text = format!(
            "apiVersion: {version}\nkind: {kind}\nmetadata: {{name: web, annotations: {{a: \"true\", b: \"1\"}}}}\n\
             spec:\n  template:\n    metadata: &meta {{labels: {{app: x}}}}\n    spec:\n      containers:\n\
             \x20     - {{name: a, image: i, resources: {{limits: {{cpu: 0.5, memory: 1e9}}}}}}\n\
             \x20     volumes:\n      - {{name: v, configMap: {{name: c, defaultMode: 0644}}}}\n"
        );
        let manifest = Manifest::parse(&text).unwrap_or_else(|error| panic!("{api}: {error}"));
        let spec = &manifest.sets[0].spec.template.spec;
        assert_eq!(spec.volumes[0].config_map.as_ref().unwrap().default_mode, Some(0o644));
        assert_eq!(spec.containers[0].resources.as_ref().unwrap().limits["cpu"].milli(), Some(500));
    }
}

#[test]
fn what_is_rarely_meant_is_a_warning() {
    let manifest = Manifest::parse(
        r#"{"apiVersion": "petset.rs/v1", "kind": "PetSet", "metadata": {"name": "web"}, "spec": {
            "serviceName": "nginx", "revisionHistoryLimit": -1,
            "template": {"metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": "i", "volumeMount": [], "foo": 1}]}}}}"#,
    )
    .unwrap();
    let warnings: Vec<String> = manifest.warnings().into_iter().map(|warning| warning.violation.path).collect();
    let expected = ["spec.template.spec.containers[0].volumeMount", "spec.serviceName", "spec.revisionHistoryLimit"];
    assert_eq!(warnings, expected);
    let service = |cluster_ip: Value| {
        let service = json!({"metadata": {"name": "nginx", "namespace": "default"},
            "spec": {"clusterIP": cluster_ip, "ports": [{"port": 1}]}});
        let mut manifest = manifest.clone();
        manifest.objects.push(ConfigObject::Service(serde_json::from_value(service).unwrap()));
        assert_eq!(manifest.check(), Ok(()));
        manifest.warnings().len()
    };
    assert_eq!((service(json!("None")), service(json!("10.0.0.1"))), (2, 3));
}

#[test]
fn errors_of_a_file_name_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bad.yaml");
    let error = |content: &[u8]| -> Error {
        std::fs::write(&path, content).unwrap();
        Manifest::from_path(&path).unwrap_err()
    };
    for content in [&b"kind: Pod"[..], b"", b"\xff\xfe", b"a: ["] {
        let error = error(content);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains("bad.yaml"), "{error}");
    }
    let large = std::fs::File::create(&path).unwrap();
    large.set_len(50 << 20).unwrap();
    let error = Manifest::from_path(&path).unwrap_err().to_string();
    assert!(error.contains("bad.yaml") && error.contains("at most 8388608 bytes"), "{error}");
    let absent = Manifest::from_path(directory.path().join("none.yaml")).unwrap_err();
    assert!(absent.is_not_found() && absent.to_string().contains("none.yaml"), "{absent}");
}
