//! What a pod's sandbox is made with, so that the pod finds and is found.

use petset_core::Result;
use petset_core::backend::PodRequest;

use super::resolver::DockerNames;

/// What a pod's sandbox is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    /// The id of the network of the pod's namespace.
    pub(crate) network: String,
    /// The names under which others in the network find the pod.
    pub(crate) aliases: Vec<String>,
    /// The servers that are asked for every name that is no alias; the engine's own choice when empty.
    pub(crate) servers: Vec<String>,
    /// Search domains.
    pub(crate) searches: Vec<String>,
    /// Options of the resolver.
    pub(crate) options: Vec<String>,
}

impl DockerNames {
    /// What the sandbox of a pod is made with. The namespace's network is made when it is not there.
    pub(crate) async fn attach(&self, request: &PodRequest) -> Result<Attachment> {
        let network = self.networks().of(&request.set.namespace).await?;
        let servers = self.name_servers().join(&request.set.namespace, &network).await?;
        Ok(Attachment {
            network: network.id,
            aliases: aliases(request),
            servers: servers.iter().map(ToString::to_string).collect(),
            searches: request.dns.searches.clone(),
            options: vec!["ndots:5".to_owned()],
        })
    }
}

/// `<pet>` and every name from `<pet>.<service>` to the full one, in lower case as they are asked for.
fn aliases(request: &PodRequest) -> Vec<String> {
    let mut names = vec![request.name()];
    let service = request.template.spec.subdomain.as_deref().filter(|service| !service.is_empty());
    let below: Vec<&str> = service.into_iter().chain([&*request.set.namespace, "svc", &request.dns.domain]).collect();
    if service.is_some() {
        for part in below {
            let longer = names.last().map(|name| format!("{name}.{part}"));
            names.extend(longer);
        }
    }
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use petset_core::backend::DnsSettings;
    use petset_core::spec::PodTemplate;
    use petset_core::{Ordinal, RevisionName, SetKey, SetUid};

    use super::*;

    fn request(service: Option<&str>) -> PodRequest {
        let mut template = PodTemplate::default();
        template.spec.subdomain = service.map(str::to_owned);
        PodRequest {
            set: SetKey::new("default", "web"),
            owner: SetUid::from("owner"),
            ordinal: Ordinal(1),
            revision: RevisionName::from("web-1"),
            template: Arc::new(template),
            labels: [].into(),
            claims: [].into(),
            claim_uids: [].into(),
            config: Arc::default(),
            dns: DnsSettings { domain: "cluster.local".to_owned(), ..DnsSettings::default() },
        }
    }

    #[test]
    fn a_pet_has_all_its_names_and_no_service_is_one_of_them() {
        let names = ["web-1", "web-1.nginx", "web-1.nginx.default", "web-1.nginx.default.svc"];
        let mut expected = names.map(str::to_owned).to_vec();
        expected.push("web-1.nginx.default.svc.cluster.local".to_owned());
        assert_eq!(aliases(&request(Some("nginx"))), expected);
        assert_eq!(aliases(&request(None)), ["web-1"]);
    }
}
