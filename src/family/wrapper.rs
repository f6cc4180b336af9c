//! A wrapper carries a whole message of any family as base64 in one of its elements. What is
//! found in that message points into it: its path begins with that of the element and
//! [`INSIDE`], its line, column and offset count within the message.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::finding::{Finding, Findings, Severity, Text};
use crate::schema::{Opened, Schema};
use crate::xml::{Document, Limits, paths};

use super::record::{Path, ROOT, Record, Shape};

/// Stands in a path between the element of the wrapper and the message inside.
pub const INSIDE: &str = "/base64()";

/// One kind of wrapper, compiled.
pub struct Wrapper {
    pub root: String,
    pub namespace: String,
    pub schema: Schema,
    pub shape: Shape,
    /// The element with the message.
    pub content: Path,
}

impl Wrapper {
    /// Checks the wrapper itself and gives the message inside and the path of its element;
    /// `None` after findings.
    pub fn open(
        &self,
        opened: Opened<'_>,
        document: &Document<'_>,
        limits: &Limits,
        findings: &mut Findings,
    ) -> Option<(Vec<u8>, String)> {
        let mut record = Record::new(&self.shape);
        let schema = &self.schema;
        let whole = schema.walk_opened(opened, limits, &mut record, findings);
        if !whole || findings.refuse() {
            return None;
        }
        let content = record.find(ROOT, &self.content);
        let text = content.map_or("", |node| record.text(node));
        let offset = content.map_or(0, |node| record.offset(node));
        let path = paths(document, limits, &[offset]).pop().unwrap_or_default();
        let packed: Vec<u8> = text
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        match STANDARD.decode(&packed) {
            Ok(bytes) if !bytes.is_empty() => Some((bytes, path)),
            _ => {
                let at = content.map_or(offset, |node| record.value_offset(node));
                findings.push(Finding {
                    code: Cow::Borrowed("wrapper-content"),
                    name: Cow::Borrowed(""),
                    severity: Severity::Error,
                    path,
                    place: document.place(at),
                    value: text.to_owned(),
                    expected: "base64".to_owned(),
                    text: Text {
                        zh: "此处应为以 base64 编码的完整报文，请重新编码".to_owned(),
                        en: "A whole message in base64 is expected here; encode it again"
                            .to_owned(),
                    },
                });
                None
            }
        }
    }
}
