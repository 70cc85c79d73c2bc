//! Pods on real processes.

mod adopt;
mod bench;
mod crash;
mod end;
mod exec;
mod life;
mod refuse;
mod restart;
mod starve;
mod view;
