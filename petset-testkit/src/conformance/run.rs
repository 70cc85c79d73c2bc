//! Running the cases as a test program.

use std::any::Any;
use std::fmt::Write as _;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use petset_core::Result;

use super::bench::{Bench, Outcome, Stop};
use super::case::{Case, Part, cases};
use super::subject::Subject;
use crate::seed;

const PARTS: [Part; 4] = [Part::Pods, Part::Volumes, Part::Names, Part::Store];

/// So many requests of a case can be under way at the very same time.
const THREADS: usize = 2;

type Factory = Arc<dyn Fn() -> BoxFuture<'static, Result<Subject>> + Send + Sync>;

/// Runs every case over subjects that `subject` makes, one for each case, with the arguments of the command line.
///
/// ```no_run
/// use petset_testkit::conformance::{self, Subject};
///
/// fn main() -> std::process::ExitCode {
///     conformance::run(|| async { Ok(Subject::new()) })
/// }
/// ```
pub fn run<F>(subject: impl Fn() -> F + Send + Sync + 'static) -> ExitCode
where
    F: Future<Output = Result<Subject>> + Send + 'static,
{
    Suite::new().subject("", subject).run()
}

/// The cases over several subjects, as one test program.
#[derive(Default)]
pub struct Suite {
    subjects: Vec<(String, Factory)>,
}

impl Suite {
    /// Over nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also over the subjects that `subject` makes; `name` goes before the names of their cases.
    #[must_use]
    pub fn subject<F>(mut self, name: &str, subject: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Subject>> + Send + 'static,
    {
        self.subjects.push((name.to_owned(), Arc::new(move || subject().boxed())));
        self
    }

    /// Runs everything with the arguments of the command line.
    #[expect(clippy::print_stderr, reason = "a test program says its seed, and what it leaves out")]
    pub fn run(self) -> ExitCode {
        let arguments = Arguments::from_args();
        let seed = seed::from_env();
        if !arguments.list {
            eprintln!("PETSET_SEED={seed}");
        }
        let mut trials = Vec::new();
        for (name, factory) in self.subjects {
            let said = if name.is_empty() { String::new() } else { format!("{name}: ") };
            let probed = block_on(look(&factory));
            let parts = match probed {
                Ok(parts) => parts,
                Err(Stop::Skipped(why) | Stop::Failed(why)) => {
                    eprintln!("{said}no subject: {why}");
                    return ExitCode::FAILURE;
                }
            };
            for part in PARTS {
                if !parts.contains(&part) && !arguments.list {
                    eprintln!("{said}no cases of {part}: the subject has none", part = part.name());
                }
            }
            let of_subject = cases().into_iter().filter(|case| parts.contains(&case.part()));
            trials.extend(of_subject.map(|case| trial(&name, case, seed, Arc::clone(&factory))));
        }
        libtest_mimic::run(&arguments, trials).exit_code()
    }
}

impl std::fmt::Debug for Suite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.subjects.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Suite").field("subjects", &names).finish()
    }
}

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The subject does what the case asks for.
    Passed,
    /// It was not run, or not to its end, for this reason.
    Skipped(String),
    /// The subject does something else, told in these words.
    Failed(String),
}

/// Runs one case over a subject that `subject` makes, and says what came of it. For tests of a suite or of a backend that
/// is wrong on purpose: a case that nothing fails shows nothing.
///
/// ```
/// use std::sync::Arc;
///
/// use petset_core::store::MemoryStore;
/// use petset_testkit::conformance::{Subject, Verdict, cases, judge};
///
/// let case = cases().into_iter().find(|case| case.name() == "store_get_sees_own_writes").unwrap();
/// let verdict = judge(case, || async { Ok(Subject::new().store(Arc::new(MemoryStore::new()))) });
/// assert_eq!(verdict, Verdict::Passed);
/// ```
///
/// # Panics
/// When the subject has not the part that the case is about, or within a runtime.
pub fn judge<F>(case: Case, subject: impl Fn() -> F + Send + Sync + 'static) -> Verdict
where
    F: Future<Output = Result<Subject>> + Send + 'static,
{
    let factory: Factory = Arc::new(move || subject().boxed());
    let tag = tag(seed::from_env(), case.name());
    match block_on(run_case(case, &factory, tag)) {
        Ok(()) => Verdict::Passed,
        Err(Stop::Skipped(why)) => Verdict::Skipped(why),
        Err(Stop::Failed(why)) => Verdict::Failed(why),
    }
}

/// What a subject has, to know which cases there are. The subject ends here: it may need the runtime for that.
async fn look(factory: &Factory) -> Outcome<Vec<Part>> {
    let subject = factory().await?;
    subject.parts.hands.clean_up().await?;
    Ok(PARTS.into_iter().filter(|part| part.is_in(&subject)).collect())
}

fn trial(subject: &str, case: Case, seed: u64, factory: Factory) -> Trial {
    let mut name = String::new();
    if !subject.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(name, "{subject}::");
    }
    let _ = write!(name, "{}::{}", case.part().name(), case.name());
    let tag = tag(seed, &name);
    Trial::ignorable_test(name, move || match block_on(run_case(case, &factory, tag)) {
        Ok(()) => Ok(Completion::Completed),
        Err(Stop::Skipped(why)) => Ok(Completion::ignored_with(why)),
        Err(Stop::Failed(why)) => Err(Failed::from(why)),
    })
}

async fn run_case(case: Case, factory: &Factory, tag: String) -> Outcome {
    let subject = factory().await?;
    let limit = subject.patience * 4;
    let missing = case.missing(&subject);
    let bench = Bench::new(subject, tag);
    let outcome = match missing {
        Some(why) => Err(Stop::Skipped(why.to_owned())),
        None => contained(limit, case.run(&bench)).await,
    };
    // Each in its own time: the author may still get rid of what the traits cannot.
    let left = [contained(limit, bench.tidy()).await, contained(limit, bench.clean_up()).await];
    let left: Vec<String> = left.into_iter().filter_map(|tidied| tidied.err().map(Stop::into_words)).collect();
    if left.is_empty() {
        return outcome;
    }
    let also = format!("it could not be tidied up: {}", left.join("; "));
    Err(Stop::Failed(match outcome {
        Err(Stop::Failed(why)) => format!("{why}\nand {also}"),
        Ok(()) | Err(Stop::Skipped(_)) => also,
    }))
}

/// What came of it, also when it panics or hangs.
async fn contained(limit: Duration, work: impl Future<Output = Outcome> + Send) -> Outcome {
    match tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(Stop::Failed(told(panic.as_ref()))),
        Err(_) => Err(Stop::Failed(format!("it did not end within {limit:?}"))),
    }
}

fn told(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked without a word").to_owned()
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    // What a case spawns to happen at the same time does so.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
    runtime.expect("a thread can have a runtime").block_on(work)
}

/// Six letters and digits that another case, or another run, does not have.
fn tag(seed: u64, name: &str) -> String {
    format!("{:06x}", seed::hash(seed, name) & 0x00ff_ffff)
}

#[cfg(test)]
mod tests {
    use petset_core::SetKey;
    use petset_core::spec::{ConfigMap, ConfigObject, PodTemplate};
    use petset_core::store::SetStore;

    use super::*;
    use crate::FakeWorld;
    use crate::conformance::Hands;

    #[test]
    fn names_repeat_with_their_seed_and_only_then() {
        assert_eq!(tag(7, "pods::a"), tag(7, "pods::a"));
        assert_ne!(tag(7, "pods::a"), tag(8, "pods::a"));
        assert_ne!(tag(7, "pods::a"), tag(7, "pods::b"));
    }

    async fn leaves_much_behind(bench: &Bench) -> Outcome {
        for name in ["a", "b"] {
            let set = bench.set(name);
            bench.run(&set, 0, PodTemplate::default()).await?;
            let mut map = ConfigMap::default();
            (map.metadata.namespace, map.metadata.name) = (set.namespace.to_string(), set.name.to_string());
            bench.store().put_object(ConfigObject::ConfigMap(map)).await?;
        }
        panic!("the words");
    }

    #[test]
    fn what_a_failed_case_leaves_goes_and_one_failure_keeps_nothing_else() {
        let world = FakeWorld::new();
        world.damage_pods(&SetKey::new("default", "a-tag"));
        let over = world.clone();
        let factory: Factory = Arc::new(move || {
            let subject = Subject::new().pods(Arc::new(over.pods())).store(Arc::new(over.store()));
            async move { Ok(subject) }.boxed()
        });
        let case = Case::new(Part::Store, "leaves_much_behind", &[], |bench| Box::pin(leaves_much_behind(bench)));
        let Err(Stop::Failed(why)) = block_on(run_case(case, &factory, "tag".to_owned())) else {
            panic!("it fails");
        };
        assert!(why.starts_with("the words\nand it could not be tidied up: pods of default/a-tag: "), "{why}");
        assert_eq!(world.sets(), [SetKey::new("default", "a-tag")]);
        assert_eq!(block_on(world.store().objects("default")).expect("memory can be read"), []);
    }

    #[derive(Debug)]
    struct NeedsARuntime;

    impl Hands for NeedsARuntime {}

    impl Drop for NeedsARuntime {
        fn drop(&mut self) {
            tokio::spawn(async {});
        }
    }

    #[test]
    fn a_subject_ends_where_it_may_spawn() {
        let factory: Factory = Arc::new(|| async { Ok(Subject::new().hands(Arc::new(NeedsARuntime))) }.boxed());
        assert!(matches!(block_on(look(&factory)), Ok(parts) if parts.is_empty()));
    }

    #[test]
    fn a_panic_is_a_failure_with_its_words() {
        let outcome = block_on(contained(Duration::from_secs(1), async { panic!("the words") }));
        assert!(matches!(outcome, Err(Stop::Failed(why)) if why == "the words"));
    }
}
