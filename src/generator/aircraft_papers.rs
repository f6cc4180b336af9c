//! What is said of aircraft beside their movements: general declarations, with the crew and now and
//! then the passengers, and the filings of aircraft and of flights.

use super::Making;
use super::aircraft::local;
use super::moment::{Moment, Zone, Zoned};
use super::places::{Airline, Airport, HOME};
use super::random::Random;
use super::tree::Tree;

/// Crew of one aircraft: half are freighters with two or three, the rest carry passengers too.
const CREW: &[(u64, (u64, u64))] = &[(50, (2, 3)), (35, (8, 14)), (15, (15, 22))];

/// Passengers in the list: most airlines send it elsewhere, few send a short one here.
const PASSENGERS: &[(u64, (u64, u64))] = &[(80, (0, 0)), (15, (1, 6)), (5, (40, 200))];

/// What all of them are about.
pub(super) struct Paper<'p> {
    pub(super) airline: &'static Airline,
    pub(super) airport: &'static Airport,
    pub(super) office: &'static str,
    pub(super) sender: &'p str,
}

/// Writes the body of a message, and closes it.
pub(super) fn write(m: &mut Making<'_>, paper: &Paper<'_>) {
    match m.message_type {
        "GeneralDeclaration" => general(m, paper),
        "AircraftFiling" => aircraft(m, paper),
        _ => flight(m, paper),
    }
    let remarks = ["", "", "首次备案", "换季", "CHARTER"];
    m.tree.leaf("Remark", *m.random.pick(&remarks));
    m.tree.leaf("DeclarationDate", m.sent.date());
    m.tree.close();
}

fn general(m: &mut Making<'_>, paper: &Paper<'_>) {
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let airport = paper.airport;
    let entering = random.percent(50);
    let crew = random.size(CREW);
    let passengers = random.size(PASSENGERS);
    // What enters is declared after it has come, what leaves before it goes.
    let (departure, here) = if entering {
        let arrival = m.sent.minutes_earlier(random.between(5, 90));
        (
            local(arrival.minutes_earlier(airport.minutes), airport),
            arrival,
        )
    } else {
        let departure = m.sent.minutes_later(random.between(30, 300));
        (Zoned(departure, Zone::Beijing), departure)
    };
    tree.leaf("GroundAgent", paper.sender);
    tree.leaf("AircraftRegistration", paper.airline.registration(random));
    tree.leaf("FlightNumber", paper.airline.flight(random));
    tree.leaf("FlightDate", here.date());
    let mark = if entering {
        random.weighted(&[(90, "I"), (10, "IN")])
    } else {
        random.weighted(&[(90, "O"), (6, "OUT"), (4, "E")])
    };
    tree.leaf("InOutMark", mark);
    tree.leaf("CrewQuantity", crew);
    // Without a list the number is that of the airline's own count.
    let counted = if passengers == 0 && crew > 3 {
        random.between(30, 400)
    } else {
        passengers
    };
    tree.leaf("InternationalPassengerQuantity", counted);
    tree.blank("DomesticPassengerQuantity");
    tree.leaf(
        "InternationalBaggageQuantity",
        counted * random.between(8, 19) / 10,
    );
    tree.blank("DomesticBaggageQuantity");
    let pieces = if random.percent(12) {
        0
    } else {
        random.between(20, 3_000)
    };
    tree.leaf("CargoQuantity", pieces);
    tree.leaf("CargoWeight", pieces * random.between(12, 40));
    tree.leaf("DepartureTime", departure);
    tree.leaf(
        "ArrivalOrDeparturePort",
        format_args!("{}/{}", HOME.1, paper.office),
    );
    tree.leaf("ArrivalOrDepartureTime", Zoned(here, Zone::Beijing));
    tree.leaf("ParkingStand", random.like("N1##"));
    tree.open_in_order("CrewList");
    for number in 1..=crew {
        tree.open("CrewMember");
        let born = m.sent.days_earlier(random.between(9_000, 20_000));
        human(tree, random, number, born, 70, airport);
        tree.leaf(
            "Rank",
            match number {
                1 => "机长",
                2 => "副驾驶",
                3 => "CHIEF PURSER",
                _ => "乘务员",
            },
        );
        tree.close();
    }
    tree.close();
    if passengers == 0 {
        return;
    }
    tree.open_in_order("PassengerList");
    for number in 1..=passengers {
        tree.open("Passenger");
        let born = m.sent.days_earlier(random.between(300, 30_000));
        human(tree, random, number, born, 45, airport);
        tree.leaf("Segment", if random.percent(70) { "I" } else { "" });
        let (from, to) = if entering {
            (airport.locode, HOME.1)
        } else {
            (HOME.1, airport.locode)
        };
        tree.leaf("PortOfEmbarkation", from);
        tree.leaf("PortOfDisembarkation", to);
        tree.close();
    }
    tree.close();
}

/// What crew and passengers have in common: so many in a hundred are Chinese, the rest of the
/// country of the airport; the number of the passport has that of the person in it.
fn human(
    tree: &mut Tree,
    random: &mut Random,
    number: u64,
    born: Moment,
    chinese: u64,
    airport: &Airport,
) {
    let chinese = random.percent(chinese);
    let (families, names): (&[&str], &[&str]) = if chinese {
        (
            &["ZHANG", "LI", "WANG", "CHEN", "ZHAO", "OUYANG"],
            &["WEI", "JING", "LEI", "MIN", "YU", "XIAOFENG"],
        )
    } else {
        (
            &["SMITH", "MUELLER", "TANAKA", "KIM", "ROSSI", "DE VRIES"],
            &["ANNA", "JOHN", "HANA", "LUCA", "MIN JUN", "MARIE"],
        )
    };
    tree.leaf("SequenceNumber", number);
    tree.leaf(
        "Name",
        format_args!("{} {}", random.pick(families), random.pick(names)),
    );
    tree.leaf("Sex", *random.pick(&["M", "F"]));
    let country = if chinese {
        "CN"
    } else {
        airport.country.alpha2
    };
    tree.leaf("Nationality", country);
    tree.leaf("DateOfBirth", born.date());
    let passport = random.like(if chinese { "E##" } else { "C@#" });
    tree.leaf("DocumentType", "P");
    tree.leaf("DocumentNumber", format_args!("{passport}{number:06}"));
}

fn aircraft(m: &mut Making<'_>, paper: &Paper<'_>) {
    airline(m.tree, paper);
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let registration = paper.airline.registration(random);
    let (model, tons, seats) = *random.pick(&[
        ("B747-8F", 447, 0),
        ("B777F", 347, 0),
        ("A330-300", 233, 301),
        ("B787-9", 254, 293),
        ("A321", 93, 194),
    ]);
    tree.leaf(
        "AircraftRegistration",
        format_args!("{registration}/{}", paper.office),
    );
    tree.leaf("AircraftModel", model);
    tree.leaf("TaskType", if seats == 0 { "F" } else { "J" });
    tree.leaf("Nationality", nationality(&registration));
    tree.leaf("NationalityCertificate", random.like("NR####"));
    tree.leaf("MaximumTakeOffWeight", tons * 1_000);
    tree.leaf("StandardSeats", seats);
    tree.leaf(
        "Ownership",
        random.weighted(&[(60, "1"), (38, "2"), (2, "3")]),
    );
    let delivered = m.sent.days_earlier(random.between(40, 6_000));
    tree.leaf("DeliveryDate", delivered.date());
}

fn flight(m: &mut Making<'_>, paper: &Paper<'_>) {
    airline(m.tree, paper);
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let approved = m.sent.days_earlier(random.between(5, 90));
    tree.leaf("RouteApprovalDate", approved.date());
    tree.leaf("FlightNumber", paper.airline.flight(random));
    let (task, nature) = random.weighted(&[(45, ("J", "S")), (40, ("F", "S")), (15, ("H", "N"))]);
    tree.leaf("TaskType", task);
    tree.leaf("FlightNature", nature);
}

fn airline(tree: &mut Tree, paper: &Paper<'_>) {
    let (en, zh) = match paper.airline.code {
        "CA" => ("Air China Limited", "中国国际航空股份有限公司"),
        "MU" => ("China Eastern Airlines", "中国东方航空股份有限公司"),
        "CZ" => ("China Southern Airlines", "中国南方航空股份有限公司"),
        "HU" => ("Hainan Airlines", "海南航空控股股份有限公司"),
        "O3" => ("SF Airlines", "顺丰航空有限公司"),
        "LH" => ("Deutsche Lufthansa AG", "德国汉莎航空公司"),
        _ => ("Worldwide Air Cargo Ltd", ""),
    };
    tree.leaf("AirlineCode", paper.airline.code);
    tree.leaf("AirlineEnglishName", en);
    tree.leaf("AirlineChineseName", zh);
}

/// The country of a registration, by its first characters.
fn nationality(registration: &str) -> &'static str {
    match registration.get(..2).unwrap_or_default() {
        "B-" => "CN",
        "D-" => "DE",
        "JA" => "JP",
        "HL" => "KR",
        "9V" => "SG",
        "A6" => "AE",
        "A7" => "QA",
        "F-" => "FR",
        _ => "US",
    }
}
