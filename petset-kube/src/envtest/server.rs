//! [`Server`]: an API server and its etcd.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{Request, Uri};
use kube::config::AuthInfo;
use kube::{Client, Config};
use petset_core::{Error, ErrorKind, Result};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::arguments::{self, Ports};
use super::identity::Identity;
use super::options::{AUDIT_LOG, ServerOptions};
use super::program::Supervised;

/// A real API server over an etcd of its own, on free ports of the loopback interface.
///
/// Everybody is authorized by RBAC; the administrator of [`client`](Self::client) may do everything. Nothing runs beside
/// it: no scheduler, no controllers, no nodes; [`super::Kubelet`] stands in for what pods and claims need of those. Clones
/// are handles of one server, which ends with the last of them, or with the process.
#[derive(Debug, Clone)]
pub struct Server {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    ports: Ports,
    arguments: Arguments,
    identity: Arc<Identity>,
    programs: Mutex<Programs>,
    folder: TempDir,
    /// Whose etcd and identity it has, if they are not its own.
    beside: Option<Server>,
}

/// How the programs are started.
#[derive(Debug)]
struct Arguments {
    api: Vec<String>,
    etcd: Vec<String>,
}

#[derive(Debug)]
struct Programs {
    // Dropped in this order.
    api: Supervised,
    /// None where it is another server's.
    etcd: Option<Supervised>,
}

/// How long a server may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a server is started.
const TRIES: usize = 3;

impl Server {
    /// Starts both programs, and waits until the server is ready.
    ///
    /// # Errors
    /// `NotFound` when `KUBEBUILDER_ASSETS` names no folder with `etcd` and `kube-apiserver`; `Unavailable` with the end of
    /// the log when a program ends, or is not ready after two minutes.
    pub async fn start() -> Result<Self> {
        Self::start_with(&ServerOptions::default()).await
    }

    /// The same with what is to be different.
    ///
    /// # Errors
    /// As of [`start`](Self::start).
    pub async fn start_with(options: &ServerOptions) -> Result<Self> {
        let assets = Self::assets()?;
        until_it_starts(|| Self::try_start(&assets, options)).await
    }

    /// The folder of the programs.
    ///
    /// # Errors
    /// `NotFound` when `KUBEBUILDER_ASSETS` names no folder with `etcd` and `kube-apiserver`.
    pub fn assets() -> Result<PathBuf> {
        let missing = |message: String| Error::new(ErrorKind::NotFound, "find an API server").with_message(message);
        let folder = std::env::var_os("KUBEBUILDER_ASSETS")
            .map(PathBuf::from)
            .ok_or_else(|| missing("KUBEBUILDER_ASSETS is to name a folder with etcd and kube-apiserver".to_owned()))?;
        match ["etcd", "kube-apiserver"].iter().find(|program| !folder.join(program).is_file()) {
            Some(program) => Err(missing(format!("{} has no {program}", folder.display()))),
            None => Ok(folder),
        }
    }

    async fn try_start(assets: &Path, options: &ServerOptions) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(|error| failed("make a folder", error))?;
        let identity = Identity::make(folder.path())?;
        let ports = Ports::free().map_err(|error| failed("find a free port", error))?;
        let of_api = arguments::of_api(folder.path(), &identity, ports.api, ports.client);
        let arguments = Arguments {
            api: [of_api, options.of_api(folder.path())?].concat(),
            etcd: [arguments::of_etcd(folder.path(), ports), options.of_etcd()].concat(),
        };
        let etcd = start(assets, ETCD, &arguments.etcd, folder.path())?;
        let api = start(assets, API, &arguments.api, folder.path())?;
        let programs = Mutex::new(Programs { api, etcd: Some(etcd) });
        let identity = Arc::new(identity);
        Self::begun(Shared { ports, arguments, identity, programs, folder, beside: None }).await
    }

    /// One more API server, which finds the etcd of this one on another port.
    pub(super) async fn start_beside(&self, etcd: u16, options: &ServerOptions) -> Result<Self> {
        let assets = Self::assets()?;
        until_it_starts(|| self.try_start_beside(&assets, etcd, options)).await
    }

    async fn try_start_beside(&self, assets: &Path, etcd: u16, options: &ServerOptions) -> Result<Self> {
        let folder = tempfile::tempdir().map_err(|error| failed("make a folder", error))?;
        let ports = self.shared.ports.beside().map_err(|error| failed("find a free port", error))?;
        let identity = Arc::clone(&self.shared.identity);
        let mut of_api = arguments::of_api(folder.path(), &identity, ports.api, etcd);
        of_api.extend(options.of_api(folder.path())?);
        // The Service of the API leads to the first one.
        of_api.push("--endpoint-reconciler-type=none".to_owned());
        let arguments = Arguments { api: of_api, etcd: Vec::new() };
        let api = start(assets, API, &arguments.api, folder.path())?;
        let programs = Mutex::new(Programs { api, etcd: None });
        Self::begun(Shared { ports, arguments, identity, programs, folder, beside: Some(self.clone()) }).await
    }

    /// A server whose programs have begun, when it is ready.
    async fn begun(shared: Shared) -> Result<Self> {
        let server = Self { shared: Arc::new(shared) };
        let asking = server.client()?;
        let deadline = Instant::now() + PATIENCE;
        while !is_ready(&asking).await {
            server.check_running(Instant::now() > deadline)?;
            sleep(Duration::from_millis(50)).await;
        }
        let text = server.kubeconfig_text(&server.shared.identity.token);
        fs::write(server.kubeconfig(), text).map_err(|error| failed("write a file", error))?;
        Ok(server)
    }

    /// An error with the last words of a program that has ended, or that is too late.
    fn check_running(&self, is_late: bool) -> Result<()> {
        let Programs { api, etcd } = &mut *lock(&self.shared.programs);
        for (name, program) in etcd.iter_mut().map(|etcd| (ETCD, etcd)).chain([(API, api)]) {
            let has_ended = program.has_ended().map_err(|error| failed("look at a program", error))?;
            if has_ended || is_late {
                return Err(Error::new(ErrorKind::Unavailable, "start an API server")
                    .with_context("program", name)
                    .with_message(program.last_words()));
            }
        }
        Ok(())
    }

    /// Kills the API server, as a power cut would, and starts it again over the same etcd; waits until it is ready.
    ///
    /// # Errors
    /// When it cannot be killed or started, or is not ready after two minutes.
    pub async fn restart_api(&self) -> Result<()> {
        let Shared { arguments, programs, folder, .. } = &*self.shared;
        restart(&mut lock(programs).api, API, &arguments.api, folder.path())?;
        self.until_ready().await
    }

    /// Kills etcd, as a power cut would, and starts it again over the same data; waits until the API server is ready.
    ///
    /// # Errors
    /// When it cannot be killed or started, or the API server is not ready after two minutes.
    pub async fn restart_etcd(&self) -> Result<()> {
        let Shared { arguments, programs, folder, beside, .. } = &*self.shared;
        if let Some(owner) = beside {
            Box::pin(owner.restart_etcd()).await?;
        } else if let Some(etcd) = &mut lock(programs).etcd {
            restart(etcd, ETCD, &arguments.etcd, folder.path())?;
        }
        self.until_ready().await
    }

    async fn until_ready(&self) -> Result<()> {
        let asking = self.client()?;
        let deadline = Instant::now() + PATIENCE;
        while !is_ready(&asking).await {
            if Instant::now() > deadline {
                return Err(Error::new(ErrorKind::Unavailable, "start an API server again"));
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// How the administrator reaches it.
    ///
    /// # Panics
    /// Never: what was good at the start stays so.
    pub fn config(&self) -> Config {
        self.config_with(&self.shared.identity.token).expect("it was good at the start")
    }

    /// How the owner of a token reaches it.
    pub(super) fn config_with(&self, token: &str) -> Result<Config> {
        config(self.shared.ports.api, &self.shared.identity, token)
    }

    /// The administrator's client, on the runtime that this is called on.
    ///
    /// # Errors
    /// When TLS is not to be had.
    pub fn client(&self) -> Result<Client> {
        Client::try_from(self.config()).map_err(|error| failed("make a client", error))
    }

    /// The administrator's kubeconfig, for `kubectl --kubeconfig`; there as long as the server.
    pub fn kubeconfig(&self) -> PathBuf {
        self.shared.folder.path().join("kubeconfig")
    }

    /// Where its etcd answers, in the clear and to everybody.
    pub fn etcd(&self) -> String {
        format!("http://127.0.0.1:{}", self.etcd_port())
    }

    /// Who asked for what, one JSON object per line, if [`ServerOptions::audits`] says so; there as long as the server.
    pub fn audit_log(&self) -> PathBuf {
        self.folder().join(AUDIT_LOG)
    }

    /// The port on which its etcd answers.
    pub(super) fn etcd_port(&self) -> u16 {
        self.shared.ports.client
    }

    /// The folder of everything that is only there as long as the server.
    pub(super) fn folder(&self) -> &Path {
        self.shared.folder.path()
    }

    /// The kubeconfig of the owner of a token.
    pub(super) fn kubeconfig_text(&self, token: &str) -> String {
        let Shared { ports, identity, .. } = &*self.shared;
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "envtest", "cluster": {
                "server": format!("https://127.0.0.1:{}", ports.api),
                "certificate-authority": identity.certificate_file,
            } }],
            "users": [{ "name": "user", "user": { "token": token } }],
            "contexts": [{ "name": "envtest", "context": { "cluster": "envtest", "user": "user" } }],
            "current-context": "envtest",
        })
        .to_string()
    }
}

fn config(port: u16, identity: &Identity, token: &str) -> Result<Config> {
    let address: Uri = format!("https://127.0.0.1:{port}").parse().map_err(|error| failed("read an address", error))?;
    let mut config = Config::new(address);
    config.root_cert = Some(vec![identity.certificate.clone()]);
    let user: AuthInfo =
        serde_json::from_value(json!({ "token": token })).map_err(|error| failed("describe a user", error))?;
    config.auth_info = user;
    Ok(config)
}

async fn is_ready(client: &Client) -> bool {
    match Request::get("/readyz").body(Vec::new()) {
        Ok(request) => client.request_text(request).await.is_ok(),
        Err(_) => false,
    }
}

/// Starts a server anew when it ends at once: a port that was free may be somebody else's before the program has it.
async fn until_it_starts<F: Future<Output = Result<Server>>>(try_start: impl Fn() -> F) -> Result<Server> {
    let mut tries = 1;
    loop {
        match try_start().await {
            Err(error) if tries < TRIES => {
                tracing::warn!(error = %error.chain(), "the API server did not start, again");
                tries += 1;
            }
            result => return result,
        }
    }
}

const ETCD: &str = "etcd";
const API: &str = "kube-apiserver";

fn start(assets: &Path, program: &'static str, arguments: &[String], folder: &Path) -> Result<Supervised> {
    Supervised::start(&assets.join(program), arguments, folder)
        .map_err(|error| failed("start a program", error).with_context("program", program))
}

fn lock(programs: &Mutex<Programs>) -> MutexGuard<'_, Programs> {
    programs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills a program and starts another one in its place.
fn restart(running: &mut Supervised, program: &'static str, arguments: &[String], folder: &Path) -> Result<()> {
    let assets = Server::assets()?;
    running.kill().map_err(|error| failed("kill a program", error).with_context("program", program))?;
    *running = start(&assets, program, arguments, folder)?;
    Ok(())
}

fn failed(operation: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Internal, operation).with_source(error)
}
