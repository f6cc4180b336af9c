//! Declarations of goods. Most come and go by air, and most are of general trade; the rest is
//! processing trade, e-commerce and cargo by sea. Few are of another sort than the usual one.

use super::Making;
use super::commodities::{KILOGRAM, Lot};
use super::companies::{Foreigner, foreigner, person};
use super::goods_parts;
use super::moment::Moment;
use super::numbers::{Decimal, Waybill};
use super::places::{self, AIRLINES, CHINA, Country, DISTRICTS, TRADING, USA};
use super::random::Random;
use super::tree::Tree;

/// The office at the port of Tianjin.
const TIANJIN: &str = "0202";

/// Items of one declaration: half of them have one to three, as most invoices do; the median is
/// three; few reach fifty, which is as many as a declaration may have.
const ITEMS: &[(u64, (u64, u64))] = &[
    (28, (1, 1)),
    (17, (2, 2)),
    (12, (3, 3)),
    (20, (4, 6)),
    (13, (7, 12)),
    (8, (13, 30)),
    (2, (31, 50)),
];

/// Supervision mode, nature of levy, duty mode, first letter of the handbook: the usual together.
const MODES: &[(u64, Mode)] = &[
    (
        82,
        Mode {
            trade: "0110",
            cut: "101",
            duty: "1",
            handbook: "",
        },
    ),
    (
        12,
        Mode {
            trade: "0615",
            cut: "503",
            duty: "3",
            handbook: "C",
        },
    ),
    (
        6,
        Mode {
            trade: "0214",
            cut: "502",
            duty: "3",
            handbook: "B",
        },
    ),
];
/// E-commerce from business to business, export only.
const DIRECT: Mode = Mode {
    trade: "9710",
    cut: "101",
    duty: "1",
    handbook: "",
};

/// Goods that move within a zone under bond.
const BONDED: Mode = Mode {
    trade: "5034",
    cut: "",
    duty: "3",
    handbook: "",
};

/// What a declaration is beside what all are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Usual,
    /// Landed in Tianjin, with a transit to Beijing declared in advance.
    Transit,
    /// The first step of two: what has to be known at the border.
    Summary,
    /// The second step of two, within fourteen days.
    Completion,
    /// Bonded goods, with a type of filing list.
    Bonded,
}

/// Seven in a hundred are of another sort. Each of them is rare in Beijing, where most of what is
/// imported comes by air and is released before a second step would be worth it.
const SORTS: &[(u64, Sort)] = &[
    (930, Sort::Usual),
    (20, Sort::Transit),
    (20, Sort::Summary),
    (15, Sort::Completion),
    (15, Sort::Bonded),
];

#[derive(Clone, Copy)]
struct Mode {
    trade: &'static str,
    cut: &'static str,
    duty: &'static str,
    handbook: &'static str,
}

/// What the parts of a declaration have in common.
pub(super) struct Deal {
    sort: Sort,
    pub(super) import: bool,
    by_sea: bool,
    mode: Mode,
    pub(super) office: &'static str,
    country: &'static Country,
    currency: &'static str,
    /// Whether countries and currencies are written with ISO letters, or with the older numbers.
    letters: bool,
    pub(super) lots: Vec<Lot>,
    partner: Foreigner,
    /// The day on which the goods cross the border.
    pub(super) crossing: Moment,
}

impl Deal {
    pub(super) fn net(&self) -> u64 {
        // Less than a kilogram counts as one.
        self.lots.iter().map(|lot| lot.net).sum::<u64>().max(100)
    }

    fn code(&self, country: &'static Country) -> &'static str {
        if self.letters {
            country.alpha3
        } else {
            country.customs
        }
    }

    fn total(&self) -> u64 {
        self.lots.iter().map(Lot::total).sum()
    }
}

pub(super) fn make(m: &mut Making<'_>) -> String {
    let random = &mut m.random;
    let sort = match m.wanted {
        "transit" => Sort::Transit,
        "summary" => Sort::Summary,
        "completion" => Sort::Completion,
        "bonded" => Sort::Bonded,
        _ => random.weighted(SORTS),
    };
    // Transits in advance and the two steps are for what enters.
    let import = random.percent(56) || !matches!(sort, Sort::Usual | Sort::Bonded);
    let country = *random.pick(TRADING);
    // Both systems of codes are in use.
    let letters = random.percent(50);
    let currencies = [
        (60, USA.currency),
        (30, country.currency),
        (10, CHINA.currency),
    ];
    let currency = random.weighted(&currencies);
    let by_sea = random.percent(8) || sort == Sort::Transit;
    let deal = Deal {
        sort,
        import,
        by_sea,
        mode: if sort == Sort::Bonded {
            BONDED
        } else if !import && random.percent(6) {
            DIRECT
        } else {
            random.weighted(MODES)
        },
        office: places::office(random),
        country,
        currency: if letters { currency.1 } else { currency.0 },
        letters,
        lots: (0..random.size(ITEMS)).map(|_| Lot::draw(random)).collect(),
        partner: foreigner(country, random),
        // What is imported is declared within fourteen days, what is exported before it leaves.
        crossing: if import {
            m.sent.days_earlier(random.between(0, 6))
        } else {
            m.sent.days_later(random.between(0, 2))
        },
    };
    // The station, and the time of the day: no number occurs twice, as no time does.
    let reference = format!(
        "{}{:02}{:08}",
        m.sent.date(),
        m.number % 100,
        m.sent.of_day()
    );

    m.tree
        .begin("DecMessage", "http://www.chinaport.gov.cn/dec");
    m.tree.leaf("@Version", "4.9.7");
    let gross = head(m, &deal);
    items(m, &deal);
    let containers = if deal.by_sea {
        goods_parts::containers(m, &deal, gross)
    } else {
        Vec::new()
    };
    goods_parts::documents(m, &deal);
    m.tree.open("DecFreeTxt");
    m.tree.blank("BonNo");
    m.tree.blank("CusFie");
    m.tree.blank("DecBpNo");
    m.tree
        .leaf("DecNo", format_args!("11000{:05}", m.random.below(100_000)));
    m.tree.blank("RelId");
    m.tree.blank("RelManNo");
    m.tree.leaf("VoyNo", deal.crossing.date());
    m.tree.close();
    sign(m, &deal, &reference);
    match deal.sort {
        Sort::Transit => goods_parts::transit(m, &deal, &containers),
        Sort::Summary => goods_parts::summarise(m.tree, &mut m.random),
        _ => {}
    }
    reference
}

/// The head. Gives the gross weight, in hundredths of a kilogram.
fn head(m: &mut Making<'_>, deal: &Deal) -> u64 {
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let trader = m.companies.trader(random);
    let owner = if random.percent(15) {
        m.companies.trader(random)
    } else {
        trader
    };
    let agent = m.companies.broker(random);
    let net = deal.net();
    let gross = net + net * random.between(3, 28) / 100 + random.between(1, 90);
    // A package holds up to fifteen kilograms or so.
    let packages = (gross / random.between(400, 1_500)).clamp(1, 9_999);
    // What goes on by lorry is counted item by item.
    let packages = match deal.sort {
        Sort::Transit => packages.max(deal.lots.len() as u64),
        _ => packages,
    };
    let airline = random.pick(AIRLINES);
    let abroad = deal.country.alpha3;

    tree.open("DecHead");
    let completes = deal.sort == Sort::Completion;
    if completes {
        tree.leaf("SeqNo", random.like("I2026000001#######"));
    } else {
        tree.blank("SeqNo");
    }
    tree.leaf("IEFlag", if deal.import { "I" } else { "E" });
    tree.leaf(
        "Type",
        match deal.sort {
            Sort::Summary => "  5",
            Sort::Completion => "  6",
            _ => "",
        },
    );
    tree.leaf("AgentCode", &agent.customs);
    tree.leaf("AgentName", &agent.name);
    tree.blank("ApprNo");
    if deal.by_sea {
        tree.leaf("BillNo", random.like("TJN@########"));
    } else {
        let master = Waybill {
            prefix: airline.prefix,
            serial: random.next(),
            hyphen: false,
        };
        if random.percent(45) {
            tree.leaf(
                "BillNo",
                format_args!("{master}_{}", random.like("H@@######")),
            );
        } else {
            tree.leaf("BillNo", master);
        }
    }
    if deal.sort == Sort::Bonded {
        tree.blank("ContrNo");
    } else {
        tree.leaf("ContrNo", random.like("BJ26-@@####"));
    }
    tree.leaf("CustomMaster", deal.office);
    tree.leaf("CutMode", deal.mode.cut);
    tree.leaf("DistinatePort", format_args!("{abroad}000"));
    let terms = Terms::draw(random, deal);
    let currency = deal.currency;
    charge(
        tree,
        ["FeeCurr", "FeeMark", "FeeRate"],
        terms.freight,
        currency,
    );
    tree.leaf("GrossWet", Decimal(gross, 2));
    tree.leaf("IEDate", deal.crossing.date());
    let transit = deal.sort == Sort::Transit;
    tree.leaf("IEPort", if transit { TIANJIN } else { deal.office });
    charge(
        tree,
        ["InsurCurr", "InsurMark", "InsurRate"],
        terms.insurance,
        currency,
    );
    tree.blank("LicenseNo");
    match deal.mode.handbook {
        "" => tree.blank("ManualNo"),
        letter => tree.leaf(
            "ManualNo",
            format_args!("{letter}01016{}", random.like("2#####")),
        ),
    }
    tree.leaf("NetWt", Decimal(net, 2));
    tree.leaf(
        "NoteS",
        *random.pick(&["", "", "", "加急", "无代理协议价", "随附发票一式三份"]),
    );
    tree.blank("OtherCurr");
    tree.blank("OtherMark");
    tree.blank("OtherRate");
    tree.leaf("OwnerCode", &owner.customs);
    tree.leaf("OwnerName", &owner.name);
    tree.leaf("PackNo", packages);
    tree.leaf("TradeCode", &trader.customs);
    tree.leaf("TradeCountry", deal.code(deal.country));
    tree.leaf("TradeMode", deal.mode.trade);
    tree.leaf("TradeName", &trader.name);
    tree.leaf("TrafMode", if deal.by_sea { "2" } else { "5" });
    if deal.by_sea {
        let ship = random.pick(places::SHIPS);
        tree.leaf(
            "TrafName",
            format_args!("{ship}/{:03}E", random.between(1, 180)),
        );
    } else {
        tree.leaf("TrafName", airline.flight(random));
    }
    tree.leaf("TransMode", terms.code);
    tree.leaf(
        "WrapType",
        random.weighted(&[(70, "22"), (15, "23"), (8, "93"), (5, "06"), (2, "99")]),
    );
    if completes {
        let number = random.like("20261#########");
        tree.leaf("EntryId", format_args!("{}{number}", deal.office));
    } else {
        tree.blank("EntryId");
    }
    tree.blank("PreEntryId");
    tree.leaf("EdiId", if transit { "3" } else { "1" });
    tree.blank("Risk");
    tree.leaf("CopName", &agent.name);
    tree.leaf("CopCode", &agent.organisation);
    tree.leaf("EntryType", "M");
    tree.leaf("PDate", m.sent.date());
    tree.leaf("TypistNo", random.like("89300000#####"));
    tree.leaf("InputerName", person(random));
    tree.blank("PartenerID");
    tree.blank("TgdNo");
    tree.blank("DataSource");
    tree.leaf("DeclTrnRel", if transit { "1" } else { "0" });
    tree.blank("ChkSurety");
    match deal.sort {
        Sort::Bonded => tree.leaf("BillType", *random.pick(&["1", "1", "2", "3", "4"])),
        _ => tree.blank("BillType"),
    }
    tree.leaf("CopCodeScc", &agent.credit);
    tree.leaf("OwnerCodeScc", &owner.credit);
    tree.leaf("AgentCodeScc", &agent.credit);
    tree.leaf("TradeCoScc", &trader.credit);
    tree.leaf(
        "PromiseItmes",
        random.weighted(&[
            (80, "00099"),
            (8, "10099"),
            (6, "99999"),
            (4, "00000"),
            (2, "00100"),
        ]),
    );
    tree.leaf("TradeAreaCode", deal.code(deal.country));
    tree.blank("CheckFlow");
    tree.blank("TaxAaminMark");
    tree.leaf(
        "MarkNo",
        random.weighted(&[
            (70, "N/M"),
            (20, "TG BJ C/NO. 1-UP"),
            (10, "MADE AS MARKED & NUMBERED"),
        ]),
    );
    let port = random.between(1, 130) * 3;
    tree.leaf("DespPortCode", format_args!("{abroad}{port:03}"));
    tree.leaf(
        "EntyPortCode",
        if deal.by_sea { "120001" } else { "110101" },
    );
    tree.leaf(
        "GoodsPlace",
        *random.pick(&["首都机场货运北区", "首都机场货运南区", "天竺综合保税区"]),
    );
    tree.blank("BLNo");
    if deal.import {
        let days = if deal.by_sea {
            random.between(12, 40)
        } else {
            random.between(0, 4)
        };
        tree.leaf("DespDate", deal.crossing.days_earlier(days).date());
        tree.leaf("CmplDschrgDt", deal.crossing.date());
        tree.leaf("OverseasConsignorEname", &deal.partner.name);
    } else {
        tree.blank("DespDate");
        tree.blank("CmplDschrgDt");
        tree.leaf("OverseasConsigneeEname", &deal.partner.name);
    }
    tree.blank("OrigBoxFlag");
    tree.leaf("DeclareName", person(random));
    tree.leaf("NoOtherPack", "1");
    tree.blank("EdiRemark");
    tree.close();
    gross
}

/// Terms of delivery, with freight and insurance by mark and hundredths of the amount.
struct Terms {
    code: &'static str,
    freight: Option<(&'static str, u64)>,
    insurance: Option<(&'static str, u64)>,
}

impl Terms {
    /// What the price does not hold is declared for an import, what it holds for an export.
    fn draw(random: &mut Random, deal: &Deal) -> Terms {
        let code = random.weighted(&[(45, "1"), (15, "2"), (40, "3")]);
        let (freight, insurance) = match (deal.import, code) {
            (true, "1") | (false, "3") => (false, false),
            (true, "2") => (false, true),
            (false, "2") => (true, false),
            _ => (true, true),
        };
        let value = deal.total();
        // Freight as a total, a rate in percent or a price for a ton; insurance mostly as a rate.
        let freights = [
            (70, ("3", value / 20 + 5_000)),
            (20, ("1", 250)),
            (10, ("2", 180_000)),
        ];
        let insurances = [(80, ("1", 30)), (20, ("3", value / 300 + 100))];
        Terms {
            code,
            freight: freight.then(|| random.weighted(&freights)),
            insurance: insurance.then(|| random.weighted(&insurances)),
        }
    }
}

/// A charge: currency, mark, amount. A rate has no currency.
fn charge(
    tree: &mut Tree,
    names: [&'static str; 3],
    charge: Option<(&'static str, u64)>,
    currency: &str,
) {
    let [of_currency, of_mark, of_amount] = names;
    match charge {
        Some((mark, amount)) => {
            tree.leaf(of_currency, if mark == "1" { "" } else { currency });
            tree.leaf(of_mark, mark);
            tree.leaf(of_amount, Decimal(amount, 2));
        }
        None => names.into_iter().for_each(|name| tree.blank(name)),
    }
}

fn items(m: &mut Making<'_>, deal: &Deal) {
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let district = *random.pick(DISTRICTS);
    tree.open("DecLists");
    for (index, lot) in deal.lots.iter().enumerate() {
        let (unit, first, second) = lot.commodity.units;
        let of_origin = random.percent(85);
        let origin = if of_origin {
            deal.country
        } else {
            *random.pick(TRADING)
        };
        tree.open("DecList");
        tree.blank("ClassMark");
        tree.leaf("CodeTS", lot.commodity.code);
        match deal.mode.handbook {
            "" => tree.blank("ContrItem"),
            _ => tree.leaf("ContrItem", index + 1),
        }
        tree.leaf("DeclPrice", Decimal(lot.price, 2));
        tree.leaf("DutyMode", deal.mode.duty);
        tree.blank("Factor");
        tree.leaf("GModel", lot.commodity.model);
        tree.leaf("GName", lot.commodity.zh);
        tree.leaf("GNo", index + 1);
        // For an export the two countries change places.
        tree.leaf(
            "OriginCountry",
            if deal.import {
                deal.code(origin)
            } else {
                deal.code(deal.country)
            },
        );
        tree.leaf("TradeCurr", deal.currency);
        tree.leaf("DeclTotal", Decimal(lot.total(), 2));
        tree.leaf("GQty", quantity(lot, unit));
        tree.leaf("FirstQty", quantity(lot, first));
        if second.is_empty() {
            tree.blank("SecondQty");
        } else {
            tree.leaf("SecondQty", quantity(lot, second));
        }
        tree.leaf("GUnit", unit);
        tree.leaf("FirstUnit", first);
        tree.leaf("SecondUnit", second);
        tree.blank("UseTo");
        tree.blank("WorkUsd");
        tree.blank("ExgNo");
        tree.blank("ExgVersion");
        tree.leaf("DestinationCountry", deal.code(&CHINA));
        tree.leaf("CiqCode", "999");
        tree.blank("DeclGoodsEname");
        tree.leaf("DistrictCode", district);
        tree.blank("CiqName");
        tree.close();
    }
    tree.close();
}

fn quantity(lot: &Lot, unit: &str) -> Decimal {
    if unit == KILOGRAM {
        Decimal(lot.net, 2)
    } else {
        Decimal(lot.quantity, 0)
    }
}

fn sign(m: &mut Making<'_>, deal: &Deal, reference: &str) {
    let draft = !m.faulty && m.random.percent(3);
    let operation = if draft {
        "G"
    } else if deal.sort == Sort::Transit {
        m.random.weighted(&[(94, "D"), (6, "B")])
    } else {
        m.random.weighted(&[(94, "C"), (6, "A")])
    };
    let card = m.random.like("89300000#####");
    let agent = m
        .tree
        .value("DecHead/CopCode")
        .unwrap_or_default()
        .to_owned();
    let (tree, random) = (&mut *m.tree, &mut m.random);
    tree.open("DecSign");
    tree.leaf("OperType", operation);
    tree.leaf("ICCode", card);
    tree.leaf("OperName", person(random));
    tree.leaf("CopCode", agent);
    tree.leaf("ClientSeqNo", reference);
    tree.leaf(
        "Sign",
        if draft {
            String::new()
        } else {
            random.like("MEUCIQD@@##@@##@@##@@##@@##@@")
        },
    );
    tree.leaf("SignDate", m.sent.hundredth());
    tree.blank("HostId");
    tree.leaf("Certificate", random.like("4a7f####"));
    tree.leaf("DomainId", "2");
    tree.blank("Note");
    tree.blank("BillSeqNo");
    tree.close();
}
