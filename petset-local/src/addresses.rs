//! [`LocalAddresses`]: one loopback address per pet, for life.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use petset_core::{Error, ErrorKind, Ordinal, Result, SetKey};
use serde::{Deserialize, Serialize};

use crate::files;
use crate::seams::AddressBook;

const FILE: &str = "addresses.json";
/// Blocks below are left to people: 127.0.0.1, 127.0.0.53 and the like.
const FIRST_BLOCK: u8 = 64;
const LAST_BLOCK: u8 = 254;
/// The third number of the addresses that a node keeps for itself.
const OWN: u8 = 255;
/// A port that a node holds on its own address for as long as it runs; that is the claim on the block.
const CLAIM_PORT: u16 = 6353;

/// Gives every pet of this node a loopback address of its own, `127.B.x.y`, that it keeps for life: across restarts, and
/// when a set is deleted and made again under the same name.
///
/// Each node has a block `127.B.0.0/16` for itself, also kept for life. While the node runs it holds a UDP socket on an
/// address of the block, so that two nodes of one machine never share one, whoever runs them.
#[derive(Debug)]
pub struct LocalAddresses {
    path: PathBuf,
    book: Mutex<Book>,
    taken: Mutex<BTreeSet<u16>>,
    block: u8,
    _claim: UdpSocket,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    block: u8,
    /// `namespace/set/ordinal` → address.
    pets: BTreeMap<String, Ipv4Addr>,
}

impl LocalAddresses {
    /// Opens the address book of the node in `dir`, and claims the node's block.
    ///
    /// # Errors
    /// `Locked` when another process holds the block, `Corrupt` when the book cannot be read, `Exhausted` when every
    /// block of the machine is held.
    pub fn open(dir: &Path) -> Result<Self> {
        let dir = dir.canonicalize().map_err(|error| files::failed("open the address book", dir, error))?;
        let path = dir.join(FILE);
        let (book, claim) = if let Some(book) = read(&path)? {
            let claim = claim(book.block).map_err(|error| not_claimed(book.block, error))?;
            (book, claim)
        } else {
            let (block, claim) = first_free(&dir)?;
            let book = Book { block, pets: BTreeMap::new() };
            write(&path, &book)?;
            (book, claim)
        };
        let taken = check(&path, &book)?;
        Ok(Self { path, block: book.block, book: Mutex::new(book), taken: Mutex::new(taken), _claim: claim })
    }

    /// The address of the node's own DNS server, `127.B.255.53`; no pet ever gets it.
    pub fn dns_address(&self) -> Ipv4Addr {
        dns_address(self.block)
    }

    /// The pet's address, given at the first call and kept for life.
    ///
    /// # Errors
    /// `Exhausted` when the block is full.
    pub fn address(&self, set: &SetKey, ordinal: Ordinal) -> Result<Ipv4Addr> {
        let name = format!("{set}/{ordinal}");
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(address) = book.pets.get(&name) {
            return Ok(*address);
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(host) = next_free(&taken) else {
            return Err(Error::new(ErrorKind::Exhausted, "give a pet an address")
                .with_context("set", set)
                .with_context("ordinal", ordinal)
                .with_message(format!(
                    "all {} addresses of the block 127.{}.0.0/16 are given",
                    taken.len(),
                    self.block
                )));
        };
        let [third, fourth] = host.to_be_bytes();
        let address = Ipv4Addr::new(127, self.block, third, fourth);
        book.pets.insert(name.clone(), address);
        if let Err(error) = write(&self.path, &book) {
            book.pets.remove(&name);
            return Err(error);
        }
        taken.insert(host);
        Ok(address)
    }
}

impl AddressBook for LocalAddresses {
    fn address_of(&self, set: &SetKey, ordinal: Ordinal) -> Result<IpAddr> {
        self.address(set, ordinal).map(IpAddr::V4)
    }
}

fn dns_address(block: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, block, OWN, 53)
}

fn is_for_pets(host: u16) -> bool {
    let [third, fourth] = host.to_be_bytes();
    third != OWN && fourth != 0 && fourth != 255
}

/// The address after the highest that was ever given; when the end is reached, the lowest that was not.
fn next_free(taken: &BTreeSet<u16>) -> Option<u16> {
    let after = taken.last().map_or(1, |last| last.saturating_add(1));
    (after..=u16::MAX).chain(1..after).find(|host| is_for_pets(*host) && !taken.contains(host))
}

fn claim(block: u8) -> io::Result<UdpSocket> {
    UdpSocket::bind((dns_address(block), CLAIM_PORT))
}

fn not_claimed(block: u8, error: io::Error) -> Error {
    let (kind, message) = if error.kind() == io::ErrorKind::AddrInUse {
        (ErrorKind::Locked, "another process holds it; a data directory that was copied must run on another machine")
    } else {
        (ErrorKind::Unavailable, "this machine has no such loopback addresses")
    };
    Error::new(kind, "claim the node's addresses")
        .with_context("block", format_args!("127.{block}.0.0/16"))
        .with_context("held by", format_args!("udp {}:{CLAIM_PORT}", dns_address(block)))
        .with_message(message)
        .with_source(error)
}

/// The first block that nobody holds, from the one that the directory's path points at.
fn first_free(dir: &Path) -> Result<(u8, UdpSocket)> {
    let blocks = LAST_BLOCK - FIRST_BLOCK + 1;
    let start = u8::try_from(hash(dir) % u64::from(blocks)).unwrap_or(0);
    for step in 0..blocks {
        let offset = (u16::from(start) + u16::from(step)) % u16::from(blocks);
        let block = FIRST_BLOCK + u8::try_from(offset).unwrap_or(0);
        match claim(block) {
            Ok(socket) => return Ok((block, socket)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(not_claimed(block, error)),
        }
    }
    Err(Error::new(ErrorKind::Exhausted, "claim the node's addresses").with_message(format!(
        "udp port {CLAIM_PORT} is held in every block from 127.{FIRST_BLOCK}.0.0/16 to 127.{LAST_BLOCK}.0.0/16"
    )))
}

/// FNV-1a: the same on every machine and in every version, unlike the standard library's.
fn hash(path: &Path) -> u64 {
    path.as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn read(path: &Path) -> Result<Option<Book>> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| corrupt(path).with_source(error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(files::failed("read the address book", path, error)),
    }
}

/// The host parts of all given addresses; each must be of the block and given once.
fn check(path: &Path, book: &Book) -> Result<BTreeSet<u16>> {
    let mut taken = BTreeSet::new();
    for (pet, address) in &book.pets {
        let [first, second, third, fourth] = address.octets();
        let host = u16::from_be_bytes([third, fourth]);
        if (first, second) != (127, book.block) || !is_for_pets(host) || !taken.insert(host) {
            return Err(corrupt(path)
                .with_message(format!("the address {address} of {pet} is not of the node's block, or given twice")));
        }
    }
    Ok(taken)
}

fn corrupt(path: &Path) -> Error {
    Error::new(ErrorKind::Corrupt, "read the address book").with_context("path", path.display())
}

fn write(path: &Path, book: &Book) -> Result<()> {
    let bytes = serde_json::to_vec_pretty(book)
        .map_err(|error| Error::new(ErrorKind::Internal, "write the address book").with_source(error))?;
    files::write_durably(path, &bytes).map_err(|error| files::failed("write the address book", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str) -> SetKey {
        SetKey::new("default", name)
    }

    #[test]
    fn an_address_is_for_life_also_across_restarts() {
        let dir = tempfile::tempdir().unwrap();
        let first = LocalAddresses::open(dir.path()).unwrap();
        let given: Vec<_> = (0..300).map(|n| first.address(&set("web"), Ordinal(n)).unwrap()).collect();
        let distinct: BTreeSet<_> = given.iter().collect();
        assert_eq!(distinct.len(), given.len());
        let dns = first.dns_address();
        assert!(!given.contains(&dns));
        drop(first);

        let second = LocalAddresses::open(dir.path()).unwrap();
        assert_eq!(second.dns_address(), dns);
        let other = second.address(&set("web-1"), Ordinal(0)).unwrap();
        assert!(!given.contains(&other));
        assert_ne!(second.address(&SetKey::new("prod", "web"), Ordinal(0)).unwrap(), given[0]);
        for (n, address) in given.iter().enumerate() {
            assert_eq!(second.address(&set("web"), Ordinal(u32::try_from(n).unwrap())).unwrap(), *address);
        }
    }

    #[test]
    fn two_nodes_never_share_a_block() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = LocalAddresses::open(one.path()).unwrap();
        // A copied data directory has the same block on record.
        std::fs::copy(one.path().join(FILE), two.path().join(FILE)).unwrap();
        let error = LocalAddresses::open(two.path()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
        // A new one whose path points at a held block takes the next free.
        std::fs::remove_file(two.path().join(FILE)).unwrap();
        let start = u8::try_from(hash(&two.path().canonicalize().unwrap()) % 191).unwrap() + FIRST_BLOCK;
        let held = claim(start);
        let second = LocalAddresses::open(two.path()).unwrap();
        assert_ne!(second.block, first.block);
        assert_ne!(second.block, start);
        drop(held);
        drop(first);
    }

    #[test]
    fn a_damaged_book_is_an_error_and_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        for text in
            ["{", r#"{"block":70,"pets":{"a/b/0":"127.70.255.53"}}"#, r#"{"block":70,"pets":{"a/b/0":"10.0.0.1"}}"#]
        {
            std::fs::write(&path, text).unwrap();
            assert_eq!(LocalAddresses::open(dir.path()).unwrap_err().kind(), ErrorKind::Corrupt);
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_full_block_is_exhausted_and_keeps_clear_of_the_nodes_own() {
        let dir = tempfile::tempdir().unwrap();
        let book = LocalAddresses::open(dir.path()).unwrap();
        let mut all = BTreeSet::new();
        while let Some(host) = next_free(&all) {
            all.insert(host);
        }
        assert_eq!(all.len(), 255 * 254);
        assert!(all.iter().all(|host| host.to_be_bytes()[0] != OWN));
        *book.taken.lock().unwrap() = all;
        let error = book.address(&set("web"), Ordinal(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Exhausted, "{error}");
    }
}
