//! Who the subject is: an account with the published rights of a program that declares sets and all that is beside them.

use std::time::Duration;

use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use kube::api::PostParams;
use kube::{Api, Client};
use petset_core::{Error, ErrorKind, Result};
use petset_kube::envtest::{Account, Server};
use serde_json::json;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep};

#[path = "../common/published.rs"]
mod published;

/// The optional parts of the rights that cases need.
const PARTS: [&str; 3] = ["claims", "embedded", "config"];

/// One right of each part, and one of those that are always there.
const SOME_RIGHTS: [(&str, &str, &str); 4] = [
    ("petset.rs", "petsets", "patch"),
    ("", "persistentvolumeclaims", "delete"),
    ("petset.rs", "petsets", "create"),
    ("", "secrets", "list"),
];

/// How long the server may take to see what it was given.
const PATIENCE: Duration = Duration::from_secs(60);

/// The account on the server of this process.
pub(crate) async fn account(server: &Server) -> Result<&'static Account> {
    static ACCOUNT: OnceCell<Account> = OnceCell::const_new();
    ACCOUNT.get_or_try_init(|| make(server)).await
}

async fn make(server: &Server) -> Result<Account> {
    published::apply(server, "cluster", &PARTS)?;
    let account = Account::of(server, "petset-system", "petset-controller").await?;
    let client = account.client()?;
    let deadline = Instant::now() + PATIENCE;
    for right in SOME_RIGHTS {
        while !has(&client, right).await? {
            if Instant::now() > deadline {
                return Err(failed().with_message(format!("it never has the right to {right:?}")));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(account)
}

/// Whether the owner of the client has a right in every namespace.
async fn has(client: &Client, (group, resource, verb): (&str, &str, &str)) -> Result<bool> {
    let asked = json!({ "metadata": {}, "spec": {
        "resourceAttributes": { "group": group, "resource": resource, "verb": verb } } });
    let asked: SelfSubjectAccessReview = serde_json::from_value(asked).map_err(|error| failed().with_source(error))?;
    let answer = Api::all(client.clone()).create(&PostParams::default(), &asked).await;
    let answer: SelfSubjectAccessReview = answer.map_err(|error| failed().with_source(error))?;
    Ok(answer.status.is_some_and(|status| status.allowed))
}

fn failed() -> Error {
    Error::new(ErrorKind::Internal, "give an account its rights")
}
