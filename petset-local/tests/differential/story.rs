//! [`Step`]: what is asked of both, by words that mean the same to both.

use petset_testkit::seed::Dice;

/// Two sets whose claims can want the same name, and one whose pods look like pods of the first.
pub(crate) const SETS: [&str; 3] = ["y", "x-y", "y-1"];
const TEMPLATES: [&str; 2] = ["www", "www-x"];
const OWNERS: [&str; 2] = ["life-1", "life-2"];
pub(crate) const SERVICES: [&str; 2] = ["pets", "all"];

/// What a pod runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Ready,
    NeverReady,
    /// Is asked to end, and does not within this test.
    Stubborn,
    Refused,
}

/// Which incarnation or life a request names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    Current,
    Former,
    Stranger,
}

/// Which version a request names.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen {
    Any,
    Current,
    Old,
}

/// One request, or one after the other.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Create {
        set: &'static str,
        ordinal: u32,
        owner: &'static str,
        program: Program,
        claims: Vec<&'static str>,
        /// Which life of each claim it names, if it names one.
        life: Option<Which>,
    },
    Delete {
        set: &'static str,
        ordinal: u32,
        which: Which,
        seen: Seen,
        grace: Option<u32>,
    },
    Update {
        set: &'static str,
        ordinal: u32,
        which: Which,
        seen: Seen,
        change: PodEdit,
    },
    Provision {
        set: &'static str,
        ordinal: u32,
        template: &'static str,
        mebibytes: u64,
        pooled: bool,
    },
    ChangeClaim {
        set: &'static str,
        ordinal: u32,
        template: &'static str,
        which: Which,
        change: ClaimEdit,
    },
    DeleteClaim {
        set: &'static str,
        ordinal: u32,
        template: &'static str,
        which: Which,
    },
    Publish {
        set: &'static str,
        governing: Option<&'static str>,
        service: bool,
        not_ready: bool,
        pets: Vec<(u32, bool)>,
    },
    Withdraw {
        set: &'static str,
    },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum PodEdit {
    Nothing,
    SetLabel(&'static str),
    RemoveLabel,
    Annotate(&'static str),
    Own(Option<&'static str>),
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum ClaimEdit {
    Own(Option<&'static str>),
    Resize(u64),
}

/// At most 50 steps from these dice; most stories are short.
pub(crate) fn story(dice: &mut Dice) -> Vec<Step> {
    let longest = if dice.below(8) == 0 { 46 } else { 16 };
    let steps = 4 + dice.below(longest + 1);
    (0..steps).map(|_| step(dice)).collect()
}

fn step(dice: &mut Dice) -> Step {
    // The first set is spoken of most, so that requests meet.
    let set = SETS[[0, 0, 0, 1, 2][index(dice, 5)]];
    let ordinal = [0, 0, 1][index(dice, 3)];
    let template = *dice.pick(&TEMPLATES);
    match dice.below(20) {
        0..=4 => Step::Create {
            set,
            ordinal,
            owner: dice.pick::<&'static str>(&OWNERS),
            program: [
                Program::Ready,
                Program::Ready,
                Program::Ready,
                Program::NeverReady,
                Program::Stubborn,
                Program::Refused,
            ][index(dice, 6)],
            claims: if dice.below(2) == 0 { Vec::new() } else { vec![template] },
            life: if dice.below(2) == 0 { None } else { Some(which(dice)) },
        },
        5..=7 => Step::Delete {
            set,
            ordinal,
            which: which(dice),
            seen: seen(dice),
            grace: [None, Some(5), Some(600)][index(dice, 3)],
        },
        8..=9 => Step::Update { set, ordinal, which: which(dice), seen: seen(dice), change: pod_edit(dice) },
        10..=12 => Step::Provision {
            set,
            ordinal,
            template,
            mebibytes: [0, 1, 2][index(dice, 3)].max(dice.below(2)),
            pooled: dice.below(5) == 0,
        },
        13..=14 => Step::ChangeClaim {
            set,
            ordinal,
            template,
            which: which(dice),
            change: match dice.below(2) {
                0 => ClaimEdit::Own(*dice.pick(&[None, Some(OWNERS[0]), Some(OWNERS[1])])),
                _ => ClaimEdit::Resize(dice.below(4)),
            },
        },
        15..=16 => Step::DeleteClaim { set, ordinal, template, which: which(dice) },
        17..=18 => Step::Publish {
            set,
            governing: *dice.pick(&[None, Some(SERVICES[0]), Some(SERVICES[0])]),
            service: dice.below(2) == 0,
            not_ready: dice.below(2) == 0,
            pets: (0..3).filter(|_| dice.below(3) > 0).map(|ordinal| (ordinal, ordinal != 1)).collect(),
        },
        _ => Step::Withdraw { set },
    }
}

fn index(dice: &mut Dice, of: usize) -> usize {
    let all: Vec<usize> = (0..of).collect();
    *dice.pick(&all)
}

fn which(dice: &mut Dice) -> Which {
    [Which::Current, Which::Current, Which::Current, Which::Former, Which::Stranger][index(dice, 5)]
}

fn seen(dice: &mut Dice) -> Seen {
    [Seen::Any, Seen::Current, Seen::Old][index(dice, 3)]
}

fn pod_edit(dice: &mut Dice) -> PodEdit {
    [
        PodEdit::Nothing,
        PodEdit::SetLabel("one"),
        PodEdit::SetLabel("two"),
        PodEdit::RemoveLabel,
        PodEdit::Annotate("three"),
        PodEdit::Own(None),
        PodEdit::Own(Some(OWNERS[1])),
    ][index(dice, 7)]
}
