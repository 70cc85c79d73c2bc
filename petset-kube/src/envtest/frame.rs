//! [`Frame`]: what HTTP/2 consists of, as far as it is to be told apart.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How many bytes a connection begins with.
pub(super) const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();

const HEAD: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;

/// One frame, as it is on the wire.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame(Vec<u8>);

impl Frame {
    pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut frame = vec![0; HEAD];
        from.read_exact(&mut frame).await?;
        let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]);
        frame.resize(HEAD + usize::try_from(length).map_err(io::Error::other)?, 0);
        from.read_exact(&mut frame[HEAD..]).await?;
        Ok(Self(frame))
    }

    /// What tells that so many bytes more may be sent on the connection.
    pub(super) fn allow(bytes: u32) -> Self {
        Self([&[0, 0, 4, WINDOW_UPDATE, 0][..], &0_u32.to_be_bytes(), &bytes.to_be_bytes()].concat())
    }

    pub(super) async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        to.write_all(&self.0).await
    }

    fn kind(&self) -> u8 {
        self.0[3]
    }

    /// How many bytes it has beside its head.
    pub(super) fn len(&self) -> u32 {
        u32::from_be_bytes([0, self.0[0], self.0[1], self.0[2]])
    }

    /// The request that it belongs to.
    pub(super) fn stream(&self) -> u32 {
        u32::from_be_bytes([self.0[5], self.0[6], self.0[7], self.0[8]]) & 0x7fff_ffff
    }

    pub(super) fn is_data(&self) -> bool {
        self.kind() == DATA
    }

    /// Whether whoever sends it says nothing more of its request.
    pub(super) fn ends_stream(&self) -> bool {
        [DATA, HEADERS].contains(&self.kind()) && self.0[4] & END_STREAM != 0
    }

    /// Whether the request is given up.
    pub(super) fn resets_stream(&self) -> bool {
        self.kind() == RST_STREAM
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_are_told_apart() {
        let wire = [
            &[0, 0, 2, DATA, END_STREAM, 0, 0, 0, 5, b'h', b'i'][..],
            &[0, 0, 0, DATA, 0, 0, 0, 0, 7],
            &[0, 0, 0, RST_STREAM, END_STREAM, 0x80, 0, 1, 1],
        ]
        .concat();
        let (mut rest, mut back) = (&wire[..], Vec::new());
        let mut told = Vec::new();
        while !rest.is_empty() {
            let frame = Frame::read(&mut rest).await.expect("it is whole");
            told.push((frame.stream(), frame.len(), frame.is_data(), frame.ends_stream(), frame.resets_stream()));
            frame.write(&mut back).await.expect("there is room");
        }
        let expected = [(5, 2, true, true, false), (7, 0, true, false, false), (257, 0, false, false, true)];
        assert_eq!(told, expected);
        assert_eq!(back, wire);
        assert_eq!(
            Frame::read(&mut &wire[..10]).await.expect_err("it is cut off").kind(),
            io::ErrorKind::UnexpectedEof
        );
    }

    #[tokio::test]
    async fn more_is_allowed_on_the_connection_as_a_whole() {
        let frame = Frame::allow(258);
        assert_eq!((frame.stream(), frame.len(), frame.kind()), (0, 4, WINDOW_UPDATE));
        assert_eq!(frame.0[HEAD..], [0, 0, 1, 2]);
    }
}
