//! W2: what a pet needs to find its peers and to say who it is. The answers themselves are the cluster's: its endpoints say
//! which names there are, and its nodes fill in the fields.

use serde_json::{Value, json};

use crate::person::Person;
use crate::{Error, ensure};

const FIELDS: &str = "        env:
        - name: MY_NAMESPACE
          valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
        - name: MY_ORDINAL
          valueFrom: {fieldRef: {fieldPath: \"metadata.labels['apps.kubernetes.io/pod-index']\"}}
        volumeMounts:\n";

pub(crate) async fn peers() -> Result<(), Error> {
    let person = Person::at_work("w2").await?;
    person.create(|text| text.replace("replicas: 2", "replicas: 3").replace("        volumeMounts:\n", FIELDS))?;
    person.until_ready(3).await?;
    let printed = person.kubectl(&["get", "pods", "-o=json"])?;
    let pods: Value = serde_json::from_str(&printed)?;
    let mut addresses = Vec::new();
    for (ordinal, pod) in pods["items"].as_array().into_iter().flatten().enumerate() {
        let name = format!("web-{ordinal}");
        let (labels, spec) = (&pod["metadata"]["labels"], &pod["spec"]);
        ensure!(spec["hostname"] == *name && spec["subdomain"] == "nginx", "{spec}");
        ensure!(labels["statefulset.kubernetes.io/pod-name"] == *name, "{labels}");
        ensure!(labels["apps.kubernetes.io/pod-index"] == *ordinal.to_string(), "{labels}");
        ensure!(labels["controller-revision-hash"].is_string() && labels["app"] == "nginx", "{labels}");
        let field = |at: usize| spec["containers"][0]["env"][at]["valueFrom"]["fieldRef"]["fieldPath"].clone();
        let asked = [field(0), field(1)];
        ensure!(asked == ["metadata.namespace", "metadata.labels['apps.kubernetes.io/pod-index']"], "{spec}");
        addresses.push(json!({ "hostname": name, "ip": pod["status"]["podIP"] }));
    }
    ensure!(addresses.len() == 3, "{pods}");
    let is_complete = |printed: &str| {
        let Ok(endpoints) = serde_json::from_str::<Value>(printed) else { return false };
        let subset = &endpoints["subsets"][0];
        let mut found: Vec<Value> = subset["addresses"].as_array().into_iter().flatten().cloned().collect();
        found.sort_by_key(|found| found["hostname"].to_string());
        let is_same =
            |(found, wanted): (&Value, &Value)| found["hostname"] == wanted["hostname"] && found["ip"] == wanted["ip"];
        found.len() == addresses.len()
            && found.iter().zip(&addresses).all(is_same)
            && subset["ports"][0]["name"] == "web"
            && subset["ports"][0]["port"] == 80
    };
    person.until(&["get", "endpoints", "nginx", "-o=json"], is_complete).await?;
    person.leave().await;
    Ok(())
}
