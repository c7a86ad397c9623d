//! One client's connection through the proxy: two directions that are pumped at the same time, and a way to end both.
//!
//! A *batch* is what the server answers with one "ready": a simple query, or extended messages up to a Sync. Batches are
//! numbered, the greeting being batch 0, so that a reply is known by the number of "ready" before it. A cut is a number of
//! batches: it happens when that many are answered, which makes it exact however the client pipelines.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::ledger::{Ledger, Verdict};
use super::message::{Frames, Message};
use super::names::Names;
use super::plan::Plan;
use super::statement::split;

const CHUNK_BYTES: usize = 16 * 1024;

#[derive(Debug, Clone, Copy)]
struct Cut {
    /// Replies from this batch on are swallowed.
    swallow_from: u64,
    /// The connection ends when so many batches are answered.
    answered: u64,
}

#[derive(Debug, Default)]
struct Progress {
    /// Batches that the client has completed.
    sent: u64,
    /// Batches that the server has answered.
    answered: u64,
    cut: Option<Cut>,
    /// It waits for notifications, and did before the plan was to be deaf.
    listens: bool,
    /// Something was swallowed: the connection cannot go on.
    lost: bool,
}

impl Progress {
    fn is_cut(&self) -> bool {
        self.cut.is_some_and(|cut| self.answered >= cut.answered)
    }
}

#[derive(Debug)]
pub struct Connection {
    ledger: Arc<Ledger>,
    number: u64,
    progress: Mutex<Progress>,
}

impl Connection {
    pub fn new(ledger: Arc<Ledger>) -> Self {
        let number = ledger.accepted();
        Self { ledger, number, progress: Mutex::default() }
    }

    /// Forwards until either side leaves or the connection is cut; both sockets are closed then.
    pub async fn serve(self, client: TcpStream, server: SocketAddr) -> io::Result<()> {
        tokio::select! {
            biased;
            () = self.ended() => Ok(()),
            done = self.relay(client, server) => done,
        }
    }

    async fn relay(&self, client: TcpStream, server: SocketAddr) -> io::Result<()> {
        client.set_nodelay(true)?;
        let (mut from_client, mut to_client) = client.into_split();
        let mut frames = Frames::of_new_client();
        let Some(first) = self.greet(&mut from_client, &mut to_client, &mut frames).await? else { return Ok(()) };

        let server = TcpStream::connect(server).await?;
        server.set_nodelay(true)?;
        let (from_server, mut to_server) = server.into_split();
        to_server.write_all(&first.bytes).await?;
        self.progress().sent = 1;
        tokio::select! {
            done = self.requests(from_client, to_server, frames) => done,
            done = self.replies(from_server, to_client) => done,
        }
    }

    /// Declines encryption until the client introduces itself; returns that message, or nothing if the client leaves.
    async fn greet(
        &self,
        from: &mut OwnedReadHalf,
        to: &mut OwnedWriteHalf,
        frames: &mut Frames,
    ) -> io::Result<Option<Message>> {
        loop {
            match frames.next()? {
                Some(message) if message.asks_for_encryption() => to.write_all(b"N").await?,
                Some(message) => {
                    frames.introduced();
                    return Ok(Some(message));
                }
                None if self.receive(from, frames).await? => {}
                None => return Ok(None),
            }
        }
    }

    /// Client to server.
    async fn requests(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut frames: Frames) -> io::Result<()> {
        let mut names = Names::default();
        loop {
            let mut out = Vec::new();
            let mut open = true;
            while open && let Some(message) = frames.next()? {
                let verdict = self.judge(&message, &mut names);
                if verdict == Verdict::Hold {
                    to.write_all(&out).await?;
                    out.clear();
                    let news = self.ledger.news();
                    self.ledger.strike();
                    self.ledger.release(news).await;
                }
                open = self.request(verdict, &message, &mut out);
            }
            to.write_all(&out).await?;
            if !open {
                if self.progress().is_cut() {
                    return Ok(());
                }
                // The replies end it. What is left unread at a close would tell the client of a reset instead.
                tokio::io::copy(&mut from, &mut tokio::io::sink()).await.ok();
                pending::<()>().await;
            }
            if !self.receive(&mut from, &mut frames).await? {
                return Ok(());
            }
        }
    }

    fn judge(&self, message: &Message, names: &mut Names) -> Verdict {
        let texts = names.executed(message).map(|text| split(&text)).unwrap_or_default();
        let listens = texts.iter().any(|text| text.starts_with("LISTEN"));
        self.progress().listens |= listens && self.ledger.plan() != Plan::Deaf;
        self.ledger.judge(self.number, texts)
    }

    /// Takes one request; false if nothing may follow.
    fn request(&self, verdict: Verdict, message: &Message, out: &mut Vec<u8>) -> bool {
        let mut progress = self.progress();
        let batch = progress.sent;
        match verdict {
            Verdict::CutBefore => {
                progress.cut = Some(Cut { swallow_from: batch, answered: batch });
                return false;
            }
            Verdict::CutAfter => progress.cut = Some(Cut { swallow_from: batch, answered: batch + 1 }),
            Verdict::Forward | Verdict::Hold => {}
        }
        out.extend_from_slice(&message.bytes);
        if message.ends_batch() {
            if progress.sent == progress.answered {
                self.ledger.round_trip();
            }
            progress.sent += 1;
            return progress.cut.is_none();
        }
        true
    }

    /// Server to client.
    async fn replies(&self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> io::Result<()> {
        let mut frames = Frames::of_server();
        loop {
            let mut out = Vec::new();
            while let Some(message) = frames.next()? {
                if message.is_ready() {
                    self.ledger.pause().await;
                }
                let passes = self.reply(&message);
                if passes {
                    out.extend_from_slice(&message.bytes);
                }
            }
            to.write_all(&out).await?;
            if self.progress().is_cut() || !self.receive(&mut from, &mut frames).await? {
                return Ok(());
            }
        }
    }

    /// Takes one reply; true if the client shall see it.
    fn reply(&self, message: &Message) -> bool {
        let mut progress = self.progress();
        let batch = progress.answered;
        if message.is_ready() {
            progress.answered += 1;
        }
        progress.cut.is_none_or(|cut| batch < cut.swallow_from)
    }

    /// Waits for bytes; false at the end of the stream. In a half open connection nothing ever arrives.
    async fn receive(&self, from: &mut OwnedReadHalf, frames: &mut Frames) -> io::Result<bool> {
        let mut chunk = [0; CHUNK_BYTES];
        loop {
            let length = from.read(&mut chunk).await?;
            if length == 0 {
                return Ok(false);
            }
            if !self.loses() {
                frames.feed(&chunk[..length]);
                return Ok(true);
            }
            // The plan may have changed before the loss was noted: then nobody else would end this.
            if !self.ledger.plan().is_silent() {
                return Ok(false);
            }
        }
    }

    /// Whether bytes that have arrived now are lost, which is noted.
    fn loses(&self) -> bool {
        let plan = self.ledger.plan();
        let mut progress = self.progress();
        let loses = plan == Plan::HalfOpen || (plan == Plan::Deaf && progress.listens);
        if loses {
            self.ledger.strike();
        }
        progress.lost |= loses;
        progress.lost
    }

    /// Waits until the connection is to end whatever its client does.
    async fn ended(&self) {
        let mut news = self.ledger.news();
        let cuts = *news.borrow_and_update();
        while news.changed().await.is_ok() {
            let healed = self.progress().lost && !self.ledger.plan().is_silent();
            if healed || *news.borrow_and_update() != cuts {
                return;
            }
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Proxy;
    use super::super::plan::When;
    use super::*;
    use std::time::Duration;
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    const READY: &[u8] = b"Z\0\0\0\x05I";

    fn message(tag: u8, body: &str) -> Vec<u8> {
        let length = u32::try_from(body.len() + 5).unwrap();
        [&[tag][..], &length.to_be_bytes(), body.as_bytes(), &[0]].concat()
    }

    fn query(sql: &str) -> Vec<u8> {
        message(b'Q', sql)
    }

    async fn take(from: &mut TcpStream, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes).await.unwrap();
        bytes
    }

    /// A client and a server that have greeted each other through a proxy, with this test as both.
    async fn greeted() -> (TcpStream, Proxy, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
        let mut client = TcpStream::connect(proxy.address()).await.unwrap();
        let hello = [8_u32.to_be_bytes(), 196_608_u32.to_be_bytes()].concat();
        client.write_all(&hello).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        assert_eq!(take(&mut server, 8).await, hello);
        server.write_all(READY).await.unwrap();
        assert_eq!(take(&mut client, READY.len()).await, READY);
        (client, proxy, server)
    }

    #[tokio::test]
    async fn requests_that_do_not_wait_for_each_other_share_a_round_trip() {
        let (mut client, proxy, mut server) = greeted().await;
        for trips in 1..=2 {
            let requests = [query("BEGIN"), query("SELECT 1; SELECT 2"), query("COMMIT")].concat();
            client.write_all(&requests).await.unwrap();
            assert_eq!(take(&mut server, requests.len()).await, requests);
            server.write_all(&READY.repeat(3)).await.unwrap();
            take(&mut client, READY.len() * 3).await;
            assert_eq!(proxy.counts().round_trips, trips);
        }
        let counts = proxy.counts();
        assert_eq!((counts.connections, counts.statements, counts.work), (1, 8, 4));
    }

    #[tokio::test]
    async fn a_cut_waits_for_the_answers_to_what_was_sent_before() {
        let (mut client, proxy, mut server) = greeted().await;
        proxy.set(Plan::CutBefore(When::Statement(2)));
        let first = query("SELECT 1");
        client.write_all(&[first.clone(), query("SELECT 2")].concat()).await.unwrap();
        assert_eq!(take(&mut server, first.len()).await, first);
        server.write_all(&[message(b'C', "SELECT 1"), READY.to_vec()].concat()).await.unwrap();

        let mut received = Vec::new();
        client.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, [message(b'C', "SELECT 1"), READY.to_vec()].concat());
        let mut forwarded = Vec::new();
        server.read_to_end(&mut forwarded).await.unwrap();
        assert!(forwarded.is_empty(), "the second request was not forwarded");
    }

    #[tokio::test]
    async fn a_cut_after_a_statement_lets_its_batch_end_and_swallows_the_whole_reply() {
        let (mut client, proxy, mut server) = greeted().await;
        proxy.set(Plan::CutAfter(When::Statement(1)));
        let batch = [message(b'P', "\0INSERT\0\0"), message(b'B', "\0\0\0\0\0\0\0"), message(b'E', "\0\0\0\0")].concat();
        client.write_all(&batch).await.unwrap();
        assert_eq!(take(&mut server, batch.len()).await, batch);
        // The end of the batch arrives on its own, and a request that must not follow.
        let sync = b"S\0\0\0\x04".to_vec();
        client.write_all(&[sync.clone(), query("SELECT 2")].concat()).await.unwrap();
        assert_eq!(take(&mut server, sync.len()).await, sync);
        let not_yet = timeout(Duration::from_millis(50), client.peek(&mut [0])).await;
        assert!(not_yet.is_err(), "the client sees nothing, not even the cut, before the server is done");
        server.write_all(&[message(b'C', "INSERT 0 1"), READY.to_vec()].concat()).await.unwrap();

        let mut received = Vec::new();
        client.read_to_end(&mut received).await.unwrap();
        assert!(received.is_empty(), "{received:?}");
        let mut forwarded = Vec::new();
        server.read_to_end(&mut forwarded).await.unwrap();
        assert!(forwarded.is_empty(), "the request after the cut was not forwarded");
        assert_eq!(proxy.trace()[0].text, "INSERT");
    }

    #[tokio::test]
    async fn bytes_that_are_no_protocol_end_the_connection() {
        let (mut client, _proxy, mut server) = greeted().await;
        client.write_all(b"Q\0\0\0\0").await.unwrap();
        let mut forwarded = Vec::new();
        server.read_to_end(&mut forwarded).await.unwrap();
        assert!(forwarded.is_empty());
    }
}
