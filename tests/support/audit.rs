//! What clients remember, and whether the gateway still stands by it. The auditor knows nothing
//! but what was sent, what came back, the public key of the journal and what the authority
//! took; it finds everything that is wrong and panics at nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::Value;
use tongguan::declaration::{Digest, Id, Status};
use tongguan::fault::Fault;
use tongguan::http::Response;
use tongguan::journal::receipt;
use tongguan::simulator::Simulator;

use super::{Trader, json, problem};

/// What must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Whoever asks is answered, and with something that can be.
    Answered,
    /// A receipt that a client holds can be fetched, byte for byte.
    ReceiptKept,
    /// It holds offline, with the message as it was sent.
    ReceiptHolds,
    /// The same message sent again gets the first receipt.
    Repeated,
    /// Other bytes under the same key are a conflict.
    Conflict,
    /// What a client saw of a declaration is the beginning of what it sees later, and a status
    /// moves as the table says.
    Forwards,
    /// What is there was sent.
    Sent,
    /// A key names one declaration.
    Once,
    /// The authority has every declaration, under its number.
    Delivered,
    /// The authority has nothing else, so that no declaration had its effect twice.
    DeliveredOnce,
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    pub rule: Rule,
    /// The key or the number of the declaration.
    pub about: String,
    pub seen: String,
}

/// A message, and what its sender knows of it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Also its own number; without a header it is the idempotency key.
    pub reference: String,
    /// The header, if it was sent.
    pub header: Option<String>,
    pub message: Bytes,
    /// `None` as long as no answer came through.
    pub receipt: Option<Bytes>,
    /// Its events at the last look.
    pub events: Vec<Value>,
}

impl Sent {
    /// What it is known by.
    pub fn key(&self) -> &str {
        self.header.as_deref().unwrap_or(&self.reference)
    }

    /// Its number, once there is a receipt.
    pub fn id(&self) -> Option<String> {
        let receipt: Value = serde_json::from_slice(self.receipt.as_ref()?).ok()?;
        Some(receipt["id"].as_str()?.to_owned())
    }
}

/// The book of all clients together.
#[derive(Default)]
pub struct Ledger {
    sent: Mutex<Vec<Sent>>,
    violations: Mutex<Vec<Violation>>,
}

impl Ledger {
    /// Enters a message, before it is sent; gives its number in the book.
    pub fn enter(&self, message: impl FnOnce(usize) -> Sent) -> usize {
        let mut sent = self.sent.lock().expect("a lock");
        let number = sent.len();
        sent.push(message(number));
        number
    }

    pub fn len(&self) -> usize {
        self.sent.lock().expect("a lock").len()
    }

    pub fn get(&self, number: usize) -> Sent {
        self.sent.lock().expect("a lock")[number].clone()
    }

    /// Changes what the book says: for whoever wants to see the auditor fail.
    pub fn forge(&self, number: usize, change: impl FnOnce(&mut Sent)) {
        change(&mut self.sent.lock().expect("a lock")[number]);
    }

    /// Messages whose senders got no answer.
    pub fn unanswered(&self) -> Vec<usize> {
        let sent = self.sent.lock().expect("a lock");
        let open = sent
            .iter()
            .enumerate()
            .filter(|(_, sent)| sent.receipt.is_none());
        open.map(|(number, _)| number).collect()
    }

    /// How many have a receipt.
    pub fn receipts(&self) -> usize {
        self.len() - self.unanswered().len()
    }

    pub fn report(&self, rule: Rule, about: &str, seen: impl Into<String>) {
        let violation = Violation {
            rule,
            about: about.to_owned(),
            seen: seen.into(),
        };
        self.violations.lock().expect("a lock").push(violation);
    }

    /// What was found so far, sorted; the list begins anew.
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = std::mem::take(&mut *self.violations.lock().expect("a lock"));
        found.sort();
        found.dedup();
        found
    }
}

/// Asks the gateway about what stands in the book.
#[derive(Clone)]
pub struct Auditor {
    pub ledger: Arc<Ledger>,
    pub trader: Arc<Trader>,
    pub verifier_key: Arc<str>,
}

/// Requests under way at once.
const AT_ONCE: usize = 8;

impl Auditor {
    /// Sends a message, for the first time or again. False: the gateway says that it cannot at
    /// present.
    ///
    /// # Errors
    /// No answer came: the gateway may have it or not.
    pub async fn send(&self, number: usize) -> Result<bool, Fault> {
        let sent = self.ledger.get(number);
        let answer = self.post(&sent, sent.message.clone()).await?;
        match answer.status {
            202 => {
                let first = {
                    let mut book = self.ledger.sent.lock().expect("a lock");
                    book[number]
                        .receipt
                        .get_or_insert_with(|| answer.body.clone())
                        .clone()
                };
                if answer.body != first {
                    let seen = format!("another receipt: {}", text(&answer.body));
                    self.ledger.report(Rule::Repeated, sent.key(), seen);
                }
            }
            // Busy, or on its way out: it may be sent again.
            503 => return Ok(false),
            _ => self.unexpected(&sent, &answer),
        }
        Ok(true)
    }

    /// Sends other bytes under a key that was used. False as with [`Auditor::send`].
    ///
    /// # Errors
    /// No answer came.
    pub async fn send_other_bytes(&self, number: usize) -> Result<bool, Fault> {
        let sent = self.ledger.get(number);
        let other = Bytes::from([&sent.message, &b"\n"[..]].concat());
        let answer = self.post(&sent, other).await?;
        if answer.status == 503 {
            return Ok(false);
        }
        if (answer.status, problem(&answer).as_str()) != (422, "idempotency-key-reused") {
            let seen = format!("{}: {}", answer.status, text(&answer.body));
            self.ledger.report(Rule::Conflict, sent.key(), seen);
        }
        Ok(true)
    }

    async fn post(&self, sent: &Sent, body: Bytes) -> Result<Response, Fault> {
        let header = sent.header.as_deref().map(|key| ("idempotency-key", key));
        let more: Vec<(&str, &str)> = header.into_iter().collect();
        self.trader
            .try_send("POST", "/v1/declarations", &more, body)
            .await
    }

    async fn get(&self, route: &str) -> Result<Response, Fault> {
        self.trader.try_send("GET", route, &[], Bytes::new()).await
    }

    /// Looks at one declaration: its receipt, and its events. False as with [`Auditor::send`].
    ///
    /// # Errors
    /// No answer came.
    pub async fn look(&self, number: usize) -> Result<bool, Fault> {
        let sent = self.ledger.get(number);
        let (Some(receipt), Some(id)) = (&sent.receipt, sent.id()) else {
            return Ok(true);
        };
        let found = self.get(&format!("/v1/declarations/{id}/receipt")).await?;
        if found.status == 503 {
            return Ok(false);
        }
        if (found.status, &found.body) != (200, receipt) {
            let seen = format!("{}: {}", found.status, text(&found.body));
            self.ledger.report(Rule::ReceiptKept, sent.key(), seen);
        }
        if let Err(why) = receipt::verify(receipt, Some(&sent.message), &self.verifier_key) {
            self.ledger
                .report(Rule::ReceiptHolds, sent.key(), why.to_string());
        }
        let found = self.get(&format!("/v1/declarations/{id}/events")).await?;
        match found.status {
            200 => {}
            503 => return Ok(false),
            // What is not there was reported.
            404 => return Ok(true),
            _ => self.unexpected(&sent, &found),
        }
        let events = json(&found)["events"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if let Err(why) = goes_forwards(&events) {
            self.ledger.report(Rule::Forwards, sent.key(), why);
        }
        // Somebody else may have looked meanwhile, and have seen more or less.
        let mut book = self.ledger.sent.lock().expect("a lock");
        let known = &mut book[number].events;
        let common = known.len().min(events.len());
        if known[..common] != events[..common] || events.len() < sent.events.len() {
            let seen = format!("{events:?} after {known:?}");
            self.ledger.report(Rule::Forwards, sent.key(), seen);
        }
        if events.len() > known.len() {
            *known = events;
        }
        Ok(true)
    }

    fn unexpected(&self, sent: &Sent, answer: &Response) {
        let seen = format!("{}: {}", answer.status, text(&answer.body));
        self.ledger.report(Rule::Answered, sent.key(), seen);
    }

    /// Looks at some, one after another.
    pub async fn look_at(&self, numbers: impl IntoIterator<Item = usize>) {
        for number in numbers {
            self.answered(number, self.look(number).await);
        }
    }

    /// Where nothing was done to the gateway it has to answer.
    fn answered(&self, number: usize, result: Result<bool, Fault>) {
        let why = match result {
            Ok(true) => return,
            Ok(false) => "it says 503".to_owned(),
            Err(fault) => fault.why,
        };
        self.ledger
            .report(Rule::Answered, self.ledger.get(number).key(), why);
    }

    /// Does something about every message, some at once.
    async fn each<F, R>(&self, work: F)
    where
        F: Fn(Auditor, usize) -> R,
        R: Future<Output = Result<bool, Fault>> + Send + 'static,
    {
        let mut under_way = tokio::task::JoinSet::new();
        for number in 0..self.ledger.len() {
            while under_way.len() >= AT_ONCE {
                under_way
                    .join_next()
                    .await
                    .expect("some")
                    .expect("no panic");
            }
            let (auditor, result) = (self.clone(), work(self.clone(), number));
            under_way.spawn(async move { auditor.answered(number, result.await) });
        }
        while let Some(done) = under_way.join_next().await {
            done.expect("no panic");
        }
    }

    /// The whole audit of a gateway that runs and has nothing more to deliver: what it says
    /// about everything that was ever sent, what else is there, and what the authority has.
    pub async fn everything(&self, simulator: &Simulator) -> Vec<Violation> {
        self.each(|auditor, number| async move { auditor.look(number).await })
            .await;
        // Also what nobody was told of: it is there once, or it is recorded now.
        self.each(|auditor, number| async move { auditor.send(number).await })
            .await;
        for number in self.ledger.unanswered() {
            let sent = self.ledger.get(number);
            self.ledger.report(Rule::Answered, sent.key(), "never");
        }
        self.each(|auditor, number| async move { auditor.send_other_bytes(number).await })
            .await;
        match self.settled().await {
            Ok(list) => self.compare(&list, simulator),
            Err(fault) => self.ledger.report(Rule::Answered, "the list", fault.why),
        }
        self.each(|auditor, number| async move { auditor.look(number).await })
            .await;
        self.ledger.violations()
    }

    /// The list of all declarations, as soon as the authority has answered about each to the
    /// end; or as it is when that takes too long.
    pub async fn settled(&self) -> Result<Vec<Value>, Fault> {
        // The authority comes back at the latest five seconds after a kill.
        const LOOKS_MAX: usize = 300;
        for _ in 0..LOOKS_MAX {
            let mut open = 0;
            for status in Status::ALL
                .iter()
                .filter(|status| **status != Status::Closed)
            {
                let route = format!("/v1/declarations?limit=1&status={}", status.as_str());
                let found = json(&self.get(&route).await?);
                open += found["declarations"].as_array().map_or(1, Vec::len);
            }
            if open == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let mut all = Vec::new();
        let mut next = Some("/v1/declarations?limit=200".to_owned());
        while let Some(route) = next {
            let page = json(&self.get(&route).await?);
            all.extend(page["declarations"].as_array().cloned().unwrap_or_default());
            next = page["next"].as_str().map(str::to_owned);
        }
        Ok(all)
    }

    /// Holds a list of all declarations against the book and the authority.
    pub fn compare(&self, list: &[Value], simulator: &Simulator) {
        let word = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let book = self.ledger.sent.lock().expect("a lock");
        let by_key: BTreeMap<&str, &Sent> = book.iter().map(|sent| (sent.key(), sent)).collect();
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for row in list {
            let (key, id) = (word(row, "idempotency_key"), word(row, "id"));
            let sent = by_key.get(key.as_str());
            if sent.is_none_or(|sent| Digest::of(&sent.message).to_string() != word(row, "sha256"))
            {
                self.ledger.report(Rule::Sent, &key, format!("{row}"));
            }
            let took = id.parse::<Id>().is_ok_and(|id| simulator.took(id));
            if !took || word(row, "status") != "closed" {
                let seen = format!("the authority has it: {took}; {}", word(row, "status"));
                self.ledger.report(Rule::Delivered, &key, seen);
            }
            if let Some(other) = seen.insert(key.clone(), id.clone()) {
                self.ledger
                    .report(Rule::Once, &key, format!("{other} and {id}"));
            }
        }
        for sent in book.iter().filter(|sent| !seen.contains_key(sent.key())) {
            self.ledger
                .report(Rule::Once, sent.key(), "is not in the list");
        }
        let (taken, _) = simulator.counts();
        if taken != list.len() {
            let seen = format!("it has {taken}, and {} were declared", list.len());
            self.ledger
                .report(Rule::DeliveredOnce, "the authority", seen);
        }
    }
}

/// Whether a declaration's events can have happened in this order.
fn goes_forwards(events: &[Value]) -> Result<(), String> {
    let word = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
    let of = |name: &str| events.iter().filter(|event| event["event"] == name).count();
    if events
        .first()
        .is_none_or(|event| event["event"] != "recorded")
        || of("recorded") != 1
    {
        return Err(format!("not recorded once, and first: {events:?}"));
    }
    if of("dispatched") > 1 {
        return Err(format!("dispatched more than once: {events:?}"));
    }
    for pair in events.windows(2) {
        let [before, after] =
            [&pair[0], &pair[1]].map(|event| Status::parse(&word(event, "status")));
        let moves = before
            .zip(after)
            .is_some_and(|(before, after)| before == after || before.may_become(after));
        if !moves || pair[0]["entry"].as_u64() >= pair[1]["entry"].as_u64() {
            return Err(format!("{} before {}", pair[0], pair[1]));
        }
    }
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned()
}
