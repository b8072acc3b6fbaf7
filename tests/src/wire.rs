//! PostgreSQL's framing: where a message begins and ends, and which kind it is. Nothing is altered on the way.
//!
//! A connection opens with packets that have no kind (length, code, body), of which the first ones may ask for
//! encryption; from the start-up packet on, both sides send messages: one byte of kind, the length, the body.
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html>

use std::io::{self, ErrorKind};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The server's own limit is 1 GB; a longer message means that this is not the protocol.
const LENGTH_MAX: usize = 1 << 30;

/// The length counts itself.
const LENGTH_BYTES: usize = 4;

const CANCEL: u32 = 80_877_102;
const SSL: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

/// The first packet of a connection.
pub(crate) enum Opening {
    /// "Shall we encrypt?" One byte answers it, and another opening follows.
    Encrypt,
    /// The parameters of a session; messages follow.
    Startup(Vec<u8>),
    /// A request to cancel another session's statement; nothing follows.
    Cancel(Vec<u8>),
}

/// Reads a whole opening packet; `None` when the peer has gone.
pub(crate) async fn read_opening(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Opening>> {
    let mut bytes = vec![0; LENGTH_BYTES];
    if !filled(from, &mut bytes).await? {
        return Ok(None);
    }
    read_body(from, &mut bytes, 0).await?;
    let code = bytes.get(LENGTH_BYTES..LENGTH_BYTES + 4).and_then(|code| code.try_into().ok());
    Ok(match code.map(u32::from_be_bytes) {
        Some(SSL | GSS) => Some(Opening::Encrypt),
        Some(CANCEL) => Some(Opening::Cancel(bytes)),
        Some(_) => Some(Opening::Startup(bytes)),
        None => return Err(io::Error::new(ErrorKind::InvalidData, "an opening packet without a code")),
    })
}

/// A message as it was received.
pub(crate) struct Message(Vec<u8>);

impl Message {
    /// Reads a whole message; `None` when the peer has gone.
    pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut bytes = vec![0; 1 + LENGTH_BYTES];
        if !filled(from, &mut bytes).await? {
            return Ok(None);
        }
        read_body(from, &mut bytes, 1).await?;
        Ok(Some(Self(bytes)))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn kind(&self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }

    /// The text of a `Query`.
    pub(crate) fn query(&self) -> Option<String> {
        let text = self.0.get(1 + LENGTH_BYTES..).filter(|_| self.kind() == b'Q')?;
        Some(String::from_utf8_lossy(text.strip_suffix(b"\0").unwrap_or(text)).into_owned())
    }
}

/// Fills the buffer, or says that the stream ended before its first byte.
async fn filled(from: &mut (impl AsyncRead + Unpin), bytes: &mut [u8]) -> io::Result<bool> {
    let Some((first, rest)) = bytes.split_first_mut() else { return Ok(true) };
    if from.read(std::slice::from_mut(first)).await? == 0 {
        return Ok(false);
    }
    from.read_exact(rest).await?;
    Ok(true)
}

/// Appends the body to `bytes`, which hold all up to the length, and the length from `at` on.
async fn read_body(from: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>, at: usize) -> io::Result<()> {
    let length = bytes.get(at..at + LENGTH_BYTES).and_then(|length| length.try_into().ok());
    let length = length.map_or(0, u32::from_be_bytes) as usize;
    if !(LENGTH_BYTES..=LENGTH_MAX).contains(&length) {
        let wrong =
            format!("a message of {length} bytes: this is not PostgreSQL's protocol, or it is encrypted");
        return Err(io::Error::new(ErrorKind::InvalidData, wrong));
    }
    let head = bytes.len();
    bytes.resize(at + length, 0);
    from.read_exact(bytes.get_mut(head..).unwrap_or_default()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(kind: &[u8], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [kind, &length, body].concat()
    }

    #[tokio::test]
    async fn messages_are_cut_where_their_lengths_say() {
        let stream = [framed(b"Q", b"select 1\0"), framed(b"S", b""), framed(b"P", b"Q\0")].concat();
        let mut reading = stream.as_slice();
        let mut messages = Vec::new();
        while let Some(message) = Message::read(&mut reading).await.unwrap() {
            messages.push((message.kind(), message.query(), message.bytes().len()));
        }
        assert_eq!(messages, [(b'Q', Some("select 1".to_owned()), 14), (b'S', None, 5), (b'P', None, 7)]);
    }

    #[tokio::test]
    async fn openings_are_told_apart() {
        let mut ssl = framed(b"", &SSL.to_be_bytes());
        ssl.extend(framed(b"", &[&196_608u32.to_be_bytes(), b"user\0bob\0\0".as_slice()].concat()));
        let mut reading = ssl.as_slice();
        assert!(matches!(read_opening(&mut reading).await.unwrap(), Some(Opening::Encrypt)));
        assert!(
            matches!(read_opening(&mut reading).await.unwrap(), Some(Opening::Startup(bytes)) if bytes.len() == 18)
        );
        assert!(read_opening(&mut reading).await.unwrap().is_none());
        let cancel = framed(b"", &[CANCEL.to_be_bytes(), [0; 4], [0; 4]].concat());
        assert!(matches!(read_opening(&mut cancel.as_slice()).await.unwrap(), Some(Opening::Cancel(_))));
    }

    #[tokio::test]
    async fn a_cut_message_and_a_senseless_length_are_errors() {
        let whole = framed(b"Q", b"select 1\0");
        let mut cut = whole.get(..8).unwrap();
        assert_eq!(Message::read(&mut cut).await.err().unwrap().kind(), ErrorKind::UnexpectedEof);
        let mut tls: &[u8] = b"\x16\xff\xff\xff\xff rest";
        assert_eq!(Message::read(&mut tls).await.err().unwrap().kind(), ErrorKind::InvalidData);
        let mut short: &[u8] = b"Q\0\0\0\x03";
        assert_eq!(Message::read(&mut short).await.err().unwrap().kind(), ErrorKind::InvalidData);
    }
}
