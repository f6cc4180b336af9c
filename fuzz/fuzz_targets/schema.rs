//! Any bytes as a schema file: a mistake or a schema, never a panic; and the fast walk agrees
//! with the plain one on small documents.
#![no_main]

use tongguan::schema::{Files, Schema};
use tongguan::xml::Limits;

#[path = "../../tests/support/walks.rs"]
mod walks;

const DOCUMENTS: [&str; 8] = [
    "<r/>",
    "<r a='1'>1</r>",
    "<r><a/></r>",
    "<r><a>1</a><b>2</b><a x='y'/></r>",
    "<r xmlns='u'><a/><a/><a/></r>",
    "<r> <x id='a'/> <x id='b' ref='a'/> </r>",
    "<r xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'/>",
    "<r xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:type='T'><a>1</a></r>",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let files = Files::from([("main.xsd".to_owned(), bytes.to_vec())]);
    let Ok(schema) = Schema::compile("main.xsd", &files) else {
        return;
    };
    for document in DOCUMENTS {
        if let Err(difference) = walks::compare(&schema, document, &Limits::default()) {
            panic!("{difference}");
        }
    }
});
