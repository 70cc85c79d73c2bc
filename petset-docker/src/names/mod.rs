//! [`DockerNames`]: how pets are found from inside containers.
//!
//! Every container asks the engine's own name server, `127.0.0.11`. That one knows the aliases that a pet's sandbox was
//! given when it was made, and sends everything else on to the servers that the sandbox was given: first ours, which
//! listens on the gateway of the namespace's network, then those of this machine.
//!
//! | name | answered by | while no controller runs |
//! |---|---|---|
//! | `<pet>`, `<pet>.<service>` and so on to the full name | the engine, from the moment the pet runs | resolves |
//! | `<service>` and so on to the full name, its `SRV` records | us: ready pets, or all where the service says so | fails |
//! | the name of an address (`PTR`) | the engine: the sandbox's name and the network's | resolves |
//! | names of others | the servers of this machine | resolves |
//!
//! A name has one authority, never two. A service's name is no alias, because the engine would answer it with pets that
//! are not ready. A pet's own name is one, so that pets find each other whatever becomes of the controller; the price is
//! that it resolves before the pet is ready, also where its service does not publish such pets.

mod attach;
mod machine;
mod options;
mod resolver;
mod serve;
mod servers;

pub use resolver::DockerNames;

pub(crate) use attach::Attachment;
pub(crate) use options::NameOptions;
