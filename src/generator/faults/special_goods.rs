//! Mistakes in transits, in declarations of two steps, of bonded goods, and in envelopes.

use super::{Fault, ROOT, fault_of};
use crate::generator::random::Random;
use crate::generator::tree::Tree;

/// See [`Fault`].
pub(crate) const SPECIAL: &[Fault] = &[
    fault_of(
        TRANSIT,
        "transit of an item that there is not",
        "DEC-1908",
        "transit goods",
        |m, r| {
            let goods = m.any(IN_CONTAINERS, r)?;
            m.change(goods, "GNo", "52")
        },
    ),
    fault_of(
        TRANSIT,
        "transit goods without weight",
        "DEC-1115",
        "transit goods",
        |m, r| {
            let goods = m.any(IN_CONTAINERS, r)?;
            declared(m)?;
            m.remove(goods, "ContaGoodsWeight")
        },
    ),
    fault_of(
        TRANSIT,
        "transit of no head",
        "DEC-1903",
        "transit",
        |m, _| {
            m.find(ROOT, "TrnHead")?;
            m.change(ROOT, "DecHead/EdiId", "1")?;
            m.change(ROOT, "DecHead/DeclTrnRel", "0")
        },
    ),
    fault_of(
        TRANSIT,
        "transit over before the ship came",
        "DEC-1725",
        "transit",
        |m, _| m.change(ROOT, "TrnHead/ValidTime", "20250101"),
    ),
    fault_of(
        TRANSIT,
        "transit until a day that there is not",
        "DEC-1701",
        "transit",
        |m, _| m.change(ROOT, "TrnHead/ValidTime", "20270230"),
    ),
    fault_of(
        TRANSIT,
        "check digit of the transit's applicant",
        "DEC-1401",
        "applicant",
        |m, _| super::spoil(m, ROOT, "TrnHead/ApplCodeScc"),
    ),
    fault_of(
        SUMMARY,
        "summary without bill",
        "DEC-1118",
        "transport",
        |m, _| {
            step(m, "  5").filter(|()| declared(m).is_some())?;
            m.remove(ROOT, "DecHead/BillNo")
        },
    ),
    fault_of(
        SUMMARY,
        "summary with four digits of the tariff",
        "DEC-1408",
        "tariff",
        |m, r| {
            step(m, "  5")?;
            let item = m.any("DecLists/DecList", r)?;
            m.change(item, "CodeTS", "9027")
        },
    ),
    fault_of(
        SUMMARY,
        "summary without flight",
        "DEC-1118",
        "flight",
        |m, _| {
            step(m, "  5").filter(|()| declared(m).is_some())?;
            m.remove(ROOT, "DecHead/TrafName")
        },
    ),
    fault_of(
        COMPLETION,
        "completion of another office",
        "DEC-1417",
        "summary",
        |m, _| {
            let number = m.value("DecHead/EntryId")?.get(4..)?.to_owned();
            m.change(ROOT, "DecHead/EntryId", format_args!("0199{number}"))
        },
    ),
    fault_of(
        COMPLETION,
        "completion of an export",
        "DEC-1418",
        "summary",
        |m, _| {
            let office = m.value("DecHead/EntryId")?.get(..4)?.to_owned();
            m.change(
                ROOT,
                "DecHead/EntryId",
                format_args!("{office}20260123456789"),
            )
        },
    ),
    fault_of(
        BONDED,
        "filing list of an unknown type",
        "DEC-1220",
        "filing list",
        |m, _| m.change(ROOT, "DecHead/BillType", "9"),
    ),
    fault_of(
        BONDED,
        "filing list with a contract",
        "DEC-1801",
        "contract",
        |m, _| {
            m.value("DecHead/BillType")?;
            let head = m.find(ROOT, "DecHead")?;
            m.append(head, "ContrNo", "BJ2026-0301")
        },
    ),
    fault_of(
        BONDED,
        "filing list with a use",
        "DEC-1802",
        "use",
        |m, r| bonded_item(m, r, "UseTo", "04"),
    ),
    fault_of(
        BONDED,
        "filing list with a fee for work",
        "DEC-1842",
        "work",
        |m, r| bonded_item(m, r, "WorkUsd", "12.5"),
    ),
    fault_of(
        "DxpMsg",
        "platform without version",
        "cvc-complex-type.4",
        "envelope",
        |m, _| {
            m.find(ROOT, "TransInfo")
                .and_then(|_| m.remove(ROOT, "@ver"))
        },
    ),
    fault_of(
        "DxpMsg",
        "platform's time in words",
        "cvc-datatype-valid.1.2.3",
        "envelope",
        |m, _| m.change(ROOT, "TransInfo/CreatTime", "1 March"),
    ),
    fault_of(
        "DxpMsg",
        "platform's content in no base64",
        "cvc-datatype-valid.1.2.1",
        "envelope",
        |m, _| m.change(ROOT, "Data", "not base64!"),
    ),
    fault_of(
        "ImportMessage",
        "older envelope of another type",
        "cvc-enumeration-valid",
        "envelope",
        |m, _| m.change(ROOT, "SWImpHead/MsgType", "SWDEC002"),
    ),
    fault_of(
        "ImportMessage",
        "older envelope with a compressed content",
        "cvc-enumeration-valid",
        "envelope",
        |m, _| m.change(ROOT, "SWImpHead/Compress", "1"),
    ),
];

const TRANSIT: &str = "transit";
const SUMMARY: &str = "summary";
const COMPLETION: &str = "completion";
const BONDED: &str = "bonded";
const IN_CONTAINERS: &str = "TrnContaGoodsList/TrnContaGoods";

/// Whether the declaration is more than a draft.
fn declared(m: &Tree) -> Option<()> {
    m.value("DecSign/OperType").filter(|form| *form != "G")?;
    Some(())
}

/// Whether the declaration is this step of two.
fn step(m: &Tree, step: &str) -> Option<()> {
    m.value("DecHead/Type").filter(|found| *found == step)?;
    Some(())
}

/// Adds to an item of bonded goods what it may not have.
fn bonded_item(m: &mut Tree, r: &mut Random, name: &'static str, value: &str) -> Option<String> {
    m.value("DecHead/BillType")?;
    let item = m.any("DecLists/DecList", r)?;
    m.append(item, name, value)
}
