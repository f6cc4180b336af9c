//! Air manifests: the original one of an aircraft that arrives, the pre-load one of an aircraft
//! that leaves. Forwarders send them waybill by waybill, airlines for a whole flight. The head is
//! that of all manifests; what comes by sea and by road is in [`super::sea`] and [`super::road`].

use super::Making;
use super::commodities::Lot;
use super::companies::{Company, foreigner, person};
use super::moment::Moment;
use super::numbers::{Decimal, Waybill};
use super::places::{self, AIRLINES, AIRPORTS, Airline, Airport, HOME};
use super::random::Random;
use super::tree::Tree;
use super::{reports, road, sea};

/// Waybills of one manifest: three in four are of one, as a forwarder sends them; one in a
/// hundred is of a whole flight. There are at most 9999; beyond 200 nothing is new.
const WAYBILLS: &[(u64, (u64, u64))] = &[(75, (1, 1)), (17, (2, 5)), (7, (6, 30)), (1, (31, 200))];

/// House bills under one master, where it is consolidated at all.
const HOUSES: &[(u64, (u64, u64))] = &[(70, (0, 0)), (20, (2, 4)), (10, (5, 12))];

/// Items of one waybill: most name the goods once.
const ITEMS: &[(u64, (u64, u64))] = &[(72, (1, 1)), (20, (2, 3)), (8, (4, 8))];

/// What all waybills of a message have in common.
pub(super) struct Flight<'g> {
    pub(super) message_type: &'static str,
    pub(super) import: bool,
    pub(super) form: &'static str,
    pub(super) airline: &'static Airline,
    pub(super) airport: &'static Airport,
    pub(super) office: &'static str,
    pub(super) departure: Moment,
    pub(super) arrival: Moment,
    pub(super) forwarder: &'g Company,
    /// The office where the transmitter is registered, and its organisation code.
    pub(super) sender: String,
}

impl<'g> Flight<'g> {
    fn draw(m: &mut Making<'g>) -> Flight<'g> {
        let random = &mut m.random;
        let airport = random.pick(AIRPORTS);
        let import = m.message_type.starts_with("MT1")
            || matches!(m.message_type, "MT4401" | "MT5201" | "MT5401");
        // Manifests and arrivals of goods are sent before the flight, the rest after it.
        let flies = match m.message_type {
            "MT1201" | "MT2201" | "MT3201" | "MT1101" | "MT2101" | "MT1401" | "MT2401"
            | "MT4401" => m.sent.minutes_later(random.between(240, 1_440)),
            _ => m.sent.minutes_earlier(random.between(300, 1_200)),
        };
        // A ship is forty times as long on its way as an aircraft.
        let by_sea = m.message_type.get(3..4) == Some("1");
        let minutes = airport.minutes * if by_sea { 40 } else { 1 };
        let (departure, arrival) = if import {
            (flies.minutes_earlier(minutes), flies)
        } else {
            (flies, flies.minutes_later(minutes))
        };
        let draft = if m.faulty { 0 } else { 1 };
        let forms: &[(u64, &str)] = match m.message_type {
            "MT1201" => &[(86, "9"), (5, "2"), (5, "5"), (3, "3"), (draft, "T")],
            // The pre-load manifest alone has other data after the main data.
            "MT2201" => &[
                (84, "9"),
                (5, "2"),
                (5, "5"),
                (3, "3"),
                (2, "0"),
                (draft, "T"),
            ],
            "MT1101" | "MT2101" => &[(88, "9"), (5, "2"), (3, "5"), (3, "3"), (draft, "T")],
            "MT4101" | "MT1401" | "MT2401" => &[(92, "9"), (4, "2"), (4, "3")],
            _ => &[(95, "9"), (5, "2")],
        };
        let deletes = m.wanted == "deletion" && forms.iter().any(|(_, form)| *form == "3");
        let form = if deletes { "3" } else { random.weighted(forms) };
        let office = places::office(random);
        let forwarder = m.companies.broker(random);
        Flight {
            message_type: m.message_type,
            import,
            form,
            airline: random.pick(AIRLINES),
            airport,
            office,
            departure,
            arrival,
            forwarder,
            sender: format!("{office}{}", forwarder.organisation),
        }
    }

    /// Main data, additions and drafts have all that is known.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self.form, "9" | "2" | "T")
    }

    /// Flight and day: that of arrival for what arrives, of departure for what leaves.
    pub(super) fn journey(&self, random: &mut Random) -> String {
        let day = if self.import {
            self.arrival
        } else {
            self.departure
        };
        format!("{}/{}", self.airline.flight(random), day.date())
    }

    /// The airport of Beijing, with the office.
    pub(super) fn home(&self) -> String {
        format!("{}/{}", HOME.0, self.office)
    }
}

pub(super) fn make(m: &mut Making<'_>) -> String {
    let flight = Flight::draw(m);
    // Two conventions are in use.
    let (kind, sender, sent) = (m.message_type, &flight.sender, m.sent.millisecond());
    let reference = if m.random.percent(70) {
        format!("CN_{kind}_1p0_{sender}_{sent}")
    } else {
        format!("{sender}_{sent}")
    };
    m.tree.begin("Manifest", namespace(m.message_type));
    m.tree.in_order();
    m.tree.open("Head");
    m.tree.leaf("MessageID", &reference);
    m.tree.leaf("FunctionCode", flight.form);
    m.tree.leaf("MessageType", m.message_type);
    if m.message_type.get(3..4) == Some("4") {
        // What goes by road is sent through the platform of the provinces.
        let client = m.random.like("_DXPESW00000#####");
        m.tree.leaf("SenderID", format_args!("{sender}{client}"));
        m.tree.leaf("ReceiverID", "EPORT");
    } else {
        m.tree.leaf("SenderID", sender);
        m.tree.leaf("ReceiverID", flight.office);
    }
    m.tree.leaf("SendTime", m.sent.millisecond());
    m.tree.leaf("Version", "1.0");
    m.tree.close();
    m.tree.open("Declaration");
    match m.message_type {
        "MT1201" | "MT2201" => manifest(m, &flight),
        "MT3201" => reports::arrival(m, &flight),
        "MT4201" => reports::load(m, &flight),
        "MT1101" | "MT2101" | "MT4101" => sea::write(m, &flight),
        "MT1401" | "MT2401" => road::manifest(m, &flight),
        "MT4401" => road::confirmation(m, &flight),
        "MT5401" => road::tally(m, &flight),
        _ => reports::tally(m, &flight),
    }
    m.tree.close();
    reference
}

/// The namespace of a message type.
fn namespace(message_type: &str) -> &'static str {
    match message_type {
        "MT1101" => "urn:Declaration:datamodel:standard:CN:MT1101:1",
        "MT1201" => "urn:Declaration:datamodel:standard:CN:MT1201:1",
        "MT1401" => "urn:Declaration:datamodel:standard:CN:MT1401:1",
        "MT2101" => "urn:Declaration:datamodel:standard:CN:MT2101:1",
        "MT2201" => "urn:Declaration:datamodel:standard:CN:MT2201:1",
        "MT2401" => "urn:Declaration:datamodel:standard:CN:MT2401:1",
        "MT3201" => "urn:Declaration:datamodel:standard:CN:MT3201:1",
        "MT4101" => "urn:Declaration:datamodel:standard:CN:MT4101:1",
        "MT4201" => "urn:Declaration:datamodel:standard:CN:MT4201:1",
        "MT4401" => "urn:Declaration:datamodel:standard:CN:MT4401:1",
        "MT5201" => "urn:Declaration:datamodel:standard:CN:MT5201:1",
        "MT5401" => "urn:Declaration:datamodel:standard:CN:MT5401:1",
        _ => "urn:Declaration:datamodel:standard:CN:MT5202:1",
    }
}

fn manifest<'g>(m: &mut Making<'g>, flight: &Flight<'g>) {
    transport(m, flight);
    waybills(m, flight, consignment);
    if flight.is_whole() && m.random.percent(15) {
        let remarks = [
            "无温控要求",
            "需冷藏 2-8 度",
            "UNLOAD FIRST",
            "随机文件齐全",
        ];
        let remark = *m.random.pick(&remarks);
        m.tree.within("AdditionalInformation", "Content", remark);
    }
}

fn transport(m: &mut Making<'_>, flight: &Flight<'_>) {
    let (tree, random) = (&mut *m.tree, &mut m.random);
    tree.within("RepresentativePerson", "Name", &flight.forwarder.name);
    if flight.is_whole() {
        if !flight.import {
            tree.within("ExitCustomsOffice", "ID", flight.office);
        }
        if random.percent(35) {
            tree.within("Agent", "ID", &flight.sender);
        }
        tree.within("Carrier", "ID", flight.airline.code);
    }
    tree.open("BorderTransportMeans");
    tree.leaf("JourneyID", flight.journey(random));
    if flight.is_whole() {
        tree.leaf("TypeCode", "4");
    }
    let times = flight.form == "0" || flight.is_whole() && (flight.import || random.percent(30));
    if times || flight.is_whole() && random.percent(60) {
        tree.leaf("ID", flight.airline.registration(random).replace('-', ""));
        tree.blank("Name");
    }
    if times {
        let first = if flight.import {
            HOME.0
        } else {
            flight.airport.iata
        };
        times_of_call(tree, flight, first);
    }
    tree.close();
}

/// The first port of call, when the craft gets there and when it left.
pub(super) fn times_of_call(tree: &mut Tree, flight: &Flight<'_>, first: &str) {
    tree.leaf("FirstArrivalLocationID", first);
    tree.leaf("ArrivalDateTime", flight.arrival.zoned());
    tree.leaf("DepartureDateTime", flight.departure.zoned());
}

/// Writes waybills with their numbers, and with what follows them.
pub(super) fn waybills<'g>(
    m: &mut Making<'g>,
    flight: &Flight<'g>,
    follow: fn(&mut Making<'g>, &Flight<'g>),
) {
    let mut left = m.random.size(WAYBILLS);
    let mut serial = m.random.next();
    let hyphen = m.random.percent(10);
    while left > 0 {
        // A waybill of another airline comes with a flight now and then.
        let other = m.random.pick(AIRLINES).prefix;
        let usual = m.random.percent(95);
        let prefix = if usual { flight.airline.prefix } else { other };
        let master = Waybill {
            prefix,
            serial,
            hyphen,
        };
        // What is loaded is told by master alone.
        let loaded = flight.message_type == "MT4201";
        let houses = if loaded {
            0
        } else {
            m.random.size(HOUSES).min(left)
        };
        for house in 0..houses.max(1) {
            m.tree.open("Consignment");
            master_number(m, flight, &master, houses > 0);
            if houses > 0 {
                let number = serial.wrapping_add(house) % 100_000_000;
                let number = format!("H{}{number:08}", flight.airport.iata);
                m.tree.within("AssociatedTransportDocument", "ID", number);
            }
            follow(m, flight);
            m.tree.close();
        }
        left -= houses.max(1);
        // Far enough from the last one for its house numbers, and never the same master.
        serial = serial.wrapping_add(m.random.between(13, 40));
    }
}

fn master_number(m: &mut Making<'_>, flight: &Flight<'_>, master: &Waybill, shared: bool) {
    m.tree.open("TransportContractDocument");
    m.tree.leaf("ID", master);
    if matches!(flight.form, "3" | "5") {
        let reasons = ["001", "002", "003", "004", "006", "011", "999"];
        m.tree.leaf("ChangeReasonCode", *m.random.pick(&reasons));
    }
    let splits = match flight.message_type {
        "MT1201" => Some("Deconsolidator"),
        "MT2201" => Some("Consolidator"),
        _ => None,
    };
    if let Some(name) = splits.filter(|_| flight.is_whole()) {
        m.tree.blank("ConditionCode");
        if shared {
            m.tree.within(name, "ID", &flight.sender);
        }
    }
    m.tree.close();
}

/// What follows the numbers of a waybill, by the form of the message.
fn consignment<'g>(m: &mut Making<'g>, flight: &Flight<'g>) {
    match flight.form {
        "3" => {}
        "0" => {
            m.tree
                .leaf("GrossVolumeMeasure", Decimal(m.random.between(20, 900), 2));
            value(m.tree, &mut m.random);
            m.tree
                .within("UnloadingLocation", "ID", flight.airport.iata);
            abroad(m.tree, &mut m.random, flight, "Consignee");
        }
        "5" => {
            let lots = lots(&mut m.random);
            let packages = packages(&lots);
            measures(m.tree, &lots, &packages, false, &[]);
        }
        _ => whole(m, flight),
    }
}

fn whole(m: &mut Making<'_>, flight: &Flight<'_>) {
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let home = flight.home();
    let lots = lots(random);
    let packages = packages(&lots);
    if random.percent(25) {
        tree.leaf(
            "GrossVolumeMeasure",
            Decimal(lots.iter().map(|lot| lot.net).sum::<u64>() / 200 + 1, 2),
        );
    }
    if random.percent(35) {
        value(tree, random);
    }
    tree.open("LoadingLocation");
    if flight.import {
        tree.leaf("ID", flight.airport.iata);
    } else {
        tree.leaf("ID", &home);
        let loading = flight.departure.minutes_earlier(random.between(40, 180));
        tree.leaf("LoadingDate", loading.zoned());
    }
    tree.close();
    tree.open("UnloadingLocation");
    tree.leaf(
        "ID",
        if flight.import {
            &home
        } else {
            flight.airport.iata
        },
    );
    tree.leaf("ArrivalDate", flight.arrival.date());
    tree.close();
    if random.percent(40) {
        tree.leaf("RoutingCountryCode", flight.airport.country.alpha2);
    }
    tree.leaf(
        "TransportSplitIndicator",
        if random.percent(92) { "0" } else { "1" },
    );
    if random.percent(70) {
        tree.within(
            "FreightPayment",
            "MethodCode",
            if random.percent(65) { "PP" } else { "CC" },
        );
    }
    measures(tree, &lots, &packages, true, &[]);
    parties(m, flight, &lots);
}

/// Who sends and who receives, who is told, and who knows about dangerous goods.
pub(super) fn parties(m: &mut Making<'_>, flight: &Flight<'_>, lots: &[Lot]) {
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let company = m.companies.trader(random);
    if flight.import {
        at_home(tree, company, "Consignee");
        abroad(tree, random, flight, "Consignor");
    } else {
        abroad(tree, random, flight, "Consignee");
        at_home(tree, company, "Consignor");
    }
    if random.percent(15) {
        let broker = m.companies.broker(random);
        at_home(tree, broker, "NotifyParty");
    }
    if lots.iter().any(|lot| lot.commodity.dangerous.is_some()) {
        tree.open_in_order("UNDGContact");
        tree.leaf("Name", person(random));
        telephone(tree, &company.phone);
        tree.close();
    }
}

pub(super) fn lots(random: &mut Random) -> Vec<Lot> {
    (0..random.size(ITEMS)).map(|_| Lot::draw(random)).collect()
}

/// Pieces and gross weight, in hundredths of a kilogram, of each lot: twelve kilograms or so to
/// the piece, a tenth of it packing.
pub(super) fn packages(lots: &[Lot]) -> Vec<(u64, u64)> {
    let package = |lot: &Lot| (lot.net / 1_200 + 1, lot.net + lot.net / 10 + 10);
    lots.iter().map(package).collect()
}

/// Pieces and weight of a waybill.
pub(super) fn totals(tree: &mut Tree, packages: &[(u64, u64)]) {
    let pieces = packages.iter().map(|(pieces, _)| pieces).sum::<u64>();
    let weight = packages.iter().map(|(_, weight)| weight).sum();
    tree.open("ConsignmentPackaging");
    tree.leaf("QuantityQuantity", pieces);
    tree.leaf("TypeCode", "22");
    tree.close();
    tree.leaf("TotalGrossMassMeasure", Decimal(weight, 2));
}

/// The goods as a load manifest has them: by their names alone.
pub(super) fn named(tree: &mut Tree, lots: &[Lot]) {
    for lot in lots {
        tree.open("ConsignmentItem");
        tree.within("Commodity", "CargoDescription", lot.commodity.en);
        tree.close();
    }
}

/// Pieces and weight, of the waybill and of each item, which add up. Every item is in one of the
/// containers, and in every container is an item.
pub(super) fn measures(
    tree: &mut Tree,
    lots: &[Lot],
    packages: &[(u64, u64)],
    tariff: bool,
    containers: &[String],
) {
    totals(tree, packages);
    for (index, (lot, (pieces, weight))) in lots.iter().zip(packages).enumerate() {
        tree.open("ConsignmentItem");
        tree.leaf("SequenceNumeric", index + 1);
        tree.open("ConsignmentItemPackaging");
        tree.leaf("QuantityQuantity", pieces);
        tree.leaf("TypeCode", "22");
        tree.blank("MarksNumbers");
        tree.close();
        tree.open("Commodity");
        tree.leaf("CargoDescription", lot.commodity.en);
        if let Some(number) = lot.commodity.dangerous.filter(|_| tariff) {
            tree.leaf("UNDGCode", number);
        }
        if tariff {
            tree.leaf("TariffClassificationCode", &lot.commodity.code[..8]);
        }
        tree.close();
        tree.within("GoodsMeasure", "GrossMassMeasure", Decimal(*weight, 2));
        for (at, number) in containers.iter().enumerate() {
            if at % lots.len() == index || index % containers.len() == at {
                tree.within("EquipmentIdentification", "ID", number);
            }
        }
        tree.close();
    }
}

fn value(tree: &mut Tree, random: &mut Random) {
    tree.open("ValueAmount");
    tree.leaf(
        "@CurrencyTypeCode",
        *random.pick(&["USD", "USD", "EUR", "CNY", "JPY"]),
    );
    tree.content(Decimal(random.between(20_000, 90_000_000), 2));
    tree.close();
}

fn at_home(tree: &mut Tree, company: &Company, role: &'static str) {
    tree.open_in_order(role);
    tree.leaf("ID", &company.credit);
    tree.leaf("Name", &company.name);
    tree.open("Address");
    tree.leaf("Line", &company.address);
    tree.leaf("CityName", "北京");
    tree.blank("CountrySubEntityName");
    tree.blank("PostcodeID");
    tree.leaf("CountryCode", "CN");
    tree.close();
    telephone(tree, &company.phone);
    tree.close();
}

fn abroad(tree: &mut Tree, random: &mut Random, flight: &Flight<'_>, role: &'static str) {
    let partner = foreigner(flight.airport.country, random);
    let country = partner.country;
    tree.open_in_order(role);
    tree.leaf("Name", &partner.name);
    tree.open("Address");
    tree.leaf(
        "Line",
        format_args!("{} {}", partner.street, country.street),
    );
    tree.leaf("CityName", country.city);
    tree.leaf("PostcodeID", country.postcode);
    tree.leaf("CountryCode", country.alpha2);
    tree.close();
    if random.percent(50) {
        telephone(tree, format_args!("+{} {}", country.calling, partner.phone));
    }
    tree.close();
}

pub(super) fn telephone(tree: &mut Tree, number: impl std::fmt::Display) {
    tree.open("Communication");
    tree.leaf("ID", number);
    tree.leaf("TypeID", "TE");
    tree.close();
}
