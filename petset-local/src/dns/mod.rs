//! A DNS server for the names of pets, on addresses of this machine.
//!
//! [`Zone`] is the data: what every name means, built level by level from each set's whole
//! [`RecordSet`](petset_core::backend::RecordSet). [`SharedZone`] is the handle that a resolver writes and
//! [`DnsServer`] reads. Nothing here knows where pods run.
//!
//! ```
//! use petset_core::backend::{PetName, RecordSet, ServiceName};
//! use petset_core::{Ordinal, SetKey};
//! use petset_local::dns::{DnsOptions, DnsServer, SharedZone};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> petset_core::Result<()> {
//! let zone = SharedZone::new("cluster.local");
//! let server = DnsServer::bind(&["127.0.0.1:0".parse().unwrap()], DnsOptions::default(), zone.clone()).await?;
//! let governing = ServiceName { name: "web".into(), ..ServiceName::default() };
//! let pet = PetName { ordinal: Ordinal(0), hostname: "web-0".into(), address: [127, 80, 0, 1].into(), ready: true };
//! zone.put(
//!     &SetKey::new("default", "web"),
//!     &RecordSet { governing: Some(governing), services: vec![], pets: vec![pet] },
//! );
//! // From now on `dig @127.0.0.1 -p <port> web-0.web.default.svc.cluster.local` answers 127.80.0.1.
//! assert_ne!(server.local_addr().port(), 0);
//! server.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod answer;
mod forward;
mod handler;
mod lookup;
mod packet;
mod reverse;
mod server;
mod shared;
mod zone;

pub use lookup::{Found, Target};
#[doc(hidden)]
pub use packet::answer_packet;
pub use server::{DnsOptions, DnsServer};
pub use shared::SharedZone;
pub use zone::Zone;
