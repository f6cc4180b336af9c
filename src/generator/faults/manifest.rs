//! Mistakes in air manifests. Most are of main data, which nearly all manifests are.

use super::{Fault, ROOT, WHOLE, enlarge, fault, fault_of, leave_out, spoil};
use crate::generator::random::Random;
use crate::generator::tree::{Id, Tree};

const WAYBILL: &str = "Declaration/Consignment";

/// See [`Fault`].
pub(crate) const MANIFEST: &[Fault] = &[
    fault(
        "number of the message missing",
        "cvc-complex-type.2.4",
        "head",
        |m, _| {
            let head = m.find(ROOT, "Head")?;
            leave_out(m, head, "MessageID")
        },
    ),
    fault(
        "element unknown",
        "cvc-complex-type.2.4",
        "unknown",
        |m, r| {
            let waybill = m.any(WAYBILL, r)?;
            m.append(waybill, "GrossWeight", "12")
        },
    ),
    fault(
        "transmitter too long",
        "cvc-maxLength-valid",
        "transmitter",
        |m, _| {
            m.change(
                ROOT,
                "Declaration/RepresentativePerson/Name",
                "北京航空服务".repeat(43),
            )
        },
    ),
    fault(
        "weight too precise",
        "cvc-fractionDigits-valid",
        "weight",
        |m, r| {
            let waybill = main_waybill(m, r)?;
            let weight = m.find(waybill, "TotalGrossMassMeasure")?;
            let text = m.text(weight).to_owned();
            let dot = if text.contains('.') { "" } else { "." };
            m.change(
                waybill,
                "TotalGrossMassMeasure",
                format_args!("{text}{dot}0001"),
            )
        },
    ),
    fault(
        "pieces are not a number",
        "cvc-datatype-valid.1.2.1",
        "pieces",
        |m, r| {
            let waybill = main_waybill(m, r)?;
            m.change(waybill, "ConsignmentPackaging/QuantityQuantity", "ten")
        },
    ),
    fault("sender without office", "MFT-1001", "sender", |m, _| {
        m.change(ROOT, "Head/SenderID", "BJ-FORWARDER")
    }),
    fault(
        "sent at a time that there is not",
        "MFT-1003",
        "send time",
        |m, _| {
            let day = m.value("Head/SendTime")?.get(..8)?.to_owned();
            m.change(ROOT, "Head/SendTime", format_args!("{day}250000000"))
        },
    ),
    fault("split indicator missing", "MFT-1112", "split", |m, r| {
        let waybill = main_waybill(m, r)?;
        m.remove(waybill, "TransportSplitIndicator")
    }),
    fault("split indicator unknown", "MFT-1209", "split", |m, r| {
        let waybill = main_waybill(m, r)?;
        m.change(waybill, "TransportSplitIndicator", "2")
    }),
    fault(
        "changed or deleted without reason",
        "MFT-1108",
        "reason",
        |m, r| {
            by_air(m)?;
            let waybill = m.any(WAYBILL, r)?;
            m.remove(waybill, "TransportContractDocument/ChangeReasonCode")
        },
    ),
    fault_of(
        "deletion",
        "deletion with a weight",
        "MFT-1110",
        "deletion",
        |m, r| {
            by_air(m)?;
            let waybill = m
                .any(WAYBILL, r)
                .filter(|_| m.value("Head/FunctionCode") == Some("3"))?;
            m.append(waybill, "TotalGrossMassMeasure", "12.5")
        },
    ),
    fault("not by air", "MFT-1201", "mode", |m, _| {
        by_air(m)?;
        m.change(ROOT, "Declaration/BorderTransportMeans/TypeCode", "3")
    }),
    fault("country unknown", "MFT-1204", "country", |m, r| {
        let waybill = m.any(WAYBILL, r)?;
        m.change(waybill, "Consignee/Address/CountryCode", "QQ")
    }),
    fault("flight without date", "MFT-1301", "flight", |m, _| {
        by_air(m)?;
        m.change(ROOT, "Declaration/BorderTransportMeans/JourneyID", "CA932")
    }),
    fault("check digit of a waybill", "MFT-1303", "numbers", |m, r| {
        by_air(m)?;
        let waybill = m.any(WAYBILL, r)?;
        spoil(m, waybill, "TransportContractDocument/ID")
    }),
    fault(
        "house number under two masters",
        "MFT-1502",
        "numbers",
        |m, _| {
            m.find(ROOT, "Declaration/RepresentativePerson")?;
            let list = m.find(ROOT, "Declaration")?;
            let waybills = || {
                m.children(list)
                    .filter(|id| m.node(*id).name == "Consignment")
            };
            let text = |id, path: &str| m.find(id, path).map(|found| m.text(found).to_owned());
            let house = |id| text(id, "AssociatedTransportDocument/ID");
            let master = |id| text(id, "TransportContractDocument/ID");
            let first = waybills().find(|id| house(*id).is_some())?;
            let last = waybills()
                .last()
                .filter(|last| master(*last) != master(first))?;
            let (number, has_house) = (house(first)?, house(last).is_some());
            if has_house {
                m.change(last, "AssociatedTransportDocument/ID", number)
            } else {
                m.append_within(last, "AssociatedTransportDocument", "ID", number)
            }
        },
    ),
    fault("value without currency", "MFT-1403", "value", |m, r| {
        let waybill = m.any(WAYBILL, r)?;
        m.remove(waybill, "ValueAmount/@CurrencyTypeCode")
    }),
    fault(
        "telephone without its type",
        "MFT-1414",
        "consignor",
        |m, r| {
            let waybill = m.any(WAYBILL, r)?;
            m.remove(waybill, "Consignor/Communication/TypeID")
        },
    ),
    fault("items misnumbered", "MFT-1504", "numbering", |m, r| {
        let waybill = main_waybill(m, r)?;
        let last = m
            .children(waybill)
            .filter(|id| m.node(*id).name == "ConsignmentItem")
            .last()?;
        m.change(last, "SequenceNumeric", "99")
    }),
    fault(
        "loaded on a day that there is not",
        "MFT-1601",
        "loading",
        |m, r| {
            let waybill = manifest_waybill(m, r)?;
            let loading = m.find(waybill, "LoadingLocation/LoadingDate")?;
            let (month, clock) = (
                m.text(loading).get(..6)?.to_owned(),
                m.text(loading).get(8..)?.to_owned(),
            );
            m.change(
                waybill,
                "LoadingLocation/LoadingDate",
                format_args!("{month}00{clock}"),
            )
        },
    ),
    fault("arrived before it departed", "MFT-1621", "times", |m, _| {
        m.find(ROOT, "Declaration/BorderTransportMeans/DepartureDateTime")?;
        m.change(
            ROOT,
            "Declaration/BorderTransportMeans/ArrivalDateTime",
            "202501010930086",
        )
    }),
    fault("weights do not add up", "MFT-1701", "weight", |m, r| {
        let waybill = main_waybill(m, r)?;
        enlarge(m, waybill, "TotalGrossMassMeasure", 9)
    }),
    fault("pieces do not add up", "MFT-1702", "pieces", |m, r| {
        let waybill = main_waybill(m, r)?;
        enlarge(m, waybill, "ConsignmentPackaging/QuantityQuantity", 9)
    }),
    fault(
        "dangerous goods and nobody to ask",
        "MFT-1801",
        "danger",
        |m, r| {
            by_air(m)?;
            let waybill = m.any(WAYBILL, r)?;
            let missing = m.remove(waybill, "UNDGContact")?;
            Some(format!("{missing}/Name"))
        },
    ),
    fault(
        "type of another message",
        "cvc-enumeration-valid",
        WHOLE,
        |m, _| {
            // Some numbers of messages name the type too.
            let named = m
                .value("Head/MessageID")
                .is_some_and(|number| number.starts_with("CN_"));
            m.value("Head/MessageType")
                .filter(|name| *name == "MT1201" && !named)?;
            m.change(ROOT, "Head/MessageType", "MT2201")
        },
    ),
    fault(
        "consolidator of an import",
        "MFT-2104",
        "consolidator",
        |m, r| {
            let waybill = m.any(WAYBILL, r)?;
            let document = m.find(waybill, "TransportContractDocument")?;
            m.find(document, "Deconsolidator")?;
            m.append_within(document, "Consolidator", "ID", "0101MA00K7T42")
        },
    ),
    fault("office of exit missing", "MFT-2202", "exit", |m, _| {
        m.value("Head/FunctionCode")
            .filter(|form| matches!(*form, "9" | "2"))?;
        m.remove(ROOT, "Declaration/ExitCustomsOffice/ID")
    }),
    fault(
        "loaded, and no split indicator",
        "MFT-2306",
        "split",
        |m, r| {
            let waybill = waybill_of(m, r, "MT4201")?;
            m.remove(waybill, "TransportSplitIndicator")
        },
    ),
    fault("loaded at no place", "MFT-2303", "loading", |m, r| {
        let waybill = waybill_of(m, r, "MT4201")?;
        m.remove(waybill, "LoadingLocation/ID")
    }),
    fault("counted by nobody", "MFT-2402", "tally", |m, _| {
        m.remove(ROOT, "Declaration/TallyParty/ID")
    }),
    fault("counted before it began", "MFT-2413", "times", |m, _| {
        let completed = "Declaration/BorderTransportMeans/CompletedDateTime";
        m.change(ROOT, completed, "202501010930086")
    }),
    fault(
        "telephone of the tally without its type",
        "MFT-2416",
        "tally",
        |m, _| m.remove(ROOT, "Declaration/TallyParty/Contact/Communication/TypeID"),
    ),
    fault(
        "office of a report in letters",
        "MFT-2501",
        "office",
        |m, _| m.change(ROOT, "Declaration/DeclarationOfficeID", "BJ01"),
    ),
    fault(
        "arrived, and nobody says what",
        "MFT-2512",
        "goods",
        |m, r| {
            let waybill = waybill_of(m, r, "MT3201")?;
            // Of several items one would be enough.
            let items = m
                .children(waybill)
                .filter(|id| m.node(*id).name == "ConsignmentItem");
            let only = items.count() == 1;
            m.find(waybill, "ConsignmentItem").filter(|_| only)?;
            m.remove(waybill, "ConsignmentItem/Commodity/CargoDescription")
        },
    ),
];

/// Any waybill, if the message is an original or a pre-load manifest, of main data or an addition.
fn main_waybill(m: &Tree, r: &mut Random) -> Option<Id> {
    m.value("Head/FunctionCode")
        .filter(|form| matches!(*form, "9" | "2"))?;
    manifest_waybill(m, r)
}

/// Whether the message is of the air.
fn by_air(m: &Tree) -> Option<()> {
    let mode = m.value("Head/MessageType")?.get(3..4)?;
    (mode == "2").then_some(())
}

/// Any waybill, if the message is an original or a pre-load manifest.
fn manifest_waybill(m: &Tree, r: &mut Random) -> Option<Id> {
    m.find(ROOT, "Declaration/RepresentativePerson")?;
    m.any(WAYBILL, r)
}

/// Any waybill, if the message is of this type.
fn waybill_of(m: &Tree, r: &mut Random, message_type: &str) -> Option<Id> {
    m.value("Head/MessageType")
        .filter(|found| *found == message_type)?;
    m.any(WAYBILL, r)
}
