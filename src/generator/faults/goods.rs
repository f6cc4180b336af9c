//! Mistakes in declarations of goods.

use super::{Fault, ROOT, enlarge, fault, leave_out, spoil};
use crate::generator::tree::{Id, Tree};

const ITEM: &str = "DecLists/DecList";

/// See [`Fault`].
pub(crate) const GOODS: &[Fault] = &[
    fault(
        "typist's name missing",
        "cvc-complex-type.2.4",
        "typist",
        |m, _| {
            let head = m.find(ROOT, "DecHead")?;
            leave_out(m, head, "InputerName")
        },
    ),
    fault(
        "element unknown",
        "cvc-complex-type.2.4",
        "unknown",
        |m, r| {
            let item = m.any(ITEM, r)?;
            m.append(item, "NetWeight", "1")
        },
    ),
    fault(
        "contract number too long",
        "cvc-maxLength-valid",
        "contract",
        |m, _| {
            m.change(
                ROOT,
                "DecHead/ContrNo",
                "BJ2026-0301-CONTRACT-AND-ITS-ANNEX",
            )
        },
    ),
    fault(
        "gross weight with a comma",
        "cvc-datatype-valid.1.2.1",
        "weight",
        |m, _| m.change(ROOT, "DecHead/GrossWet", "1,250"),
    ),
    fault(
        "gross weight too precise",
        "cvc-fractionDigits-valid",
        "weight",
        |m, _| {
            let whole = m
                .value("DecHead/GrossWet")?
                .split('.')
                .next()?
                .parse::<u64>()
                .ok()?
                + 1;
            m.change(ROOT, "DecHead/GrossWet", format_args!("{whole}.000001"))
        },
    ),
    fault("gross less than net", "DEC-1501", "weight", |m, _| {
        let gross = m
            .value("DecHead/GrossWet")?
            .split('.')
            .next()?
            .parse::<u64>()
            .ok()?;
        m.change(ROOT, "DecHead/NetWt", gross + 3)?;
        m.find(ROOT, "DecHead/GrossWet").map(|id| m.path(id))
    }),
    fault(
        "total is not price times quantity",
        "DEC-1503",
        "item",
        |m, r| {
            let item = m.any(ITEM, r).filter(|_| is_whole(m))?;
            enlarge(m, item, "DeclTotal", 12)
        },
    ),
    fault("check digit of the trader", "DEC-1401", "trader", |m, _| {
        spoil(m, ROOT, "DecHead/TradeCoScc")
    }),
    fault("check digit of the owner", "DEC-1401", "owner", |m, _| {
        spoil(m, ROOT, "DecHead/OwnerCodeScc")
    }),
    fault("check digit of the agent", "DEC-1401", "agent", |m, _| {
        spoil(m, ROOT, "DecHead/AgentCodeScc")
    }),
    fault(
        "check digit of the typist's company",
        "DEC-1401",
        "cop",
        |m, _| spoil(m, ROOT, "DecHead/CopCodeScc"),
    ),
    fault("supervision mode unknown", "DEC-1202", "mode", |m, _| {
        m.change(ROOT, "DecHead/TradeMode", "0111")
    }),
    fault(
        "means of transport unknown",
        "DEC-1204",
        "transport",
        |m, _| m.change(ROOT, "DecHead/TrafMode", "K"),
    ),
    fault("packing unknown", "DEC-1206", "packing", |m, _| {
        m.change(ROOT, "DecHead/WrapType", "77")
    }),
    fault("country unknown", "DEC-1210", "country", |m, _| {
        m.change(ROOT, "DecHead/TradeCountry", "9Z9")
    }),
    fault("unit unknown", "DEC-1212", "unit", |m, r| {
        let item = m.any(ITEM, r)?;
        m.change(item, "GUnit", "9Z9")
    }),
    fault("duty mode unknown", "DEC-1213", "duty", |m, r| {
        let item = m.any(ITEM, r)?;
        m.change(item, "DutyMode", "Z")
    }),
    fault("items misnumbered", "DEC-1602", "numbering", |m, _| {
        // Containers and documents name items by number.
        let named = m.find(ROOT, "DecContainers").is_some();
        let last = last_item(m).filter(|_| !named)?;
        m.change(last, "GNo", "51")
    }),
    fault("date that there is not", "DEC-1701", "date", |m, _| {
        m.change(ROOT, "DecHead/PDate", "20260230")
    }),
    fault(
        "unloaded before it departed",
        "DEC-1710",
        "journey",
        |m, _| m.change(ROOT, "DecHead/CmplDschrgDt", "20250101"),
    ),
    fault(
        "second unit without quantity",
        "DEC-1104",
        "second unit",
        |m, r| {
            let item = m.any(ITEM, r)?;
            m.remove(item, "SecondQty")
        },
    ),
    fault("declared without port", "DEC-1105", "port", |m, _| {
        m.find(ROOT, "DecHead").filter(|_| is_whole(m))?;
        m.remove(ROOT, "DecHead/DistinatePort")
    }),
    fault("item without duty mode", "DEC-1107", "duty", |m, r| {
        let item = m.any(ITEM, r).filter(|_| is_whole(m))?;
        m.remove(item, "DutyMode")
    }),
    fault(
        "declared without trader",
        "DEC-1101",
        "trader's number",
        |m, _| m.remove(ROOT, "DecHead/TradeCode"),
    ),
    fault("item without name", "DEC-1102", "name", |m, r| {
        let item = m.any(ITEM, r)?;
        m.remove(item, "GName")
    }),
    fault(
        "check digit of the waybill",
        "DEC-1422",
        "transport",
        |m, _| {
            let master = m
                .value("DecHead/BillNo")
                .filter(|number| number.len() == 11)?;
            master.parse::<u64>().ok()?;
            spoil(m, ROOT, "DecHead/BillNo")
        },
    ),
    fault(
        "freight in a price that holds it",
        "DEC-1808",
        "freight",
        |m, _| {
            let import = m.value("DecHead/IEFlag") == Some("I");
            m.value("DecHead/TransMode")
                .filter(|terms| import && *terms == "1")?;
            let head = m.find(ROOT, "DecHead")?;
            m.append(head, "FeeRate", "2.5")?;
            m.append(head, "FeeMark", "1")
        },
    ),
    fault("not signed", "DEC-1103", "sign", |m, _| {
        m.remove(ROOT, "DecSign/Sign")
    }),
    fault("no packages", "DEC-1504", "packages", |m, _| {
        let transit = m.find(ROOT, "TrnHead").is_some();
        m.find(ROOT, "DecHead").filter(|_| !transit)?;
        m.change(ROOT, "DecHead/PackNo", "0")
    }),
    fault("tariff code with a letter", "DEC-1406", "tariff", |m, r| {
        let item = m.any(ITEM, r).filter(|_| is_whole(m))?;
        m.change(item, "CodeTS", "90275000X0")
    }),
    fault(
        "promise neither made nor not",
        "DEC-1809",
        "promises",
        |m, _| m.change(ROOT, "DecHead/PromiseItmes", "00X99"),
    ),
    fault("freight without currency", "DEC-1806", "freight", |m, _| {
        m.remove(ROOT, "DecHead/FeeCurr")
    }),
    fault("office unknown", "DEC-1301", "office", |m, _| {
        m.change(ROOT, "DecHead/IEPort", "0199")
    }),
    fault("file of an unknown kind", "DEC-1217", "file", |m, r| {
        let file = m.any("EdocRealation", r)?;
        // The name of the file has the kind in it too.
        let name = m.find(file, "EdocID").map(|id| m.text(id).to_owned())?;
        let (office, serial) = (name.get(..4)?, name.get(12..)?);
        m.change(file, "EdocID", format_args!("{office}00000099{serial}"))?;
        m.change(file, "EdocCode", "00000099")
    }),
    fault(
        "check digit of a container",
        "DEC-1405",
        "container",
        |m, r| {
            let transit = m.find(ROOT, "TrnHead").is_some();
            let container = m.any("DecContainers/Container", r).filter(|_| !transit)?;
            spoil(m, container, "ContainerId")
        },
    ),
    fault(
        "container of an item that there is not",
        "DEC-1604",
        "container",
        |m, r| {
            let container = m.any("DecContainers/Container", r)?;
            m.change(container, "GoodsNo", "1,52")
        },
    ),
];

fn last_item(m: &Tree) -> Option<Id> {
    let list = m.find(ROOT, "DecLists")?;
    m.children(list).last()
}

/// Whether it is no summary, of which less is asked.
fn is_whole(m: &Tree) -> bool {
    m.value("DecHead/Type") != Some("  5")
}
