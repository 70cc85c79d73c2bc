//! Where engines listen; whoever reaches one owns the host.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// `/var/run` is another word for it.
const RUN: [&str; 2] = ["/run", "/var/run"];
/// Below one of these, of engines of the host.
const OF_HOST: [&str; 4] =
    ["docker.sock", "podman/podman.sock", "containerd/containerd.sock", "docker/containerd/containerd.sock"];
/// Below `user/<uid>` there, of engines of a user.
const OF_USER: [&str; 2] = ["docker.sock", "podman/podman.sock"];

/// A socket that whoever has `place` has too, of an engine that may be there or of the one at `host`.
pub(super) fn reached_by(place: &Path, host: &str) -> Option<PathBuf> {
    let own = host.strip_prefix("unix://").map(PathBuf::from);
    let usual = RUN.into_iter().map(Path::new).flat_map(|run| {
        let users = run.join("user");
        let user = place.strip_prefix(&users).ok().and_then(|below| below.components().next());
        let user = users.join(user.map_or(OsStr::new("<uid>"), Component::as_os_str));
        let of_user = OF_USER.map(|socket| user.join(socket));
        OF_HOST.map(|socket| run.join(socket)).into_iter().chain(of_user)
    });
    own.into_iter().chain(usual).find(|socket| socket.starts_with(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s22_every_way_to_a_socket_is_found() {
        let reached = |place: &str| reached_by(Path::new(place), "unix:///srv/engine/own.sock");
        for place in [
            "/",
            "/run",
            "/var/run/docker.sock",
            "/var/run/podman",
            "/var/run/containerd",
            "/run/docker/containerd",
            "/run/user",
            "/run/user/1000",
            "/run/user/1000/docker.sock",
            "/var/run/user/7/podman",
            "/srv/engine",
        ] {
            assert!(reached(place).is_some(), "{place}");
        }
        for place in ["/srv/a", "/run/user/1000/app", "/run/app", "/var/lib"] {
            assert_eq!(reached(place), None, "{place}");
        }
    }
}
