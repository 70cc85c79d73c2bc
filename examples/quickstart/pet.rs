//! What a pet runs: a small HTTP server whose data is the volume that it finds at its mount path.
//!
//! It is also a witness. It holds a lock in its volume for as long as it lives, and writes a line into the volume's
//! journal at each start; were there ever two of it, or a volume that lost a line, the volume would show it.

use std::convert::Infallible;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustix::fs::{FlockOperation, flock};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// What marks a journal in which two incarnations met.
pub(crate) const OVERLAP: &str = "OVERLAP";

/// Serves `volume` on the pod's address until the polite signal comes.
pub(crate) async fn run(volume: PathBuf, port: u16) -> Result<(), Box<dyn std::error::Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("the variable {name} is not set"));
    let (name, uid, address) = (variable("POD_NAME")?, variable("POD_UID")?, variable("POD_IP")?);
    let (version, broken) = (variable("VERSION")?, std::env::var("BROKEN").is_ok());
    let _lock = witness(&volume, &uid)?;
    let index = volume.join("index.html");
    if !index.exists() {
        // The first incarnation ever signs the volume.
        fs::write(&index, hostname()?)?;
    }
    let mut stop = signal(SignalKind::terminate())?;
    let listener = TcpListener::bind((address.as_str(), port)).await?;
    let answer = move |request: Request<Incoming>| {
        let (path, volume, name, version) =
            (request.uri().path().to_owned(), volume.clone(), name.clone(), version.clone());
        async move { Ok::<_, Infallible>(respond(&path, &volume, &name, &version, broken)) }
    };
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                let service = service_fn(answer.clone());
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
            _ = stop.recv() => return Ok(()),
        }
    }
}

/// Takes the volume's lock and writes this start into its journal.
fn witness(volume: &Path, uid: &str) -> io::Result<File> {
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(volume.join("witness.lock"))?;
    let alone = flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
    let path = volume.join("journal");
    let starts = fs::read_to_string(&path).unwrap_or_default().lines().count();
    let mut journal = OpenOptions::new().create(true).append(true).open(path)?;
    let line = if alone { format!("{} {uid}\n", starts + 1) } else { format!("{OVERLAP} {uid}\n") };
    journal.write_all(line.as_bytes())?;
    journal.sync_all()?;
    if alone { Ok(lock) } else { Err(io::Error::other("another process uses this volume")) }
}

fn hostname() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/hostname")?.trim().to_owned())
}

fn respond(path: &str, volume: &Path, name: &str, version: &str, broken: bool) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    if broken {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return response;
    }
    let body = match path {
        "/" => fs::read(volume.join("index.html")).ok(),
        "/journal" => fs::read(volume.join("journal")).ok(),
        "/name" => Some(name.as_bytes().to_vec()),
        "/version" => Some(version.as_bytes().to_vec()),
        _ => None,
    };
    match body {
        Some(body) => *response.body_mut() = Full::new(Bytes::from(body)),
        None => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    response
}
