//! Mistakes in changes, third parties' invoices and files of certificates, and in certificates of
//! agreements with one partner.

use super::{Fault, ROOT, fault_of};
use crate::generator::random::Random;
use crate::generator::tree::{Id, Tree};

const OLD: &str = "ModCertificate/OldCertNo";
const THIRD: &str = "NonpartyCorpList/NonpartyCorp";

/// See [`Fault`].
pub(crate) const OTHER: &[Fault] = &[
    fault_of("change", "replaces itself", "COO-1105", "status", |m, _| {
        let number = m.value("CertificateHead/CertNo")?.to_owned();
        m.change(ROOT, OLD, number)
    }),
    fault_of(
        "change",
        "replaces one of another type",
        "COO-1107",
        "status",
        |m, _| {
            let number = m.value(OLD)?.to_owned();
            m.change(ROOT, OLD, format_args!("Z{}", &number[1..]))
        },
    ),
    fault_of(
        "change",
        "changed, and nobody says where",
        "COO-1103",
        "status",
        |m, _| m.remove(ROOT, "ModCertificate/ModColm"),
    ),
    fault_of(
        "change",
        "changed for no reason",
        "COO-1102",
        "status",
        |m, _| m.remove(ROOT, "ModCertificate/ModReason"),
    ),
    fault_of(
        "change",
        "issued before it was declared",
        "COO-1108",
        "issued",
        |m, _| m.change(ROOT, "ModCertificate/OldIssueDate", "2025-01-01"),
    ),
    fault_of(
        "third party",
        "third party without name",
        "COO-1402",
        "third party",
        |m, r| {
            let company = m.any(THIRD, r)?;
            m.remove(company, "EntName")
        },
    ),
    fault_of(
        "third party",
        "third parties misnumbered",
        "COO-1403",
        "third party",
        |m, r| {
            let company = m.any(THIRD, r)?;
            m.change(company, "SortNo", "5")
        },
    ),
    fault_of(
        "third party",
        "third party, and the invoice is the exporter's",
        "COO-1404",
        "third party",
        |m, _| {
            let list = m.find(ROOT, "NonpartyCorpList").map(|id| m.path(id))?;
            m.change(ROOT, "CertificateHead/ThirdPartyInvFlag", "0")?;
            Some(list)
        },
    ),
    fault_of(
        "A",
        "to Australia, and elsewhere",
        "COO-1311",
        "country",
        |m, _| to(m, "A", "392"),
    ),
    fault_of(
        "K",
        "to Korea, and elsewhere",
        "COO-1315",
        "country",
        |m, _| to(m, "K", "392"),
    ),
    fault_of(
        "F",
        "to Chile, and elsewhere",
        "COO-1312",
        "country",
        |m, _| to(m, "F", "392"),
    ),
    fault_of(
        "GE",
        "to Georgia, and elsewhere",
        "COO-1317",
        "country",
        |m, _| to(m, "GE", "392"),
    ),
    fault_of(
        "A",
        "criterion of ASEAN to Australia",
        "COO-2104",
        "criterion",
        |m, r| criterion_of_asean(m, r, "A"),
    ),
    fault_of(
        "K",
        "criterion of ASEAN to Korea",
        "COO-2105",
        "criterion",
        |m, r| criterion_of_asean(m, r, "K"),
    ),
    fault_of(
        "GE",
        "criterion of ASEAN to Georgia",
        "COO-2108",
        "criterion",
        |m, r| criterion_of_asean(m, r, "GE"),
    ),
    fault_of("H", "no criterion", "COO-2101", "criterion", |m, r| {
        let line = line(m, r, "H")?;
        m.remove(line, "OriCriteria")
    }),
    fault_of(
        "H",
        "exporter without fax",
        "COO-1303",
        "exporter",
        |m, _| {
            m.value("CertificateHead/ApplyType")
                .filter(|form| *form == "1")?;
            m.remove(ROOT, "CertificateHead/ExporterFax")
        },
    ),
    fault_of(
        "CooFile",
        "file with a gap in its name",
        "COO-3001",
        "name",
        |m, _| m.change(ROOT, "FileName", "COMMERCIAL INVOICE.pdf"),
    ),
    fault_of(
        "CooFile",
        "file of another type's number",
        "COO-3003",
        "number",
        |m, _| {
            m.value("CertType").filter(|kind| kind.len() == 1)?;
            let number = m.value("CertNo")?.to_owned();
            m.change(ROOT, "CertNo", format_args!("G{}", &number[1..]))
        },
    ),
    fault_of(
        "CooFile",
        "file of an unknown kind",
        "COO-3007",
        "kind",
        |m, _| m.change(ROOT, "FileType", "99"),
    ),
    fault_of(
        "CooFile",
        "file of a short number",
        "COO-3002",
        "number",
        |m, _| {
            m.value("FileName")?;
            let number = m.value("CertNo")?.to_owned();
            m.change(ROOT, "CertNo", &number[..number.len() - 1])
        },
    ),
    fault_of(
        "CooFile",
        "file in no base64",
        "cvc-datatype-valid.1.2.1",
        "content",
        |m, _| m.change(ROOT, "FileContent", "%PDF-1.4"),
    ),
];

/// Another destination of a certificate of this type.
fn to(m: &mut Tree, kind: &str, country: &str) -> Option<String> {
    of(m, kind)?;
    m.change(ROOT, "CertificateHead/DestCountryCode", country)
}

fn of(m: &Tree, kind: &str) -> Option<Id> {
    (m.value("CertificateHead/CertType") == Some(kind)).then_some(ROOT)
}

/// Any line of a certificate of this type.
/// Gives a line of a certificate of that type a criterion that only ASEAN and RCEP know.
fn criterion_of_asean(m: &mut Tree, r: &mut Random, kind: &str) -> Option<String> {
    let line = line(m, r, kind)?;
    m.change(line, "OriCriteria", "PE")
}

fn line(m: &Tree, r: &mut Random, kind: &str) -> Option<Id> {
    of(m, kind)?;
    m.any("CertificateList/Goods", r)
}
