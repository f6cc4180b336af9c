//! Which answers a message gets, in order. Codes are the authority's own.

use super::answers::Taken;

/// One answer after the import answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// CHANNEL, StatementCode or Code.
    pub code: &'static str,
    /// The text that goes with it.
    pub text: &'static str,
}

const fn step(code: &'static str, text: &'static str) -> Step {
    Step { code, text }
}

const GOODS: &[Step] = &[
    step("L", "海关已接收"),
    step("G", "已审结"),
    step("P", "已放行"),
    step("R", "已结关"),
];
const MANIFEST: &[Step] = &[step("01", "海关接受申报"), step("11", "放行")];
const AIRCRAFT: &[Step] = &[step("A", "接受申报"), step("P", "准予"), step("C", "办结")];
const CERTIFICATE: &[Step] = &[step("A", "接受申请"), step("P", "已签证")];

/// The answers that follow the import answer.
pub fn steps(taken: &Taken) -> &'static [Step] {
    match taken.kind.as_str() {
        // A draft is stored and waits for its trader; customs has nothing to say about it.
        "goods" if taken.form == "G" => &[],
        "manifest" if taken.form == "T" => &[],
        "goods" => GOODS,
        "manifest" => MANIFEST,
        "aircraft" => AIRCRAFT,
        "certificate" => CERTIFICATE,
        _ => &[],
    }
}
