//! Certificates of origin: general ones, those of ASEAN, RCEP and the GSP, and those of agreements
//! with one partner. What few certificates have is in [`super::certificate_parts`].

use super::Making;
use super::certificate_parts;
use super::commodities::Lot;
use super::companies::{Company, Foreigner, foreigner, person};
use super::moment::Moment;
use super::numbers::{Decimal, Words, identity_card};
use super::places::{self, ASEAN, Country, PREFERENCES, RCEP, TRADING};
use super::random::Random;
use super::tree::Tree;

/// Lines of one certificate; the paper form has room for twenty.
const LINES: &[(u64, (u64, u64))] = &[(40, (1, 1)), (35, (2, 4)), (20, (5, 10)), (5, (11, 20))];

/// Types of certificates. Few countries give preferences under the GSP any more; the agreements
/// with one partner have a sixth together, as most of it goes to ASEAN and under RCEP.
const TYPES: &[(u64, &str)] = &[
    (30, "C"),
    (26, "E"),
    (22, "RC"),
    (7, "G"),
    (5, "A"),
    (4, "K"),
    (3, "F"),
    (2, "H"),
    (1, "GE"),
];

struct Line {
    lot: Lot,
    packages: u64,
    /// Hundredths of the currency.
    free_on_board: u64,
}

/// What the blocks of a certificate have in common.
struct Case<'c> {
    kind: &'static str,
    number: String,
    invoice: String,
    exporter: &'c Company,
    destination: &'static Country,
    importer: Foreigner,
    currency: &'static str,
    terms: &'static str,
    invoiced: Moment,
    lines: Vec<Line>,
    /// A company of a third country that sends the invoice.
    third: Option<Foreigner>,
}

pub(super) fn make(m: &mut Making<'_>) -> String {
    if m.message_type.starts_with("CooFile") {
        return certificate_parts::file(m);
    }
    let random = &mut m.random;
    let kind = match m.wanted {
        "third party" => "E",
        wanted => {
            let any = random.weighted(TYPES);
            let known = TYPES.iter().find(|(_, kind)| *kind == wanted);
            known.map_or(any, |(_, kind)| kind)
        }
    };
    let agreed = places::AGREED.iter().find(|(of, _)| *of == kind);
    let countries = match kind {
        "E" => ASEAN,
        "RC" => RCEP,
        "G" => PREFERENCES,
        _ => agreed.map_or(TRADING, |(_, countries)| *countries),
    };
    let destination = *random.pick(countries);
    let (exporter, number) = certificate_parts::numbered(m.companies, m.number, m.sent, kind);
    let terms = random.weighted(&[(80, "FOB"), (20, "CIF")]);
    let lines = (0..random.size(LINES)).map(|_| {
        let lot = Lot::draw(random);
        let share = if terms == "FOB" { 100 } else { 94 };
        Line {
            lot,
            packages: lot.net / 1_500 % 9_000 + 1,
            free_on_board: lot.total() * share / 100,
        }
    });
    let lines = lines.collect();
    let case = Case {
        kind,
        number,
        invoice: random.like("TG26-####@"),
        exporter,
        destination,
        importer: foreigner(destination, random),
        currency: random.weighted(&[(75, "USD"), (15, destination.currency.1), (10, "EUR")]),
        terms,
        invoiced: m.sent.days_earlier(random.between(0, 5)),
        lines,
        third: (!matches!(kind, "C" | "G") && (random.percent(6) || m.wanted == "third party"))
            .then(|| foreigner(&places::SINGAPORE, random)),
    };

    m.tree
        .begin("Certificate", certificate_parts::namespace(m.message_type));
    m.tree.in_order();
    head(m, &case);
    m.tree.open_in_order("CertificateList");
    for (index, line) in case.lines.iter().enumerate() {
        goods(m.tree, &mut m.random, &case, index + 1, line);
    }
    m.tree.close();
    certificate_parts::change(m, &case.number);
    if let Some(third) = &case.third {
        certificate_parts::third_party(m.tree, third);
    }
    if kind == "RC" {
        invoices(m.tree, &case);
    }
    m.tree.within("AplPromise", "AplPromiseCode", "1");
    case.number
}

fn head(m: &mut Making<'_>, case: &Case<'_>) {
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let (exporter, there) = (case.exporter, case.destination);
    let office = places::office(random);
    let total = case.lines.iter().map(|line| line.lot.total()).sum();
    let free_on_board = case.lines.iter().map(|line| line.free_on_board).sum();
    let (means, by) = if random.percent(45) {
        ("BY AIR", "CA0937")
    } else {
        ("BY SEA", "JIN HE 8 / 026E")
    };
    let load = if means == "BY AIR" {
        "BEIJING, CHINA"
    } else {
        "TIANJIN, CHINA"
    };
    let unload = format!("{}, {}", there.city, there.en);
    // Nine in ten are declared; the rest is stored as drafts, complete all the same.
    let declared = m.faulty || random.percent(90);
    let status = if m.wanted == "change" {
        "1"
    } else {
        random.weighted(&[(92, "0"), (3, "1"), (3, "2"), (2, "3")])
    };

    tree.open("CertificateHead");
    tree.leaf("CertNo", &case.number);
    tree.leaf("ApplyType", if declared { "1" } else { "0" });
    tree.leaf("CertStatus", status);
    tree.leaf("CertType", case.kind);
    tree.leaf("EntMgrNo", &exporter.customs);
    tree.leaf("CiqRegNo", &exporter.organisation);
    tree.leaf("AplRegNo", &exporter.organisation);
    tree.leaf("EtpsName", &exporter.name);
    tree.leaf("ApplName", person(random));
    let month = random.between(1, 9);
    let born = random.like(&format!("110105198#0{month}1####"));
    tree.leaf("Applicant", identity_card(&born));
    tree.leaf("ApplTel", &exporter.phone);
    tree.leaf("OrgCode", office);
    tree.leaf("FetchPlace", office);
    tree.leaf("AplAdd", "BEIJING, CHINA");
    tree.leaf("InvDate", case.invoiced.dashed());
    tree.leaf("InvNo", &case.invoice);
    tree.leaf("AplDate", m.sent.dashed());
    tree.leaf("DestCountry", there.en);
    tree.leaf("DestCountryCode", there.numeric);
    tree.leaf("DestCountryName", there.zh);
    tree.leaf(
        "Exporter",
        format_args!("{}\n{}", exporter.name_en, exporter.address_en),
    );
    let (street, city) = (there.street, there.city);
    tree.leaf(
        "Consignee",
        format_args!(
            "{}\n{} {street}, {city}\n{}",
            case.importer.name, case.importer.street, there.en
        ),
    );
    tree.blank("GoodsSpecClause");
    tree.leaf(
        "Mark",
        random.weighted(&[(70, "N/M"), (30, "TG\nBEIJING\nC/NO. 1-UP")]),
    );
    tree.leaf("LoadPort", load);
    tree.leaf("UnloadPort", &unload);
    tree.leaf("TransMeans", means);
    tree.leaf("TransName", by);
    tree.blank("TransCountryCode");
    tree.blank("TransCountryName");
    tree.blank("TransPort");
    tree.blank("DestPort");
    tree.leaf(
        "TransDetails",
        format_args!("FROM {load} TO {unload} {means}"),
    );
    tree.leaf(
        "IntendExpDate",
        m.sent.days_later(random.between(1, 12)).dashed(),
    );
    tree.leaf("TradeModeCode", "1");
    tree.leaf("FOBValue", Decimal(free_on_board, 2));
    tree.leaf("TotalAmt", Decimal(total, 2));
    tree.blank("Note");
    tree.leaf(
        "ContractNo",
        if random.percent(50) { "TG-BJ-2601" } else { "" },
    );
    tree.blank("LcNo");
    tree.blank("SpecInvTerms");
    tree.leaf("PriceTerms", case.terms);
    tree.leaf("Curr", case.currency);
    tree.blank("Remark");
    tree.leaf("ProducerSertFlag", "N");
    tree.leaf("ExhibitFlag", "0");
    let third = case.third.is_some();
    tree.leaf("ThirdPartyInvFlag", if third { "1" } else { "0" });
    tree.leaf("PredictFlag", "0");
    if case.kind == "H" {
        tree.leaf("ExporterTel", &exporter.phone);
        tree.leaf("ExporterFax", &exporter.phone);
        tree.leaf("ExporterEmail", "export@example.com");
    } else {
        tree.blank("ExporterTel");
    }
    tree.blank("ExpDeclDate");
    tree.leaf("OriCountryCode", "156");
    tree.leaf("OriCountry", "CHINA");
    tree.blank("ChkValidDate");
    tree.blank("EtpsConcEr");
    tree.blank("EtpsTel");
    tree.blank("Producer");
    tree.blank("PrcsAssembly");
    tree.blank("EntryId");
    tree.close();
}

fn goods(tree: &mut Tree, random: &mut Random, case: &Case<'_>, number: usize, line: &Line) {
    let (lot, exporter) = (&line.lot, case.exporter);
    let commodity = lot.commodity;
    tree.open("Goods");
    tree.leaf("GoodsItemFlag", "N");
    tree.leaf("GNo", number);
    tree.leaf(
        "HSCode",
        &commodity.code[..if case.kind == "RC" { 8 } else { 6 }],
    );
    tree.leaf("GoodsName", commodity.zh);
    tree.leaf("GoodsNameE", commodity.en);
    tree.leaf("PackQty", line.packages);
    tree.leaf("PackUnit", "CARTONS");
    tree.leaf("GoodsQty", lot.quantity);
    tree.leaf("GoodsUnitE", commodity.unit_names.1);
    tree.leaf("GoodsUnit", commodity.unit_names.0);
    tree.blank("GoodsQtyRef");
    tree.blank("GoodsUnitRef");
    tree.blank("SecdGoodsQtyRef");
    tree.blank("SecdGoodsUnitRef");
    tree.leaf("GrossWt", Decimal(lot.net + lot.net / 9 + 10, 2));
    tree.leaf("NetWt", Decimal(lot.net, 2));
    tree.leaf("WtUnit", "KGS");
    tree.leaf("InvPrice", Decimal(lot.price, 2));
    tree.leaf("InvValue", Decimal(lot.total(), 2));
    tree.leaf("FOBValue", Decimal(line.free_on_board, 2));
    let criterion = match case.kind {
        "E" => random.weighted(&[(40, "PE"), (25, "CTH"), (25, "PSR"), (10, "WO")]),
        "RC" => random.weighted(&[(35, "CTC"), (30, "RVC"), (25, "PE"), (10, "WO")]),
        "G" => random.weighted(&[(40, "P"), (40, "W"), (20, "Y")]),
        "A" | "F" => random.weighted(&[(30, "WP"), (55, "PSR"), (15, "WO")]),
        "K" => random.weighted(&[(25, "WP"), (50, "PSR"), (15, "WO"), (10, "OP")]),
        "H" => random.weighted(&[(20, "WP"), (60, "PSR"), (10, "WO"), (10, "PSR ACU")]),
        "GE" => random.weighted(&[(20, "WP"), (40, "40%"), (30, "PSR"), (10, "WO")]),
        _ => "",
    };
    let share = random.between(10, 49);
    tree.leaf(
        "ICompPrpr",
        if criterion == "RVC" {
            format!("{share}.5%")
        } else {
            String::new()
        },
    );
    tree.leaf("OriCriteria", criterion);
    let reference = match (case.kind, criterion) {
        ("E", "PE" | "CTH") => format!("{}%", 100 - share),
        ("E", "WO") => "100%".to_owned(),
        ("G", "W") => format!("{}.{}", &commodity.code[..2], &commodity.code[2..4]),
        ("G", "Y") => format!("{share}%"),
        _ => String::new(),
    };
    tree.leaf("OriCriteriaRef", reference);
    // RCEP and the other side of the strait name the producer, if it is no secret.
    let named = if matches!(case.kind, "RC" | "H") {
        exporter.name_en.as_str()
    } else {
        ""
    };
    tree.leaf("Producer", named);
    tree.leaf("CiqRegNo", &exporter.organisation);
    tree.leaf("PrdcEtpsName", &exporter.name);
    tree.leaf("PrdcEtpsConcEr", person(random));
    tree.leaf("PrdcEtpsTel", &exporter.phone);
    tree.leaf("ProducerSertFlag", "N");
    let cartons = Words(line.packages);
    tree.leaf(
        "GoodsDesc",
        format_args!("{cartons} ({}) CARTONS OF {}", line.packages, commodity.en),
    );
    tree.leaf(
        "OriCriteriaSub",
        if case.kind == "E" && criterion == "PSR" {
            *random.pick(&["1", "2", "3"])
        } else {
            ""
        },
    );
    if case.kind == "RC" {
        tree.leaf("GoodsOriginCountry", "156");
        tree.leaf("GoodsOriginCountryEn", "CHINA");
        tree.leaf("GoodsTaxRate", "0");
    }
    tree.leaf(
        "InvNo",
        if matches!(case.kind, "RC" | "E") {
            &case.invoice
        } else {
            ""
        },
    );
    tree.leaf("PackType", "1");
    tree.close();
}

/// The one invoice, as RCEP wants it.
fn invoices(tree: &mut Tree, case: &Case<'_>) {
    tree.open_in_order("OriInvs");
    tree.open("OriInv");
    tree.leaf("CertNo", &case.number);
    tree.leaf("InvNo", &case.invoice);
    tree.blank("ContractNo");
    tree.blank("LcNo");
    tree.leaf(
        "Value",
        Decimal(case.lines.iter().map(|line| line.lot.total()).sum(), 2),
    );
    tree.leaf("Curr", case.currency);
    tree.leaf("PriceClause", case.terms);
    tree.leaf("InvDate", case.invoiced.dashed());
    tree.close();
    tree.close();
}
