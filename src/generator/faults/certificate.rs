//! Mistakes in certificates of origin.

use super::{Fault, ROOT, enlarge, fault, fault_of, leave_out, spoil};
use crate::generator::random::Random;
use crate::generator::tree::{Id, Tree};

const LINE: &str = "CertificateList/Goods";

/// See [`Fault`].
pub(crate) const CERTIFICATE: &[Fault] = &[
    fault(
        "promise missing",
        "cvc-complex-type.2.4",
        "promise",
        |m, _| leave_out(m, ROOT, "AplPromise"),
    ),
    fault(
        "element unknown",
        "cvc-complex-type.2.4",
        "unknown",
        |m, r| {
            let line = m.any(LINE, r)?;
            m.append(line, "Colour", "BLUE")
        },
    ),
    fault("marks too long", "cvc-maxLength-valid", "mark", |m, _| {
        m.change(ROOT, "CertificateHead/Mark", "TG BEIJING ".repeat(370))
    }),
    fault(
        "net weight with a comma",
        "cvc-datatype-valid.1.2.1",
        "weight",
        |m, r| {
            let line = m.any(LINE, r)?;
            m.change(line, "NetWt", "1,250")
        },
    ),
    fault(
        "day that there is not",
        "cvc-datatype-valid.1.2.1",
        "leaving",
        |m, _| m.change(ROOT, "CertificateHead/IntendExpDate", "2026-02-30"),
    ),
    fault(
        "status unknown",
        "cvc-enumeration-valid",
        "status",
        |m, _| m.change(ROOT, "CertificateHead/CertStatus", "4"),
    ),
    fault("declared without invoice", "COO-1001", "invoice", |m, _| {
        m.remove(ROOT, "CertificateHead/InvNo")
    }),
    fault("promise not given", "COO-1005", "promise", |m, _| {
        m.change(ROOT, "AplPromise/AplPromiseCode", "2")
    }),
    fault_of(
        "C",
        "general certificate, number of Form E",
        "COO-1013",
        "number",
        |m, _| {
            // The number of the certificate before it would differ too.
            let new = m.find(ROOT, "ModCertificate").is_none();
            let number = m
                .value("CertificateHead/CertNo")
                .filter(|_| new)?
                .strip_prefix('C')?
                .to_owned();
            m.change(ROOT, "CertificateHead/CertNo", format_args!("E{number}"))
        },
    ),
    fault_of(
        "change",
        "changed without the old number",
        "COO-1101",
        "status",
        |m, _| m.remove(ROOT, "ModCertificate/OldCertNo"),
    ),
    fault("country unknown", "COO-1201", "country", |m, _| {
        m.change(ROOT, "CertificateHead/DestCountryCode", "QQ")
    }),
    fault("currency unknown", "COO-1202", "currency", |m, _| {
        // The invoices of RCEP name it once more.
        let once = m.find(ROOT, "OriInvs").is_none();
        m.find(ROOT, "CertificateHead").filter(|_| once)?;
        m.change(ROOT, "CertificateHead/Curr", "EUX")
    }),
    fault("trade mode of declarations", "COO-1204", "mode", |m, _| {
        m.change(ROOT, "CertificateHead/TradeModeCode", "0110")
    }),
    fault_of("C", "route missing", "COO-1301", "route", |m, _| {
        m.value("CertificateHead/CertType")
            .filter(|kind| matches!(*kind, "C" | "G"))?;
        m.remove(ROOT, "CertificateHead/TransDetails")
    }),
    fault(
        "third party's invoice without its company",
        "COO-1401",
        "third party",
        |m, _| {
            let own = m.find(ROOT, "NonpartyCorpList").is_none();
            m.value("CertificateHead/CertType")
                .filter(|kind| own && matches!(*kind, "E" | "RC"))?;
            m.change(ROOT, "CertificateHead/ThirdPartyInvFlag", "1")?;
            Some("/Certificate/NonpartyCorpList/NonpartyCorp".to_owned())
        },
    ),
    fault_of(
        "RC",
        "RCEP without invoices",
        "COO-1501",
        "invoices",
        |m, _| {
            let missing = m.remove(ROOT, "OriInvs")?;
            Some(format!("{missing}/OriInv"))
        },
    ),
    fault("applied before the invoice", "COO-1601", "days", |m, _| {
        m.change(ROOT, "CertificateHead/InvDate", "2027-12-31")?;
        m.find(ROOT, "CertificateHead/AplDate").map(|id| m.path(id))
    }),
    fault("values do not add up", "COO-1701", "value", |m, _| {
        m.change(ROOT, "CertificateHead/FOBValue", "0.5")
    }),
    fault(
        "check digit of the company that applies",
        "COO-1803",
        "company",
        |m, _| spoil(m, ROOT, "CertificateHead/AplRegNo"),
    ),
    fault(
        "check digit of the identity card",
        "COO-1805",
        "applicant",
        |m, _| spoil(m, ROOT, "CertificateHead/Applicant"),
    ),
    fault("lines misnumbered", "COO-2001", "numbering", |m, _| {
        let list = m.find(ROOT, "CertificateList")?;
        let last = m.children(list).last()?;
        m.change(last, "GNo", "99")
    }),
    fault("tariff code with a dot", "COO-2005", "tariff", |m, r| {
        let line = m.any(LINE, r)?;
        let code = m.find(line, "HSCode").map(|id| m.text(id).to_owned())?;
        m.change(
            line,
            "HSCode",
            format_args!("{}.{}", &code[..4], &code[4..]),
        )
    }),
    fault("net more than gross", "COO-2006", "weight", |m, r| {
        let line = m.any(LINE, r)?;
        enlarge(m, line, "NetWt", 40)?;
        m.find(line, "GrossWt").map(|id| m.path(id))
    }),
    fault(
        "packing neither regular nor not",
        "COO-2012",
        "packing",
        |m, r| {
            let line = m.any(LINE, r)?;
            m.change(line, "PackType", "3")
        },
    ),
    fault_of(
        "E",
        "criterion of another form",
        "COO-2107",
        "criterion",
        |m, r| {
            let line = line_with(m, r, "E", &["PE", "CTH"])?;
            m.change(line, "OriCriteria", "WP")
        },
    ),
    fault_of(
        "E",
        "sub-criterion missing",
        "COO-2111",
        "criterion",
        |m, r| {
            let line = line_with(m, r, "E", &["PSR"])?;
            m.remove(line, "OriCriteriaSub")
        },
    ),
    fault_of("G", "heading missing", "COO-2117", "criterion", |m, r| {
        let line = line_with(m, r, "G", &["W"])?;
        m.remove(line, "OriCriteriaRef")
    }),
    fault_of(
        "RC",
        "regional share missing",
        "COO-2204",
        "criterion",
        |m, r| {
            let line = line_with(m, r, "RC", &["RVC"])?;
            m.remove(line, "ICompPrpr")
        },
    ),
];

/// A line with one of these criteria, if the certificate is of this type and such a line comes.
fn line_with(m: &Tree, r: &mut Random, kind: &str, criteria: &[&str]) -> Option<Id> {
    m.value("CertificateHead/CertType")
        .filter(|found| *found == kind)?;
    let line = m.any(LINE, r)?;
    let criterion = m.find(line, "OriCriteria").map(|id| m.text(id));
    criterion
        .filter(|found| criteria.contains(found))
        .map(|_| line)
}
