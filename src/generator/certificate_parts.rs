//! Parts that only some certificates of origin have: what is changed, a third party; and the files
//! that are attached to them.

use super::Making;
use super::companies::{Companies, Company, Foreigner};
use super::envelope::base64;
use super::moment::Moment;
use super::tree::Tree;

/// Octets of an attachment. Scans of an invoice are larger; what is in them makes no difference.
const OCTETS: &[(u64, (u64, u64))] = &[(70, (200, 2_000)), (30, (2_000, 20_000))];

/// The exporter and the number of a certificate. Both come from the number of the message, so that
/// none occurs twice for ten thousand of each exporter.
pub(super) fn numbered<'c>(
    companies: &'c Companies,
    message: u64,
    sent: Moment,
    kind: &str,
) -> (&'c Company, String) {
    let place = message.wrapping_mul(7_919) % (Companies::TRADERS * 10_000);
    let exporter = companies.numbered(place / 10_000);
    let (year, organisation) = (sent.year(), &exporter.organisation);
    let serial = place % 10_000;
    let number = format!("{kind}{year:02}{organisation}{serial:04}");
    (exporter, number)
}

/// That of XML signatures, or none.
pub(super) fn namespace(message_type: &str) -> &'static str {
    if message_type.ends_with("Plain") {
        ""
    } else {
        "http://www.w3.org/2000/09/xmldsig#"
    }
}

/// What a changed or reissued certificate says of the one before it.
pub(super) fn change(m: &mut Making<'_>, number: &str) {
    let status = m
        .tree
        .value("CertificateHead/CertStatus")
        .unwrap_or_default();
    if status == "0" {
        return;
    }
    let changed = status != "2";
    // Another serial than that of the new one.
    let (base, serial) = number.split_at(number.len() - 4);
    let serial = (serial.parse().unwrap_or(0) + 37) % 10_000;
    let declared = m.sent.days_earlier(m.random.between(20, 60));
    let (column, reason, before, after) = *m.random.pick(&[
        (
            "9",
            "发票金额有误",
            "PRICE AS OF CONTRACT",
            "PRICE AS OF INVOICE",
        ),
        (
            "2",
            "收货人地址门牌号有误",
            "88 MAIN STREET",
            "90 MAIN STREET",
        ),
        (
            "3",
            "改变运输路线",
            "BY AIR FROM BEIJING",
            "BY SEA FROM TIANJIN",
        ),
        ("6,9", "唛头和数量有误", "C/NO. 1-40", "C/NO. 1-42"),
    ]);
    m.tree.open("ModCertificate");
    m.tree.leaf("OldCertNo", format_args!("{base}{serial:04}"));
    m.tree
        .leaf("ModReason", if changed { reason } else { "原证书遗失" });
    if changed {
        m.tree.leaf("ModColm", column);
        m.tree.leaf("OldSituDesc", before);
        m.tree.leaf("ModSituDesc", after);
    }
    m.tree.leaf("OldDeclDate", declared.dashed());
    m.tree.leaf("OldIssueDate", declared.days_later(2).dashed());
    m.tree.close();
}

/// Who sends the invoice, where the exporter does not.
pub(super) fn third_party(tree: &mut Tree, third: &Foreigner) {
    let country = third.country;
    tree.open("NonpartyCorpList");
    tree.open("NonpartyCorp");
    tree.leaf("SortNo", "1");
    tree.leaf("EntName", &third.name);
    let (street, city) = (country.street, country.city);
    tree.leaf("EntAddr", format_args!("{} {street}, {city}", third.street));
    tree.leaf("EntCountryCode", country.numeric);
    tree.leaf("EntCountryName", country.en);
    tree.close();
    tree.close();
}

/// A file for a certificate: an invoice as a rule. Its name is its key.
pub(super) fn file(m: &mut Making<'_>) -> String {
    let kind = m.random.weighted(&[(50, "C"), (30, "E"), (20, "RC")]);
    let (exporter, number) = numbered(m.companies, m.number, m.sent, kind);
    let (of, what) = m.random.weighted(&[
        (60, ("1", "invoice")),
        (10, ("2", "third-party-invoice")),
        (20, ("3", "waybill")),
        (10, ("15", "certificate")),
    ]);
    let name = format!("{number}-{what}.pdf");
    let mut octets = b"%PDF-1.4\n".to_vec();
    let size = m.random.size(OCTETS) as usize;
    while octets.len() < size {
        octets.extend(m.random.next().to_le_bytes());
    }
    m.tree.begin("File", namespace(m.message_type));
    m.tree.leaf("CertNo", number);
    m.tree.leaf("CertType", kind);
    m.tree.leaf("AplRegNo", &exporter.organisation);
    m.tree.leaf("CiqRegNo", &exporter.organisation);
    m.tree.leaf("FileType", of);
    m.tree.leaf("FileName", &name);
    m.tree.leaf("DocType", "PDF");
    m.tree.leaf("FileContent", base64(&octets));
    m.tree.leaf("IsDelay", "0");
    name
}
