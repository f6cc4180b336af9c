//! The fast walk against the plain one: both say valid, or both do not. For tests and for
//! fuzz targets.

use tongguan::finding::Findings;
use tongguan::schema::Schema;
use tongguan::xml::{Document, Limits};

/// Whether the fast walk finds nothing wrong.
pub fn fast(schema: &Schema, text: &str, limits: &Limits) -> bool {
    let mut findings = Findings::new(1);
    let document = Document::from_text(text);
    let complete = schema.walk(&document, limits, &mut (), &mut findings);
    complete && findings.is_empty()
}

/// The verdict of the plain walk; `None` if it cannot tell.
pub fn plain(schema: &Schema, text: &str, limits: &Limits) -> Option<bool> {
    schema.plain_verdict(&Document::from_text(text), limits)
}

/// The verdict of both, `None` if the plain walk cannot tell, and an error if they differ.
pub fn compare(schema: &Schema, text: &str, limits: &Limits) -> Result<Option<bool>, String> {
    let (fast, plain) = (fast(schema, text, limits), plain(schema, text, limits));
    match plain {
        Some(plain) if plain != fast => Err(format!("valid: fast {fast}, plain {plain}\n{text}")),
        plain => Ok(plain),
    }
}
