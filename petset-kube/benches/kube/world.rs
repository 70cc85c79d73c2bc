//! The cluster that both work on.

use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::PostParams;
use kube::{Api, Client};
use petset_kube::envtest::{Account, Kubelet, Server, ServerOptions};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Error;

/// An API server that writes down who asks for what, with a stand-in for its nodes. The administrator's are the requests of
/// the stand-in and of this program.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) client: Client,
    _kubelet: Kubelet,
}

/// The namespace of the accounts: the server lets those in it ask for as much as any controller of the cluster.
const HOME: &str = "kube-system";

impl World {
    pub(crate) async fn make() -> Result<Self, Error> {
        let mut options = ServerOptions::default();
        options.audits = true;
        let server = Server::start_with(&options).await?;
        let client = server.client()?;
        let class = json!({
            "metadata": { "name": "standard", "annotations": { "storageclass.kubernetes.io/is-default-class": "true" } },
            "provisioner": "stand-in",
        });
        make::<StorageClass>(&Api::all(client.clone()), class).await?;
        let kubelet = Kubelet::start(server.config());
        Ok(Self { server, client, _kubelet: kubelet })
    }

    /// An account that may do everything, and the name that it has in the server's record.
    pub(crate) async fn account(&self, name: &str) -> Result<(Account, String), Error> {
        let user = format!("system:serviceaccount:{HOME}:{name}");
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client.clone(), HOME);
        if accounts.get_opt(name).await?.is_none() {
            make(&accounts, json!({ "metadata": { "name": name } })).await?;
            let binding = json!({
                "metadata": { "name": format!("bench-{name}") },
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
                "subjects": [{ "kind": "ServiceAccount", "name": name, "namespace": HOME }],
            });
            make::<ClusterRoleBinding>(&Api::all(self.client.clone()), binding).await?;
        }
        Ok((Account::of(&self.server, HOME, name).await?, user))
    }
}

/// Makes an object.
pub(crate) async fn make<K>(api: &Api<K>, object: Value) -> Result<K, Error>
where
    K: Clone + std::fmt::Debug + serde::Serialize + DeserializeOwned,
{
    Ok(api.create(&PostParams::default(), &serde_json::from_value(object)?).await?)
}
