//! An engine that is too old.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

use petset::ErrorKind;
use petset::docker::node::Node;

use crate::{Error, ensure};

/// Answers every request as an engine of 2016 answers `GET /version`.
async fn answer(listener: UnixListener) {
    const BODY: &str = r#"{"Version":"1.12.6","ApiVersion":"1.24","MinAPIVersion":"1.12","Os":"linux"}"#;
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", BODY.len());
        let _ = stream.write_all(format!("{head}Connection: close\r\n\r\n{BODY}").as_bytes()).await;
    }
}

pub(crate) async fn is_refused() -> Result<(), Error> {
    let dir = tempfile::tempdir()?;
    let socket = dir.path().join("docker.sock");
    let engine = tokio::spawn(answer(UnixListener::bind(&socket)?));
    let host = format!("unix://{}", socket.display());
    let opened = Node::builder(dir.path().join("node")).host(&host).open().await;
    engine.abort();
    let Err(error) = opened else { return Err("an engine of 2016 is good enough".into()) };
    let words = error.chain().to_string();
    ensure!(error.kind() == ErrorKind::Unsupported, "{:?}: {words}", error.kind());
    for word in ["1.12.6", "1.24", "1.41", "update", &host] {
        ensure!(words.contains(word), "no {word} in: {words}");
    }
    ensure!(!dir.path().join("node").exists(), "a node was made");
    Ok(())
}
