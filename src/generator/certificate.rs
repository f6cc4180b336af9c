//! Certificates of origin: general ones, and those of ASEAN, RCEP and the GSP.

use super::Making;
use super::commodities::Lot;
use super::companies::{Companies, Company, Foreigner, foreigner, person};
use super::moment::Moment;
use super::numbers::{Decimal, Words, identity_card};
use super::places::{self, ASEAN, Country, PREFERENCES, RCEP, TRADING};
use super::random::Random;
use super::tree::Tree;

/// Lines of one certificate; the paper form has room for twenty.
const LINES: &[(u64, (u64, u64))] = &[(40, (1, 1)), (35, (2, 4)), (20, (5, 10)), (5, (11, 20))];

/// Types of certificates. Few countries give preferences under the GSP any more.
const TYPES: &[(u64, &str)] = &[(35, "C"), (30, "E"), (25, "RC"), (10, "G")];

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
}

pub(super) fn make(m: &mut Making<'_>) -> String {
    let random = &mut m.random;
    let kind = random.weighted(TYPES);
    let countries = match kind {
        "E" => ASEAN,
        "RC" => RCEP,
        "G" => PREFERENCES,
        _ => TRADING,
    };
    let destination = *random.pick(countries);
    // Exporter and serial by the number, so that none occurs twice for ten thousand each.
    let place = m.number.wrapping_mul(7_919) % (Companies::TRADERS * 10_000);
    let exporter = m.companies.numbered(place / 10_000);
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
        number: format!(
            "{kind}{:02}{}{:04}",
            m.sent.year(),
            exporter.organisation,
            place % 10_000
        ),
        invoice: random.like("TG26-####@"),
        exporter,
        destination,
        importer: foreigner(destination, random),
        currency: random.weighted(&[(75, "USD"), (15, destination.currency.1), (10, "EUR")]),
        terms,
        invoiced: m.sent.days_earlier(random.between(0, 5)),
        lines,
    };

    let namespace = match m.message_type {
        "CooCertificate" => "http://www.w3.org/2000/09/xmldsig#",
        _ => "",
    };
    m.tree.begin("Certificate", namespace);
    m.tree.in_order();
    head(m, &case);
    m.tree.open_in_order("CertificateList");
    for (index, line) in case.lines.iter().enumerate() {
        goods(m.tree, &mut m.random, &case, index + 1, line);
    }
    m.tree.close();
    change(m, &case);
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
    let status = random.weighted(&[(92, "0"), (3, "1"), (3, "2"), (2, "3")]);

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
    tree.leaf("ThirdPartyInvFlag", "0");
    tree.leaf("PredictFlag", "0");
    tree.blank("ExporterTel");
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
    // RCEP names the producer in English, if it is no secret.
    let named = if case.kind == "RC" {
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
        if criterion == "PSR" {
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

/// What a changed or reissued certificate says of the one before it.
fn change(m: &mut Making<'_>, case: &Case<'_>) {
    let status = m
        .tree
        .value("CertificateHead/CertStatus")
        .unwrap_or_default();
    if status == "0" {
        return;
    }
    let changed = status != "2";
    // Another serial than that of the new one.
    let (base, serial) = case.number.split_at(case.number.len() - 4);
    let serial = (serial.parse().unwrap_or(0) + 37) % 10_000;
    let old = format!("{base}{serial:04}");
    let declared = m.sent.days_earlier(m.random.between(20, 60));
    m.tree.open("ModCertificate");
    m.tree.leaf("OldCertNo", old);
    m.tree.leaf(
        "ModReason",
        if changed {
            "发票金额有误"
        } else {
            "原证书遗失"
        },
    );
    if changed {
        m.tree.leaf("ModColm", "9");
        m.tree.leaf("OldSituDesc", "PRICE AS OF CONTRACT");
        m.tree.leaf("ModSituDesc", "PRICE AS OF INVOICE");
    }
    m.tree.leaf("OldDeclDate", declared.dashed());
    m.tree.leaf("OldIssueDate", declared.days_later(2).dashed());
    m.tree.close();
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
