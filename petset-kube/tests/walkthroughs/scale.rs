//! Who scales a set without knowing what it is: by the subresource that Kubernetes has for that.

use std::fs;

use serde_json::{Value, json};

use crate::person::{Person, names};
use crate::{Error, ensure};

/// What an autoscaler reads of the subresource, and what it writes there.
pub(crate) async fn subresource() -> Result<(), Error> {
    let person = Person::at_work("scale").await?;
    person.create(|text| text)?;
    person.until_ready(2).await?;
    let path = format!("/apis/petset.rs/v1/namespaces/{}/petsets/web/scale", person.namespace);
    let mut scale: Value = serde_json::from_str(&person.kubectl(&["get", "--raw", &path])?)?;
    ensure!(scale["apiVersion"] == "autoscaling/v1" && scale["kind"] == "Scale", "{scale}");
    ensure!(scale["spec"] == json!({ "replicas": 2 }), "{scale}");
    ensure!(scale["status"] == json!({ "replicas": 2, "selector": "app=nginx" }), "{scale}");
    let selector = format!("-l={}", scale["status"]["selector"].as_str().unwrap_or_default());
    let found = person.kubectl(&["get", "pods", &selector, "-o=name"])?;
    ensure!(found == "pod/web-0\npod/web-1\n", "{found}");

    scale["spec"]["replicas"] = json!(3);
    let file = tempfile::NamedTempFile::new()?;
    fs::write(file.path(), scale.to_string())?;
    let put = ["replace", "--raw", &path, "-f", &file.path().display().to_string()].map(str::to_owned);
    let put = || person.kubectl(&put.each_ref().map(String::as_str));
    let answer: Value = serde_json::from_str(&put()?)?;
    ensure!(answer["spec"]["replicas"] == 3, "{answer}");
    person.until_ready(3).await?;
    ensure!(names(&person.pods()?) == ["web-0", "web-1", "web-2"], "{:?}", person.pods()?);
    // Two autoscalers cannot overwrite each other.
    let refused = put().err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(refused.contains("the object has been modified"), "{refused}");
    person.leave().await;
    Ok(())
}

/// Kubernetes' own autoscaler, made by `kubectl autoscale`. Without anything that measures pods it keeps to its bounds.
pub(crate) async fn autoscaler() -> Result<(), Error> {
    let person = Person::at_work("autoscale").await?;
    person.create(|text| text)?;
    person.until_ready(2).await?;
    let made = person.kubectl(&["autoscale", "petset", "web", "--min=3", "--max=5"])?;
    ensure!(made == "horizontalpodautoscaler.autoscaling/web autoscaled\n", "{made}");
    person.until_field("petset/web", ".spec.replicas", "3").await?;
    person.until_ready(3).await?;
    person.kubectl(&["scale", "petset", "web", "--replicas=6"])?;
    person.until_field("petset/web", ".spec.replicas", "5").await?;
    person.until_ready(5).await?;
    person.until_field("hpa/web", ".status.currentReplicas", "5").await?;
    person.leave().await;
    Ok(())
}
