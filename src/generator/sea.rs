//! Manifests by sea: the original one (MT1101), the pre-load one (MT2101) and the load manifest
//! (MT4101) of ships in Tianjin, with their containers.

use super::Making;
use super::commodities::Lot;
use super::manifest::{Flight, lots, measures, named, packages, parties, times_of_call, totals};
use super::numbers::container;
use super::places::{OWNERS, SHIPS};

/// Bills of one message: agents of a line send few, the line itself sends those of a ship.
const BILLS: &[(u64, (u64, u64))] = &[(60, (1, 1)), (30, (2, 6)), (10, (7, 40))];

/// The port of Tianjin, with its office.
const HOME: &str = "CNTXG/0202";

pub(super) fn write(m: &mut Making<'_>, flight: &Flight<'_>) {
    let main = flight.is_whole();
    let load = flight.message_type == "MT4101";
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let line = *random.pick(&["COSU", "YHLC", "MAEU", "OOLU", "SITC"]);
    if !load {
        tree.within("RepresentativePerson", "Name", &flight.forwarder.name);
    }
    if main {
        if flight.message_type == "MT2101" {
            tree.within("ExitCustomsOffice", "ID", "0202");
        }
        if !load && random.percent(50) {
            tree.within("Agent", "ID", &flight.sender);
        }
        tree.within("Carrier", "ID", line);
    }
    tree.open("BorderTransportMeans");
    let way = if flight.import { "26##E" } else { "26##W" };
    tree.leaf("JourneyID", random.like(way));
    tree.leaf("ID", random.like("UN9######"));
    if main {
        tree.leaf("TypeCode", "1");
        tree.leaf("Name", *random.pick(SHIPS));
    }
    if main && flight.import {
        times_of_call(tree, flight, "CNTXG");
    }
    tree.close();

    let count = random.size(BILLS);
    let serial = random.below(9_000_000);
    for index in 0..count {
        m.tree.open("Consignment");
        m.tree.open("TransportContractDocument");
        let port = &port(flight)[2..];
        m.tree
            .leaf("ID", format_args!("{line}{port}{:07}", serial + index * 11));
        if matches!(flight.form, "3" | "5") {
            let reasons = ["001", "004", "006", "010", "999"];
            m.tree.leaf("ChangeReasonCode", *m.random.pick(&reasons));
        } else if !load && m.random.percent(60) {
            m.tree.leaf("ConditionCode", "10");
        }
        m.tree.close();
        if !load && m.random.percent(25) {
            let house = format_args!("TXH{:08}", serial + index * 11);
            m.tree.within("AssociatedTransportDocument", "ID", house);
        }
        match flight.form {
            "3" => {}
            "5" => {
                let lots = lots(&mut m.random);
                measures(m.tree, &lots, &packages(&lots), false, &[]);
            }
            _ => bill(m, flight, load),
        }
        m.tree.close();
    }
}

/// What follows the numbers of a bill in main data.
fn bill(m: &mut Making<'_>, flight: &Flight<'_>, load: bool) {
    let lots = lots(&mut m.random);
    let packages = packages(&lots);
    let weight: u64 = packages.iter().map(|(_, weight)| weight).sum();
    let numbers = containers(m, &lots, weight);
    let (tree, random) = (&mut *m.tree, &mut m.random);
    tree.open("LoadingLocation");
    if flight.import {
        tree.leaf("ID", port(flight));
    } else {
        tree.leaf("ID", HOME);
        let loading = flight.departure.minutes_earlier(random.between(300, 900));
        tree.leaf("LoadingDate", loading.zoned());
    }
    tree.close();
    if load {
        totals(tree, &packages);
        named(tree, &lots);
        return;
    }
    tree.open("UnloadingLocation");
    tree.leaf("ID", if flight.import { HOME } else { port(flight) });
    if flight.import {
        tree.leaf("ArrivalDate", flight.arrival.date());
    }
    tree.close();
    let method = if random.percent(65) { "PP" } else { "CC" };
    tree.within("FreightPayment", "MethodCode", method);
    measures(tree, &lots, &packages, true, &numbers);
    parties(m, flight, &lots);
}

/// Containers: one for each eighteen tons, of twenty feet if one is enough. A load of less than
/// five tons shares its container with others. Gives their numbers.
fn containers(m: &mut Making<'_>, lots: &[Lot], weight: u64) -> Vec<String> {
    let (tree, random) = (&mut *m.tree, &mut m.random);
    let count = (weight / 1_800_000 + 1).min(20);
    let full = weight > 500_000 || lots.len() > 2;
    let first = random.next() % 900_000;
    let owner = random.pick(OWNERS);
    let size = if count == 1 { "22G1" } else { "45G1" };
    let mut numbers = Vec::new();
    for index in 0..count {
        let number = container(owner, first + index);
        tree.open("TransportEquipment");
        tree.within("EquipmentIdentification", "ID", &number);
        tree.leaf("CharacteristicCode", size);
        tree.leaf("FullnessCode", if full { "5" } else { "7" });
        tree.open("SealID");
        tree.leaf("@AgencyCode", "CA");
        tree.content(random.like("YH00#####"));
        tree.close();
        tree.close();
        numbers.push(number);
    }
    numbers
}

/// The port where goods of that country are shipped, or to which they go.
fn port(flight: &Flight<'_>) -> &'static str {
    match flight.airport.country.alpha2 {
        "US" => "USLGB",
        "CA" => "CAVAN",
        "JP" => "JPOSA",
        "KR" => "KRPUS",
        "SG" => "SGSIN",
        "TH" => "THLCH",
        "VN" => "VNHPH",
        "MY" => "MYPKG",
        "AU" => "AUSYD",
        "IT" => "ITGOA",
        "NL" => "NLRTM",
        "GB" => "GBFXT",
        "FR" => "FRLEH",
        _ => "DEHAM",
    }
}
