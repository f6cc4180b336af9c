//! Clients that do what traders do, all at once and at random, until the gateway is gone: send
//! messages, send them again, ask for receipts and events, and use a key twice. What they see
//! goes into the book of the auditor, and what is wrong with it too.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use tokio::task::JoinSet;
use tongguan::fault::Fault;

use super::audit::{Auditor, Sent};
use super::{Random, goods};

/// Clients at once; each has a connection of its own.
const CLIENTS: usize = 4;

/// What a client does before it looks whether it should go on.
pub struct Load {
    clients: JoinSet<()>,
    ending: Arc<AtomicBool>,
}

impl Load {
    /// Starts the clients; `auditor` gives each an auditor with connections of its own, and a
    /// message is `padding` bytes longer than it has to be.
    pub fn start(random: &mut Random, padding: usize, auditor: impl Fn() -> Auditor) -> Load {
        let ending = Arc::new(AtomicBool::new(false));
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            let client = Client {
                auditor: auditor(),
                random: Random::new(random.next()),
                padding,
            };
            clients.spawn(client.run(ending.clone()));
        }
        Load { clients, ending }
    }

    /// Waits until every client has seen that the gateway is gone, or has heard that it is
    /// enough.
    pub async fn end(mut self) {
        self.ending.store(true, Ordering::Relaxed);
        while let Some(client) = self.clients.join_next().await {
            client.expect("no client panics");
        }
    }
}

struct Client {
    auditor: Auditor,
    random: Random,
    padding: usize,
}

impl Client {
    async fn run(mut self, ending: Arc<AtomicBool>) {
        // First what was left open: also before the kill it may have been recorded.
        for number in self.auditor.ledger.unanswered() {
            if self.auditor.send(number).await.is_err() {
                return;
            }
        }
        // No answer: the gateway is gone.
        while !ending.load(Ordering::Relaxed) && self.step().await.is_ok() {}
    }

    async fn step(&mut self) -> Result<bool, Fault> {
        let some = self.random.below(self.auditor.ledger.len().max(1) as u64) as usize;
        let known =
            some < self.auditor.ledger.len() && self.auditor.ledger.get(some).receipt.is_some();
        match self.random.below(10) {
            0 if known => self.auditor.send(some).await,
            1 if known => self.auditor.send_other_bytes(some).await,
            2 | 3 if known => self.auditor.look(some).await,
            _ => {
                let own_key = self.random.below(3) == 0;
                let padding = self.padding;
                let number = self.auditor.ledger.enter(|n| message(n, own_key, padding));
                self.auditor.send(number).await
            }
        }
    }
}

/// Message number `n`: a number of its own, and perhaps a key besides.
pub fn message(n: usize, own_key: bool, padding: usize) -> Sent {
    let reference = format!("BJ20260301{n:08}");
    let message = goods(&reference);
    let message = match padding {
        0 => message,
        _ => Bytes::from([&message, padded(n, padding).as_bytes()].concat()),
    };
    Sent {
        header: own_key.then(|| format!("key-{n}")),
        reference,
        message,
        receipt: None,
        events: Vec::new(),
    }
}

/// A comment with so many letters, which cannot be packed to much less.
fn padded(n: usize, padding: usize) -> String {
    let mut random = Random::new(n as u64);
    let letters = (0..padding).map(|_| char::from(b'a' + random.below(26) as u8));
    format!("<!--{}-->", letters.collect::<String>())
}
