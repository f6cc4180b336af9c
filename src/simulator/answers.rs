//! The answers, in the real forms where those are published (goods declaration, manifest) and
//! in ours where they are not (aircraft, certificate of origin).

use std::fmt::Write;

use crate::declaration::{Digest, Id, Timestamp};
use crate::family::Message;

use super::script::Step;

/// A message that the authority has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The family.
    pub kind: String,
    /// The message type.
    pub message_type: String,
    /// The sender's own number for it.
    pub reference: String,
    /// OperType or FunctionCode; empty where the family has none.
    pub form: String,
    /// The customs office, four digits.
    pub office: String,
    /// For manifests the element that says which journey is meant, and its value: the flight
    /// or voyage, or by road the number of the batch.
    pub journey: (&'static str, String),
    /// The authority's number, derived from the dispatch so that a repetition gets the same.
    pub number: String,
}

impl Taken {
    /// What the authority notes down of `message`, which came as `dispatch`.
    pub fn new(dispatch: Id, message: &Message) -> Taken {
        let field = |name: &str| message.field(name).unwrap_or_default().to_owned();
        let journey = message.field("flight").or(message.field("voyage"));
        let journey = match message.field("batch_number") {
            Some(batch) => ("ID", batch.to_owned()),
            None => ("JourneyID", journey.unwrap_or_default().to_owned()),
        };
        Taken {
            kind: message.kind.to_string(),
            message_type: message.message_type.to_string(),
            reference: field("reference"),
            form: field("form"),
            office: field("office"),
            journey,
            number: number(dispatch),
        }
    }

    /// What the authority says at once.
    pub fn import_answer(&self, at: Timestamp) -> String {
        match self.kind.as_str() {
            "goods" => document(|xml| {
                xml.open(
                    "DecImportResponse",
                    &[("xmlns", "http://www.chinaport.gov.cn/dec")],
                );
                xml.leaf("ResponseCode", "0");
                xml.leaf("ErrorMessage", "调用成功");
                xml.leaf("ClientSeqNo", &self.reference);
                xml.leaf("SeqNo", &self.number);
                xml.close("DecImportResponse");
            }),
            "manifest" => document(|xml| {
                xml.open("Manifest", &[("xmlns", &self.manifest_namespace())]);
                self.manifest_head(xml, at);
                xml.open("Response", &[]);
                xml.leaf("ID", &self.number);
                xml.open("AdditionalInformation", &[]);
                xml.leaf("StatementCode", "0");
                xml.leaf("StatementDescription", "调用成功");
                xml.close("AdditionalInformation");
                xml.close("Response");
                xml.close("Manifest");
            }),
            _ => self.business_answer(
                Step {
                    code: "R",
                    text: "已接收",
                },
                at,
            ),
        }
    }

    /// What it says later.
    pub fn business_answer(&self, step: Step, at: Timestamp) -> String {
        match self.kind.as_str() {
            "goods" => document(|xml| {
                let day = beijing(at, "%Y-%m-%dT00:00:00");
                xml.open("DEC_DATA", &[]);
                xml.open("DEC_RESULT", &[]);
                xml.leaf("CUS_CIQ_NO", &self.number);
                xml.leaf(
                    "ENTRY_ID",
                    &if step.code == "L" {
                        String::new()
                    } else {
                        self.entry_id(at)
                    },
                );
                xml.leaf("NOTICE_DATE", &beijing(at, "%Y-%m-%dT%H:%M:%S"));
                xml.leaf("CHANNEL", step.code);
                xml.leaf("NOTE", step.text);
                xml.leaf("CUSTOM_MASTER", &self.office);
                xml.leaf("I_E_DATE", &day);
                xml.leaf("D_DATE", &day);
                xml.close("DEC_RESULT");
                xml.leaf("RESULT_INFO", step.text);
                xml.close("DEC_DATA");
            }),
            "manifest" => document(|xml| {
                xml.open("Manifest", &[("xmlns", &self.manifest_namespace())]);
                self.manifest_head(xml, at);
                xml.open("Response", &[]);
                xml.leaf(self.journey.0, &self.journey.1);
                xml.open("AdditionalInformation", &[]);
                xml.leaf("StatementCode", step.code);
                xml.leaf("StatementDescription", step.text);
                xml.close("AdditionalInformation");
                xml.close("Response");
                xml.close("Manifest");
            }),
            "aircraft" => document(|xml| {
                xml.open("AircraftResponse", &[("xmlns", "urn:tongguan:aircraft:1")]);
                xml.leaf("MessageID", &self.reference);
                self.plain_answer(xml, step, at);
                xml.close("AircraftResponse");
            }),
            _ => document(|xml| {
                xml.open(
                    "CertificateResponse",
                    &[("xmlns", "urn:tongguan:certificate:1")],
                );
                xml.leaf("CertNo", &self.reference);
                self.plain_answer(xml, step, at);
                xml.close("CertificateResponse");
            }),
        }
    }

    fn plain_answer(&self, xml: &mut Xml, step: Step, at: Timestamp) {
        xml.leaf("AuthorityNumber", &self.number);
        xml.leaf("Code", step.code);
        xml.leaf("Text", step.text);
        xml.leaf("Time", &beijing(at, "%Y-%m-%dT%H:%M:%S"));
    }

    fn manifest_namespace(&self) -> String {
        format!(
            "urn:Declaration:datamodel:standard:CN:{}:1",
            self.message_type
        )
    }

    fn manifest_head(&self, xml: &mut Xml, at: Timestamp) {
        xml.open("Head", &[]);
        xml.leaf("MessageID", &self.reference);
        xml.leaf("FunctionCode", "11");
        xml.leaf("MessageType", &self.message_type);
        xml.leaf("SenderID", &self.office);
        xml.leaf("ReceiverID", "EPORT");
        xml.leaf("SendTime", &beijing(at, "%Y%m%d%H%M%S%3f"));
        xml.leaf("Version", "1.0");
        xml.close("Head");
    }

    /// The 18-digit customs number: office, year, direction, serial.
    fn entry_id(&self, at: Timestamp) -> String {
        let serial = &self.number[self.number.len() - 9..];
        format!("{:0>4}{}1{serial}", self.office, beijing(at, "%Y"))
    }
}

/// The authority's number: a letter and seventeen digits.
fn number(dispatch: Id) -> String {
    let digest = Digest::of(dispatch.0.as_bytes());
    let eight: [u8; 8] = digest.0[..8].try_into().expect("a digest has 32 bytes");
    format!(
        "I{:017}",
        u64::from_be_bytes(eight) % 100_000_000_000_000_000
    )
}

/// A moment in Beijing time.
fn beijing(at: Timestamp, format: &str) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    jiff::tz::offset(8)
        .to_datetime(moment)
        .strftime(format)
        .to_string()
}

struct Xml(String);

fn document(write: impl FnOnce(&mut Xml)) -> String {
    let mut xml = Xml("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned());
    write(&mut xml);
    xml.0
}

impl Xml {
    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        write!(self.0, "<{name}").expect("writing to a String");
        for (name, value) in attributes {
            write!(self.0, " {name}=\"{}\"", escape(value)).expect("writing to a String");
        }
        self.0.push('>');
    }

    fn close(&mut self, name: &str) {
        writeln!(self.0, "</{name}>").expect("writing to a String");
    }

    fn leaf(&mut self, name: &str, text: &str) {
        writeln!(self.0, "<{name}>{}</{name}>", escape(text)).expect("writing to a String");
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
