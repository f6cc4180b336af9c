//! The status of a declaration and the one table of allowed moves.
//!
//! ```text
//! recorded → dispatched → received → accepted → (inspection, duty payable) → released → closed
//!     └──→ undeliverable ──┘   └──────→ rejected
//! ```
//!
//! Answers may come repeated, late or out of order. A move that the table does not have
//! changes nothing: the event is kept, the status stays.

use serde::{Deserialize, Serialize};

/// Where a declaration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// On disk here, receipt handed out.
    Recorded,
    /// The authority's transport has it.
    Dispatched,
    /// Delivery was given up; an operator can send it again.
    Undeliverable,
    /// The authority's intake has stored it.
    Received,
    /// The authority accepted it for examination.
    Accepted,
    /// The authority returned it; the trader corrects and sends anew.
    Rejected,
    /// Selected for inspection.
    Inspection,
    /// Duty is to be paid before release.
    DutyPayable,
    /// Released.
    Released,
    /// The file is closed.
    Closed,
    /// Taken back or deleted.
    Withdrawn,
    /// Replaced by an amendment.
    Superseded,
}

use Status::*;

impl Status {
    /// Every status, in the order of the path.
    pub const ALL: [Status; 12] = [
        Recorded,
        Dispatched,
        Undeliverable,
        Received,
        Accepted,
        Rejected,
        Inspection,
        DutyPayable,
        Released,
        Closed,
        Withdrawn,
        Superseded,
    ];

    /// Whether a declaration in `self` may go to `to`. The whole table.
    pub fn may_become(self, to: Status) -> bool {
        match self {
            Recorded => to != Recorded,
            Undeliverable => !matches!(to, Recorded | Undeliverable),
            Dispatched => !matches!(to, Recorded | Dispatched | Undeliverable),
            Received => matches!(
                to,
                Accepted
                    | Rejected
                    | Inspection
                    | DutyPayable
                    | Released
                    | Closed
                    | Withdrawn
                    | Superseded
            ),
            Accepted => {
                matches!(
                    to,
                    Rejected
                        | Inspection
                        | DutyPayable
                        | Released
                        | Closed
                        | Withdrawn
                        | Superseded
                )
            }
            // The two may follow each other in either order, and repeat: goods can be
            // inspected, pay, and be inspected again.
            Inspection => matches!(
                to,
                Rejected | DutyPayable | Released | Closed | Withdrawn | Superseded
            ),
            DutyPayable => matches!(
                to,
                Rejected | Inspection | Released | Closed | Withdrawn | Superseded
            ),
            Released => matches!(to, Closed | Superseded),
            // A rejected declaration is corrected and declared anew under the same number.
            Rejected => matches!(to, Withdrawn | Superseded),
            Closed | Withdrawn | Superseded => false,
        }
    }

    /// The status after an event that asks for `to`.
    pub fn after(self, to: Status) -> Status {
        if self.may_become(to) { to } else { self }
    }

    /// The word used in the API, in metrics and in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Recorded => "recorded",
            Dispatched => "dispatched",
            Undeliverable => "undeliverable",
            Received => "received",
            Accepted => "accepted",
            Rejected => "rejected",
            Inspection => "inspection",
            DutyPayable => "duty_payable",
            Released => "released",
            Closed => "closed",
            Withdrawn => "withdrawn",
            Superseded => "superseded",
        }
    }

    /// The status with this word.
    pub fn parse(word: &str) -> Option<Status> {
        Status::ALL
            .into_iter()
            .find(|status| status.as_str() == word)
    }

    /// Whether an authority's answer can say it.
    pub fn is_said_by_authority(self) -> bool {
        !matches!(self, Recorded | Dispatched | Undeliverable)
    }

    /// Whether the gateway still has to bring it to the authority.
    pub fn awaits_delivery(self) -> bool {
        self == Recorded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What answers ask for, one after another, and where the declaration stands after each.
    #[test]
    fn answers_repeated_late_or_out_of_order() {
        let table: &[(&str, &str)] = &[
            (
                "dispatched received accepted released closed",
                "dispatched received accepted released closed",
            ),
            // Answers overtake the note of the dispatch, and each other.
            ("received dispatched accepted", "received received accepted"),
            (
                "released accepted received closed",
                "released released released closed",
            ),
            (
                "dispatched dispatched received received",
                "dispatched dispatched received received",
            ),
            // Inspection and duty in either order, and again.
            (
                "accepted inspection duty_payable inspection released inspection",
                "accepted inspection duty_payable inspection released released",
            ),
            // A rejection is not undone by what comes late; a correction replaces it.
            (
                "rejected received accepted superseded",
                "rejected rejected rejected superseded",
            ),
            (
                "closed rejected withdrawn superseded",
                "closed closed closed closed",
            ),
            ("withdrawn released", "withdrawn withdrawn"),
            // Given up, and then it turns out that the authority has it.
            ("undeliverable received", "undeliverable received"),
            (
                "undeliverable undeliverable dispatched",
                "undeliverable undeliverable dispatched",
            ),
            ("dispatched undeliverable", "dispatched dispatched"),
            (
                "released rejected superseded",
                "released released superseded",
            ),
        ];
        let statuses = |words: &str| -> Vec<Status> {
            let words = words.split(' ');
            words
                .map(|word| Status::parse(word).expect("a status"))
                .collect()
        };
        for (asked, expected) in table {
            let mut status = Recorded;
            let stood: Vec<Status> = statuses(asked)
                .into_iter()
                .map(|to| {
                    status = status.after(to);
                    status
                })
                .collect();
            assert_eq!(stood, statuses(expected), "{asked}");
        }
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
            assert_eq!(status.after(status), status);
            assert_eq!(
                status.after(Recorded),
                status,
                "nothing becomes recorded again"
            );
        }
    }
}
