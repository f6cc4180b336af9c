//! A pool of plain threads that check messages: a trader's submissions and dry runs, an
//! authority's answers. Findings go straight back to whoever waits; what passes becomes a
//! declaration and goes on to be recorded.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::declaration::{Declaration, Digest, Id, Submission};
use crate::family::{Answer, Checked};
use crate::fault::{Fault, Whose};
use crate::finding::{Finding, Findings, Place, Severity, Text};
use crate::telemetry;

use super::Shared;
use super::handle::Outcome;
use super::queue::Outlet;
use super::record::Order;

/// Characters of an idempotency key or a reference: what the header admits, and more than any
/// published number has.
pub const KEY_CHARS_MAX: usize = 255;

/// Something to check, and where the result goes. Whoever waits may have gone; then nobody
/// hears it.
pub enum Job {
    /// To be recorded.
    Submit {
        submission: Submission,
        reply: oneshot::Sender<Outcome>,
    },
    /// Only to be checked.
    Check {
        bytes: Bytes,
        charset: Option<String>,
        reply: oneshot::Sender<Result<Checked, Fault>>,
    },
    /// An authority's answer.
    Answer {
        bytes: Bytes,
        charset: Option<String>,
        reply: oneshot::Sender<Result<Result<Answer, Findings>, Fault>>,
    },
}

/// Checks jobs until the queue is ended.
pub fn run(shared: &Shared, jobs: &Outlet<Job>) {
    while step(shared, jobs) {}
}

/// Waits for a job and checks it. False: the queue has been ended.
pub fn step(shared: &Shared, jobs: &Outlet<Job>) -> bool {
    let Some(job) = jobs.recv() else {
        return false;
    };
    match job {
        Job::Submit { submission, reply } => submit(shared, submission, reply),
        Job::Check {
            bytes,
            charset,
            reply,
        } => {
            let checked = guarded(|| {
                shared
                    .catalogue
                    .check(&bytes, charset.as_deref(), &shared.limits)
            });
            _ = reply.send(checked);
        }
        Job::Answer {
            bytes,
            charset,
            reply,
        } => {
            let answer = guarded(|| {
                shared
                    .catalogue
                    .answer(&bytes, charset.as_deref(), &shared.limits)
            });
            _ = reply.send(answer);
        }
    }
    true
}

/// A message that makes a check panic is one message refused, not a thread lost.
fn guarded<T>(check: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(check)).map_err(|_| {
        telemetry::validate_panicked();
        Fault::ours("checking this message failed inside the gateway")
    })
}

fn submit(shared: &Shared, submission: Submission, reply: oneshot::Sender<Outcome>) {
    let charset = submission.charset.as_deref();
    let checked = guarded(|| {
        shared
            .catalogue
            .check(&submission.bytes, charset, &shared.limits)
    });
    let outcome = match checked {
        Err(fault) => Outcome::Unavailable(fault),
        Ok(Checked {
            findings,
            message: Some(message),
        }) if !findings.refuse() => {
            match declaration(shared, submission, &message) {
                Ok(declaration) => {
                    let order = Order::Declaration {
                        declaration: Box::new(declaration),
                        findings,
                        reply,
                    };
                    // Waiting here fills the inbox, and a full inbox is an answer to traders.
                    if let Err(Order::Declaration { reply, .. }) = shared.intake.send(order) {
                        _ = reply.send(Outcome::Unavailable(stopped()));
                    }
                    return;
                }
                Err(outcome) => *outcome,
            }
        }
        Ok(Checked { findings, .. }) => {
            telemetry::validate_refused(findings.list());
            Outcome::Refused(findings)
        }
    };
    _ = reply.send(outcome);
}

/// The type changes because the meaning does: everything has been checked.
fn declaration(
    shared: &Shared,
    submission: Submission,
    message: &crate::family::Message,
) -> Result<Declaration, Box<Outcome>> {
    let field = |name: &str| message.field(name).map(str::to_owned);
    let key = submission.key.or_else(|| field("identity"));
    let reference = field("reference");
    let fits = |text: &Option<String>| {
        text.as_ref()
            .is_some_and(|text| text.chars().count() <= KEY_CHARS_MAX)
    };
    if !fits(&key) || !fits(&reference) {
        return Err(Box::new(Outcome::Refused(nameless())));
    }
    let (key, reference) = (key.unwrap_or_default(), reference.unwrap_or_default());
    let authority = shared.routes.find(
        &message.kind,
        &message.message_type,
        message.field("office"),
    );
    let Some(authority) = authority else {
        let why = format!(
            "no [[route]] matches {} {}",
            message.kind, message.message_type
        );
        let fault = Fault {
            whose: Whose::Operator,
            ..Fault::ours(why)
        };
        return Err(Box::new(Outcome::Unavailable(fault)));
    };
    let own = |name: &str| name == "identity" || name == "reference";
    let fields = message.fields.iter().filter(|(name, _)| !own(name));
    Ok(Declaration {
        id: Id::new(submission.received_at),
        trader: submission.trader,
        key,
        kind: message.kind.to_string(),
        message_type: message.message_type.to_string(),
        reference,
        authority: authority.to_owned(),
        fields: fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        charset: submission.charset,
        digest: Digest::of(&submission.bytes),
        bytes: submission.bytes,
        received_at: submission.received_at,
    })
}

/// The finding about a message that has no number of its own.
fn nameless() -> Findings {
    let mut findings = Findings::new(1);
    findings.push(Finding {
        code: Cow::Borrowed("family-identity"),
        name: Cow::Borrowed(""),
        severity: Severity::Error,
        path: String::new(),
        place: Place {
            line: 1,
            column: 1,
            offset: 0,
        },
        value: String::new(),
        expected: format!("1 to {KEY_CHARS_MAX} characters"),
        text: Text {
            zh: "报文没有自己的编号（或编号过长），请填写".to_owned(),
            en: "The message has no number of its own, or one that is too long; fill it in"
                .to_owned(),
        },
    });
    findings
}

/// What is said to whoever comes while the gateway stops.
pub fn stopped() -> Fault {
    Fault::ours("the gateway is stopping")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_panics_is_one_fault() {
        let fault = guarded(|| -> u8 { panic!("a bug") }).expect_err("it panicked");
        assert_eq!(fault.whose, Whose::Ours);
        assert_eq!(guarded(|| 1), Ok(1));
    }
}
