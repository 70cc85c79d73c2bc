//! One container.

use petset_core::spec::{Container, ContainerPort, Resources, VolumeMount};

use super::findings::Findings;
use super::pod::check_security;
use super::probe::{check_handler, check_probe};
use crate::pods::paths::is_safe;

/// Fields without a meaning on a single machine.
const HARMLESS: [&str; 3] = ["resizePolicy", "terminationMessagePath", "terminationMessagePolicy"];
/// Fields that may only say `false`.
const SWITCHES: [&str; 3] = ["stdin", "stdinOnce", "tty"];
/// Where a volume would break the pod.
const RESERVED: [&str; 4] = ["/proc", "/sys", "/dev", "/bin"];

pub(super) fn check_container(path: &str, container: &Container, init: bool, own_view: bool, findings: &mut Findings) {
    if !is_safe(&container.name) {
        findings.refuse(
            format!("{path}.name"),
            &container.name,
            "must be a name in lower case letters, digits and `-`",
        );
    }
    match container.image.as_deref() {
        None | Some("" | "host") => {}
        Some(image) => findings.refuse(
            format!("{path}.image"),
            image,
            "images are not run as processes: name a program of this machine in `command` and leave `image` out (or \
             `host`), or use the docker or kube backend",
        ),
    }
    match container.command.first() {
        None => findings.missing(
            format!("{path}.command"),
            "there is no image whose entry point could be run: name a program of this machine",
        ),
        Some(program) if program.is_empty() => {
            findings.refuse(format!("{path}.command[0]"), program, "name a program of this machine");
        }
        Some(_) => {}
    }
    let words = container.command.iter().chain(&container.args);
    if words.chain(&container.working_dir).any(|word| word.contains('\0')) {
        findings.refuse(format!("{path}.command"), "(a zero byte)", "a zero byte cannot be passed to a program");
    }
    if let Some(dir) = container.working_dir.as_deref().filter(|dir| !dir.is_empty() && !dir.starts_with('/')) {
        findings.refuse(format!("{path}.workingDir"), dir, "must be an absolute path");
    }
    for (index, variable) in container.env.iter().enumerate() {
        if let Some(source) = &variable.value_from {
            findings.unknown(&format!("{path}.env[{index}].valueFrom"), &source.other, &[]);
        }
    }
    for (index, port) in container.ports.iter().enumerate() {
        check_port(&format!("{path}.ports[{index}]"), port, findings);
    }
    check_mounts(path, &container.volume_mounts, own_view, findings);
    if let Some(resources) = &container.resources {
        check_resources(&format!("{path}.resources"), resources, findings);
    }
    check_behaviour(path, container, init, findings);
    check_security(&format!("{path}.securityContext"), container.security_context.as_ref(), findings);
    let accepted: Vec<&str> = HARMLESS.into_iter().chain(SWITCHES).collect();
    findings.unknown(path, &container.other, &accepted);
    findings.off(path, &container.other, &SWITCHES);
}

fn check_behaviour(path: &str, container: &Container, init: bool, findings: &mut Findings) {
    let probes = [
        ("startupProbe", &container.startup_probe),
        ("readinessProbe", &container.readiness_probe),
        ("livenessProbe", &container.liveness_probe),
    ];
    for (field, probe) in probes {
        let Some(probe) = probe else { continue };
        let path = format!("{path}.{field}");
        if init {
            findings.refuse(&path, "(set)", "an init container has no probes");
        } else {
            check_probe(&path, probe, &container.ports, field != "readinessProbe", findings);
        }
    }
    let Some(lifecycle) = &container.lifecycle else { return };
    let path = format!("{path}.lifecycle");
    if init {
        findings.refuse(&path, "(set)", "an init container has no lifecycle handlers");
        return;
    }
    for (field, handler) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
        if let Some(handler) = handler {
            check_handler(&format!("{path}.{field}"), handler, &container.ports, findings);
        }
    }
    findings.unknown(&path, &lifecycle.other, &[]);
}

fn check_port(path: &str, port: &ContainerPort, findings: &mut Findings) {
    let reason = "a pod's ports are open at the pet's own address of this machine; nothing leads there from others";
    if let Some(port) = port.host_port {
        findings.refuse(format!("{path}.hostPort"), port, reason);
    }
    if let Some(ip) = &port.host_ip {
        findings.refuse(format!("{path}.hostIP"), ip, reason);
    }
}

fn check_resources(path: &str, resources: &Resources, findings: &mut Findings) {
    for (name, limit) in &resources.limits {
        findings.refuse(
            format!("{path}.limits.{name}"),
            limit,
            "limits are not enforced on processes of this machine; remove the limit or use the docker or kube backend",
        );
    }
    findings.unknown(path, &resources.other, &[]);
}

fn check_mounts(path: &str, mounts: &[VolumeMount], own_view: bool, findings: &mut Findings) {
    for (index, mount) in mounts.iter().enumerate() {
        let path = format!("{path}.volumeMounts[{index}]");
        if !own_view {
            findings.refuse(
                &path,
                &mount.name,
                "volumes cannot appear at a path of their own here: the kernel allows no namespaces to this program",
            );
        }
        let target = &mount.mount_path;
        if let Some(problem) = mount_path_problem(target) {
            findings.refuse(format!("{path}.mountPath"), target, problem);
        }
        if mounts[..index].iter().any(|earlier| parts(&earlier.mount_path).eq(parts(target))) {
            findings.refuse(format!("{path}.mountPath"), target, "another volume appears there already");
        }
        if let Some(sub) = mount.sub_path.as_deref()
            && (sub.starts_with('/') || sub.contains('\0') || sub.split('/').any(|part| part == ".."))
        {
            findings.refuse(format!("{path}.subPath"), sub, "must be relative and without `..`");
        }
        if let Some(propagation) = mount.other.get("mountPropagation")
            && propagation.as_str() != Some("None")
        {
            findings.refuse(
                format!("{path}.mountPropagation"),
                propagation,
                "only `None` is supported on this machine",
            );
        }
        findings.unknown(&path, &mount.other, &["mountPropagation"]);
    }
}

fn mount_path_problem(target: &str) -> Option<&'static str> {
    if !target.starts_with('/') || target.contains(['\0', '\n']) || parts(target).any(|part| matches!(part, ".." | "."))
    {
        return Some("must be an absolute path without `.` and `..`");
    }
    if parts(target).next().is_none() {
        return Some("a volume cannot take the place of the whole file system");
    }
    let reserved = RESERVED.iter().any(|reserved| parts(target).eq(parts(reserved)));
    reserved.then_some("a volume there would take away what every program needs")
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}
