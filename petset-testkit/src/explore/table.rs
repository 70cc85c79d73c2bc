//! Fingerprints of what was seen, each with the one that led to it, in few bytes.

use std::hash::{Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use super::act::Acts;
use super::model::{Controller, Stage, State};

const SHARDS: usize = 64;

/// Packs small values into words before it mixes them: everything that is hashed here fits in a byte.
#[derive(Debug, Default)]
pub(super) struct Mixer {
    sum: u64,
    word: u64,
    filled: u32,
}

impl Mixer {
    fn mix(&mut self) {
        let product = u128::from(self.sum ^ self.word ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93_u128;
        let bytes = product.to_le_bytes();
        let half = |from: usize| u64::from_le_bytes(std::array::from_fn(|at| bytes[from + at]));
        self.sum = half(0) ^ half(8).rotate_left(29) ^ self.sum.rotate_left(17);
        (self.word, self.filled) = (0, 0);
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u8(*byte);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.word |= u64::from(byte) << self.filled;
        self.filled += 8;
        if self.filled == 64 {
            self.mix();
        }
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u8(value.to_le_bytes()[0]);
    }

    fn write_isize(&mut self, value: isize) {
        self.write_u8(value.to_le_bytes()[0]);
    }

    fn finish(&self) -> u64 {
        let mut last = Self { sum: self.sum, word: self.word, filled: self.filled };
        last.mix();
        last.word = u64::from(self.filled);
        last.mix();
        last.sum ^ last.sum >> 31
    }
}

/// The fingerprint of a state. Which controller is the first does not matter.
pub(super) fn fingerprint(state: &State) -> u64 {
    let mut mixer = Mixer::default();
    let State { slots, status, script, removed, flying, controllers, faults, spare } = state;
    (slots, status, script, removed, faults).hash(&mut mixer);
    acts(flying, &mut mixer);
    let mut each = controllers.map(|controller| {
        let mut mixer = Mixer::default();
        controller.stage.hash(&mut mixer);
        if controller.stage != Stage::Idle {
            let Controller { stage: _, stale, script, status, pods, unseen, claims, acts: _, wide, .. } = controller;
            let Controller { read, claims_read, moved, ended, claim_ended, .. } = controller;
            (stale, script, status, pods, claims, moved, ended, claim_ended).hash(&mut mixer);
            if read | claims_read > 0 || unseen || wide {
                (read, claims_read, unseen, wide).hash(&mut mixer);
            }
            acts(&controller.acts, &mut mixer);
        }
        mixer.finish()
    });
    each.sort_unstable();
    for part in each {
        mixer.write(&part.to_le_bytes());
    }
    if *spare > 0 {
        mixer.write_u8(*spare);
    }
    mixer.finish().max(1)
}

fn acts<const N: usize>(acts: &Acts<N>, mixer: &mut Mixer) {
    mixer.write_usize(acts.len());
    acts.iter().for_each(|act| act.hash(mixer));
}

/// All that was seen. Several threads may add at once.
#[derive(Debug)]
pub(super) struct Seen {
    shards: Vec<Mutex<Shard>>,
}

#[derive(Debug)]
struct Shard {
    entries: Vec<(u64, u64)>,
    len: usize,
}

impl Seen {
    pub(super) fn new() -> Self {
        let shard = || Mutex::new(Shard { entries: vec![(0, 0); 256], len: 0 });
        Self { shards: (0..SHARDS).map(|_| shard()).collect() }
    }

    /// Adds a fingerprint; false when it was there.
    pub(super) fn insert(&self, fingerprint: u64, from: u64) -> bool {
        self.shard(fingerprint).lock().unwrap_or_else(PoisonError::into_inner).insert(fingerprint, from)
    }

    /// What led to it; 0 for the first.
    pub(super) fn parent(&self, fingerprint: u64) -> u64 {
        let shard = self.shard(fingerprint).lock().unwrap_or_else(PoisonError::into_inner);
        shard.entries[shard.find(fingerprint)].1
    }

    fn shard(&self, fingerprint: u64) -> &Mutex<Shard> {
        &self.shards[usize::try_from(fingerprint >> 58).expect("six bits")]
    }
}

impl Shard {
    fn find(&self, fingerprint: u64) -> usize {
        let mask = self.entries.len() - 1;
        let mut at = usize::try_from(fingerprint & u64::from(u32::MAX)).expect("32 bits") & mask;
        while self.entries[at].0 != 0 && self.entries[at].0 != fingerprint {
            at = (at + 1) & mask;
        }
        at
    }

    fn insert(&mut self, fingerprint: u64, from: u64) -> bool {
        let at = self.find(fingerprint);
        if self.entries[at].0 != 0 {
            return false;
        }
        self.entries[at] = (fingerprint, from);
        self.len += 1;
        if self.len * 4 > self.entries.len() * 3 {
            let bigger = vec![(0, 0); self.entries.len() * 2];
            for entry in std::mem::replace(&mut self.entries, bigger).into_iter().filter(|entry| entry.0 != 0) {
                let at = self.find(entry.0);
                self.entries[at] = entry;
            }
        }
        true
    }
}
