//! [`Arguments`]: what the program is told.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{ArgGroup, Parser, ValueEnum};
use tracing_subscriber::filter::Targets;

/// What the program is told.
#[derive(Debug, Parser)]
#[command(name = "petset-controller", version, about = "Keeps sets of pets alive on a Kubernetes cluster.", long_about = None)]
#[command(group = ArgGroup::new("kinds").args(["petsets", "statefulsets"]).required(true).multiple(true))]
pub(crate) struct Arguments {
    /// Work on `PetSet` resources (petset.rs/v1).
    #[arg(long)]
    pub(crate) petsets: bool,

    /// Work on `StatefulSet` resources (apps/v1), all of them, in the place of kube-controller-manager, which is to run with
    /// `--controllers=*,-statefulset`.
    #[arg(long)]
    pub(crate) statefulsets: bool,

    /// Work in this namespace only, with rights in it only; in all of them unless said.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) namespace: Option<String>,

    /// How to reach the cluster; unless said the kubeconfig of this user, or the service account of the pod that this runs
    /// in.
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,

    /// How many sets are worked on at once.
    #[arg(long, value_name = "SETS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) concurrency: u16,

    /// Ask the API server for at most so much; without a limit unless said, because servers share themselves out fairly.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) requests_per_second: Option<NonZeroU64>,

    /// The domain of the cluster's names.
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    pub(crate) cluster_domain: String,

    /// Work only while this holds the lease, so that a second one waits. It saves work and is not needed for safety.
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) leader_elect: bool,

    /// The name of the lease.
    #[arg(long, value_name = "NAME", default_value = "petset-controller")]
    pub(crate) lease: String,

    /// The namespace of the lease; unless said the one of --namespace, else the one that the kubeconfig or the service
    /// account names.
    #[arg(long, value_name = "NAME")]
    pub(crate) lease_namespace: Option<String>,

    /// Where /healthz, /readyz and /metrics are served.
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    pub(crate) listen: SocketAddr,

    /// How log lines are written.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    /// Which log lines are written, by level and module: `info`, `info,petset_core=debug`.
    #[arg(long, value_name = "FILTER", default_value = "info")]
    pub(crate) log: Targets,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_make_sense() {
        Arguments::command().debug_assert();
        let arguments = Arguments::try_parse_from(["petset-controller", "--petsets"]).expect("they are enough");
        assert_eq!((arguments.petsets, arguments.statefulsets, arguments.leader_elect), (true, false, true));
        let both =
            Arguments::try_parse_from(["petset-controller", "--petsets", "--statefulsets"]).expect("so are both");
        assert!(both.petsets && both.statefulsets);
    }

    #[test]
    fn bad_arguments_are_named() {
        for (arguments, words) in [
            (&["--namespace=default"][..], "--petsets"),
            (&["--petsets", "--concurrency=0"], "--concurrency"),
            (&["--petsets", "--namespace="], "--namespace"),
            (&["--petsets", "--listen=8080"], "--listen"),
            (&["--petsets", "--log=petset_core=loud"], "--log"),
            (&["--petsets", "--requests-per-second=0"], "--requests-per-second"),
        ] {
            let all = ["petset-controller"].iter().chain(arguments);
            let error = Arguments::try_parse_from(all).expect_err("they make no sense").to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
