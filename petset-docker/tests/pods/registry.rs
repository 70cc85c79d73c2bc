//! A registry on this machine with one image, that of the tests. Docker asks 127.0.0.1 over plain HTTP.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::support::IMAGE;

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const BLOB: &str = "application/octet-stream";
/// A slow registry sends so much at a time.
const PART: usize = 4096;
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(crate) struct Registry {
    image: String,
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    /// Digest → type and bytes; the manifest by its tag too.
    objects: BTreeMap<String, (&'static str, Vec<u8>)>,
    slow: watch::Sender<bool>,
    /// How often the manifest was asked for.
    asked: AtomicUsize,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.task.abort();
        let _ = Command::new("docker").args(["rmi", "--force", &self.image]).output();
    }
}

impl Registry {
    /// Takes the image of the tests apart in `dir`, and serves it under a name of its own.
    pub(crate) async fn start(name: &str, dir: &Path) -> Self {
        let objects = take_apart(dir);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let image = format!("{}/{name}/busybox:1", listener.local_addr().expect("it has one"));
        let shared = Arc::new(Shared { objects, slow: watch::Sender::new(false), asked: AtomicUsize::new(0) });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared))).abort_handle();
        Self { image, shared, task }
    }

    pub(crate) fn image(&self) -> String {
        self.image.clone()
    }

    /// Whether it sends a little at a time.
    pub(crate) fn slow(&self, slow: bool) {
        self.shared.slow.send_replace(slow);
    }

    pub(crate) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

fn shell(script: &str) -> String {
    let output = Command::new("sh").args(["-ec", script]).output().expect("a shell");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

fn take_apart(dir: &Path) -> BTreeMap<String, (&'static str, Vec<u8>)> {
    std::fs::create_dir_all(dir).expect("a directory");
    shell(&format!("docker save {IMAGE} | tar -xC {}", dir.display()));
    let saved: Value = read(&dir.join("manifest.json"));
    let place = |path: &Value| dir.join(path.as_str().expect("a path"));
    let (config, layer) = (place(&saved[0]["Config"]), place(&saved[0]["Layers"][0]));
    // A layer that the engine has not seen, or it would not ask for it.
    shell(&format!("cd {}; head -c 100000 /dev/urandom > own; tar -rf {} own", dir.display(), layer.display()));
    let mut configured = read(&config);
    configured["rootfs"]["diff_ids"] = json!([digest(&layer)]);
    std::fs::write(&config, configured.to_string()).expect("written");
    let mut objects = BTreeMap::new();
    let mut part = |path: &Path, kind: &str| {
        let (bytes, digest) = (std::fs::read(path).expect("it is there"), digest(path));
        let described = json!({ "mediaType": kind, "size": bytes.len(), "digest": digest });
        objects.insert(digest, (BLOB, bytes));
        described
    };
    let config = part(&config, "application/vnd.docker.container.image.v1+json");
    let layers = [part(&layer, "application/vnd.docker.image.rootfs.diff.tar.gzip")];
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers }).to_string();
    let path = dir.join("served.json");
    std::fs::write(&path, &manifest).expect("written");
    objects.insert(digest(&path), (MANIFEST, manifest.clone().into_bytes()));
    objects.insert("1".to_owned(), (MANIFEST, manifest.into_bytes()));
    objects
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("it is there")).expect("as Docker saves it")
}

fn digest(path: &Path) -> String {
    format!("sha256:{}", shell(&format!("sha256sum < {} | cut -d ' ' -f 1", path.display())))
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(answer(client, Arc::clone(&shared)));
    }
}

/// One request of each connection.
async fn answer(mut client: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    let (mut request, mut more) = (Vec::new(), [0; 4096]);
    while !request.windows(4).any(|four| four == b"\r\n\r\n") {
        match client.read(&mut more).await? {
            0 => return Ok(()),
            read => request.extend_from_slice(&more[..read]),
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let mut words = request.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let name = path.rsplit('/').next().unwrap_or_default();
    if path.contains("/manifests/") {
        shared.asked.fetch_add(1, Ordering::SeqCst);
    }
    let empty = (BLOB, Vec::new());
    let (found, (kind, bytes)) = match shared.objects.get(name) {
        Some(object) => ("200 OK", object),
        None if path == "/v2/" => ("200 OK", &empty),
        None => ("404 Not Found", &empty),
    };
    let digest = shared.objects.iter().find(|(key, object)| key.starts_with("sha256:") && object.1 == *bytes);
    let digest = digest.map(|(digest, _)| format!("Docker-Content-Digest: {digest}\r\n")).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {found}\r\nDocker-Distribution-Api-Version: registry/2.0\r\nConnection: close\r\nContent-Type: \
         {kind}\r\n{digest}Content-Length: {}\r\n\r\n",
        bytes.len()
    );
    client.write_all(head.as_bytes()).await?;
    if method == "HEAD" {
        return Ok(());
    }
    let mut slow = shared.slow.subscribe();
    for part in bytes.chunks(PART) {
        client.write_all(part).await?;
        if *slow.borrow() {
            let _ = tokio::time::timeout(PAUSE, slow.wait_for(|slow| !slow)).await;
        }
    }
    client.flush().await
}
