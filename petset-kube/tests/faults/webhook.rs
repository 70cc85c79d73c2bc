//! A webhook that changes what is asked for before it is stored, as meshes and policies do.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::ListParams;
use petset_core::Controller;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::account::account;
use crate::kind::Kind;
use crate::story::Story;
use crate::world::{World, create};
use crate::{Error, ensure};

/// A webhook at work; until this is dropped.
struct Webhook {
    task: JoinHandle<()>,
    changed: Arc<AtomicU64>,
}

impl Webhook {
    /// Starts one; the configuration that tells a server of it as well.
    async fn start() -> Result<(Self, Value), Error> {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("https://{}/", listener.local_addr()?);
        let changed = Arc::<AtomicU64>::default();
        let counts = Arc::clone(&changed);
        let task = tokio::spawn(async move {
            // Whoever cannot be accepted asks again.
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(acceptor.clone(), stream, Arc::clone(&counts)));
            }
        });
        let rule = |group: &str, resource: &str, operations: &[&str]| json!({ "apiGroups": [group], "apiVersions": ["v1"], "resources": [resource], "operations": operations });
        let configuration = json!({
            "metadata": { "name": "mesh" },
            "webhooks": [{
                "name": "mesh.example.com",
                "clientConfig": { "url": url, "caBundle": ByteString(made.cert.pem().into_bytes()) },
                "rules": [
                    rule("", "pods", &["CREATE"]),
                    rule("", "persistentvolumeclaims", &["CREATE"]),
                    rule("petset.rs", "petsets", &["CREATE", "UPDATE"]),
                    rule("apps", "statefulsets", &["CREATE", "UPDATE"]),
                    rule("apps", "controllerrevisions", &["CREATE"]),
                ],
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
            }],
        });
        Ok((Self { task, changed }, configuration))
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream, changed: Arc<AtomicU64>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let answer = service_fn(move |request: Request<Incoming>| {
        let changed = Arc::clone(&changed);
        async move {
            let asked =
                request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let review: Value = serde_json::from_slice(&asked).unwrap_or_default();
            changed.fetch_add(1, Ordering::Relaxed);
            let answer = Full::new(Bytes::from(answer(&review).to_string()));
            let mut response = Response::new(answer);
            response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
            Ok::<_, Infallible>(response)
        }
    });
    // A connection that breaks is the server's to make again.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}

/// Everything has a label and an annotation more; pods have a container more, and another grace period.
fn answer(review: &Value) -> Value {
    let (request, mut patch) = (&review["request"], Vec::new());
    for map in ["labels", "annotations"] {
        if request["object"]["metadata"][map].is_object() {
            patch.push(json!({ "op": "add", "path": format!("/metadata/{map}/mesh"), "value": "on" }));
        } else {
            patch.push(json!({ "op": "add", "path": format!("/metadata/{map}"), "value": { "mesh": "on" } }));
        }
    }
    if request["resource"]["resource"] == "pods" {
        let container = json!({ "name": "proxy", "image": "proxy" });
        patch.push(json!({ "op": "add", "path": "/spec/containers/-", "value": container }));
        patch.push(json!({ "op": "replace", "path": "/spec/terminationGracePeriodSeconds", "value": 1 }));
    }
    json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {
            "uid": request["uid"],
            "allowed": true,
            "patchType": "JSONPatch",
            "patch": ByteString(Value::Array(patch).to_string().into_bytes()),
        },
    })
}

/// A set lives through everything, and what the webhook adds is nobody's reason to do anything.
pub(crate) async fn mutating(_seed: u64, kind: Kind) -> Result<(), Error> {
    let world = World::make().await?;
    let (webhook, configuration) = Webhook::start().await?;
    create::<MutatingWebhookConfiguration>(&world.server.client()?, configuration).await?;
    let story = Story::new(world.server.client()?, kind, "webhook").await?;
    let sets = Controller::new(story.backends(account(&world.server).await?.client()?)).spawn();
    let pods: Api<Pod> = Api::namespaced(world.server.client()?, &story.web.namespace);
    story.run().await?;
    for pod in pods.list(&ListParams::default()).await? {
        let containers = pod.spec.map(|spec| spec.containers.len());
        ensure!(containers == Some(2), "nothing was added to {:?}", pod.metadata.name);
    }
    let changed = webhook.changed.load(Ordering::Relaxed);
    // Five pods and their claims, the three that follow on the new image, two revisions.
    ensure!(changed >= 15, "the webhook was asked {changed} times only");
    sets.shutdown().await;
    Ok(())
}
