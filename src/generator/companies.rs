//! Companies and people, all of them invented. The same 512 companies for every seed, as a single
//! window has its regular customers; the first 32 are brokers and forwarders.

use super::numbers::{CREDIT, credit, organisation};
use super::places::Country;
use super::random::{Random, mix};

const COMPANIES: usize = 512;
const BROKERS: usize = 32;

/// A company in Beijing.
pub(super) struct Company {
    pub(super) name: String,
    pub(super) name_en: String,
    pub(super) address: String,
    pub(super) address_en: String,
    /// Unified social credit code, 18 characters.
    pub(super) credit: String,
    /// Organisation code, 9 characters: those from 9 to 17 of the credit code.
    pub(super) organisation: String,
    /// Customs registration number, 10 characters: 4 place, 1 zone, 1 type, 4 serial.
    pub(super) customs: String,
    pub(super) phone: String,
}

/// A company abroad.
pub(super) struct Foreigner {
    pub(super) name: String,
    pub(super) country: &'static Country,
    pub(super) street: u64,
    pub(super) phone: u64,
}

pub(super) struct Companies(Vec<Company>);

impl Companies {
    pub(super) fn new() -> Companies {
        Companies((0..COMPANIES).map(company).collect())
    }

    /// A company that trades.
    pub(super) fn trader(&self, random: &mut Random) -> &Company {
        random.pick(&self.0[BROKERS..])
    }

    /// A company that declares or forwards for others.
    pub(super) fn broker(&self, random: &mut Random) -> &Company {
        random.pick(&self.0[..BROKERS])
    }

    /// The trader of this number; numbers begin again after the last one.
    pub(super) fn numbered(&self, number: u64) -> &Company {
        let traders = &self.0[BROKERS..];
        &traders[(number % traders.len() as u64) as usize]
    }

    pub(super) const TRADERS: u64 = (COMPANIES - BROKERS) as u64;
}

fn company(number: usize) -> Company {
    let broker = number < BROKERS;
    let (brand, brand_en) = BRANDS[number % BRANDS.len()];
    let business = if broker {
        0
    } else {
        1 + number / BRANDS.len() % (BUSINESSES.len() - 1)
    };
    let (business, business_en) = BUSINESSES[business];
    let (district, division, place, street, street_en) = DISTRICTS[number % DISTRICTS.len()];
    let organisation = organisation(&base(number as u64));
    let credit = credit(&format!("91{division}{organisation}"));
    // The sixth place is the type of enterprise: 8 is a broker, 1 to 4 are those that trade.
    let kind = if broker { 8 } else { 1 + number % 4 };
    let house = 1 + number % 199;
    Company {
        name: format!("北京{brand}{business}有限公司"),
        name_en: format!("BEIJING {brand_en} {business_en} CO., LTD."),
        address: format!("北京市{district}{street}{house}号"),
        address_en: format!("NO. {house} {street_en}, BEIJING, CHINA"),
        credit,
        organisation,
        customs: format!("{place}9{kind}{number:04}"),
        phone: format!("+86 10 {}", 60_000_000 + mix(number as u64) % 30_000_000),
    }
}

/// The first eight characters of an organisation code: digits for companies from before 2015,
/// `MA` and six characters for those of later.
fn base(number: u64) -> String {
    let mut random = Random::new(number, 0);
    if random.percent(40) {
        return random.like("7#######");
    }
    let tail = (0..6).map(|_| char::from(*random.pick(CREDIT)));
    "MA".chars().chain(tail).collect()
}

/// A company abroad, of a country if that matters.
pub(super) fn foreigner(country: &'static Country, random: &mut Random) -> Foreigner {
    let (first, second) = (random.pick(FOREIGN), random.pick(TRADES));
    Foreigner {
        name: format!("{first} {second} {}", country.form),
        country,
        street: random.between(1, 480),
        phone: random.between(2_000_000, 9_999_999),
    }
}

/// The name of somebody who works for a company.
pub(super) fn person(random: &mut Random) -> String {
    format!("{}{}", random.pick(FAMILY_NAMES), random.pick(GIVEN_NAMES))
}

const BRANDS: &[(&str, &str)] = &[
    ("华清", "HUAQING"),
    ("恒达", "HENGDA"),
    ("云帆", "YUNFAN"),
    ("通达", "TONGDA"),
    ("瑞丰", "RUIFENG"),
    ("中科远", "ZHONGKEYUAN"),
    ("天恒", "TIANHENG"),
    ("博源", "BOYUAN"),
    ("京誉", "JINGYU"),
    ("绿野", "LUYE"),
    ("康源", "KANGYUAN"),
    ("金桥", "JINQIAO"),
    ("智联", "ZHILIAN"),
    ("长城润", "CHANGCHENGRUN"),
    ("海纳", "HAINA"),
    ("新元", "XINYUAN"),
    ("安泰", "ANTAI"),
    ("东方苑", "DONGFANGYUAN"),
    ("燕山", "YANSHAN"),
    ("凯信", "KAIXIN"),
    ("顺和", "SHUNHE"),
    ("启明", "QIMING"),
    ("宏图", "HONGTU"),
    ("百川", "BAICHUAN"),
    ("鼎新", "DINGXIN"),
    ("世纪星", "SHIJIXING"),
    ("蓝桥", "LANQIAO"),
    ("北辰", "BEICHEN"),
    ("优联", "YOULIAN"),
    ("佳禾", "JIAHE"),
    ("嘉德", "JIADE"),
    ("尚品", "SHANGPIN"),
];

/// The first is that of brokers.
const BUSINESSES: &[(&str, &str)] = &[
    ("国际货运代理", "INTERNATIONAL FREIGHT FORWARDING"),
    ("仪器", "INSTRUMENTS"),
    ("电子科技", "ELECTRONICS TECHNOLOGY"),
    ("生物制药", "BIOPHARMACEUTICAL"),
    ("医疗器械", "MEDICAL DEVICES"),
    ("机电设备", "MACHINERY AND ELECTRIC EQUIPMENT"),
    ("进出口贸易", "IMPORT AND EXPORT"),
    ("汽车零部件", "AUTO PARTS"),
    ("航空器材", "AVIATION EQUIPMENT"),
    ("化工材料", "CHEMICAL MATERIALS"),
    ("服饰", "GARMENTS"),
    ("食品", "FOODS"),
    ("光学技术", "OPTICAL TECHNOLOGY"),
    ("半导体", "SEMICONDUCTOR"),
    ("图书文化", "BOOKS AND CULTURE"),
    ("新能源", "NEW ENERGY"),
];

/// District, division of the credit code, place of customs registration, street.
const DISTRICTS: &[(&str, &str, &str, &str, &str)] = &[
    (
        "顺义区",
        "110113",
        "1101",
        "天竺空港工业区天柱路",
        "TIANZHU ROAD, SHUNYI DISTRICT",
    ),
    (
        "朝阳区",
        "110105",
        "1105",
        "酒仙桥路",
        "JIUXIANQIAO ROAD, CHAOYANG DISTRICT",
    ),
    (
        "海淀区",
        "110108",
        "1108",
        "中关村南大街",
        "ZHONGGUANCUN SOUTH STREET, HAIDIAN DISTRICT",
    ),
    (
        "昌平区",
        "110114",
        "1114",
        "回龙观西大街",
        "HUILONGGUAN WEST STREET, CHANGPING DISTRICT",
    ),
    (
        "大兴区",
        "110115",
        "1113",
        "荣华中路",
        "RONGHUA MIDDLE ROAD, DAXING DISTRICT",
    ),
    (
        "丰台区",
        "110106",
        "1106",
        "南四环西路",
        "SOUTH 4TH RING ROAD, FENGTAI DISTRICT",
    ),
    (
        "通州区",
        "110112",
        "1112",
        "光机电一体化基地兴光四街",
        "XINGGUANG 4TH STREET, TONGZHOU DISTRICT",
    ),
];

const FOREIGN: &[&str] = &[
    "NORDLAB",
    "PACIFIC COAST",
    "RHEINTAL",
    "MIDORI",
    "HARBOR",
    "SUMMIT",
    "DELTA",
    "ORION",
    "KESTREL",
    "ALPINE",
    "MERIDIAN",
    "SAKURA",
    "BLUE RIVER",
    "EVERGREEN",
    "GOLDEN GATE",
    "STERLING",
    "VEGA",
    "NOVA",
    "MAINGOLD",
    "LION CITY",
    "SOUTHERN CROSS",
    "HANSA",
    "ATLAS",
    "TRITON",
];

const TRADES: &[&str] = &[
    "TRADING",
    "INSTRUMENTS",
    "ELECTRONICS",
    "MACHINERY",
    "PHARMA",
    "LOGISTICS",
    "COMPONENTS",
    "AUTOMOTIVE",
    "OPTICS",
    "FOODS",
    "CHEMICALS",
    "SUPPLY",
];

const FAMILY_NAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "马", "朱", "胡", "郭",
];

const GIVEN_NAMES: &[&str] = &[
    "伟", "芳", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "建国", "志强", "秀英", "晓明",
    "雪梅", "文博", "子涵", "海燕",
];
