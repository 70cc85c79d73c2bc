//! One GET request over HTTP/1.1.

use std::net::{IpAddr, SocketAddr};

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use petset_core::spec::HttpGetAction;

use super::tcp;

pub(super) async fn get(action: &HttpGetAction, address: IpAddr, port: u16) -> Result<(), String> {
    let request = request(action, address, port)?;
    let stream = tcp::connect(action.host.as_deref(), address, port).await?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| format!("no HTTP: {error}"))?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|error| format!("no HTTP answer: {error}"))?;
        let status = answer.status();
        if (200..400).contains(&status.as_u16()) { Ok(()) } else { Err(format!("HTTP status {status}")) }
    };
    tokio::pin!(answer);
    // The connection only has to be driven until the head of the answer is there.
    tokio::select! {
        answer = &mut answer => answer,
        _ = connection => answer.await,
    }
}

fn request(action: &HttpGetAction, address: IpAddr, port: u16) -> Result<Request<Empty<Bytes>>, String> {
    let path = action.path.as_deref().filter(|path| !path.is_empty()).unwrap_or("/");
    let slash = if path.starts_with('/') { "" } else { "/" };
    let host = match action.host.as_deref() {
        Some(host) if !host.is_empty() => format!("{host}:{port}"),
        _ => SocketAddr::new(address, port).to_string(),
    };
    let mut request = Request::builder()
        .method(Method::GET)
        .uri(format!("{slash}{path}"))
        .header(HOST, host)
        .header(USER_AGENT, concat!("petset-probe/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| format!("the request is malformed: {error}"))?;
    for header in &action.http_headers {
        let name: HeaderName = header.name.parse().map_err(|_| format!("`{}` is no name of a header", header.name))?;
        let value: HeaderValue =
            header.value.parse().map_err(|_| format!("the value of header `{}` is malformed", header.name))?;
        request.headers_mut().insert(name, value);
    }
    Ok(request)
}
