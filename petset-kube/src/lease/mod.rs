//! [`Lease`]: one program of many works, by a `Lease` of the cluster.
//!
//! **It is for load, not for safety.** Two controllers at work are safe, and each does what the other one does as well. So a
//! controller that cannot reach its lease goes on until it sees that somebody else has it. No clock of another machine is
//! read: a lease has run out when it did not change for its duration on the clock of whoever waits.
//!
//! ```no_run
//! use std::pin::pin;
//!
//! use petset_core::Controller;
//! use petset_kube::cluster::Cluster;
//! use petset_kube::kube::Client;
//! use petset_kube::lease::Lease;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::try_default().await?;
//! let lease = Lease::new(client.clone(), "default", "shop", std::env::var("HOSTNAME")?);
//! let mut stop = pin!(tokio::signal::ctrl_c()); // one for all: what it hears while sets shut down is not forgotten
//! loop {
//!     let mut term = tokio::select! {
//!         term = lease.acquire(|| println!("somebody else works")) => term,
//!         stopped = &mut stop => return Ok(stopped?),
//!     };
//!     let sets = Controller::new(Cluster::open(client.clone())).spawn();
//!     tokio::select! {
//!         () = term.lost() => sets.shutdown().await, // and wait again
//!         stopped = &mut stop => {
//!             sets.shutdown().await;
//!             term.release().await; // so that nobody has to wait for its end
//!             return Ok(stopped?);
//!         }
//!     }
//! }
//! # }
//! ```
//!
//! It takes the rights to get, create and update `leases` of `coordination.k8s.io`.

mod candidate;
mod term;

pub use candidate::Lease;
pub use term::Term;
