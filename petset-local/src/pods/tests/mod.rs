//! Pods on real processes.

mod adopt;
mod bench;
mod end;
mod life;
mod refuse;
mod restart;
mod view;
