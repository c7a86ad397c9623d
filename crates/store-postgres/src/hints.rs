//! Hints between nodes: LISTEN and NOTIFY on one connection of their own, outside of all transactions.
//!
//! What this node committed is merged for [`crate::Settings::notify_every`] and sent as one notification; what others sent wakes
//! whoever waits here. Hints may be lost: after each connect everybody is told to look at everything.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use levada_store::Wake;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::{AsyncMessage, Client};

use crate::errors::Failure;
use crate::message::{Message, read};
use crate::shared::Shared;
use crate::statistics::Counters;

/// The one channel of all stores in a database; messages say whose they are.
pub const CHANNEL: &str = "levada";

const RECONNECT_MIN: Duration = Duration::from_millis(100);
const RECONNECT_MAX: Duration = Duration::from_secs(2);
/// A connection that says nothing for so long is asked whether it lives.
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// Carries hints until the store is closed.
pub async fn carry(shared: Arc<Shared>, mut outbox: UnboundedReceiver<Wake>) {
    let mut closing = shared.closing.subscribe();
    let mut wait = RECONNECT_MIN;
    loop {
        let begun = Instant::now();
        tokio::select! {
            // An error here is a connection that ended; hints that were on their way are covered by `Wake::All` on both sides.
            _lost = connected(&shared, &mut outbox) => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
        wait = if begun.elapsed() > RECONNECT_MAX { RECONNECT_MIN } else { (wait * 2).min(RECONNECT_MAX) };
        tokio::select! {
            () = sleep(wait) => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
    }
}

/// One connection, for as long as it lasts.
async fn connected(shared: &Shared, outbox: &mut UnboundedReceiver<Wake>) -> Result<(), Failure> {
    let (client, mut connection) = shared.connections.connect_alone().await?;
    let mut messages = Box::pin(stream::poll_fn(move |context| connection.poll_message(context)));
    let (heard, mut arriving) = tokio::sync::mpsc::unbounded_channel();
    let driving = async move {
        while let Some(Ok(message)) = messages.next().await {
            if let AsyncMessage::Notification(note) = message {
                // The receiver is dropped with this future.
                let _ = heard.send(note.payload().to_owned());
            }
        }
    };
    let talking = async {
        client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
        shared.waker.send([Wake::All]);
        talk(shared, &client, outbox, &mut arriving).await
    };
    tokio::select! {
        () = driving => Ok(()),
        ended = talking => ended,
    }
}

/// Sends what is to be sent and hands on what arrives.
async fn talk(
    shared: &Shared,
    client: &Client,
    outbox: &mut UnboundedReceiver<Wake>,
    arriving: &mut UnboundedReceiver<String>,
) -> Result<(), Failure> {
    loop {
        tokio::select! {
            wake = outbox.recv() => {
                let Some(wake) = wake else { return Ok(()) };
                let mut wakes = BTreeSet::from([wake]);
                sleep(shared.settings.notify_every).await;
                while let Ok(wake) = outbox.try_recv() {
                    wakes.insert(wake);
                }
                let text = Message { store: shared.instance, node: shared.node, wakes }.to_string();
                client.execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &text]).await?;
                Counters::add(&shared.counters.notifications, 1);
            }
            Some(text) = arriving.recv() => hear(shared, &text),
            () = sleep(PROBE_EVERY) => {
                let answer = timeout(PROBE_EVERY, client.batch_execute("")).await;
                answer.map_err(|_| Failure::Lost("the connection for hints is silent".to_owned()))??;
            }
        }
    }
}

fn hear(shared: &Shared, text: &str) {
    match read(text) {
        Some(message) if message.store != shared.instance || message.node == shared.node => {}
        Some(message) => shared.waker.send(message.wakes),
        // A newer build may say more than this one understands.
        None => shared.waker.send([Wake::All]),
    }
}
