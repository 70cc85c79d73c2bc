//! One container.

use petset_core::spec::{Container, Handler, HttpGetAction, Probe, Resources, TcpSocketAction, VolumeMount};
use serde_json::Value;

use super::Ground;
use super::findings::Findings;
use super::security::check_container_security;
use crate::pods::resources::{KNOWN, LEAST_MEMORY};

/// Fields without a meaning on a single engine, and those that are passed on.
const ACCEPTED: [&str; 6] =
    ["resizePolicy", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty"];

pub(super) fn check_container(
    path: &str,
    container: &Container,
    init: bool,
    ground: Ground<'_>,
    findings: &mut Findings,
) {
    if container.image.as_deref().is_none_or(str::is_empty) {
        findings.missing(format!("{path}.image"), "a container runs an image");
    }
    for (index, variable) in container.env.iter().enumerate() {
        if let Some(source) = &variable.value_from {
            findings.unknown(&format!("{path}.env[{index}].valueFrom"), &source.other, &[]);
        }
    }
    for (index, mount) in container.volume_mounts.iter().enumerate() {
        check_mount(&format!("{path}.volumeMounts[{index}]"), mount, findings);
    }
    if init {
        for (index, port) in container.ports.iter().enumerate() {
            if let Some(port) = port.host_port {
                findings.refuse(
                    format!("{path}.ports[{index}].hostPort"),
                    port,
                    "no port of the host leads to an init container; declare it at a container",
                );
            }
        }
    }
    if let Some(resources) = &container.resources {
        check_resources(&format!("{path}.resources"), resources, findings);
    }
    check_behaviour(path, container, init, ground, findings);
    check_container_security(&format!("{path}.securityContext"), container.security_context.as_ref(), ground, findings);
    findings.unknown(path, &container.other, &ACCEPTED);
}

fn check_mount(path: &str, mount: &VolumeMount, findings: &mut Findings) {
    findings.only(path, &mount.other, "mountPropagation", &[Value::from("None")]);
    findings.unknown(path, &mount.other, &["mountPropagation"]);
}

fn check_resources(path: &str, resources: &Resources, findings: &mut Findings) {
    for (list, amounts) in [("limits", &resources.limits), ("requests", &resources.requests)] {
        for (name, amount) in amounts.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str())) {
            findings.refuse(format!("{path}.{list}.{name}"), amount, "the engine knows `cpu` and `memory` only");
        }
    }
    if let Some(limit) = resources.limits.get("memory")
        && limit.bytes().is_some_and(|bytes| (1..LEAST_MEMORY).contains(&bytes))
    {
        findings.refuse(format!("{path}.limits.memory"), limit, "the engine starts no container with less than `6Mi`");
    }
    findings.unknown(path, &resources.other, &[]);
}

fn check_behaviour(path: &str, container: &Container, init: bool, ground: Ground<'_>, findings: &mut Findings) {
    let Container { startup_probe, readiness_probe, liveness_probe, lifecycle, .. } = container;
    let probes =
        [("startupProbe", startup_probe), ("readinessProbe", readiness_probe), ("livenessProbe", liveness_probe)];
    for (field, probe) in probes {
        let path = format!("{path}.{field}");
        match probe {
            Some(_) if init => findings.refuse(&path, "(set)", "an init container has no probes"),
            Some(probe) => check_probe(&path, probe, ground, findings),
            None => {}
        }
    }
    let Some(lifecycle) = lifecycle else { return };
    let path = format!("{path}.lifecycle");
    if init {
        findings.refuse(&path, "(set)", "an init container has no lifecycle handlers");
        return;
    }
    for (field, handler) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
        if let Some(handler) = handler {
            check_handler(&format!("{path}.{field}"), handler, ground, findings);
        }
    }
    if let Some(signal) = lifecycle.other.get("stopSignal").filter(|signal| !signal.is_null())
        && !signal.as_str().is_some_and(is_signal)
    {
        findings.refuse(format!("{path}.stopSignal"), signal, "must be the name of a signal, for example `SIGUSR1`");
    }
    findings.unknown(&path, &lifecycle.other, &["stopSignal"]);
}

/// Whether it may be the name of a signal; whether there is such a one, the engine says.
fn is_signal(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-');
    name.strip_prefix("SIG").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(plain))
}

fn check_probe(path: &str, probe: &Probe, ground: Ground<'_>, findings: &mut Findings) {
    check_http(path, probe.http_get.as_ref(), findings);
    check_reach(path, probe.http_get.as_ref(), probe.tcp_socket.as_ref(), ground, findings);
    findings.unknown(path, &probe.other, &[]);
}

fn check_handler(path: &str, handler: &Handler, ground: Ground<'_>, findings: &mut Findings) {
    check_http(path, handler.http_get.as_ref(), findings);
    check_reach(path, handler.http_get.as_ref(), handler.tcp_socket.as_ref(), ground, findings);
    findings.unknown(path, &handler.other, &[]);
}

fn check_http(path: &str, action: Option<&HttpGetAction>, findings: &mut Findings) {
    let scheme = action.and_then(|action| action.scheme.as_deref());
    if let Some(scheme) = scheme.filter(|scheme| !matches!(*scheme, "" | "HTTP")) {
        findings.refuse(
            format!("{path}.httpGet.scheme"),
            scheme,
            "only `HTTP` is asked here; use `exec` with a program of the image for the rest",
        );
    }
}

/// A pod that is asked at its own address is asked by this process.
fn check_reach(
    path: &str,
    http: Option<&HttpGetAction>,
    tcp: Option<&TcpSocketAction>,
    ground: Ground<'_>,
    findings: &mut Findings,
) {
    let http = http.map(|action| ("httpGet", action.host.as_deref(), &action.port));
    let tcp = tcp.map(|action| ("tcpSocket", action.host.as_deref(), &action.port));
    for (field, host, port) in http.into_iter().chain(tcp).filter(|_| ground.far) {
        if host.is_none_or(str::is_empty) {
            findings.refuse(
                format!("{path}.{field}"),
                port,
                "the engine's networks are not on this machine, and nobody reaches the pod: use `exec`",
            );
        }
    }
}
