//! Bytes to events: the charset, the limits, the positions. The only room that names
//! encoding_rs. `decode` turns a body into a [`Document`] of UTF-8 that still
//! knows where everything stood in the bytes as sent; `reader` turns a document into events
//! and refuses what XML forbids or our limits exclude; `paths` finds the indexed path of an
//! element, which only a finding needs. `plain` is a second
//! reader, slow and obvious, that the first one is tested against. What the elements mean is left to `schema`.

mod attributes;
mod decode;
mod markup;
mod paths;
mod plain;
mod reader;
mod refusal;
mod scan;
mod tag;

pub use attributes::{Attribute, is_name};
pub use decode::Document;
pub use paths::paths;
pub use plain::{PlainEvent, plain};
pub use reader::{Event, Reader, Run};
pub use scan::has_no_space;

/// The namespace to which the prefix `xml` is bound everywhere, declared or not.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// What one message may cost.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Elements inside each other. The deepest published format has nine.
    pub depth_max: usize,
    /// Attributes of one element, namespace declarations included. Formats use up to three.
    pub attributes_max: usize,
    /// Bytes of one start tag, looked at before its attributes are.
    pub tag_bytes_max: usize,
    /// Bytes of one name. The longest published one has 40.
    pub name_bytes_max: usize,
    /// Bytes of the text of one element. An attachment of 1 MB is 1.4 MB of base64.
    pub text_bytes_max: usize,
    /// Elements of one message: 9,999 waybills of 50 elements are 500,000.
    pub elements_max: usize,
    /// Findings reported in one answer; more are counted. Nobody mends a hundred at once.
    pub findings_max: usize,
    /// Whether a document type declaration is passed over instead of refused; nothing in it is
    /// ever looked at. Published schema files have some, messages none.
    pub doctype: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            depth_max: 64,
            attributes_max: 64,
            tag_bytes_max: 64 << 10,
            name_bytes_max: 256,
            text_bytes_max: 2 << 20,
            elements_max: 1_000_000,
            findings_max: 100,
            doctype: false,
        }
    }
}
