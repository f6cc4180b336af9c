//! Parts that only some declarations of goods have: containers, documents and transits; and what a
//! summary, the first of two steps, does not have.

use super::Making;
use super::goods::Deal;
use super::numbers::{Decimal, container};
use super::places;
use super::random::Random;
use super::tree::Tree;

/// One container for twenty tons or so, each with all items in it. Gives their numbers.
pub(super) fn containers(m: &mut Making<'_>, deal: &Deal, gross: u64) -> Vec<String> {
    let count = (gross / 2_000_000 + 1).min(9);
    let mut numbers = String::new();
    for index in 1..=deal.lots.len() {
        let comma = if index > 1 { "," } else { "" };
        numbers += &format!("{comma}{index}");
    }
    let first = m.random.next();
    let mut found = Vec::new();
    m.tree.open("DecContainers");
    for index in 0..count {
        let owner = m.random.pick(places::OWNERS);
        let number = container(owner, first.wrapping_add(index));
        m.tree.open("Container");
        m.tree.leaf("ContainerId", &number);
        found.push(number);
        m.tree
            .leaf("ContainerMd", *m.random.pick(&["11", "12", "21"]));
        m.tree.leaf("GoodsNo", &numbers);
        m.tree.leaf("LclFlag", "0");
        m.tree.leaf("GoodsContaWt", Decimal(gross / count, 2));
        m.tree.close();
    }
    m.tree.close();
    found
}

/// Licences, and the documents that were handed in as files.
pub(super) fn documents(m: &mut Making<'_>, deal: &Deal) {
    let (tree, random) = (&mut *m.tree, &mut m.random);
    if random.percent(12) {
        let (code, number) = if deal.import {
            ("7", "26-AC-######")
        } else {
            ("B", "11########")
        };
        tree.open("DecLicenseDocus");
        tree.open("LicenseDocu");
        tree.leaf("DocuCode", code);
        tree.leaf("CertCode", random.like(number));
        tree.close();
        tree.close();
    }
    if random.percent(40) {
        let codes = ["00000001", "00000002", "00000003", "00000004"];
        for code in codes.iter().take(random.between(1, 4) as usize) {
            tree.open("EdocRealation");
            let serial = random.below(1_000_000_000);
            tree.leaf(
                "EdocID",
                format_args!("{}{code}IM{serial:018}.pdf", deal.office),
            );
            tree.leaf("EdocCode", code);
            tree.leaf("EdocFomatType", "US");
            tree.blank("OpNote");
            tree.close();
        }
    }
}

/// A transit by lorry under seal, from Tianjin to Beijing. Every item is in one of the containers
/// and weighs there what it weighs in the declaration; it is a package of its own.
pub(super) fn transit(m: &mut Making<'_>, deal: &Deal, containers: &[String]) {
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let carrier = m.companies.broker(random);
    let value = |path: &str| tree.value(path).unwrap_or_default().to_owned();
    let (bill, craft, agent) = (
        value("DecHead/BillNo"),
        value("DecHead/TrafName"),
        value("DecHead/AgentCodeScc"),
    );
    let (ship, voyage) = craft.split_once('/').unwrap_or((&craft, ""));
    let lorry = random.like("京A#####");
    let sealed = random.percent(70);
    let departs = deal.crossing.days_later(random.between(1, 3));
    tree.open("TrnHead");
    tree.blank("TrnPreId");
    tree.blank("TransNo");
    tree.blank("TurnNo");
    tree.leaf("NativeTrafMode", "4");
    tree.leaf("TrafCustomsNo", random.like("11000#####"));
    tree.leaf("NativeShipName", &lorry);
    tree.leaf("NativeVoyageNo", departs.date());
    tree.leaf("ContractorName", &carrier.name);
    tree.leaf("ContractorCode", &carrier.organisation);
    tree.leaf("TransFlag", "1");
    tree.leaf("ValidTime", departs.days_later(random.between(1, 7)).date());
    tree.leaf("ESealFlag", if sealed { "Y" } else { "N" });
    tree.blank("Notes");
    tree.leaf("TrnType", "1");
    tree.leaf("ApplCodeScc", agent);
    tree.close();
    tree.open("TrnList");
    tree.leaf("TrafMode", "2");
    tree.leaf("ShipId", random.like("UN9######"));
    tree.leaf("ShipNameEn", ship);
    tree.leaf("VoyageNo", voyage);
    tree.leaf("BillNo", bill);
    tree.leaf("IEDate", deal.crossing.date());
    tree.close();
    tree.open("TrnContainers");
    for (index, number) in containers.iter().enumerate() {
        tree.open("TrnContainer");
        tree.leaf("ContaNo", number);
        tree.leaf("ContaSn", index + 1);
        tree.leaf("ContaModel", *random.pick(&["22G1", "42G1", "45G1"]));
        tree.leaf("SealNo", random.like(if sealed { "E######" } else { "" }));
        tree.leaf("TransName", &lorry);
        tree.leaf("TransWeight", random.between(70, 95) * 100);
        tree.leaf("SealQty", "1");
        tree.close();
    }
    tree.close();
    tree.open("TrnContaGoodsList");
    for (index, lot) in deal.lots.iter().enumerate() {
        tree.open("TrnContaGoods");
        tree.leaf("GNo", index + 1);
        tree.leaf("ContaNo", &containers[index % containers.len()]);
        tree.leaf("ContaGoodsCount", "1");
        tree.leaf("ContaGoodsWeight", Decimal(lot.net, 2));
        tree.close();
    }
    tree.close();
}

/// What a summary leaves to the completion.
const LATER: &[&str] = &[
    "CutMode",
    "DistinatePort",
    "FeeCurr",
    "FeeMark",
    "FeeRate",
    "InsurCurr",
    "InsurMark",
    "InsurRate",
    "NetWt",
    "OwnerCode",
    "OwnerName",
    "PackNo",
    "TradeCountry",
    "TransMode",
    "WrapType",
    "OwnerCodeScc",
    "MarkNo",
    "DespPortCode",
    "EntyPortCode",
    "GoodsPlace",
    "DespDate",
    "CmplDschrgDt",
    "NoOtherPack",
];
const LATER_OF_ITEM: &[&str] = &[
    "DeclPrice",
    "DutyMode",
    "GModel",
    "FirstQty",
    "FirstUnit",
    "SecondQty",
    "SecondUnit",
    "DistrictCode",
    "CiqCode",
];

/// Makes a whole declaration a summary. Most leave out all that may be left out, and give the six
/// digits of the tariff that are the same everywhere; some clients fill in what they know.
pub(super) fn summarise(tree: &mut Tree, random: &mut Random) {
    if random.percent(20) {
        return;
    }
    let head = tree.find(Tree::ROOT, "DecHead").unwrap_or(Tree::ROOT);
    for name in LATER {
        tree.remove(head, name);
    }
    let list = tree.find(Tree::ROOT, "DecLists").unwrap_or(Tree::ROOT);
    let items: Vec<_> = tree.children(list).collect();
    let six = random.percent(60);
    for item in items {
        for name in LATER_OF_ITEM {
            tree.remove(item, name);
        }
        let code = tree.find(item, "CodeTS").filter(|_| six);
        let code = code
            .and_then(|id| tree.text(id).get(..6))
            .map(str::to_owned);
        if let Some(code) = code {
            tree.change(item, "CodeTS", code);
        }
    }
}
