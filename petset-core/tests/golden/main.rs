//! Golden plans: each `<name>.in` is a little story in the language of [`script`], and `<name>.out` is what the planner
//! answered. `PETSET_BLESS=1` writes the answers anew; whoever blesses reads them line by line against the
//! specification, because a wrong answer that is checked in is worse than none.

#[path = "../common/mod.rs"]
mod common;
mod render;
mod script;
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let (names, leftovers) = scenarios(&folder);
    let mut trials: Vec<Trial> = names
        .into_iter()
        .map(|name| {
            let folder = folder.clone();
            Trial::test(name.clone(), move || check(&folder, &name))
        })
        .collect();
    trials.push(Trial::test("no_file_is_left_over", move || match leftovers.as_slice() {
        [] => Ok(()),
        files => Err(Failed::from(format!("no scenario reads these files: {files:?}"))),
    }));
    libtest_mimic::run(&arguments, trials).exit();
}

/// The names of all scenarios, and every file that belongs to none.
fn scenarios(folder: &Path) -> (BTreeSet<String>, Vec<PathBuf>) {
    let files = fs::read_dir(folder).expect("the folder of the golden plans is part of the repository");
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("a folder can be read to its end").path()).collect();
    paths.sort();
    let has = |path: &Path, extension: &str| path.extension().is_some_and(|found| found == extension);
    let stem = |path: &Path| path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    let names: BTreeSet<String> = paths.iter().filter(|path| has(path, "in")).map(|path| stem(path)).collect();
    let left = |path: &&PathBuf| {
        let belongs = has(path, "in") || has(path, "rs") || (has(path, "out") && names.contains(&stem(path)));
        !belongs
    };
    let leftovers = paths.iter().filter(left).cloned().collect();
    (names, leftovers)
}

fn check(folder: &Path, name: &str) -> Result<(), Failed> {
    let (input, output) = (folder.join(format!("{name}.in")), folder.join(format!("{name}.out")));
    let got = script::run(&fs::read_to_string(input)?)?;
    if std::env::var_os("PETSET_BLESS").is_some() {
        return Ok(fs::write(output, got)?);
    }
    let wanted =
        fs::read_to_string(output).map_err(|error| format!("{name}.out: {error}; PETSET_BLESS=1 writes it"))?;
    if got == wanted {
        return Ok(());
    }
    let (at, found) =
        got.lines().enumerate().find(|(at, line)| wanted.lines().nth(*at) != Some(line)).unwrap_or_default();
    Err(format!("{name}.out differs from line {} on, found: {found}\n--- now ---\n{got}", at + 1).into())
}
