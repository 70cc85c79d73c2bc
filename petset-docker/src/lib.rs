#![doc = include_str!("../README.md")]

mod background;
mod client;
mod labels;
pub mod names;
mod networks;
pub mod node;
pub mod pods;
mod records;
mod together;
pub mod volumes;
