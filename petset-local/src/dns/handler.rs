//! What the server does with one request.

use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_proto::op::{Edns, Header, HeaderCounts, Metadata, OpCode, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, Record};
use hickory_server::net::runtime::Time;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;

use super::answer::{Answer, answer};
use super::forward::Forwarders;
use super::shared::SharedZone;

/// The largest answer over UDP that is sent to a client which allows it; what the Internet agreed on in 2020.
const MAX_UDP_PAYLOAD: u16 = 1232;

#[derive(Debug)]
pub(super) struct Handler {
    pub(super) zone: SharedZone,
    pub(super) ttl: u32,
    pub(super) forwarders: Forwarders,
    pub(super) turn: AtomicUsize,
}

/// All sections of a response, before it is encoded.
#[derive(Debug)]
pub(super) struct Sections {
    pub(super) metadata: Metadata,
    pub(super) answers: Vec<Record>,
    pub(super) authorities: Vec<Record>,
    pub(super) additionals: Vec<Record>,
}

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, mut reply: R) -> ResponseInfo {
        let sections = self.sections(request).await;
        let edns = request.edns.as_ref().map(|asked| {
            let mut edns = Edns::new();
            edns.set_max_payload(asked.max_payload().clamp(512, MAX_UDP_PAYLOAD)).set_version(0);
            edns
        });
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if let Some(edns) = &edns {
            builder.edns(edns);
        }
        let failed = sections.metadata;
        let Sections { metadata, answers, authorities, additionals } = &sections;
        let response = builder.build(*metadata, answers, authorities, None, additionals);
        match reply.send_response(response).await {
            Ok(info) => info,
            Err(error) => {
                tracing::debug!(%error, "dns answer not sent");
                ResponseInfo::from(Header { metadata: failed, counts: HeaderCounts::default() })
            }
        }
    }
}

impl Handler {
    async fn sections(&self, request: &Request) -> Sections {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.recursion_available = !self.forwarders.is_empty();
        let only = |metadata| Sections { metadata, answers: vec![], authorities: vec![], additionals: vec![] };
        if request.metadata.op_code != OpCode::Query {
            metadata.response_code = ResponseCode::NotImp;
            return only(metadata);
        }
        let [query] = request.queries.queries() else {
            metadata.response_code = ResponseCode::FormErr;
            return only(metadata);
        };
        if request.edns.as_ref().is_some_and(|edns| edns.version() != 0) {
            metadata.response_code = ResponseCode::BADVERS;
            return only(metadata);
        }
        let name = query.original().name();
        let known = matches!(query.query_class(), DNSClass::IN | DNSClass::ANY);
        let answer = known.then(|| self.answer(name, request)).flatten();
        match answer {
            Some(Answer { code, authoritative, records, soa, additionals }) => {
                metadata.response_code = code;
                metadata.authoritative = authoritative;
                Sections { metadata, answers: records, authorities: soa.into_iter().collect(), additionals }
            }
            None if known && !self.forwarders.is_empty() => {
                self.forwarders.ask(request.metadata, query.original()).await.unwrap_or_else(|| {
                    metadata.response_code = ResponseCode::ServFail;
                    only(metadata)
                })
            }
            None => {
                metadata.response_code = Answer::refused().code;
                only(metadata)
            }
        }
    }

    fn answer(&self, name: &Name, request: &Request) -> Option<Answer> {
        let kind = request.queries.queries().first()?.query_type();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        answer(&self.zone.snapshot(), name, kind, self.ttl, turn)
    }
}
