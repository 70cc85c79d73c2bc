//! The example's backend, under the suite that every backend is held to.

#[path = "../../examples/custom_backend/book.rs"]
mod book;
#[path = "../../examples/custom_backend/dirs.rs"]
mod dirs;
mod subject;
#[path = "../../examples/custom_backend/tasks.rs"]
mod tasks;
#[path = "../../examples/custom_backend/template.rs"]
mod template;

fn main() -> std::process::ExitCode {
    petset_testkit::conformance::run(subject::subject)
}
