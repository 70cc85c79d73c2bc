//! As much of HTTP as it takes to answer for an engine.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// The first line of these bytes, when they begin a request.
pub(crate) fn request_line(said: &[u8]) -> Option<&str> {
    let line = said.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    ["GET ", "HEAD ", "POST ", "PUT ", "DELETE "].iter().any(|method| line.starts_with(method)).then_some(line)
}

/// Hears the request out that begins with `said`, and answers it as an engine that refuses.
pub(crate) async fn refuse(client: &mut UnixStream, said: &[u8], status: u16, message: &str) -> io::Result<()> {
    let (mut said, mut more) = (said.to_vec(), [0; 16 << 10]);
    while !is_whole(&said) {
        match client.read(&mut more).await? {
            0 => return Ok(()),
            read => said.extend_from_slice(&more[..read]),
        }
    }
    let body = serde_json::json!({ "message": message }).to_string();
    let head = format!(
        "HTTP/1.1 {status} Refused\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    client.write_all((head + &body).as_bytes()).await
}

/// Whether a request is there up to its last byte.
fn is_whole(said: &[u8]) -> bool {
    let Some(end) = said.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let (head, body) = (String::from_utf8_lossy(&said[..end]).to_lowercase(), &said[end + 4..]);
    let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    match field("content-length:").and_then(|length| length.parse::<usize>().ok()) {
        Some(length) => body.len() >= length,
        None => field("transfer-encoding:").is_none() || body.ends_with(b"0\r\n\r\n"),
    }
}
