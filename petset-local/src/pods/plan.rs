//! Everything about one start of a container, worked out before anything is started.

use std::fs;
use std::net::IpAddr;
use std::sync::Arc;

use petset_core::Result;
use petset_core::backend::PodRequest;
use petset_core::env::{PodFacts, container_env, expand};

use super::cell::Cell;
use super::etc;
use super::fault::disk;
use super::members::mark;
use super::procfs::MARK;
use super::shared::Shared;
use super::sources::Sources;
use super::view::Plan;

/// Variables of this process that a pod's programs get unless the template says otherwise.
const INHERITED: [(&str, &str); 2] =
    [("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", "/")];

/// What a plan is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To start the container: its volumes are made ready.
    Start,
    /// To run another command where the container runs.
    Command,
}

/// Works out how a program of the container at `index` is started.
pub(super) fn plan(node: &Arc<Shared>, cell: &Cell, index: usize, purpose: Purpose) -> Result<Plan> {
    let (saved, container, run) = {
        let record = cell.record();
        (record.request.clone(), record.declared(index).clone(), record.containers[index].restarts)
    };
    let request = PodRequest::from(saved);
    let address: IpAddr = node.addresses.address_of(&request.set, request.ordinal)?;
    let facts = PodFacts {
        request: &request,
        uid: &cell.uid,
        pod_ip: Some(address),
        host_ip: node.options.host_ip,
        node_name: &node.name,
    };
    let declared = container_env(&container, &facts)?;
    let words = container.command.iter().chain(&container.args).map(|word| expand(word, &declared));
    let command = lost_variables(&declared).into_iter().chain(words).collect();
    let hostname = etc::hostname(&request);
    let mut env: Vec<(String, String)> = INHERITED
        .into_iter()
        .map(|(name, usual)| (name.to_owned(), std::env::var(name).unwrap_or_else(|_| usual.to_owned())))
        .collect();
    env.push(("HOSTNAME".to_owned(), hostname.clone()));
    env.extend(declared);
    env.push((MARK.to_owned(), mark(cell, &container.name, run)));

    if purpose == Purpose::Start {
        if !cell.record().fenced {
            // The first start of the incarnation: each of its claims is there, also one that no container sees (S7).
            request.claims.values().try_for_each(|claim| node.claims.directory(&request.set, claim).map(drop))?;
        }
        for dir in cell.paths.directories() {
            fs::create_dir_all(&dir).map_err(|error| disk("make a directory of a pod", &dir, error))?;
        }
    }
    let sources = Sources { paths: &cell.paths, facts: &facts, claims: &*node.claims, options: &node.options };
    let mounts = if node.isolation.is_some() && purpose == Purpose::Start {
        sources.mounts(&container, address)?
    } else {
        Vec::new()
    };
    let working_dir = container.working_dir.filter(|dir| !dir.is_empty()).unwrap_or_else(|| "/".to_owned());
    Ok(Plan { hostname, mounts, working_dir, env, command })
}

/// A shell passes on only variables that it could name itself; the others are handed to the program by `env`.
fn lost_variables(env: &[(String, String)]) -> Vec<String> {
    let is_kept = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    let lost = env.iter().filter(|(name, _)| !is_kept(name)).map(|(name, value)| format!("{name}={value}"));
    let lost: Vec<_> = lost.collect();
    if lost.is_empty() { lost } else { std::iter::once("/usr/bin/env".to_owned()).chain(lost).collect() }
}
