//! Who a pod of a set is, and what belongs to it.

use serde_json::{Value, json};

use crate::person::{Person, names};
use crate::{Error, ensure};

/// e2e "should provide basic identity": names, labels, owner and claims, which come back with every incarnation.
pub(crate) async fn basic() -> Result<(), Error> {
    let person = Person::at_work("identity").await?;
    let created = person.create(|text| text)?;
    ensure!(created == "service/nginx created\nstatefulset.apps/web created\n", "{created}");
    person.until_ready(3).await?;
    ensure!(names(&person.pods()?) == ["web-0", "web-1", "web-2"], "{:?}", person.pods()?);
    ensure!(names(&person.claims()?) == ["www-web-0", "www-web-1", "www-web-2"], "{:?}", person.claims()?);
    let set = person.json("statefulset/web")?;
    ensure!(set["metadata"]["finalizers"].is_null(), "a set of Kubernetes' own waits for nobody: {set}");
    let owner = json!([{ "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": set["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true }]);
    for ordinal in 0..3 {
        let pod = person.json(&format!("pod/web-{ordinal}"))?;
        let labels = json!({
            "app": "nginx",
            "apps.kubernetes.io/pod-index": ordinal.to_string(),
            "controller-revision-hash": set["status"]["currentRevision"],
            "statefulset.kubernetes.io/pod-name": format!("web-{ordinal}"),
        });
        ensure!(pod["metadata"]["labels"] == labels, "{}", pod["metadata"]["labels"]);
        ensure!(pod["metadata"]["ownerReferences"] == owner, "{}", pod["metadata"]["ownerReferences"]);
        ensure!(pod["metadata"]["generateName"] == "web-", "{}", pod["metadata"]);
        ensure!(pod["spec"]["hostname"] == format!("web-{ordinal}"), "{}", pod["spec"]);
        let claims = claims_of(&pod);
        ensure!(claims == [format!("www-web-{ordinal}")], "{claims:?}");
    }
    let (claims, pods) = (person.claims()?, person.pods()?);
    person.kubectl(&["delete", "pods", "-l=app=nginx"])?;
    person.until_ready(3).await?;
    ensure!(person.pods()?.iter().all(|pod| !pods.contains(pod)), "a pod that was deleted is there");
    ensure!(person.claims()? == claims, "other claims");
    person.leave().await;
    Ok(())
}

fn claims_of(pod: &Value) -> Vec<String> {
    let volumes = pod["spec"]["volumes"].as_array().into_iter().flatten();
    let names = volumes.filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str());
    names.map(str::to_owned).collect()
}

/// integration `TestStatefulSetPodSubdomain`.
pub(crate) async fn subdomain() -> Result<(), Error> {
    let person = Person::at_work("subdomain").await?;
    person.create(|text| text.replace("replicas: 3", "replicas: 1"))?;
    person.until_ready(1).await?;
    let who = person.field("pod/web-0", ".spec.hostname} {.spec.subdomain")?;
    ensure!(who == "web-0 nginx", "{who}");
    person.leave().await;
    Ok(())
}

/// unit `TestGetPersistentVolumeClaims`: the template's labels, and the selector's win. Nothing of ours is on a claim, and
/// nobody owns it while nothing deletes it.
pub(crate) async fn claim_labels() -> Result<(), Error> {
    let person = Person::at_work("claim-labels").await?;
    let labelled = |text: String| {
        text.replace("replicas: 3", "replicas: 1")
            .replace("      name: www\n    spec:", "      name: www\n      labels: {app: other, tier: db}\n    spec:")
    };
    person.create(labelled)?;
    person.until_ready(1).await?;
    let claim = person.json("pvc/www-web-0")?;
    ensure!(claim["metadata"]["labels"] == json!({ "app": "nginx", "tier": "db" }), "{}", claim["metadata"]);
    ensure!(claim["metadata"]["annotations"].is_null(), "{}", claim["metadata"]);
    ensure!(claim["metadata"]["ownerReferences"].is_null(), "{}", claim["metadata"]);
    person.leave().await;
    Ok(())
}

/// A pod is made although a config map that it refers to is not there: it is its node that waits.
pub(crate) async fn missing_config() -> Result<(), Error> {
    let person = Person::at_work("missing-config").await?;
    let referring = "        image: nginx-slim:0.8\n        envFrom: [{configMapRef: {name: absent}}]\n";
    person.create(|text| {
        text.replace("replicas: 3", "replicas: 1").replace("        image: nginx-slim:0.8\n", referring)
    })?;
    person.until_field("pod/web-0", ".metadata.name", "web-0").await?;
    person.leave().await;
    Ok(())
}
