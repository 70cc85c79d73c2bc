//! The program from start to end, with the published rights in one namespace.

use petset_kube::envtest::Account;

use crate::cluster::set;
use crate::program::Program;
use crate::terminal::Terminal;
use crate::{Error, ensure, published, world};

/// A person in a namespace of their own, and the account that the controller has there.
async fn person(namespace: &str) -> Result<(Terminal, Account), Error> {
    let person = Terminal { server: world::the_world().await?.server.clone(), namespace: namespace.to_owned() };
    person.kubectl(&["create", "namespace", namespace])?;
    let published = person.kubectl(&["kustomize", &published::manifests().join("namespaced").display().to_string()])?;
    let here = published.replace("namespace: default", &format!("namespace: {namespace}"));
    ensure!(here != published, "the manifests are for another namespace: {published}");
    person.apply("apply", &here)?;
    let account = Account::of(&person.server, namespace, "petset-controller").await?;
    Ok((person, account))
}

fn start(account: &Account, namespace: &str) -> Result<Program, Error> {
    Program::start(&account.kubeconfig(), &["--petsets", &format!("--namespace={namespace}")])
}

/// One controller: the set reaches its goal, the program says how it is, and its end changes nothing.
pub(crate) async fn one() -> Result<(), Error> {
    let (person, account) = person("one").await?;
    let program = start(&account, "one")?;
    person.create(&set("web", 3))?;
    person.until_ready("web", 3).await?;
    ensure!(program.get("/healthz")? == (200, "ok\n".to_owned()), "{:?}", program.get("/healthz")?);
    ensure!(program.get("/readyz")? == (200, "working\n".to_owned()), "{:?}", program.get("/readyz")?);
    ensure!(program.get("/elsewhere")?.0 == 404, "{:?}", program.get("/elsewhere")?);
    let (code, metrics) = program.get("/metrics")?;
    for line in [
        "petset_passes_total{result=\"ok\"} ",
        "petset_pass_seconds_bucket{",
        "petset_actions_total{action=\"CreatePod\",result=\"ok\"} 3",
        "petset_leader 1",
    ] {
        ensure!(code == 200 && metrics.contains(line), "no {line} in {metrics}");
    }
    let told = "-o=jsonpath={.items[?(@.reason==\"SuccessfulCreate\")].source.component}";
    person.until(&["get", "events", told], |printed| printed.contains("petset-controller")).await?;
    let pods = person.pods()?;
    let holder = person.field("lease/petset-controller", ".spec.holderIdentity")?;
    ensure!(!holder.is_empty(), "nobody has the lease");
    let status = program.end()?;
    ensure!(status.success(), "{status}");
    ensure!(person.pods()? == pods, "a pod was touched");
    let holder = person.field("lease/petset-controller", ".spec.holderIdentity")?;
    ensure!(holder.is_empty(), "{holder} still has the lease");

    let next = start(&account, "one")?;
    person.kubectl(&["scale", "petset", "web", "--replicas=2"])?;
    person.until_ready("web", 2).await?;
    ensure!(pods.starts_with(&person.pods()?), "a pod was replaced: {pods:?}, {:?}", person.pods()?);
    ensure!(next.end()?.success(), "it ends well");
    Ok(())
}

/// Of two controllers one works; when it is killed the other one goes on.
pub(crate) async fn killed() -> Result<(), Error> {
    let (person, account) = person("killed").await?;
    let first = start(&account, "killed")?;
    first.until_ready("working")?;
    let second = start(&account, "killed")?;
    second.until_ready("waiting")?;
    ensure!(second.get("/metrics")?.1.contains("petset_leader 0"), "it does not say that it waits");
    person.create(&set("web", 2))?;
    person.until_ready("web", 2).await?;
    let pods = person.pods()?;
    drop(first);
    second.until_ready("working")?;
    person.kubectl(&["scale", "petset", "web", "--replicas=3"])?;
    person.until_ready("web", 3).await?;
    ensure!(person.pods()?.starts_with(&pods), "a pod was replaced: {pods:?}, {:?}", person.pods()?);
    ensure!(second.end()?.success(), "it ends well");
    Ok(())
}

/// A kubeconfig that is not there is named.
pub(crate) async fn no_cluster() -> Result<(), Error> {
    let program = Program::start(std::path::Path::new("/nowhere/kubeconfig"), &["--petsets"])?;
    let (status, lines) = tokio::task::spawn_blocking(|| program.wait()).await??;
    ensure!(!status.success(), "{status}");
    ensure!(lines.iter().any(|line| line.contains("--kubeconfig /nowhere/kubeconfig")), "{lines:?}");
    Ok(())
}
