//! Probes and handlers.

use petset_core::spec::{ContainerPort, Handler, HttpGetAction, IntOrString, Probe};

use super::findings::Findings;
use crate::probe::resolve_port;

pub(super) fn check_probe(path: &str, probe: &Probe, ports: &[ContainerPort], once: bool, findings: &mut Findings) {
    let actions =
        [probe.exec.is_some(), probe.http_get.is_some(), probe.tcp_socket.is_some()].into_iter().filter(|&set| set);
    if actions.count() != 1 && probe.other.is_empty() {
        findings.missing(path, "exactly one of `exec`, `httpGet` and `tcpSocket` is needed");
    }
    if let Some(action) = &probe.exec {
        check_command(&format!("{path}.exec"), &action.command, findings);
    }
    if let Some(action) = &probe.http_get {
        check_http(&format!("{path}.httpGet"), action, ports, findings);
    }
    if let Some(action) = &probe.tcp_socket {
        check_port(&format!("{path}.tcpSocket"), &action.port, ports, findings);
    }
    let numbers = [
        ("initialDelaySeconds", probe.initial_delay_seconds, 0),
        ("periodSeconds", probe.period_seconds, 1),
        ("timeoutSeconds", probe.timeout_seconds, 1),
        ("successThreshold", probe.success_threshold, 1),
        ("failureThreshold", probe.failure_threshold, 1),
    ];
    for (field, number, least) in numbers {
        if let Some(number) = number.filter(|&number| number < least) {
            findings.refuse(format!("{path}.{field}"), number, format!("must be at least {least}"));
        }
    }
    if let Some(number) = probe.success_threshold.filter(|&number| once && number > 1) {
        findings.refuse(format!("{path}.successThreshold"), number, "must be 1 for startup and liveness probes");
    }
    findings.unknown(path, &probe.other, &[]);
}

pub(super) fn check_handler(path: &str, handler: &Handler, ports: &[ContainerPort], findings: &mut Findings) {
    let Handler { exec, http_get, tcp_socket, sleep, other } = handler;
    let actions = [exec.is_some(), http_get.is_some(), tcp_socket.is_some(), sleep.is_some()];
    if actions.into_iter().filter(|&set| set).count() != 1 {
        findings.missing(path, "exactly one of `exec`, `httpGet`, `tcpSocket` and `sleep` is needed");
    }
    if let Some(action) = exec {
        check_command(&format!("{path}.exec"), &action.command, findings);
    }
    if let Some(action) = http_get {
        check_http(&format!("{path}.httpGet"), action, ports, findings);
    }
    if let Some(action) = tcp_socket {
        check_port(&format!("{path}.tcpSocket"), &action.port, ports, findings);
    }
    if let Some(action) = sleep
        && action.seconds < 0
    {
        findings.refuse(format!("{path}.sleep.seconds"), action.seconds, "must not be negative");
    }
    findings.unknown(path, other, &[]);
}

fn check_command(path: &str, command: &[String], findings: &mut Findings) {
    if command.first().is_none_or(String::is_empty) {
        findings.missing(format!("{path}.command"), "name a program");
    }
}

fn check_http(path: &str, action: &HttpGetAction, ports: &[ContainerPort], findings: &mut Findings) {
    if let Some(scheme) = action.scheme.as_deref().filter(|scheme| !scheme.is_empty() && *scheme != "HTTP") {
        findings.refuse(
            format!("{path}.scheme"),
            scheme,
            "only `HTTP` is asked on this machine; use `exec` for the rest",
        );
    }
    check_port(path, &action.port, ports, findings);
}

fn check_port(path: &str, port: &IntOrString, ports: &[ContainerPort], findings: &mut Findings) {
    if resolve_port(port, ports).is_none() {
        findings.refuse(format!("{path}.port"), port, "must be 1 to 65535 or the name of one of the container's ports");
    }
}
