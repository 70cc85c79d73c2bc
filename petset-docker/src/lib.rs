#![doc = include_str!("../README.md")]

mod client;
mod labels;
mod networks;
pub mod node;
pub mod pods;
mod records;
mod seams;
