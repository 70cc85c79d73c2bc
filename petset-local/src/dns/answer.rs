//! From a question to the records that answer it: no IO, no clock.

use std::net::IpAddr;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::rdata::{A, AAAA, NS, PTR, SOA, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::lookup::{Found, Target};
use super::zone::Zone;

/// The sections of one answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) code: ResponseCode,
    pub(super) authoritative: bool,
    pub(super) records: Vec<Record>,
    pub(super) soa: Option<Record>,
    pub(super) additionals: Vec<Record>,
}

impl Answer {
    pub(super) fn refused() -> Self {
        Self {
            code: ResponseCode::Refused,
            authoritative: false,
            records: Vec::new(),
            soa: None,
            additionals: Vec::new(),
        }
    }
}

/// What the zone answers, or `None` when the name is not the zone's to answer.
///
/// `turn` rotates the records of a service, so that clients that take the first one spread.
pub(super) fn answer(zone: &Zone, name: &Name, kind: RecordType, ttl: u32, turn: usize) -> Option<Answer> {
    let found = zone.look(&name.to_ascii(), wants(kind, RecordType::SRV));
    let mut code = ResponseCode::NoError;
    let mut additionals = Vec::new();
    let mut data = match found {
        Found::Outside => return None,
        Found::Unknown => {
            code = ResponseCode::NXDomain;
            Vec::new()
        }
        Found::Pet(address) => addresses(&[address], kind),
        Found::Service { addresses: all, targets } => {
            let mut data = addresses(&all, kind);
            if wants(kind, RecordType::SRV) {
                data.extend(services(&targets, ttl, &mut additionals));
            }
            data
        }
        Found::Port(targets) if wants(kind, RecordType::SRV) => services(&targets, ttl, &mut additionals),
        Found::Pointer(names) if wants(kind, RecordType::PTR) => {
            names.iter().filter_map(|name| full(name)).map(|name| RData::PTR(PTR(name))).collect()
        }
        Found::Apex if kind == RecordType::SOA => soa_data(zone, ttl).into_iter().collect(),
        Found::Apex if wants(kind, RecordType::NS) => {
            server_name(zone).map(|name| RData::NS(NS(name))).into_iter().collect()
        }
        Found::Port(_) | Found::Pointer(_) | Found::Apex | Found::Empty => Vec::new(),
    };
    if !data.is_empty() {
        let by = turn % data.len();
        data.rotate_left(by);
    }
    let records: Vec<Record> = data.into_iter().map(|data| Record::from_rdata(name.clone(), ttl, data)).collect();
    let soa = if records.is_empty() { soa_record(zone, ttl) } else { None };
    Some(Answer { code, authoritative: true, records, soa, additionals })
}

fn wants(asked: RecordType, kind: RecordType) -> bool {
    asked == kind || asked == RecordType::ANY
}

fn addresses(all: &[IpAddr], kind: RecordType) -> Vec<RData> {
    all.iter().map(|address| address_data(*address)).filter(|data| wants(kind, data.record_type())).collect()
}

fn address_data(address: IpAddr) -> RData {
    match address {
        IpAddr::V4(address) => RData::A(A(address)),
        IpAddr::V6(address) => RData::AAAA(AAAA(address)),
    }
}

/// SRV data per target; the targets' addresses go into `additionals`, each once.
fn services(targets: &[Target], ttl: u32, additionals: &mut Vec<Record>) -> Vec<RData> {
    let mut data = Vec::with_capacity(targets.len());
    let mut last: Option<&str> = None;
    for target in targets {
        let Some(name) = full(&target.name) else { continue };
        if last != Some(target.name.as_str()) {
            additionals.push(Record::from_rdata(name.clone(), ttl, address_data(target.address)));
            last = Some(&target.name);
        }
        data.push(RData::SRV(SRV::new(0, 100, target.port, name)));
    }
    data
}

fn full(name: &str) -> Option<Name> {
    Name::from_ascii(format!("{name}.")).ok()
}

fn server_name(zone: &Zone) -> Option<Name> {
    full(&format!("ns.dns.{}", zone.domain()))
}

fn soa_data(zone: &Zone, ttl: u32) -> Option<RData> {
    let contact = full(&format!("hostmaster.{}", zone.domain()))?;
    Some(RData::SOA(SOA::new(server_name(zone)?, contact, zone.serial(), 7200, 1800, 86400, ttl)))
}

fn soa_record(zone: &Zone, ttl: u32) -> Option<Record> {
    Some(Record::from_rdata(full(zone.domain())?, ttl, soa_data(zone, ttl)?))
}
