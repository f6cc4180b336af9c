//! Countries with the codes of every system in use, airports, airlines, ships and offices.

use super::random::Random;

/// A country that trades with Beijing.
pub(super) struct Country {
    /// The numeric code of customs, as declarations carried it alone until 2018.
    pub(super) customs: &'static str,
    /// ISO 3166 with two letters, with three, and numeric.
    pub(super) alpha2: &'static str,
    pub(super) alpha3: &'static str,
    pub(super) numeric: &'static str,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    /// The currency: code of customs, and ISO 4217.
    pub(super) currency: (&'static str, &'static str),
    /// Hours that its clocks are ahead of Greenwich.
    pub(super) zone: i64,
    /// What a company calls itself.
    pub(super) form: &'static str,
    pub(super) city: &'static str,
    pub(super) street: &'static str,
    pub(super) postcode: &'static str,
    pub(super) calling: &'static str,
}

/// An airport abroad from which there are flights to Beijing.
pub(super) struct Airport {
    /// Three letters (IATA), five letters (UN/LOCODE).
    pub(super) iata: &'static str,
    pub(super) locode: &'static str,
    pub(super) country: &'static Country,
    /// How long the flight takes, in minutes.
    pub(super) minutes: u64,
}

/// An airline: two characters, the prefix of its waybills, the pattern of its registrations.
pub(super) struct Airline {
    pub(super) code: &'static str,
    pub(super) prefix: &'static str,
    registration: &'static str,
}

impl Airline {
    pub(super) fn flight(&self, random: &mut Random) -> String {
        format!("{}{}", self.code, random.between(11, 9_899))
    }

    pub(super) fn registration(&self, random: &mut Random) -> String {
        random.like(self.registration)
    }
}

/// Offices that take declarations at the capital's airport, most of them at the airport itself.
pub(super) fn office(random: &mut Random) -> &'static str {
    random.weighted(&[
        (80, "0101"),
        (12, "0107"),
        (3, "0102"),
        (3, "0108"),
        (2, "0104"),
    ])
}

/// Companies and ships of the sea, and the first letters of their containers.
pub(super) const SHIPS: &[&str] = &[
    "COSCO STAR",
    "JIN HE 8",
    "OCEAN DIAMOND",
    "TIANJIN BRIDGE",
    "PACIFIC LOTUS",
    "NORTH WIND",
];
pub(super) const OWNERS: &[&str] = &["CSQU", "MSKU", "COSU", "OOLU", "TGHU", "CCLU", "HLXU"];

/// Places inside the country where goods go to or come from.
pub(super) const DISTRICTS: &[&str] = &[
    "11019", "11012", "11013", "11029", "11069", "11089", "11139", "11149",
];

macro_rules! countries {
    ($($name:ident = $customs:literal $alpha2:literal $alpha3:literal $numeric:literal
        $zh:literal $en:literal $money:literal $iso:literal $zone:literal
        $form:literal $city:literal $street:literal $postcode:literal $calling:literal;)*) => {
        $(pub(super) static $name: Country = Country {
            customs: $customs, alpha2: $alpha2, alpha3: $alpha3, numeric: $numeric,
            zh: $zh, en: $en, currency: ($money, $iso), zone: $zone,
            form: $form, city: $city, street: $street, postcode: $postcode, calling: $calling,
        };)*
    };
}

countries! {
    CHINA = "142" "CN" "CHN" "156" "中国" "CHINA" "142" "CNY" 8 "CO LTD" "BEIJING" "CHANG'AN AVENUE" "100005" "86";
    USA = "502" "US" "USA" "840" "美国" "UNITED STATES OF AMERICA" "502" "USD" -5 "INC" "LOS ANGELES" "W IMPERIAL HWY" "90045" "1";
    GERMANY = "304" "DE" "DEU" "276" "德国" "GERMANY" "300" "EUR" 1 "GMBH" "FRANKFURT" "LANGER KORNWEG" "65451" "49";
    JAPAN = "116" "JP" "JPN" "392" "日本" "JAPAN" "116" "JPY" 9 "K.K." "TOKYO" "NIHONBASHI" "103-0027" "81";
    KOREA = "133" "KR" "KOR" "410" "韩国" "REPUBLIC OF KOREA" "502" "USD" 9 "CO LTD" "SEOUL" "TEHERAN-RO" "06164" "82";
    FRANCE = "305" "FR" "FRA" "250" "法国" "FRANCE" "300" "EUR" 1 "SAS" "PARIS" "RUE DE RIVOLI" "75001" "33";
    ITALY = "307" "IT" "ITA" "380" "意大利" "ITALY" "300" "EUR" 1 "SPA" "MILANO" "VIA TORINO" "20123" "39";
    NETHERLANDS = "309" "NL" "NLD" "528" "荷兰" "NETHERLANDS" "300" "EUR" 1 "BV" "SCHIPHOL" "EVERT VAN DE BEEKSTRAAT" "1118 CP" "31";
    UNITED_KINGDOM = "303" "GB" "GBR" "826" "英国" "UNITED KINGDOM" "303" "GBP" 0 "LTD" "LONDON" "HATTON CROSS" "TW6 3UA" "44";
    SWITZERLAND = "331" "CH" "CHE" "756" "瑞士" "SWITZERLAND" "331" "CHF" 1 "AG" "ZURICH" "BAHNHOFSTRASSE" "8001" "41";
    NORWAY = "326" "NO" "NOR" "578" "挪威" "NORWAY" "326" "NOK" 1 "AS" "OSLO" "STORGATA" "0184" "47";
    SINGAPORE = "132" "SG" "SGP" "702" "新加坡" "SINGAPORE" "132" "SGD" 8 "PTE LTD" "SINGAPORE" "AIRLINE ROAD" "819835" "65";
    THAILAND = "136" "TH" "THA" "764" "泰国" "THAILAND" "136" "THB" 7 "CO LTD" "BANGKOK" "SUKHUMVIT ROAD" "10110" "66";
    VIETNAM = "141" "VN" "VNM" "704" "越南" "VIET NAM" "502" "USD" 7 "JSC" "HANOI" "KIM MA" "11100" "84";
    MALAYSIA = "122" "MY" "MYS" "458" "马来西亚" "MALAYSIA" "122" "MYR" 8 "SDN BHD" "KUALA LUMPUR" "JALAN AMPANG" "50450" "60";
    INDONESIA = "112" "ID" "IDN" "360" "印度尼西亚" "INDONESIA" "502" "USD" 7 "PT" "JAKARTA" "JALAN SUDIRMAN" "10210" "62";
    AUSTRALIA = "601" "AU" "AUS" "036" "澳大利亚" "AUSTRALIA" "601" "AUD" 10 "PTY LTD" "SYDNEY" "BOURKE ROAD" "2020" "61";
    NEW_ZEALAND = "609" "NZ" "NZL" "554" "新西兰" "NEW ZEALAND" "609" "NZD" 12 "LTD" "AUCKLAND" "QUEEN STREET" "1010" "64";
    CANADA = "501" "CA" "CAN" "124" "加拿大" "CANADA" "501" "CAD" -5 "INC" "TORONTO" "DIXON ROAD" "M9W 1J8" "1";
    CHILE = "412" "CL" "CHL" "152" "智利" "CHILE" "502" "USD" -4 "SPA" "SANTIAGO" "AVENIDA APOQUINDO" "7550000" "56";
    GEORGIA = "337" "GE" "GEO" "268" "格鲁吉亚" "GEORGIA" "502" "USD" 4 "LLC" "TBILISI" "RUSTAVELI AVENUE" "0108" "995";
    TAIWAN = "143" "TW" "TWN" "158" "中国台湾" "TAIWAN, CHINA" "502" "USD" 8 "CO LTD" "KAOHSIUNG" "ZHONGSHAN 2ND ROAD" "806" "886";
    BRAZIL = "410" "BR" "BRA" "076" "巴西" "BRAZIL" "502" "USD" -3 "LTDA" "SAO PAULO" "AVENIDA PAULISTA" "01310-100" "55";
}

/// Where goods come from and go to, the more frequent the more often.
pub(super) static TRADING: &[&Country] = &[
    &USA,
    &USA,
    &GERMANY,
    &GERMANY,
    &GERMANY,
    &JAPAN,
    &JAPAN,
    &KOREA,
    &KOREA,
    &FRANCE,
    &ITALY,
    &NETHERLANDS,
    &UNITED_KINGDOM,
    &SWITZERLAND,
    &SINGAPORE,
    &THAILAND,
    &VIETNAM,
    &MALAYSIA,
    &AUSTRALIA,
    &CANADA,
    &BRAZIL,
];
pub(super) static ASEAN: &[&Country] = &[&SINGAPORE, &THAILAND, &VIETNAM, &MALAYSIA, &INDONESIA];
pub(super) static RCEP: &[&Country] = &[
    &JAPAN,
    &KOREA,
    &AUSTRALIA,
    &NEW_ZEALAND,
    &THAILAND,
    &VIETNAM,
];
/// Those with an agreement of their own: Australia, Korea, Chile, Georgia; and the other side of
/// the strait.
pub(super) static AGREED: [(&str, &[&Country]); 5] = [
    ("A", &[&AUSTRALIA]),
    ("K", &[&KOREA]),
    ("F", &[&CHILE]),
    ("GE", &[&GEORGIA]),
    ("H", &[&TAIWAN]),
];
/// Those that give preferences under the GSP to China.
pub(super) static PREFERENCES: &[&Country] = &[&NORWAY, &NEW_ZEALAND, &AUSTRALIA];

const fn airport(
    iata: &'static str,
    locode: &'static str,
    country: &'static Country,
    minutes: u64,
) -> Airport {
    Airport {
        iata,
        locode,
        country,
        minutes,
    }
}

pub(super) static AIRPORTS: &[Airport] = &[
    airport("FRA", "DEFRA", &GERMANY, 570),
    airport("MUC", "DEMUC", &GERMANY, 590),
    airport("LAX", "USLAX", &USA, 730),
    airport("JFK", "USJFK", &USA, 830),
    airport("ORD", "USORD", &USA, 790),
    airport("ANC", "USANC", &USA, 460),
    airport("NRT", "JPNRT", &JAPAN, 195),
    airport("KIX", "JPKIX", &JAPAN, 175),
    airport("ICN", "KRICN", &KOREA, 125),
    airport("CDG", "FRCDG", &FRANCE, 640),
    airport("MXP", "ITMXP", &ITALY, 620),
    airport("AMS", "NLAMS", &NETHERLANDS, 600),
    airport("LHR", "GBLHR", &UNITED_KINGDOM, 650),
    airport("ZRH", "CHZRH", &SWITZERLAND, 630),
    airport("SIN", "SGSIN", &SINGAPORE, 370),
    airport("BKK", "THBKK", &THAILAND, 285),
    airport("HAN", "VNHAN", &VIETNAM, 230),
    airport("KUL", "MYKUL", &MALAYSIA, 365),
    airport("SYD", "AUSYD", &AUSTRALIA, 700),
    airport("YYZ", "CAYYZ", &CANADA, 800),
];

const fn airline(code: &'static str, prefix: &'static str, registration: &'static str) -> Airline {
    Airline {
        code,
        prefix,
        registration,
    }
}

pub(super) static AIRLINES: &[Airline] = &[
    airline("CA", "999", "B-2###"),
    airline("CA", "999", "B-1###"),
    airline("CA", "999", "B-30##"),
    airline("MU", "781", "B-2###"),
    airline("CZ", "784", "B-2###"),
    airline("HU", "880", "B-1###"),
    airline("O3", "921", "B-20##"),
    airline("LH", "020", "D-AL@@"),
    airline("NH", "205", "JA###A"),
    airline("KE", "180", "HL7###"),
    airline("SQ", "618", "9V-S@@"),
    airline("CX", "160", "B-L@@"),
    airline("EK", "176", "A6-E@@"),
    airline("QR", "157", "A7-B@@"),
    airline("AF", "057", "F-GS@@"),
    airline("UA", "016", "N###UA"),
    airline("5X", "406", "N###UP"),
    airline("K4", "272", "N###CK"),
];

/// The airport of Beijing, with the office in the forms that name one.
pub(super) const HOME: (&str, &str) = ("PEK", "CNPEK");
