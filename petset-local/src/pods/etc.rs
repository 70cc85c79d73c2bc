//! The pod's own `/etc/hosts` and `/etc/resolv.conf`.

use std::fmt::Write as _;
use std::net::IpAddr;

use petset_core::backend::PodRequest;

/// The text of `/etc/hosts`.
pub(super) fn hosts(request: &PodRequest, address: IpAddr) -> String {
    let spec = &request.template.spec;
    let hostname = hostname(request);
    let mut text =
        String::from("# written by petset\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    let names = match qualified(request) {
        Some(name) => format!("{name}\t{hostname}"),
        None => hostname,
    };
    line(&mut text, &address.to_string(), &names);
    for alias in &spec.host_aliases {
        line(&mut text, &alias.ip, &alias.hostnames.join("\t"));
    }
    text
}

/// The pod's hostname.
pub(super) fn hostname(request: &PodRequest) -> String {
    request.template.spec.hostname.clone().filter(|name| !name.is_empty()).unwrap_or_else(|| request.name())
}

/// The pod's full name; `None` without a governing service.
fn qualified(request: &PodRequest) -> Option<String> {
    let subdomain = request.template.spec.subdomain.as_deref().filter(|name| !name.is_empty())?;
    let name = format!("{}.{subdomain}.{}.svc", hostname(request), request.set.namespace);
    Some(if request.dns.domain.is_empty() { name } else { format!("{name}.{}", request.dns.domain) })
}

/// The text of `/etc/resolv.conf`; `None` when the pod says nothing and the machine's own applies.
pub(super) fn resolv_conf(request: &PodRequest) -> Option<String> {
    let own = request.template.spec.dns_config.as_ref();
    let mut servers: Vec<String> = request.dns.servers.iter().map(ToString::to_string).collect();
    servers.extend(own.into_iter().flat_map(|own| own.nameservers.iter().cloned()));
    let mut searches = request.dns.searches.clone();
    searches.extend(own.into_iter().flat_map(|own| own.searches.iter().cloned()));
    if servers.is_empty() {
        return None;
    }
    let mut options = vec![("ndots".to_owned(), Some("5".to_owned()))];
    for (name, value) in own.into_iter().flat_map(|own| resolver_options(&own.other)) {
        options.retain(|(known, _)| *known != name);
        options.push((name, value));
    }

    let mut text = String::from("# written by petset\n");
    for server in unique(servers) {
        line(&mut text, "nameserver", &server);
    }
    let searches = unique(searches);
    if !searches.is_empty() {
        line(&mut text, "search", &searches.join(" "));
    }
    let options = options.into_iter().map(|(name, value)| match value {
        Some(value) => format!("{name}:{value}"),
        None => name,
    });
    line(&mut text, "options", &options.collect::<Vec<_>>().join(" "));
    Some(text)
}

/// `dnsConfig.options`, which the types keep as it was written.
fn resolver_options(other: &petset_core::spec::Verbatim) -> Vec<(String, Option<String>)> {
    let options = other.get("options").and_then(|options| options.as_array());
    let text = |option: &serde_json::Value, key: &str| option.get(key).and_then(|v| v.as_str()).map(str::to_owned);
    options.into_iter().flatten().filter_map(|option| Some((text(option, "name")?, text(option, "value")))).collect()
}

fn unique(texts: Vec<String>) -> Vec<String> {
    let mut kept = Vec::with_capacity(texts.len());
    for text in texts {
        if !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept
}

/// One line. What would end the line early is left out, so that a value cannot add lines of its own.
fn line(text: &mut String, first: &str, rest: &str) {
    let clean = |part: &str| part.replace(['\n', '\r', '\0'], "");
    let separator = if first.starts_with(|c: char| c.is_ascii_digit() || c == ':') { '\t' } else { ' ' };
    writeln!(text, "{}{separator}{}", clean(first), clean(rest)).expect("writing to a String cannot fail");
}
