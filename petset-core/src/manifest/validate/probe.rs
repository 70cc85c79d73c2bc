//! Probes and lifecycle handlers.

use super::super::path;
use super::checks::Checks;
use super::container::Role;
use super::names;
use crate::spec::{Container, ExecAction, Handler, HttpGetAction, IntOrString, Probe, TcpSocketAction, Verbatim};

/// Everything that asks or tells a container.
pub(super) fn all(at: &str, container: &Container, role: Role, checks: &mut Checks) {
    // An init container that restarts runs beside the others and may be asked like them.
    let ends = role == Role::Init && container.other.get("restartPolicy").is_none_or(|policy| policy != "Always");
    let probes = [
        ("livenessProbe", &container.liveness_probe),
        ("readinessProbe", &container.readiness_probe),
        ("startupProbe", &container.startup_probe),
    ];
    for (field, probe) in probes {
        let Some(probe) = probe else { continue };
        let at = path::key(at, field);
        if ends {
            checks.wrong(&at, "(set)", "may not be set for init containers without restartPolicy=Always");
        }
        check(&at, probe, container, checks);
        if let Some(threshold) = probe.success_threshold.filter(|threshold| *threshold != 1)
            && field != "readinessProbe"
        {
            checks.wrong(path::key(&at, "successThreshold"), threshold, "must be 1");
        }
    }
    let Some(lifecycle) = &container.lifecycle else { return };
    let at = path::key(at, "lifecycle");
    if ends {
        checks.wrong(&at, "(set)", "may not be set for init containers without restartPolicy=Always");
    }
    for (field, handler) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
        if let Some(handler) = handler {
            handle(&path::key(&at, field), handler, container, checks);
        }
    }
}

fn check(at: &str, probe: &Probe, container: &Container, checks: &mut Checks) {
    let Probe { exec, http_get, tcp_socket, other, .. } = probe;
    let there = [
        ("exec", exec.is_some()),
        ("httpGet", http_get.is_some()),
        ("tcpSocket", tcp_socket.is_some()),
        ("grpc", said(other, "grpc")),
    ];
    checks.exactly_one(at, "handler", &there);
    actions(at, (exec.as_ref(), http_get.as_ref(), tcp_socket.as_ref()), container, checks);
    for (field, seconds, least) in [
        ("initialDelaySeconds", probe.initial_delay_seconds, 0),
        ("periodSeconds", probe.period_seconds, 1),
        ("timeoutSeconds", probe.timeout_seconds, 1),
        ("successThreshold", probe.success_threshold, 1),
        ("failureThreshold", probe.failure_threshold, 1),
    ] {
        if let Some(seconds) = seconds {
            checks.at_least(&path::key(at, field), seconds, least);
        }
    }
}

fn handle(at: &str, handler: &Handler, container: &Container, checks: &mut Checks) {
    let Handler { exec, http_get, tcp_socket, sleep, other } = handler;
    let mut there = vec![
        ("exec", exec.is_some()),
        ("httpGet", http_get.is_some()),
        ("tcpSocket", tcp_socket.is_some()),
        ("sleep", sleep.is_some()),
    ];
    there.extend(other.keys().map(|key| (key.as_str(), true)));
    checks.exactly_one(at, "handler", &there);
    actions(at, (exec.as_ref(), http_get.as_ref(), tcp_socket.as_ref()), container, checks);
    if let Some(sleep) = sleep {
        checks.at_least(&path::key(&path::key(at, "sleep"), "seconds"), sleep.seconds, 0);
    }
}

type Actions<'a> = (Option<&'a ExecAction>, Option<&'a HttpGetAction>, Option<&'a TcpSocketAction>);

fn actions(at: &str, (exec, http, tcp): Actions<'_>, container: &Container, checks: &mut Checks) {
    if exec.is_some_and(|exec| exec.command.is_empty()) {
        checks.missing(path::key(&path::key(at, "exec"), "command"), "required");
    }
    if let Some(http) = http {
        let at = path::key(at, "httpGet");
        port(&path::key(&at, "port"), &http.port, container, checks);
        if let Some(scheme) = &http.scheme {
            checks.one_of(&path::key(&at, "scheme"), scheme, &["HTTP", "HTTPS"]);
        }
        let headers = path::key(&at, "httpHeaders");
        for (index, header) in http.http_headers.iter().enumerate() {
            let right = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            let at = path::key(&path::index(&headers, index), "name");
            if header.name.is_empty() {
                checks.missing(at, "required");
            } else if !header.name.bytes().all(right) {
                checks.wrong(at, &header.name, "must be the name of a header: letters, digits, '-' and '_'");
            }
        }
    }
    if let Some(tcp) = tcp {
        port(&path::key(&path::key(at, "tcpSocket"), "port"), &tcp.port, container, checks);
    }
}

/// A number, or the name of one of the container's own ports.
fn port(at: &str, port: &IntOrString, container: &Container, checks: &mut Checks) {
    match port {
        IntOrString::Int(number) => checks.port(at, *number),
        IntOrString::String(name) => {
            if names::port_name(name).is_err() {
                checks.follows(at, name, names::port_name);
            } else if !container.ports.iter().any(|port| port.name.as_ref() == Some(name)) {
                checks.wrong(at, name, "not found: this container has no port of this name");
            }
        }
    }
}

fn said(other: &Verbatim, key: &str) -> bool {
    other.get(key).is_some_and(|value| !value.is_null())
}
