//! Framing of the protocol: a tag, a length that counts itself, a body. The first message of a client has no tag.

use std::io;

/// PostgreSQL's own limit of a message.
const BODY_BYTES_MAX: usize = 1 << 30;

/// What a client may send instead of a real start, each followed by nothing the proxy understands.
const ENCRYPTION_REQUESTS: [u32; 2] = [80_877_103, 80_877_104];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// 0 for a client's first message.
    pub tag: u8,
    /// As it came, with tag and length.
    pub bytes: Vec<u8>,
}

impl Message {
    pub fn body(&self) -> &[u8] {
        &self.bytes[head(self.tag != 0)..]
    }

    /// A first message that asks for TLS or GSS: to be declined with one byte.
    pub fn asks_for_encryption(&self) -> bool {
        let code = self.body().first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        self.tag == 0 && code.is_some_and(|code| ENCRYPTION_REQUESTS.contains(&code))
    }

    /// A client's message after which the server answers that it is ready.
    pub fn ends_batch(&self) -> bool {
        matches!(self.tag, b'Q' | b'S' | b'F')
    }

    /// A server's message that ends the answer to a batch.
    pub fn is_ready(&self) -> bool {
        self.tag == b'Z'
    }
}

/// The text up to the next zero byte, and what follows it. What is not UTF-8 is replaced: it is only shown.
pub fn text(body: &[u8]) -> Option<(String, &[u8])> {
    let end = body.iter().position(|byte| *byte == 0)?;
    Some((String::from_utf8_lossy(&body[..end]).into_owned(), &body[end + 1..]))
}

/// Collects bytes until they are messages.
#[derive(Debug)]
pub struct Frames {
    bytes: Vec<u8>,
    tagged: bool,
}

impl Frames {
    /// For a client that has not introduced itself.
    pub fn of_new_client() -> Self {
        Self { bytes: Vec::new(), tagged: false }
    }

    pub fn of_server() -> Self {
        Self { bytes: Vec::new(), tagged: true }
    }

    /// The client has introduced itself: from here on messages have tags.
    pub fn introduced(&mut self) {
        self.tagged = true;
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if it is complete.
    pub fn next(&mut self) -> io::Result<Option<Message>> {
        let head = head(self.tagged);
        let Some(length) = self.bytes.get(head - 4..).and_then(|bytes| bytes.first_chunk()) else { return Ok(None) };
        let length = u32::from_be_bytes(*length) as usize;
        if !(4..=BODY_BYTES_MAX).contains(&length) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a message says it has {length} bytes")));
        }
        let whole = head - 4 + length;
        if self.bytes.len() < whole {
            return Ok(None);
        }
        let rest = self.bytes.split_off(whole);
        let bytes = std::mem::replace(&mut self.bytes, rest);
        Ok(Some(Message { tag: if self.tagged { bytes[0] } else { 0 }, bytes }))
    }
}

fn head(tagged: bool) -> usize {
    if tagged { 5 } else { 4 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[tag][..], &length.to_be_bytes(), body].concat()
    }

    #[test]
    fn messages_come_out_whole_however_they_arrive() {
        let sent = [message(b'Q', b"SELECT 1\0"), message(b'S', b""), message(b'X', b"")];
        let mut frames = Frames::of_server();
        let mut received = Vec::new();
        for byte in sent.concat() {
            frames.feed(&[byte]);
            received.extend(frames.next().unwrap());
        }
        assert_eq!(received.iter().map(|message| message.bytes.clone()).collect::<Vec<_>>(), sent);
        assert_eq!(text(received[0].body()), Some(("SELECT 1".to_owned(), &[][..])));
        assert!(received[0].ends_batch() && received[1].ends_batch() && !received[2].ends_batch());
    }

    #[test]
    fn a_first_message_has_no_tag() {
        let mut frames = Frames::of_new_client();
        frames.feed(&[&8_u32.to_be_bytes()[..], &80_877_103_u32.to_be_bytes()].concat());
        let first = frames.next().unwrap().unwrap();
        assert!(first.asks_for_encryption());
        frames.introduced();
        frames.feed(&message(b'S', b""));
        assert_eq!(frames.next().unwrap().unwrap().tag, b'S');
    }

    #[test]
    fn an_impossible_length_is_an_error() {
        for length in [0_u32, 3, u32::MAX] {
            let mut frames = Frames::of_server();
            frames.feed(&[&b"Q"[..], &length.to_be_bytes()].concat());
            assert_eq!(frames.next().unwrap_err().kind(), io::ErrorKind::InvalidData, "{length}");
        }
    }
}
